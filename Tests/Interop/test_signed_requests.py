"""PyPI's http-message-signatures signs requests that our running server accepts: as proof of their caller, and when a service asks."""

import base64
import datetime
import os
import re
import secrets
import signal

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from clients import SERVICE_BASIC
from server import Server, soon, wait_until

ALGORITHMS = {
    "hmac-sha256": algorithms.HMAC_SHA256,
    "ecdsa-p256-sha256": algorithms.ECDSA_P256_SHA256,
    "ed25519": algorithms.ED25519,
}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key(HTTPSignatureKeyResolver):
    """A key of the server's, made by its own command, for the client `signer`."""

    def __init__(self, server, algorithm, tmp_path, scope="keys introspect notes:read"):
        self.algorithm = algorithm
        words = ["signature-key", "create", "signer", "--name", "interop", "--scope", scope, "--audience", "https://api.demo.example"]
        if algorithm != "hmac-sha256":
            words += ["--jwk", self.generate(tmp_path)]
        answer = server.command(*words)
        assert answer.returncode == 0, answer.stderr
        self.id = re.search(r"^key_id: (sig_\w{16})$", answer.stdout, re.MULTILINE)[1]
        assert f"algorithm: {algorithm}" in answer.stdout
        if algorithm == "hmac-sha256":
            self.private = base64.b64decode(re.search(r"^secret: (.+)$", answer.stdout, re.MULTILINE)[1])

    def generate(self, tmp_path):
        if self.algorithm == "ed25519":
            self.private = ed25519.Ed25519PrivateKey.generate()
            raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            jwk = f'{{"kty":"OKP","crv":"Ed25519","x":"{base64url(raw)}"}}'
        else:
            self.private = ec.generate_private_key(ec.SECP256R1())
            numbers = self.private.public_key().public_numbers()
            x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
            jwk = f'{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}'
        path = tmp_path / "key.jwk"
        path.write_text(jwk)
        return path

    def resolve_private_key(self, key_id):
        return self.private

    def resolve_public_key(self, key_id):
        raise NotImplementedError

    def sign(self, method, url, body=None, headers=None):
        request = requests.Request(method, url, data=body, headers=headers).prepare()
        covered = ("@method", "@target-uri") if body else ("@method", "@authority", "@path", "@query")
        signer = HTTPMessageSigner(signature_algorithm=ALGORITHMS[self.algorithm], key_resolver=self)
        signer.sign(
            request, key_id=self.id, created=datetime.datetime.now(datetime.timezone.utc), nonce=secrets.token_urlsafe(16),
            covered_component_ids=covered, body=body,
        )
        return request


def send(request, base=None):
    """Sends it, to another server than the one it names where `base` says so: the signature is for the issuer."""
    request = request.copy()
    if base:
        request.url = base + request.path_url
    with requests.Session() as session:
        session.trust_env = False
        return session.send(request, timeout=60)


def create_client(server):
    answer = server.command(
        "client", "create", "signer", "--grant-type", "client_credentials", "--scope", "keys introspect notes:read")
    assert answer.returncode == 0, answer.stderr


