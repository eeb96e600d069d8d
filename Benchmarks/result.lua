-- Shared by the scripts that wrk runs: counts answers, and prints one line at the end:
-- RESULT good-per-second p50-ms p99-ms errors answered
local threads = {}

function setup(thread)
    thread:set("number", #threads)
    table.insert(threads, thread)
end

-- BENCH_PACE: so many ms of rest, on average, before a connection asks again. With many connections the load is then nearly open: a slow
-- answer hardly holds up the requests of the others.
local pace = tonumber(os.getenv("BENCH_PACE") or "")
if pace then
    function delay()
        return math.random(0, math.floor(2 * pace + 0.5))
    end
end

good, bad = 0, 0

function count(isGood, status, body)
    if isGood then
        good = good + 1
    else
        bad = bad + 1
        if bad == 1 then io.stderr:write("first bad answer: ", status, " ", string.sub(body, 1, 300), "\n") end
    end
end

-- A percentile in ms of what each thread has put into its global `times`, or nil without any.
local function measured(share)
    local all = {}
    for _, thread in ipairs(threads) do
        for _, time in ipairs(thread:get("times") or {}) do table.insert(all, time) end
    end
    table.sort(all)
    return all[math.max(1, math.ceil(#all * share))]
end

function done(summary, latency)
    local goods, bads, e = 0, 0, summary.errors
    for _, thread in ipairs(threads) do
        goods = goods + thread:get("good")
        bads = bads + thread:get("bad")
    end
    print(string.format(
        "RESULT %.1f %.2f %.2f %d %d", goods / (summary.duration / 1e6), measured(0.5) or latency:percentile(50) / 1000,
        measured(0.99) or latency:percentile(99) / 1000, bads + e.connect + e.read + e.write + e.timeout, goods + bads))
end
