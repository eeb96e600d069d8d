-- A browser without cookies each time: authorization request, sign-in page, password, code, tokens. Counts and times whole flows.
-- One connection for each thread, so that answers come in the order of the requests.
dofile("Benchmarks/result.lua")
local ffi = require("ffi")
ffi.cdef("typedef struct { long seconds, nanoseconds; } instant; int clock_gettime(int, instant *);")
local instant = ffi.new("instant")

times = {}

local function now()
    ffi.C.clock_gettime(1, instant)
    return tonumber(instant.seconds) * 1000 + tonumber(instant.nanoseconds) / 1e6
end

local verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
local challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
local redirect = "http%3A%2F%2F127.0.0.1%3A9%2Fcallback"
local start = "/oauth2/authorize?response_type=code&client_id=app&redirect_uri=" .. redirect
    .. "&scope=openid%20offline_access%20read&state=s&nonce=n&code_challenge=" .. challenge .. "&code_challenge_method=S256"
local form = "application/x-www-form-urlencoded"
local step, path, cookies, body, beganAt = 1, start, {}, nil, nil

local function restart()
    step, path, cookies, body = 1, start, {}, nil
end

function request()
    if step == 1 then beganAt = now() end
    local headers = {}
    if step == 6 then
        headers["Content-Type"] = form
        headers.Authorization = "Basic " .. os.getenv("BENCH_BASIC")
        return wrk.format("POST", path, headers, body)
    end
    local pairs_ = {}
    for name, value in pairs(cookies) do table.insert(pairs_, name .. "=" .. value) end
    if #pairs_ > 0 then headers.Cookie = table.concat(pairs_, "; ") end
    if step == 4 then
        headers["Content-Type"] = form
        return wrk.format("POST", path, headers, body)
    end
    return wrk.format("GET", path, headers)
end

-- What each step must have answered, and what follows from it.
local steps = {
    function(status, location) path = location return status == 303 end,
    function(status, location) path = location return status == 303 end,
    function(status, _, page)
        local csrf, flow = string.match(page, 'name="csrf_token" value="([^"]+)"'), string.match(path, "flow=([^&]+)")
        path, body = "/sign-in", "csrf_token=" .. (csrf or "") .. "&flow=" .. (flow or "") .. "&username=bench&password=bench-password"
        return status == 200
    end,
    function(status, location) path = location return status == 303 end,
    function(status, location)
        local code = string.match(location or "", "[?&]code=([^&]+)")
        path = "/oauth2/token"
        body = "grant_type=authorization_code&code=" .. (code or "") .. "&redirect_uri=" .. redirect .. "&code_verifier=" .. verifier
        return code ~= nil
    end,
    function(status, _, answer) return status == 200 and string.find(answer, '"refresh_token"', 1, true) ~= nil end,
}

function response(status, headers, page)
    local location
    for name, value in pairs(headers) do
        local lower = string.lower(name)
        if lower == "location" then location = value end
        if lower == "set-cookie" then
            local cookie, text = string.match(value, "^([^=]+)=([^;]*)")
            cookies[cookie] = text
        end
    end
    if not steps[step](status, location, page) then
        count(false, status, page)
        restart()
    elseif step == #steps then
        count(true)
        table.insert(times, now() - beganAt)
        restart()
    else
        step = step + 1
    end
end
