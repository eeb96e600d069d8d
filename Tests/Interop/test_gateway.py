"""A real nginx with auth_request in front of a sample service: every kind of caller, and those who would like to be one."""

import json
import socket
import urllib.parse

import jwt
import pytest
import requests

from browser import Browser
from clients import RESOURCE, SERVICE
from dpop import Prover
from gateway import Gateway, Service, make_certificate
from pages import Person, read
from server import Server, demo_settings, free_port, wait_until
from test_certificates import request as signing_request
from test_signed_requests import Key, create_client, send

IDENTITY = ["Subject", "Kind", "Client", "User", "Scopes", "Roles", "Identity"]


def gateway_settings(port):
    return f"""
gateway:
  client_certificate: escaped_pem
  rules:
    - {{ host: 127.0.0.1, path: /open/*, methods: [GET], anonymous: true }}
    - {{ host: 127.0.0.1, path: /api/write, audience: "{RESOURCE}", scopes: ["notes:write"] }}
    - {{ host: 127.0.0.1, path: /api/*, audience: "{RESOURCE}", any_scope: ["notes:read", "notes:write"] }}
    - {{ host: "127.0.0.1:{port}", path: /admin/*, browsers: true, roles: [admin] }}
    - {{ host: "127.0.0.1:{port}", path: /people/*, browsers: true, audience: "{RESOURCE}" }}
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Certificate and key of nginx, and of a client that nobody knows."""
    directory = tmp_path_factory.mktemp("certificates")
    return make_certificate(directory, "nginx"), make_certificate(directory, "client")


@pytest.fixture(scope="module")
def door(certificates):
    """(server, nginx)"""
    port, service = free_port(), Service()
    server = Server()
    server.settings.write_text(demo_settings(server.port, server.demo_port, server.callback_port) + gateway_settings(port))
    nginx = None
    try:
        server.start()
        nginx = Gateway(server.port, service.port, port, tls=certificates[0], tls_port=free_port()).start()
        yield server, nginx
    finally:
        if nginx:
            nginx.stop()
        server.remove()
        service.stop()


@pytest.fixture(scope="module")
def token(door):
    answer = door[0].post("/oauth2/token", {"grant_type": "client_credentials", "scope": "notes:read"}, auth=SERVICE)
    return answer.json()["access_token"]


@pytest.fixture(scope="module")
def key(door):
    made = door[0].command("api-key", "create", "demo-service", "--name", "interop", "--scope", "notes:read")
    assert made.returncode == 0, made.stderr
    return next(word for word in made.stdout.split() if word.startswith("gh_live_"))