@pytest.fixture(scope="module")
def signer(server):
    create_client(server)
    return server


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_is_proof_of_its_caller_once(signer, tmp_path, algorithm):
    key = Key(signer, algorithm, tmp_path)
    request = key.sign("GET", signer.issuer + "/v1/keys?after=a")
    assert send(request).status_code == 200, send(request).text
    again = send(request)
    assert again.status_code == 401 and again.headers["Accept-Signature"].startswith('sig=("@method"')

    token = signer.post("/oauth2/token", {"grant_type": "client_credentials", "scope": "notes:read"}, SERVICE_BASIC).json()["access_token"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"token={token}".encode()
    answer = send(key.sign("POST", signer.issuer + "/oauth2/introspect", body, form))
    assert answer.status_code == 200 and answer.json()["active"] is True, answer.text

    spoilt = key.sign("POST", signer.issuer + "/oauth2/introspect", body, form)
    spoilt.prepare_body(body + b"&a=b", None)
    spoilt.headers["Content-Type"] = form["Content-Type"]
    assert send(spoilt).status_code == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_service_asks_what_a_signature_is_worth(signer, tmp_path, algorithm):
    key = Key(signer, algorithm, tmp_path)
    body = b'{"amount": 1200}'
    received = key.sign("POST", "https://api.demo.example/v1/orders?customer=42", body, {"Content-Type": "application/json"})
    question = {
        "method": received.method, "target_uri": received.url, "headers": list(map(list, received.headers.items())),
        "body": base64.b64encode(body).decode(), "audience": "https://api.demo.example", "scope": "notes:read",
    }

    def ask(**changed):
        answer = requests.post(signer.base + "/v1/signatures/verify", json=question | changed, auth=SERVICE_BASIC, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    inactive = {"active": False}
    assert ask(body=base64.b64encode(b"{}").decode()) == inactive
    assert ask(method="PUT") == inactive
    assert ask(audience="https://other.example") == inactive
    answer = ask()
    assert answer["active"] and answer["key_id"] == key.id and answer["sub"] == "signer" and answer["algorithm"] == algorithm
    assert '"content-digest"' in answer["components"]
    assert ask() == inactive


def test_a_key_is_listed_rotated_and_revoked_by_the_command(signer, tmp_path):
    key = Key(signer, "hmac-sha256", tmp_path)
    before = key.private
    rotated = signer.command("signature-key", "rotate", key.id, "--overlap-hours", "1")
    assert rotated.returncode == 0 and f"key_id: {key.id}" in rotated.stdout, rotated.stderr
    after = base64.b64decode(re.search(r"^secret: (.+)$", rotated.stdout, re.MULTILINE)[1])

    def is_accepted(secret):
        key.private = secret
        return send(key.sign("GET", signer.issuer + "/v1/keys")).status_code == 200

    wait_until(lambda: is_accepted(after), "the new secret")
    assert is_accepted(before)
    listed = signer.command("signature-key", "list").stdout
    assert re.search(rf"^{key.id}  hmac-sha256  signer  interop  \[keys introspect notes:read\]  active$", listed, re.MULTILINE)
    assert f"revoked {key.id}" in signer.command("signature-key", "revoke", key.id).stdout
    soon(lambda: not is_accepted(after), "the revocation to be heard")
    assert not is_accepted(before)

    secret = base64.b64encode(secrets.token_bytes(40)).decode()
    words = ["signature-key", "create", "signer", "--name", "theirs", "--scope", "keys", "--import"]
    imported = signer.command(*words, input=secret + "\n")
    assert imported.returncode == 0 and "secret" not in imported.stdout, imported.stderr
    key.id = re.search(r"sig_\w{16}", imported.stdout)[0]
    assert is_accepted(base64.b64decode(secret))
    assert signer.command(*words, input="AAAA\n").returncode == 1


def test_two_servers_accept_a_request_once_and_hear_of_a_revocation(tmp_path):
    one = Server(demo_application=False)
    two = None
    try:
        one.start()
        create_client(one)
        two = Server(beside=one).start()
        key = Key(one, "hmac-sha256", tmp_path)
        for first, second in [(one, two), (two, one)]:
            request = key.sign("GET", one.issuer + "/v1/keys")
            assert send(request, first.base).status_code == 200
            assert send(request, second.base).status_code == 401
        authorization = key.sign("DELETE", one.issuer + "/v1/signature-keys/" + key.id)
        assert send(authorization, one.base).status_code == 204
        soon(lambda: send(key.sign("GET", one.issuer + "/v1/keys"), two.base).status_code == 401, "the other to hear")
    finally:
        if two:
            two.stop()
        one.remove()


def test_a_crash_of_the_database_lets_nobody_in_twice(tmp_path):
    server = Server(demo_application=False)
    try:
        server.start()
        create_client(server)
        key = Key(server, "hmac-sha256", tmp_path)
        before = key.sign("GET", server.issuer + "/v1/keys")
        assert send(before).status_code == 200
        database = server.postmaster
        os.kill(database, signal.SIGKILL)
        wait_until(lambda: server.postmaster not in (database, None), "another PostgreSQL server")

        def answer(request):
            status = send(request).status_code
            return status if status != 503 else None

        assert wait_until(lambda: answer(before), "an answer") == 401
        # Ten seconds later what is signed then is accepted again, and what was accepted before still isn't.
        wait_until(lambda: answer(key.sign("GET", server.issuer + "/v1/keys")) == 200, "signatures to be accepted again")
        assert answer(before) == 401
    finally:
        server.remove()
