-- Bodies of JSON that are good for one use each. BENCH_LINES: a file with more of them than a run can use; each answer must be 200 and
-- contain BENCH_EXPECT.
dofile("Benchmarks/result.lua")

local lines, position = {}, 0
local threadCount = tonumber(os.getenv("BENCH_THREADS"))
local expected = os.getenv("BENCH_EXPECT")
local headers = { ["Content-Type"] = "application/json", Authorization = "Basic " .. os.getenv("BENCH_BASIC") }

function init()
    local line = 0
    for text in io.lines(os.getenv("BENCH_LINES")) do
        if line % threadCount == number then lines[#lines + 1] = text end
        line = line + 1
    end
end

function request()
    position = position + 1
    return wrk.format("POST", nil, headers, lines[position] or "none-left")
end

function response(status, _, body)
    count(status == 200 and string.find(body, expected, 1, true) ~= nil, status, body)
end
