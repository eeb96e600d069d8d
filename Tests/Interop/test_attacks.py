"""What an attacker tries first: headers, cookies, forged forms, odd parameters, redirects to elsewhere."""

import pytest
import requests
from requests.auth import HTTPBasicAuth

from clients import BASIC, DEMO, demo_client, tokens_for
from pages import Person, query_of, read


def authorization_address(server, metadata, **parameters):
    return demo_client(server).authorization_url(metadata["authorization_endpoint"], **parameters)[0]


def directives(answer):
    policy = answer.headers["Content-Security-Policy"]
    return {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.split()}


def set_cookies(answer):
    return {line.split("=", 1)[0]: [part.strip().lower() for part in line.split(";")[1:]] for line in answer.raw.headers.getlist("Set-Cookie")}


EVERYWHERE = ["/", "/.well-known/openid-configuration", "/oauth2/jwks", "/sign-in", "/oauth2/authorize", "/oauth2/userinfo", "/no-such-page"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_the_security_headers(server, path):
    answer = requests.get(server.issuer + path, timeout=60, allow_redirects=False)
    assert answer.status_code < 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert answer.headers["X-Frame-Options"] == "DENY"
    policy = directives(answer)
    assert policy["default-src"] == ["'none'"] and policy["frame-ancestors"] == ["'none'"]
    assert "Server" not in answer.headers or not any(digit in answer.headers["Server"] for digit in "0123456789")


def test_the_sign_in_page_lets_nothing_inline_run_and_may_not_be_kept(server, metadata, person):
    page = person.open(authorization_address(server, metadata))
    assert page.status_code == 200 and "sign-in-form" in read(page).forms
    policy = directives(page)
    for sources in policy.values():
        assert "'unsafe-inline'" not in sources and "'unsafe-eval'" not in sources and "*" not in sources
    assert "script-src" not in policy or policy["script-src"] in (["'self'"], ["'none'"])
    # The way back after the form: without it browsers stop the redirect.
    assert f"http://127.0.0.1:{server.callback_port}" in policy["form-action"]
    assert policy["base-uri"] == ["'none'"]
    assert "no-store" in page.headers["Cache-Control"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(server, metadata, person):
    answer = person.get(authorization_address(server, metadata))
    seen = set_cookies(answer)
    while "Location" in answer.headers:
        answer = person.get(server.issuer + answer.headers["Location"].removeprefix(server.issuer))
        seen |= set_cookies(answer)
    signed_in = person.submit(answer, read(answer).forms["sign-in-form"], username=person.username, password=person.password)
    seen |= set_cookies(signed_in)
    assert "gatehouse_session" in seen
    for name, attributes in seen.items():
        assert "httponly" in attributes and "path=/" in attributes, name
        assert "samesite=lax" in attributes or "samesite=strict" in attributes, name
        assert not any(attribute.startswith("domain=") for attribute in attributes), name


def test_tokens_may_not_be_kept(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    refresh = {"grant_type": "refresh_token", "refresh_token": client.token["refresh_token"]}
    answers = [
        requests.post(metadata["token_endpoint"], data=refresh, auth=BASIC, timeout=60),
        requests.post(metadata["token_endpoint"], data={}, auth=BASIC, timeout=60),
        requests.post(metadata["introspection_endpoint"], data={"token": "x"}, auth=BASIC, timeout=60),
        client.get(metadata["userinfo_endpoint"]),
    ]
    for answer in answers:
        assert "no-store" in answer.headers["Cache-Control"], answer.url


def test_signing_in_changes_the_session(server, metadata, person):
    page = person.open(authorization_address(server, metadata))
    person.http.cookies.set("gatehouse_session", "a-value-that-an-attacker-chose", domain="localhost.local", path="/")
    person.sign_in(page)
    values = [cookie.value for cookie in person.http.cookies if cookie.name == "gatehouse_session"]
    assert any(value != "a-value-that-an-attacker-chose" for value in values)


@pytest.mark.parametrize("attack", ["no token", "another's token", "another browser", "foreign origin", "cross-site"])
def test_a_forged_sign_in_form_is_refused(server, metadata, person, attack):
    page = person.open(authorization_address(server, metadata))
    form = read(page).forms["sign-in-form"]
    fields = form.fields | {"username": person.username, "password": person.password}
    headers = {}
    poster = person
    if attack == "no token":
        del fields["csrf_token"]
    elif attack == "another's token":
        other = Person(server.issuer)
        fields["csrf_token"] = read(other.open(authorization_address(server, metadata))).forms["sign-in-form"].fields["csrf_token"]
    elif attack == "another browser":
        poster = Person(server.issuer)
    elif attack == "foreign origin":
        headers = {"Origin": "https://attacker.example"}
    else:
        headers = {"Sec-Fetch-Site": "cross-site"}
    address = server.issuer + form.action.removeprefix(server.issuer)
    answer = poster.http.post(address, data=fields, headers=headers, allow_redirects=False, timeout=60)
    assert 400 <= answer.status_code < 500
    assert "gatehouse_session" not in set_cookies(answer)
    assert "error-page" in read(answer).ids or "sign-in-form" in read(answer).forms


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://attacker.example/back"}, {"redirect_uri": "{callback}/../elsewhere"}, {"redirect_uri": "{callback}?x=1"},
        {"redirect_uri": "{callback}#x"}, {"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": "{callback}\r\nX: y"},
    ],
)
def test_who_is_not_proven_gets_a_page_and_no_redirect(server, metadata, person, changes):
    parameters = {
        "response_type": "code", "client_id": "demo", "redirect_uri": server.callback, "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256",
    }
    for name, value in changes.items():
        parameters[name] = value.replace("{callback}", server.callback) if value else None
    answer = person.http.get(metadata["authorization_endpoint"], params=parameters, allow_redirects=False, timeout=60)
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert "error-page" in read(answer).ids


@pytest.mark.parametrize(
    "body, error",
    [
        (b"", "invalid_request"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=%FF", "invalid_request"), (b"grant_type=a%00b", "invalid_request"), (b"grant_type=%zz", "invalid_request"),
        (b"grant_type=password&username=ada&password=analytical-engine", "unsupported_grant_type"),
        (b"grant_type=authorization_code", "invalid_request"), (b"grant_type=authorization_code&code=x&redirect_uri=y", "invalid_grant"),
        (b"grant_type=refresh_token&refresh_token=x", "invalid_grant"),
        (b"grant_type=refresh_token&refresh_token=" + b"x" * 5000, None),
    ],
)
def test_bad_requests_for_tokens_get_the_rfcs_errors(metadata, body, error):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(metadata["token_endpoint"], data=body, headers=headers, auth=BASIC, timeout=60)
    assert answer.status_code == 400
    if error:
        assert answer.json()["error"] == error


def test_a_wrong_secret_is_challenged(metadata):
    answer = requests.post(
        metadata["token_endpoint"], data={"grant_type": "client_credentials"}, auth=HTTPBasicAuth(DEMO[0], "wrong"), timeout=60
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_body_over_64_kib_is_too_large(metadata):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(metadata["token_endpoint"], data=b"x=" + b"a" * 70_000, headers=headers, auth=BASIC, timeout=60)
    assert answer.status_code == 413


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', '"\u0301><img src=x onerror=alert(1)>'])
def test_what_was_typed_comes_back_escaped(server, metadata, person, text):
    page = person.open(authorization_address(server, metadata, login_hint=text))
    answer = person.submit(page, read(page).forms["sign-in-form"], username=text, password="wrong")
    for shown in (page, answer):
        assert "<script>alert" not in shown.text and "<img src=x" not in shown.text


def test_a_wrong_password_and_an_unknown_user_look_alike(server, metadata):
    shown = []
    for username in ("ada", "nobody-of-this-name"):
        person = Person(server.issuer, username, "wrong-password")
        page = person.open(authorization_address(server, metadata))
        answer = person.submit(page, read(page).forms["sign-in-form"], username=username, password="wrong-password")
        assert "error-message" in read(answer).ids
        token = read(answer).forms["sign-in-form"].fields["csrf_token"]
        hidden = read(answer).forms["sign-in-form"].fields
        text = answer.text.replace(username, "NAME").replace(token, "TOKEN")
        for value in hidden.values():
            text = text.replace(value, "VALUE") if len(value) > 15 else text
        shown.append((answer.status_code, text))
    assert shown[0] == shown[1]


def test_sign_out_leads_to_registered_addresses_only(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    parameters = {"id_token_hint": client.token["id_token"], "post_logout_redirect_uri": "https://attacker.example/"}
    answer = person.http.get(metadata["end_session_endpoint"], params=parameters, allow_redirects=False, timeout=60)
    assert "attacker.example" not in answer.headers.get("Location", "")


def test_only_registered_origins_may_read_answers(server, metadata):
    registered = f"http://127.0.0.1:{server.demo_port}"
    for origin, allowed in [(registered, True), ("https://attacker.example", False), ("null", False)]:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = requests.options(metadata["token_endpoint"], headers=headers, timeout=60)
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) == allowed, origin
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_client_may_register_itself_and_only_what_is_supported(server, metadata, person):
    request = {
        "client_name": "Interop", "redirect_uris": [server.callback], "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile offline_access",
    }
    answer = requests.post(metadata["registration_endpoint"], json=request, timeout=60)
    assert answer.status_code == 201 and "no-store" in answer.headers["Cache-Control"]
    client = answer.json()
    parameters = {"client_id": client["client_id"], "redirect_uri": server.callback, "response_type": "code", "scope": "openid"}
    parameters |= {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    address = requests.Request("GET", metadata["authorization_endpoint"], params=parameters).prepare().url
    page = person.sign_in(person.open(address))
    assert "unverified-note" in read(page).ids
    request = {
        "grant_type": "authorization_code", "code": query_of(person.decide(page))["code"], "redirect_uri": server.callback,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }
    tokens = requests.post(metadata["token_endpoint"], data=request, auth=(client["client_id"], client["client_secret"]), timeout=60)
    assert tokens.ok and "id_token" in tokens.json()
    refused = requests.post(
        metadata["registration_endpoint"], json={"redirect_uris": [server.callback], "jwks_uri": "https://a.example/jwks"}, timeout=60
    )
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
