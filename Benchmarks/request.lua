-- One kind of request again and again. BENCH_LINES: a file of bodies to POST, forms or JSON, or with BENCH_BEARER=1 of tokens to GET with; each answer
-- must be 200 and contain BENCH_EXPECT.
dofile("Benchmarks/result.lua")

local requests, position = {}, 0
local expected = os.getenv("BENCH_EXPECT")

function init()
    local basic, isBearer = os.getenv("BENCH_BASIC"), os.getenv("BENCH_BEARER") == "1"
    for line in io.lines(os.getenv("BENCH_LINES")) do
        if isBearer then
            table.insert(requests, wrk.format("GET", nil, { Authorization = "Bearer " .. line }))
        elseif line == "-" then
            table.insert(requests, wrk.format("GET"))
        else
            local type = string.sub(line, 1, 1) == "{" and "application/json" or "application/x-www-form-urlencoded"
            local headers = { ["Content-Type"] = type, Authorization = "Basic " .. basic }
            table.insert(requests, wrk.format("POST", nil, headers, line))
        end
    end
    position = number * 7
end

function request()
    position = position + 1
    return requests[position % #requests + 1]
end

function response(status, _, body)
    count(status == 200 and string.find(body, expected, 1, true) ~= nil, status, body)
end
