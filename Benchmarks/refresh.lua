-- Chains of refresh tokens: the token of each answer is presented next. BENCH_LINES: a file with more tokens than there are connections.
dofile("Benchmarks/result.lua")

local tokens, first, last = {}, 1, 0
local threadCount = tonumber(os.getenv("BENCH_THREADS"))
local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", Authorization = "Basic " .. os.getenv("BENCH_BASIC") }

function init()
    local line = 0
    for token in io.lines(os.getenv("BENCH_LINES")) do
        if line % threadCount == number then
            last = last + 1
            tokens[last] = token
        end
        line = line + 1
    end
end

function request()
    local token = "none-left"
    if first <= last then
        token = tokens[first]
        tokens[first] = nil
        first = first + 1
    end
    return wrk.format("POST", nil, headers, "grant_type=refresh_token&refresh_token=" .. token)
end

function response(status, _, body)
    local token = status == 200 and string.find(body, '"access_token"', 1, true) and string.match(body, '"refresh_token":"([^"]+)"')
    count(token, status, body)
    if token then
        last = last + 1
        tokens[last] = token
    end
end
