"""The server's own certificate authority, with openssl and curl on the other side (RFC 8705, RFC 5280)."""

import json
import stat
import subprocess

import jwt
import pytest
import requests

from server import Server, free_port, soon

SETTINGS = """
issuer: http://localhost:{port}
local: true
listen:
  port: {port}
  mutual_tls: {{ port: {mtls}, certificate: server.pem, private_key: server.key }}
clients:
  - client_id: billing
    tls_client_auth_subject_dn: "CN=billing"
    grant_types: [client_credentials]
    scopes: [introspect, keys]
  - client_id: by-secret
    secret: {{ plain: by-secret-secret }}
    tls_client_certificate_bound_access_tokens: true
    grant_types: [client_credentials]
    scopes: [introspect]
"""


def openssl(directory, *words):
    answer = subprocess.run(["openssl", *words], cwd=directory, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


def request(directory, name, key="ec:P-256"):
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec:P-256" else ["-newkey", key]
    openssl(directory, "req", "-new", *kind, "-nodes", "-keyout", f"{name}.key", "-subj", "/CN=admin/O=Somebody else", "-out", f"{name}.csr")
    return directory / f"{name}.csr"


def good(answer):
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


class Stack:
    """A server with a port that asks for certificates, all of them from its own authority."""

    def __init__(self):
        self.mtls = free_port()
        self.server = Server(settings="local: true\n", demo_application=False)
        self.server.settings.write_text(SETTINGS.format(port=self.server.port, mtls=self.mtls))
        self.directory = self.server.directory
        good(self.certificates("init", "--certificate", self.directory / "authority.pem"))
        good(
            self.certificates(
                "issue", "--server", "--name", "localhost", "--name", "127.0.0.1", "--key", self.directory / "server.key",
                "--certificate", self.directory / "server.pem",
            )
        )
        good(self.server.command("config", "apply"))
        self.server.start()

    def certificates(self, *words):
        return self.server.command("certificates", *words)

    def issue(self, name, *words, key="ec:P-256", client="billing"):
        answer = self.certificates(
            "issue", "--client", client, "--csr", request(self.directory, name, key), "--certificate", self.directory / f"{name}.pem", *words
        )
        return dict(line.split(": ", 1) for line in good(answer).splitlines())["serial"]

    def curl(self, path, *words, certificate=None, port=None):
        """Status and body of one request to the port that asks for certificates."""
        proof = ["--cert", f"{certificate}.pem", "--key", f"{certificate}.key"] if certificate else []
        answer = subprocess.run(
            [
                "curl", "--silent", "--show-error", "--noproxy", "*", "--cacert", "authority.pem", *proof, "--write-out", "\n%{http_code}", *words,
                f"https://localhost:{self.mtls}{path}",
            ],
            cwd=self.directory, capture_output=True, text=True, timeout=60,
        )
        assert answer.returncode == 0, answer.stderr
        body, _, status = answer.stdout.rpartition("\n")
        return int(status), json.loads(body) if body.startswith(("{", "[")) else body

    def token(self, certificate=None, client="billing", *words):
        return self.curl(
            "/oauth2/token", "--data", "grant_type=client_credentials", "--data-urlencode", f"client_id={client}", *words, certificate=certificate
        )


@pytest.fixture(scope="module")
def stack():
    stack = Stack()
    yield stack
    stack.server.remove()


def test_curl_gets_a_bound_token_and_nobody_else_can_use_it(stack):
    stack.issue("one")
    status, answer = stack.token("one")
    assert status == 200, answer
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    thumbprint = openssl(stack.directory, "x509", "-in", "one.pem", "-noout", "-fingerprint", "-sha256").split("=")[1].replace(":", "").strip()
    assert jwt.utils.base64url_decode(claims["cnf"]["x5t#S256"]).hex() == thumbprint.lower()
    bearer = ["--header", f"Authorization: Bearer {answer['access_token']}"]
    stack.issue("two")
    assert stack.curl("/v1/keys", *bearer, certificate="one")[0] == 200
    assert stack.curl("/v1/keys", *bearer, certificate="two")[0] == 401
    assert stack.curl("/v1/keys", *bearer)[0] == 401
    plain = requests.get(stack.server.base + "/v1/keys", headers={"Authorization": f"Bearer {answer['access_token']}"}, timeout=60)
    assert plain.status_code == 401 and plain.json()["error"] == "invalid_token"
    status, shown = stack.curl("/oauth2/introspect", "--data", "client_id=billing", "--data", f"token={answer['access_token']}", certificate="one")
    assert status == 200 and shown["active"] and shown["cnf"] == claims["cnf"]


def test_without_a_certificate_or_with_another_name_there_is_no_token(stack):
    assert stack.token()[0] == 401
    openssl(stack.directory, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key", "-subj", "/CN=billing", "-out", "self.pem")
    status, answer = stack.token("self")
    assert status == 401 and answer["error"] == "invalid_client"
    stack.issue("secretive", client="by-secret")
    assert stack.token("secretive")[0] == 401
    assert stack.token("secretive", "by-secret")[0] == 401
    status, answer = stack.token("secretive", "by-secret", "--data", "client_secret=by-secret-secret", "--data", "scope=introspect")
    assert status == 401, "registered for Basic"
    status, answer = stack.curl(
        "/oauth2/token", "--user", "by-secret:by-secret-secret", "--data", "grant_type=client_credentials", certificate="self"
    )
    # Binding needs possession only.
    assert status == 200 and "cnf" in jwt.decode(answer["access_token"], options={"verify_signature": False})


def test_a_certificate_alone_calls_with_the_scopes_that_it_was_issued_with(stack):
    stack.issue("caller", "--scope", "keys")
    stack.issue("bare")
    assert stack.curl("/v1/keys", certificate="caller")[0] == 200
    assert stack.curl("/v1/keys", certificate="bare")[0] == 403
    assert stack.curl("/v1/keys")[0] == 401


def test_a_revoked_certificate_is_refused_within_a_second(stack):
    serial = stack.issue("gone", "--scope", "keys")
    assert stack.curl("/v1/keys", certificate="gone")[0] == 200 and stack.token("gone")[0] == 200
    assert "revoked" in good(stack.certificates("revoke", serial.upper(), "--reason", "key_compromise"))
    soon(lambda: stack.curl("/v1/keys", certificate="gone")[0] == 401, "the revocation to arrive")
    assert stack.token("gone")[0] == 401
    assert "already" in good(stack.certificates("revoke", serial))
    assert "key_compromise" in good(stack.certificates("list"))
    # Others honour the published list.
    for name, file in [("authority.crl", "list.der"), ("authority.crt", "authority.der")]:
        (stack.directory / file).write_bytes(requests.get(f"{stack.server.base}/certificates/{name}", timeout=60).content)
    assert "verify OK" in openssl(stack.directory, "crl", "-inform", "DER", "-in", "list.der", "-noout", "-CAfile", "authority.pem")
    text = openssl(stack.directory, "crl", "-inform", "DER", "-in", "list.der", "-noout", "-text")
    assert serial.upper() in text and "Key Compromise" in text
    openssl(stack.directory, "crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem")
    checked = ["verify", "-CAfile", "authority.pem", "-CRLfile", "list.pem", "-crl_check", "-purpose", "sslclient"]
    stack.issue("fresh")
    assert "OK" in openssl(stack.directory, *checked, "fresh.pem")
    answer = subprocess.run(["openssl", *checked, "gone.pem"], cwd=stack.directory, capture_output=True, text=True, timeout=60)
    assert answer.returncode != 0 and "revoked" in answer.stderr


def test_a_certificate_says_what_the_command_said_and_no_more(stack):
    stack.issue("rsa", "--san", "uri:spiffe://example/billing", "--days", "7", key="rsa:2048")
    text = openssl(stack.directory, "x509", "-in", "rsa.pem", "-noout", "-text")
    assert "Subject: CN = billing\n" in text and "admin" not in text and "URI:spiffe://example/billing" in text
    assert "TLS Web Client Authentication" in text and "TLS Web Server" not in text and "CA:FALSE" in text
    assert f"URI:http://localhost:{stack.server.port}/certificates/authority.crl" in text
    authority = openssl(stack.directory, "x509", "-in", "authority.pem", "-noout", "-text")
    assert "CA:TRUE, pathlen:0" in authority and "Certificate Sign, CRL Sign" in authority
    assert stat.S_IMODE((stack.directory / "server.key").stat().st_mode) == 0o600
    assert "OK" in openssl(stack.directory, "verify", "-CAfile", "authority.pem", "-x509_strict", "-purpose", "sslserver", "server.pem")


def test_what_the_authority_refuses(stack):
    def refused(*words, word):
        answer = stack.certificates(*words)
        assert answer.returncode != 0 and word in answer.stderr and "Fatal" not in answer.stderr, answer.stderr

    good_csr = request(stack.directory, "refused")
    refused("init", word="already")
    refused("issue", "--client", "nobody", "--csr", good_csr, word="no client nobody")
    refused("issue", "--client", "billing", "--csr", good_csr, "--scope", "keys:admin", word="exceeds")
    refused("issue", "--client", "billing", "--csr", request(stack.directory, "weak", "rsa:1024"), word="")
    refused("issue", "--client", "billing", "--csr", stack.directory / "authority.pem", word="no certificate request")
    altered = good_csr.read_text().splitlines()
    altered[1] = altered[1][:40] + ("A" if altered[1][40] != "A" else "B") + altered[1][41:]
    good_csr.write_text("\n".join(altered) + "\n")
    refused("issue", "--client", "billing", "--csr", good_csr, word="")
    refused("issue", "--client", "billing", "--server", "--name", "localhost", "--key", "x", word="")
    refused("issue", "--server", "--name", "localhost", "--key", stack.directory / "server.key", word="exists")
    refused("issue", "--server", "--name", "a b", "--key", stack.directory / "new.key", word="")
    refused("revoke", "00ff", word="no certificate")
