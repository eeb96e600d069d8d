import Runtime
import Testing

@Suite struct TraceContextTests {
    private let trace = "0af7651916cd43dd8448eb211c80319c"
    private let parent = "b7ad6b7169203331"

    @Test func `a traceparent is gone on with, under a span of our own`() throws {
        let context = try #require(TraceContext(continuing: "00-\(trace)-\(parent)-01", spanID: "00f067aa0ba902b7"))
        #expect(context.traceID == trace)
        #expect(context.parentID == parent)
        #expect(context.spanID == "00f067aa0ba902b7")
    }

    @Test func `a later version may say more, behind a hyphen`() {
        #expect(TraceContext(continuing: "01-\(trace)-\(parent)-01-more", spanID: "s")?.traceID == trace)
        #expect(TraceContext(continuing: "01-\(trace)-\(parent)-01", spanID: "s")?.traceID == trace)
        #expect(TraceContext(continuing: "01-\(trace)-\(parent)-01more", spanID: "s") == nil)
        #expect(TraceContext(continuing: "01-\(trace)-\(parent)-01-" + String(repeating: "x", count: 500), spanID: "s") == nil)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333g-01",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz", " 0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ])
    func `anything else is as if it were not there`(_ text: String) {
        #expect(TraceContext(continuing: text, spanID: "s") == nil)
    }

    @Test func `a trace that begins here has ids of its own`() {
        let (one, two) = (TraceContext(SystemRandomness()), TraceContext(SystemRandomness()))
        #expect(one.traceID.utf8.count == 32 && one.spanID.utf8.count == 16 && one.parentID == nil)
        #expect(one.traceID != two.traceID && one.spanID != two.spanID)
        #expect(TraceContext(continuing: "00-\(one.traceID)-\(one.spanID)-00", spanID: "s")?.parentID == one.spanID)
    }
}
