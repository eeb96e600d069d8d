-- A proxy's question, again and again, as nginx asks it (Examples/gateway/nginx.conf). BENCH_LINES: a file of access tokens or API keys;
-- each answer must be 200 and name the caller.
dofile("Benchmarks/result.lua")

local requests, position = {}, 0

function init()
    for line in io.lines(os.getenv("BENCH_LINES")) do
        table.insert(requests, wrk.format("GET", nil, {
            Authorization = "Bearer " .. line,
            ["X-Original-URI"] = "/api/things?page=2",
            ["X-Original-Method"] = "GET",
            ["X-Forwarded-Proto"] = "https",
            ["X-Forwarded-Host"] = "app.bench.example",
            ["X-Forwarded-For"] = "198.51.100.7",
        }))
    end
    position = number * 7
end

function request()
    position = position + 1
    return requests[position % #requests + 1]
end

function response(status, headers, body)
    local subject = headers["X-Gatehouse-Subject"] or headers["x-gatehouse-subject"]
    count(status == 200 and subject ~= nil and subject ~= "", status, body)
end
