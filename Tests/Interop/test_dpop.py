"""Tokens that are bound to a key (RFC 9449), with proofs made by PyJWT."""

import jwt
import pytest
import requests

from clients import BASIC, SERVICE_BASIC, demo_client
from dpop import Prover
from server import Server

OWN = {"grant_type": "client_credentials", "scope": "notes:read introspect"}


def ask_token(server, prover, form=OWN, auth=SERVICE_BASIC, base=None, **proof):
    header = prover.proof("POST", server.issuer + "/oauth2/token", **proof) if prover else None
    headers = {"DPoP": header} if header else {}
    return requests.post((base or server.base) + "/oauth2/token", data=form, auth=auth, headers=headers, timeout=60, proxies={"http": None})


def show(server, path, token, proof, scheme="DPoP", method="GET", base=None, **options):
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof else {})
    return requests.request(
        method, (base or server.base) + path, headers=headers, timeout=60, proxies={"http": None}, **options)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "PS256", "RS256"])
def test_a_bound_token_is_good_with_a_fresh_proof_only(server, metadata, algorithm):
    assert algorithm in metadata["dpop_signing_alg_values_supported"]
    prover = Prover(algorithm)
    answer = ask_token(server, prover)
    assert answer.status_code == 200 and answer.json()["token_type"] == "DPoP", answer.text
    token = answer.json()["access_token"]
    key = jwt.PyJWKClient(server.base + "/oauth2/jwks").get_signing_key_from_jwt(token).key
    claims = jwt.decode(token, key, algorithms=["ES256"], options={"verify_aud": False}, issuer=server.issuer)
    assert claims["cnf"] == {"jkt": prover.thumbprint}

    path, address = "/oauth2/introspect", server.issuer + "/oauth2/introspect"
    proof = prover.proof("POST", address, token)
    for scheme, shown in [("Bearer", proof), ("DPoP", None), ("DPoP", Prover(algorithm).proof("POST", address, token))]:
        refused = show(server, path, token, shown, scheme, "POST", data={"token": token})
        assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("DPoP "), refused.text
    answer = show(server, path, token, proof, method="POST", data={"token": token})
    assert answer.status_code == 200 and answer.json()["cnf"] == claims["cnf"] and answer.json()["token_type"] == "DPoP", answer.text
    assert show(server, path, token, proof, method="POST", data={"token": token}).status_code == 401


def test_a_person_signs_in_for_a_key(server, metadata, person):
    prover = Prover()
    client = demo_client(server, ["openid", "profile", "offline_access"])
    address, _ = client.authorization_url(metadata["authorization_endpoint"], dpop_jkt=prover.thumbprint)
    location = person.authorize(address)
    code = requests.models.PreparedRequest()
    code.prepare_url(location, None)
    form = {
        "grant_type": "authorization_code", "code": dict(pair.split("=", 1) for pair in code.url.split("?", 1)[1].split("&"))["code"],
        "redirect_uri": server.callback, "code_verifier": client._code_verifier,
    }
    for wrong in [None, Prover()]:
        assert ask_token(server, wrong, form, BASIC).json()["error"] == "invalid_grant"
    tokens = ask_token(server, prover, form, BASIC).json()
    assert tokens["token_type"] == "DPoP", tokens
    path, userinfo = "/oauth2/userinfo", server.issuer + "/oauth2/userinfo"
    answer = show(server, path, tokens["access_token"], prover.proof("GET", userinfo + "?ignored=1", tokens["access_token"]))
    assert answer.status_code == 200 and answer.json()["sub"], answer.text
    for changed in [{"htm": "POST"}, {"htu": userinfo + "/"}, {"iat": 1}, {"ath": "x"}, {"jti": ""}]:
        proof = prover.proof("GET", userinfo, tokens["access_token"], **changed)
        refused = show(server, path, tokens["access_token"], proof)
        assert refused.status_code == 401 and 'error="invalid_dpop_proof"' in refused.headers["WWW-Authenticate"], changed
    refreshed = ask_token(server, prover, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, BASIC).json()
    assert refreshed["token_type"] == "DPoP", refreshed


def test_two_servers_accept_a_proof_once_and_know_each_other_s_nonces():
    one = Server(demo_application=False, environment={"GATEHOUSE_TOKENS_DPOP_NONCES": "true"})
    two = None
    try:
        one.start()
        two = Server(beside=one).start()
        prover = Prover()
        first = ask_token(one, prover)
        assert first.status_code == 400 and first.json()["error"] == "use_dpop_nonce"
        nonce = first.headers["DPoP-Nonce"]
        assert ask_token(one, prover, nonce="x" * 22).json()["error"] == "use_dpop_nonce"
        answer = ask_token(one, prover, base=two.base, nonce=nonce)
        assert answer.status_code == 200 and answer.headers["DPoP-Nonce"], answer.text
        token = answer.json()["access_token"]
        path = "/oauth2/introspect"
        proof = prover.proof("POST", one.issuer + path, token, nonce)
        assert show(one, path, token, proof, method="POST", data={"token": token}).status_code == 200
        refused = show(one, path, token, proof, method="POST", base=two.base, data={"token": token})
        assert refused.status_code == 401 and 'error="invalid_dpop_proof"' in refused.headers["WWW-Authenticate"]
    finally:
        if two:
            two.stop()
        one.remove()