def get(nginx, path, bearer=None, method="GET", **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    return requests.request(method, nginx.base + path, headers=headers, allow_redirects=False, timeout=60, proxies={"http": None})


def reached(answer):
    """What the service was told: {field: [values]} of ours, names in lower case."""
    assert answer.status_code == 200, (answer.status_code, answer.text[:500])
    told = {}
    for name, value in answer.json()["fields"]:
        told.setdefault(name.lower(), []).append(value)
    return told


def test_an_anonymous_request_passes_where_it_may(door):
    told = reached(get(door[1], "/open/page?x=1"))
    assert told["x-gatehouse-kind"] == ["anonymous"]
    assert "x-gatehouse-subject" not in told and "x-gatehouse-identity" not in told
    assert get(door[1], "/open/page", method="POST").status_code == 403
    assert get(door[1], "/nowhere").status_code == 403


def test_an_access_token_passes_and_the_service_verifies_the_identity_alone(door, token):
    server, nginx = door
    told = reached(get(nginx, "/api/notes", bearer=token))
    assert told["x-gatehouse-kind"] == ["access_token"] and told["x-gatehouse-subject"] == ["demo-service"]
    assert told["x-gatehouse-scopes"] == ["notes:read"]
    keys = jwt.PyJWKClient(server.base + "/oauth2/jwks")
    identity = told["x-gatehouse-identity"][0]
    claims = jwt.decode(
        identity, keys.get_signing_key_from_jwt(identity).key, algorithms=["ES256"], audience=nginx.base, issuer=server.issuer)
    assert claims["sub"] == "demo-service" and claims["proof"] == "access_token"
    assert jwt.get_unverified_header(identity)["typ"] == "gatehouse-identity+jwt"
    # It opens nothing here.
    assert get(nginx, "/api/notes", bearer=identity).status_code == 401


def test_an_api_key_passes_by_its_scopes(door, key):
    told = reached(get(door[1], "/api/notes", bearer=key))
    assert told["x-gatehouse-kind"] == ["api_key"] and told["x-gatehouse-client"] == ["demo-service"]
    refused = get(door[1], "/api/write", bearer=key, method="POST")
    assert (refused.status_code, refused.headers["X-Gatehouse-Reason"]) == (403, "insufficient_scope")


def test_without_proof_nginx_hands_the_challenge_on(door, token):
    bare = get(door[1], "/api/notes")
    assert bare.status_code == 401 and bare.headers["WWW-Authenticate"].startswith("Bearer ")
    wrong = get(door[1], "/api/notes", bearer=token[:-4] + "AAAA")
    assert wrong.status_code == 401 and 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


@pytest.mark.parametrize("path, bearer", [("/open/page", None), ("/api/notes", "token"), ("/api/notes", "key")])
def test_identity_fields_from_outside_never_reach_the_service(door, path, bearer, request):
    spoofed = {f"X-Gatehouse-{name}": "spoofed" for name in IDENTITY} | {
        "X_Gatehouse_User": "spoofed", "X_Gatehouse_Subject": "spoofed", "x-gatehouse-roles": "spoofed", "X-Gatehouse-Reason": "spoofed",
        "X-Gatehouse-Sign-In": "spoofed", "X-Client-Cert": "spoofed",
    }
    bearer = bearer and request.getfixturevalue(bearer)
    headers = spoofed | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    answer = requests.get(door[1].base + path, headers=headers, timeout=60, proxies={"http": None})
    reached(answer)
    assert "spoofed" not in answer.text


def test_a_token_bound_to_a_key_passes_with_a_proof_for_the_original_request_once(door):
    server, nginx = door
    prover = Prover()
    proof = prover.proof("POST", server.issuer + "/oauth2/token")
    form = {"grant_type": "client_credentials", "scope": "notes:read"}
    answer = requests.post(
        server.base + "/oauth2/token", data=form, auth=SERVICE, headers={"DPoP": proof}, timeout=60, proxies={"http": None})
    bound = answer.json()["access_token"]
    proof = prover.proof("GET", nginx.base + "/api/notes", bound)
    told = reached(get(nginx, "/api/notes?page=2", Authorization=f"DPoP {bound}", DPoP=proof))
    assert told["x-gatehouse-kind"] == ["access_token"] and told["x-gatehouse-subject"] == ["demo-service"]
    again = get(nginx, "/api/notes?page=2", Authorization=f"DPoP {bound}", DPoP=proof)
    assert again.status_code == 401 and 'error="invalid_dpop_proof"' in again.headers["WWW-Authenticate"]
    elsewhere = prover.proof("GET", nginx.base + "/api/others", bound)
    assert get(nginx, "/api/notes", Authorization=f"DPoP {bound}", DPoP=elsewhere).status_code == 401
    assert get(nginx, "/api/notes", bearer=bound).status_code == 401


def test_over_tls_a_client_certificate_goes_to_the_door_and_no_further(door, certificates, key):
    nginx = door[1]
    base = f"https://127.0.0.1:{nginx.tls_port}"
    with requests.Session() as session:
        session.trust_env, session.verify, session.cert = False, certificates[0][0], certificates[1]
        answer = session.get(base + "/api/notes", headers={"Authorization": f"Bearer {key}", "X-Client-Cert": "spoofed"}, timeout=60)
        told = reached(answer)
        assert "x-client-cert" not in told
        claims = jwt.decode(told["x-gatehouse-identity"][0], options={"verify_signature": False})
        assert claims["aud"] == base
        # Nobody has vouched for it, so it proves nothing alone.
        assert session.get(base + "/api/notes", timeout=60).status_code == 401


def test_a_signed_request_passes_once(door, tmp_path):
    server, nginx = door
    create_client(server)
    signer = Key(server, "hmac-sha256", tmp_path)
    request = signer.sign("GET", nginx.base + "/api/notes?x=1")
    told = reached(send(request))
    assert told["x-gatehouse-kind"] == ["signature"] and told["x-gatehouse-client"] == ["signer"]
    assert send(request).status_code == 401
    elsewhere = signer.sign("GET", nginx.base + "/api/notes?x=2")
    elsewhere.url = nginx.base + "/api/other"
    assert send(elsewhere).status_code == 401


def test_a_client_certificate_of_our_authority_passes_alone(door, certificates, tmp_path):
    server, nginx = door
    for words in [
        ("init", "--certificate", tmp_path / "authority.pem"),
        ("issue", "--client", "demo-service", "--scope", "notes:read", "--csr", signing_request(tmp_path, "caller"), "--certificate", tmp_path / "caller.pem"),
    ]:
        made = server.command("certificates", *words)
        assert made.returncode == 0, made.stderr
    serial = dict(line.split(": ", 1) for line in made.stdout.splitlines() if ": " in line)["serial"]

    def ask():
        with requests.Session() as session:
            session.trust_env, session.verify = False, certificates[0][0]
            session.cert = (str(tmp_path / "caller.pem"), str(tmp_path / "caller.key"))
            return session.get(f"https://127.0.0.1:{nginx.tls_port}/api/notes", timeout=60)

    wait_until(lambda: ask().status_code == 200, "the server to hear of the certificate")
    told = reached(ask())
    assert told["x-gatehouse-kind"] == ["client_certificate"] and told["x-gatehouse-client"] == ["demo-service"]
    assert server.command("certificates", "revoke", serial).returncode == 0
    wait_until(lambda: ask().status_code == 401, "the server to hear of the revocation")


def test_forwarded_fields_from_outside_change_nothing(door, key):
    spoofed = {
        "X-Original-URI": "/open/page", "X-Original-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example.org",
        "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Uri": "/open/page", "X-Original-URL": "/open/page",
    }
    answer = requests.get(door[1].base + "/admin/x", headers=spoofed, timeout=60, proxies={"http": None})
    assert answer.status_code == 401
    assert requests.get(door[1].base + "/nowhere", headers=spoofed, timeout=60, proxies={"http": None}).status_code == 403


@pytest.mark.parametrize("target", [
    "/open/../api/notes", "/open/%2e%2e/api/notes", "/open//x", "/open/..%2fapi/notes", "/open/x;y", "/open/..;/api/notes", "/open/%5c..%5capi",
    "/open/%252e%252e/api", "//open/x", "/open/./x", "/open/%2fx", "/open\\x", "/open/%C0%AF",
])
def test_a_path_of_more_than_one_reading_is_refused(door, target):
    # A socket, since clients mend what they send.
    with socket.create_connection(("127.0.0.1", door[1].port), timeout=60) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{door[1].port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    assert answer.split(b" ")[1] in (b"403", b"400"), answer[:300]


def test_only_the_proxy_can_ask(door, key):
    """The check is for internal use at nginx, and its sign-in pages are all that it hands on."""
    assert get(door[1], "/gateway-check", bearer=key).status_code == 404
    assert get(door[1], "/gateway/check/nginx", bearer=key).status_code == 403


def test_a_person_signs_in_without_scripts_and_signs_out(door):
    server, nginx = door
    person = Person(server.issuer)
    asked = person.http.get(nginx.base + "/people/a?b=c&d=%2F", headers={"Accept": "text/html"}, allow_redirects=False, timeout=60)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith(nginx.base + "/gateway/sign-in?")
    away = person.get(asked.headers["Location"])
    assert away.headers["Location"].startswith(server.issuer + "/oauth2/authorize?")
    back = person.sign_in(person.open(away.headers["Location"]))
    assert back.startswith(nginx.base + "/gateway/callback?")
    landed = person.get(back)
    assert landed.headers["Location"] == "/people/a?b=c&d=%2F"
    assert "HttpOnly" in landed.headers["Set-Cookie"] and "SameSite=Lax" in landed.headers["Set-Cookie"]
    told = reached(person.get(nginx.base + "/people/a"))
    assert told["x-gatehouse-kind"] == ["session"] and told["x-gatehouse-user"] == told["x-gatehouse-subject"]
    # Ada is no administrator.
    refused = person.get(nginx.base + "/admin/x")
    assert (refused.status_code, refused.headers["X-Gatehouse-Reason"]) == (403, "insufficient_role")
    # The end of her session at the issuer is the end of this one.
    page = person.open(server.issuer + "/sign-out")
    person.follow(person.submit(page, read(page).forms["sign-out-form"]))
    wait_until(lambda: person.get(nginx.base + "/people/a").status_code == 401, "the session at the door to end")
    person.http.close()


def test_a_script_is_told_401(door):
    answer = get(door[1], "/people/a", Sec_Fetch_Mode="cors", Accept="text/html")
    assert answer.status_code == 401 and "Location" not in answer.headers


def test_sign_out_at_the_door(door):
    server, nginx = door
    person = Person(server.issuer, "admin", "gatehouse-admin")
    asked = person.http.get(nginx.base + "/admin/x", headers={"Accept": "text/html"}, allow_redirects=False, timeout=60)
    person.get(person.sign_in(person.open(person.get(asked.headers["Location"]).headers["Location"])))
    told = reached(person.get(nginx.base + "/admin/x"))
    assert told["x-gatehouse-roles"] == ["admin"]
    elsewhere = person.http.get(nginx.base + "/gateway/sign-out", headers={"Sec-Fetch-Site": "cross-site"}, allow_redirects=False, timeout=60)
    assert elsewhere.status_code == 403 and person.get(nginx.base + "/admin/x").status_code == 200
    gone = person.get(nginx.base + "/gateway/sign-out")
    assert gone.headers["Location"] == server.issuer + "/sign-out"
    assert person.get(nginx.base + "/admin/x").status_code == 401
    person.http.close()


def test_a_browser_signs_in_at_the_door(door, driver, screenshots):
    server, nginx = door
    browser = Browser(driver)
    try:
        browser.open(nginx.base + "/people/a?b=c")
        browser.type("username", "ada")
        browser.type("password", "analytical-engine")
        browser.screenshot(screenshots / "door-sign-in.png")
        browser.press("sign-in-button")
        told = json.loads(browser.text("reached"))
        assert browser.address == nginx.base + "/people/a?b=c"
        assert ["X-Gatehouse-Kind", "session"] in told["fields"]
        # Once signed in at the issuer, nothing is asked at the door again.
        browser.open(nginx.base + "/gateway/sign-in?return=" + urllib.parse.quote("//evil.example/", safe=""))
        browser.wait_until(lambda: browser.address.startswith(nginx.base), "the way back")
        assert "evil" not in browser.address
    finally:
        browser.close()


def test_an_answer_in_memory_survives_the_check_under_load(door, key):
    """Keep-alive connections from nginx to the door carry many checks."""
    session = requests.Session()
    session.trust_env = False
    for _ in range(200):
        assert session.get(door[1].base + "/api/notes", headers={"Authorization": f"Bearer {key}"}, timeout=60).status_code == 200
    session.close()
