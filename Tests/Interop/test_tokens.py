"""PyJWT, which knows nothing of this server, judges its tokens by the published keys."""

import base64
import hashlib
import json
import time

import jwt
import pytest
import requests
from requests.auth import HTTPBasicAuth

from clients import RESOURCE, SERVICE, tokens_for


@pytest.fixture
def keys(metadata):
    return jwt.PyJWKClient(metadata["jwks_uri"])


def test_an_id_token_is_accepted(server, metadata, person, keys):
    client, nonce = tokens_for(person, server, metadata)
    token = client.token["id_token"]
    key = keys.get_signing_key_from_jwt(token).key
    claims = jwt.decode(
        token, key, algorithms=["RS256"], audience="demo", issuer=server.issuer,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash"]},
    )
    assert claims["nonce"] == nonce
    assert claims["auth_time"] <= claims["iat"] <= time.time() + 1
    digest = hashlib.sha256(client.token["access_token"].encode()).digest()
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
    assert claims["sub"] == client.get(metadata["userinfo_endpoint"]).json()["sub"]


def test_an_access_token_is_accepted_by_the_rules_of_rfc_9068(server, metadata, person, keys):
    client, _ = tokens_for(person, server, metadata, resource=RESOURCE)
    token = client.token["access_token"]
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    key = keys.get_signing_key_from_jwt(token).key
    claims = jwt.decode(
        token, key, algorithms=["ES256"], audience=RESOURCE, issuer=server.issuer,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
    )
    assert claims["client_id"] == "demo"
    assert "notes:read" in claims["scope"].split()
    assert 0 < claims["exp"] - claims["iat"] <= 3600


def test_a_service_token_is_accepted(server, metadata, keys):
    request = {"grant_type": "client_credentials", "scope": "notes:write"}
    answer = requests.post(metadata["token_endpoint"], data=request, auth=HTTPBasicAuth(*SERVICE), timeout=60).json()
    key = keys.get_signing_key_from_jwt(answer["access_token"]).key
    claims = jwt.decode(answer["access_token"], key, algorithms=["ES256"], audience=RESOURCE, issuer=server.issuer)
    # RFC 9068 §2.2: without a resource owner the subject is the client.
    assert claims["sub"] == claims["client_id"] == SERVICE[0]
    assert claims["scope"] == "notes:write"


def test_the_published_keys_are_public_and_nothing_more(metadata):
    answer = requests.get(metadata["jwks_uri"], timeout=60)
    published = answer.json()["keys"]
    assert {key["alg"] for key in published} >= {"ES256", "RS256"}
    for key in published:
        assert set(key) <= {"kty", "use", "alg", "kid", "crv", "x", "y", "n", "e"}
    assert "max-age=3600" in answer.headers["Cache-Control"]


def forged(token, header_changes, sign):
    header = jwt.get_unverified_header(token) | header_changes
    payload = jwt.decode(token, options={"verify_signature": False})
    encode = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    text = encode({name: value for name, value in header.items() if value is not None}) + "." + encode(payload)
    return text + "." + base64.urlsafe_b64encode(sign(text.encode())).decode().rstrip("=")


def test_forged_tokens_are_refused(server, metadata, person):
    import hmac

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    client, _ = tokens_for(person, server, metadata)
    token = client.token["access_token"]
    published = requests.get(metadata["jwks_uri"], timeout=60).content
    stranger = ec.generate_private_key(ec.SECP256R1())

    def by_stranger(text):
        r, s = decode_dss_signature(stranger.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    candidates = {
        "no algorithm": forged(token, {"alg": "none"}, lambda text: b""),
        "no algorithm, other case": forged(token, {"alg": "nOnE"}, lambda text: b""),
        "HMAC with what is public": forged(token, {"alg": "HS256"}, lambda text: hmac.digest(published, text, "sha256")),
        "a stranger's key": forged(token, {}, by_stranger),
        "an unknown key": forged(token, {"kid": "nobody"}, by_stranger),
        "no key": forged(token, {"kid": None}, by_stranger),
        "another algorithm for the key": forged(token, {"alg": "RS256"}, by_stranger),
        "an unknown critical extension": forged(token, {"crit": ["b64"], "b64": False}, by_stranger),
        "an empty signature": token.rpartition(".")[0] + ".",
        "a changed signature": token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB"),
        "an ID token": client.token["id_token"],
    }
    for what, candidate in candidates.items():
        answer = requests.get(metadata["userinfo_endpoint"], headers={"Authorization": "Bearer " + candidate}, timeout=60)
        assert answer.status_code == 401, what
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], what
    assert client.get(metadata["userinfo_endpoint"]).ok
