"""Writes signed_messages.json: messages signed by PyPI's http-message-signatures, which MessageSignatureInteropTests verifies.

    python3 -m venv /tmp/fixture && /tmp/fixture/bin/pip install http-message-signatures==3.0.0
    /tmp/fixture/bin/python make_signed_messages.py

ECDSA signatures differ on every run; the others, and everything else in the file, come out the same.
"""

import base64
import datetime
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

CREATED = 1_800_000_000
SECRET = bytes(range(64))
P256 = ec.derive_private_key(int.from_bytes(bytes(range(1, 33))), ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = {"hmac-sha256": SECRET, "ecdsa-p256-sha256": P256, "ed25519": ED25519}
ALGORITHMS = {
    "hmac-sha256": algorithms.HMAC_SHA256,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "ed25519": algorithms.ED25519,
}


class Resolver(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id):
        return KEYS[key_id]

    def resolve_public_key(self, key_id):
        key = KEYS[key_id]
        return key if isinstance(key, bytes) else key.public_key()


class Headers(dict):
    """Field names in any case, as the library's message interface wants them."""


class Request:
    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, Headers(headers)


class Response:
    def __init__(self, status_code, headers):
        self.status_code, self.headers = status_code, Headers(headers)


BODY = b'{"amount": 1200, "currency": "EUR"}'
REQUESTS = [
    dict(name="get", method="GET", path="/v1/orders", headers={}, body=None, covered=["@method", "@target-uri"]),
    dict(name="query", method="GET", path="/v1/orders?a=1&b=two%20words&b2=%2F", headers={},
         body=None, covered=["@method", "@authority", "@path", "@query"]),
    dict(name="body", method="POST", path="/v1/orders", headers={"Content-Type": "application/json"},
         body=BODY, covered=["@method", "@authority", "@path", "content-type"]),
    dict(name="empty query", method="GET", path="/?", headers={}, body=None, covered=["@method", "@authority", "@path", "@query"]),
    dict(name="everything", method="PUT", path="/a/b;c/%7Ed?var=this%20is&bar=with+plus&fa%C3%A7ade=x",
         headers={"Content-Type": "application/json", "X-Dictionary": "a=1,   b=2;x=1;y=2.50, c=(a   b), d",
                  "X-Bytes": "one, two", "Priority": "u=1,   i", "X-Empty": ""},
         body=BODY,
         covered=["@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query",
                  '"@query-param";name="var"', '"@query-param";name="bar"', "content-type",
                  '"x-dictionary";key="b"', '"x-dictionary";key="c"', '"x-dictionary";key="d"',
                  '"x-bytes";bs', '"priority";sf', "x-empty"]),
]


def sign(algorithm, message, covered, body, **more):
    signer = HTTPMessageSigner(signature_algorithm=ALGORITHMS[algorithm], key_resolver=Resolver())
    signer.sign(
        message,
        key_id=algorithm,
        created=datetime.datetime.fromtimestamp(CREATED, datetime.timezone.utc),
        expires=datetime.datetime.fromtimestamp(CREATED + 60, datetime.timezone.utc),
        nonce=f"nonce-{algorithm}",
        label="theirs",
        tag="fixture",
        covered_component_ids=tuple(covered),
        body=body,
        **more,
    )
    return [[name, value] for name, value in message.headers.items()]


def entry(name, algorithm, message, fields, body):
    return {
        "name": f"{name}, {algorithm}",
        "algorithm": algorithm,
        **message,
        "fields": fields,
        "body": None if body is None else body.decode(),
    }


def main():
    entries = []
    for algorithm in ALGORITHMS:
        for case in REQUESTS:
            message = Request(case["method"], "https://api.example.com" + case["path"], case["headers"])
            fields = sign(algorithm, message, case["covered"], case["body"])
            entries.append(entry(case["name"], algorithm, {"method": case["method"], "target": case["path"]}, fields, case["body"]))
        response = Response(201, {"Content-Type": "application/json"})
        fields = sign(algorithm, response, ["@status", "content-type"], BODY)
        entries.append(entry("response", algorithm, {"status": 201}, fields, BODY))

    fixture = {
        "created": CREATED,
        "secret": base64.b64encode(SECRET).decode(),
        "p256": base64.b64encode(bytes(range(1, 33))).decode(),
        "ed25519": base64.b64encode(bytes(range(1, 33))).decode(),
        "messages": entries,
    }
    path = pathlib.Path(__file__).with_name("signed_messages.json")
    path.write_text(json.dumps(fixture, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
