"""requests-oauthlib, which knows nothing of this server, goes through the code flow."""

import secrets

import pytest
import requests
from oauthlib.oauth2 import AccessDeniedError, InvalidGrantError, WebApplicationClient
from requests_oauthlib import OAuth2Session

from clients import BASIC, DEMO, SCOPES, demo_client, tokens_for
from pages import Person, query_of, read


def post(address, data, auth=BASIC):
    return requests.post(address, data=data, auth=auth, timeout=60, proxies={"http": None})


def test_code_flow_with_pkce_gives_tokens_that_userinfo_accepts(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    assert client.token["token_type"].lower() == "bearer"
    assert 0 < client.token["expires_in"] <= 3600
    assert set(client.token["scope"]) == set(SCOPES)
    claims = client.get(metadata["userinfo_endpoint"]).json()
    assert claims["name"] == "Ada Lovelace"
    assert claims["email"] == "ada@demo.example" and claims["email_verified"] is True
    assert claims["phone_number"] == "+44 20 7946 0815"
    assert claims["address"]["postal_code"] == "SW1Y 4JH"
    assert claims["birthdate"] == "1815-12-10"


def test_the_answer_names_its_issuer(server, metadata, person):
    client = demo_client(server)
    address, state = client.authorization_url(metadata["authorization_endpoint"])
    answer = query_of(person.authorize(address))
    assert answer["iss"] == metadata["issuer"] == server.issuer
    assert answer["state"] == state
    assert metadata["authorization_response_iss_parameter_supported"] is True


def test_refresh_rotates_and_keeps_the_person(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    before = dict(client.token)
    client.refresh_token(metadata["token_endpoint"], auth=BASIC)
    assert client.token["refresh_token"] != before["refresh_token"]
    assert client.token["access_token"] != before["access_token"]
    assert client.get(metadata["userinfo_endpoint"]).json()["preferred_username"] == "ada"


def test_a_retry_within_the_grace_window_gets_the_same_successor(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    request = {"grant_type": "refresh_token", "refresh_token": client.token["refresh_token"]}
    first, second = (post(metadata["token_endpoint"], request).json() for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"]


def test_revocation_ends_refresh_and_access(server, metadata, person):
    client, _ = tokens_for(person, server, metadata)
    web = WebApplicationClient(DEMO[0])
    address, headers, body = web.prepare_token_revocation_request(
        metadata["revocation_endpoint"], client.token["refresh_token"], "refresh_token"
    )
    answer = requests.post(address, data=body, headers=headers, auth=BASIC, timeout=60)
    assert answer.status_code == 200
    with pytest.raises(InvalidGrantError):
        client.refresh_token(metadata["token_endpoint"], auth=BASIC)
    # RFC 7009 §2.1: the access tokens of the grant go with it.
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401


def test_revoking_what_never_was_is_answered_alike(server, metadata):
    assert post(metadata["revocation_endpoint"], {"token": "never-was"}).status_code == 200


def test_a_code_used_twice_is_refused_and_takes_back_what_it_gave(server, metadata, person):
    client = demo_client(server)
    address, _ = client.authorization_url(metadata["authorization_endpoint"])
    back = person.authorize(address)
    client.fetch_token(metadata["token_endpoint"], authorization_response=back, auth=BASIC)
    assert client.get(metadata["userinfo_endpoint"]).ok
    request = {
        "grant_type": "authorization_code", "code": query_of(back)["code"], "redirect_uri": server.callback,
        "code_verifier": client._code_verifier,
    }
    answer = post(metadata["token_endpoint"], request)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401


@pytest.mark.parametrize("verifier, error", [(None, "invalid_request"), (secrets.token_urlsafe(32), "invalid_grant")], ids=["missing", "another"])
def test_a_code_needs_its_own_verifier(server, metadata, person, verifier, error):
    client = demo_client(server)
    address, _ = client.authorization_url(metadata["authorization_endpoint"])
    code = query_of(person.authorize(address))["code"]
    request = {"grant_type": "authorization_code", "code": code, "redirect_uri": server.callback}
    if verifier:
        request["code_verifier"] = verifier
    answer = post(metadata["token_endpoint"], request)
    # RFC 6749 §5.2: a missing parameter is invalid_request; RFC 7636 §4.6: another verifier is invalid_grant.
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_without_pkce_the_request_is_sent_back(server, metadata, person):
    client = OAuth2Session("demo", redirect_uri=server.callback, scope=SCOPES)
    address, state = client.authorization_url(metadata["authorization_endpoint"])
    answer = query_of(person.open(address))
    assert (answer["error"], answer["state"], answer["iss"]) == ("invalid_request", state, server.issuer)


def test_a_public_client_needs_no_secret(server, metadata, person):
    # RFC 8252 §7.3: registered without a port, used with any.
    client = OAuth2Session("demo-spa", redirect_uri="http://127.0.0.1:49152/callback", scope=["openid", "offline_access"], pkce="S256")
    address, _ = client.authorization_url(metadata["authorization_endpoint"])
    back = person.authorize(address)
    client.fetch_token(metadata["token_endpoint"], authorization_response=back, include_client_id=True)
    client.refresh_token(metadata["token_endpoint"], client_id="demo-spa")
    assert client.get(metadata["userinfo_endpoint"]).ok


def test_who_denies_goes_back_with_access_denied(server, metadata):
    person = Person(server.issuer, "admin", "gatehouse-admin")
    client = demo_client(server)
    address, _ = client.authorization_url(metadata["authorization_endpoint"])
    page = person.sign_in(person.open(address))
    assert "consent-form" in read(page).forms
    with pytest.raises(AccessDeniedError):
        client.fetch_token(metadata["token_endpoint"], authorization_response=person.decide(page, "deny"), auth=BASIC)


def test_prompt_none_asks_nobody(server, metadata, person):
    client = demo_client(server)
    address, _ = client.authorization_url(metadata["authorization_endpoint"], prompt="none")
    assert query_of(person.open(address))["error"] == "login_required"
    tokens_for(person, server, metadata)
    address, _ = client.authorization_url(metadata["authorization_endpoint"], prompt="none")
    assert "code" in query_of(person.open(address))


def test_the_service_asks_for_itself(server, metadata):
    from clients import SERVICE
    from oauthlib.oauth2 import BackendApplicationClient
    from requests.auth import HTTPBasicAuth

    client = OAuth2Session(client=BackendApplicationClient(SERVICE[0]))
    token = client.fetch_token(metadata["token_endpoint"], auth=HTTPBasicAuth(*SERVICE), scope=["notes:read"])
    assert token["scope"] == ["notes:read"] and "refresh_token" not in token
    answer = post(metadata["introspection_endpoint"], {"token": token["access_token"]}, auth=HTTPBasicAuth(*SERVICE)).json()
    assert answer["active"] is True and answer["client_id"] == SERVICE[0]
    # Who is neither in the audience nor holds `introspect` learns nothing.
    assert post(metadata["introspection_endpoint"], {"token": token["access_token"]}, auth=BASIC).json()["active"] is False
