import FoundationEssentials

/// The binary form of one statement's parameters, laid out as libpq wants it and reused from statement to statement.
struct ParameterBuffer {
    /// libpq refuses more (the protocol counts parameters in 16 bits).
    static let countMax = 65_535
    private static let bytesKeptMax = 1 << 16

    private var bytes: [UInt8] = []
    private var starts: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private var pointers: [UnsafePointer<CChar>?] = []
    private(set) var types: [UInt32] = []

    /// - Throws: `PostgresError.Kind.encoding` when a value has no binary form.
    mutating func fill(_ parameters: [PostgresValue]) throws(PostgresError) {
        guard parameters.count <= Self.countMax else { throw PostgresError(.encoding("more than \(Self.countMax) parameters")) }
        if bytes.capacity > Self.bytesKeptMax { bytes = [] }
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        types.removeAll(keepingCapacity: true)
        while formats.count < parameters.count { formats.append(1) }
        for parameter in parameters {
            types.append(parameter.oid)
            let start = bytes.count
            let isPresent = try append(parameter)
            guard let length = Int32(exactly: bytes.count - start), bytes.count < 1 << 30 else {
                throw PostgresError(.encoding("parameters of more than 1 GiB"))
            }
            starts.append(isPresent ? start : -1)
            lengths.append(length)
        }
    }

    /// Lends the arrays to libpq: values, lengths, formats.
    mutating func withPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
    ) -> R {
        // A NULL pointer means a NULL value, so that an empty value needs an address of its own.
        if bytes.isEmpty { bytes.append(0) }
        pointers.removeAll(keepingCapacity: true)
        return bytes.withUnsafeBytes { raw in
            let base = raw.baseAddress?.assumingMemoryBound(to: CChar.self)
            for start in starts { pointers.append(start < 0 ? nil : base.map { $0 + start }) }
            return pointers.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { formats in
                        body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }

    private mutating func append(_ parameter: PostgresValue) throws(PostgresError) -> Bool {
        switch parameter {
        case .null, .typedNull: return false
        case .text(let value): bytes.append(contentsOf: value.utf8)
        case .int(let value): append(bigEndian: value)
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .bytes(let value): bytes.append(contentsOf: value)
        case .uuid(let value): withUnsafeBytes(of: value.uuid) { bytes.append(contentsOf: $0) }
        case .timestamp(let value): append(bigEndian: try PostgresInstant.microseconds(of: value))
        case .json(let value):
            bytes.append(1)  // jsonb's version
            bytes.append(contentsOf: value)
        case .texts(let value):
            beginArray(of: PostgresType.text, count: value.count)
            for element in value { append(element: element.utf8) }
        case .double(let value): append(bigEndian: value.bitPattern)
        case .byteStrings(let value):
            beginArray(of: PostgresType.bytea, count: value.count)
            for element in value { append(element: element) }
        case .uuids(let value):
            beginArray(of: PostgresType.uuid, count: value.count)
            for element in value {
                append(bigEndian: Int32(16))
                withUnsafeBytes(of: element.uuid) { bytes.append(contentsOf: $0) }
            }
        case .timestamps(let value):
            beginArray(of: PostgresType.timestamptz, count: value.count)
            for element in value {
                append(bigEndian: Int32(8))
                append(bigEndian: try PostgresInstant.microseconds(of: element))
            }
        }
        return true
    }

    /// PostgreSQL's array form: dimensions, null flag, element type, then length, lower bound, elements with their lengths.
    private mutating func beginArray(of type: UInt32, count: Int) {
        append(bigEndian: Int32(count == 0 ? 0 : 1))
        append(bigEndian: Int32(0))
        append(bigEndian: type)
        if count == 0 { return }
        append(bigEndian: Int32(clamping: count))
        append(bigEndian: Int32(1))
    }

    private mutating func append(element: some Collection<UInt8>) {
        append(bigEndian: Int32(clamping: element.count))
        bytes.append(contentsOf: element)
    }

    private mutating func append(bigEndian value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
