"""PyPI's http-message-signatures verifies the messages that we signed, and those that it signed itself once.

Both files are checked by MessageSignatureInteropTests too. This needs no server.
"""

import base64
import datetime
import json
import pathlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms

FIXTURES = pathlib.Path(__file__).parents[1] / "OAuthProtocolTests" / "MessageSignatures" / "Fixtures"
ALGORITHMS = {
    "hmac-sha256": algorithms.HMAC_SHA256,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "ed25519": algorithms.ED25519,
}


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, fixture):
        p256 = int.from_bytes(base64.b64decode(fixture["p256"]))
        self.keys = {
            "hmac-sha256": base64.b64decode(fixture["secret"]),
            "ecdsa-p256-sha256": ec.derive_private_key(p256, ec.SECP256R1()).public_key(),
            "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(fixture["ed25519"])).public_key(),
        }

    def resolve_public_key(self, key_id):
        return self.keys[key_id]

    def resolve_private_key(self, key_id):
        raise NotImplementedError


class Verifier(HTTPMessageVerifier):
    # The fixtures stand still, and the clock doesn't: the window is our own tests' concern.
    max_clock_skew = datetime.timedelta(days=18_000)


class Message:
    def __init__(self, entry):
        self.headers = {name: value for name, value in entry["fields"]}
        if "status" in entry:
            self.status_code = entry["status"]
        else:
            self.method = entry["method"]
            self.url = "https://api.example.com" + entry["target"]


def load():
    for name in ["signed_messages.json", "signed_by_gatehouse.json"]:
        fixture = json.loads((FIXTURES / name).read_text())
        for entry in fixture["messages"]:
            yield pytest.param(fixture, entry, id=f"{name}: {entry['name']}")


def verify(fixture, entry, body):
    verifier = Verifier(signature_algorithm=ALGORITHMS[entry["algorithm"]], key_resolver=Keys(fixture))
    return verifier.verify(Message(entry), expect_tag="fixture", body=body)


@pytest.mark.parametrize("fixture, entry", list(load()))
def test_the_other_library_verifies(fixture, entry):
    body = None if entry["body"] is None else entry["body"].encode()
    [result] = verify(fixture, entry, body)
    assert result.parameters["keyid"] == entry["algorithm"]
    if body is not None:
        assert result.body == body
        with pytest.raises(InvalidSignature):
            verify(fixture, entry, body + b" ")
    entry = {**entry, "fields": [[name, value.replace("nonce=\"n", "nonce=\"m")] for name, value in entry["fields"]]}
    with pytest.raises(InvalidSignature):
        verify(fixture, entry, body)
