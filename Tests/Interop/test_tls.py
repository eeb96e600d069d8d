"""The server's own TLS, with clients that we did not write: Python's ssl and http.client, curl, openssl; and what proxies may say."""

import http.client
import signal
import socket
import ssl
import subprocess

import pytest
import requests

from certificates import Certificate
from http2 import Connection
from server import Server, demo_settings, free_port, wait_until

METADATA = "/.well-known/openid-configuration"


class TLSServer(Server):
    """The demo under TLS, with a second port for client certificates."""

    def __init__(self, version_min="1.3"):
        super().__init__(demo_application=False)
        self.mutual_port = free_port()
        self.issuer = f"https://localhost:{self.port}"
        self.first = Certificate("first.example")
        self.first.write(self.directory, "server")
        text = demo_settings(self.port, self.demo_port, self.callback_port)
        text = text.replace(f"http://localhost:{self.port}", self.issuer)
        line = f"  port: {self.port}\n"
        assert line in text
        tls = f"  tls: {{ certificate: server.crt, private_key: server.key, version_min: \"{version_min}\" }}\n"
        self.settings.write_text(text.replace(line, line + tls + f"  mutual_tls: {{ port: {self.mutual_port} }}\n"))

    def start(self):
        self.launch()
        wait_until(lambda: all(self.answers(port) for port in (self.port, self.mutual_port)), "both ports")
        return self

    def answers(self, port):
        if self.process.poll() is not None:
            raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.words()}")
        try:
            return self.get(port).status == 200
        except OSError:
            return False

    def context(self, **options):
        context = ssl.create_default_context(cadata=options.pop("trusting", self.first).pem)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def get(self, port, context=None):
        connection = self.connect(port, context)
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer

    def connect(self, port, context=None):
        connection = http.client.HTTPSConnection("localhost", port, context=context or self.context(), timeout=60)
        connection.request("GET", METADATA)
        return connection


@pytest.fixture(scope="module")
def tls():
    server = TLSServer()
    try:
        yield server.start()
    finally:
        server.remove()


@pytest.fixture(scope="module")
def older():
    server = TLSServer(version_min="1.2")
    try:
        yield server.start()
    finally:
        server.remove()


def shaken_hands(port, version):
    """What openssl makes of a handshake."""
    words = ["openssl", "s_client", "-connect", f"localhost:{port}", version]
    return subprocess.run(words, input="", capture_output=True, text=True, timeout=60)


def test_curl_speaks_http_2_and_is_told_to_stay_with_https(tls):
    words = ["curl", "-s", "-i", "--cacert", tls.directory / "server.crt", tls.issuer + METADATA]
    answer = subprocess.run(words + ["--http2"], capture_output=True, text=True, timeout=60).stdout
    assert answer.startswith("HTTP/2 200")
    assert "strict-transport-security: max-age=31536000" in answer.lower()
    answer = subprocess.run(words + ["--http1.1"], capture_output=True, text=True, timeout=60).stdout
    assert answer.startswith("HTTP/1.1 200")


def test_a_head_that_is_too_long_for_http_2_costs_nobody_else_anything(tls):
    """NIO would end the connection, and with it everybody's requests where a proxy shares one."""
    fields = (
        [("x-long", "a" * 20_480)],
        [("x-long", "a" * 40_960), ("x-longer", "a" * 30_000)],
        [(f"x-{number}", "a") for number in range(201)],
    )
    with Connection(tls.port, tls.context()) as connection:
        connection.settle()
        for many in fields:
            other = connection.ask("/oauth2/token", [("content-type", "application/x-www-form-urlencoded")], ends=False)
            refused = connection.ask(METADATA, many)
            connection.finish(other, b"grant_type=client_credentials")
            after = connection.ask(METADATA, [("x-long", "a" * 14_000)])
            assert connection.answers([other, refused, after]) == {other: 401, refused: 431, after: 200}
    # Over HTTP/1.1 the limit is a larger one. What curl sends before it knows of any limit ends its own connection.
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", tls.directory / "server.crt", tls.issuer + METADATA]
    for length, version, status in ((40_000, "--http1.1", "200"), (100_000, "--http1.1", "431"), (20_480, "--http2", "000")):
        answer = subprocess.run([*words, version, "-H", "X-Long: " + "a" * length], capture_output=True, text=True, timeout=60)
        assert answer.stdout == status, version
    assert tls.get(tls.port).status == 200


def test_the_metadata_name_the_second_port(tls):
    metadata = requests.get(tls.issuer + METADATA, verify=tls.directory / "server.crt", timeout=60).json()
    assert metadata["issuer"] == tls.issuer
    aliases = metadata["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == f"https://localhost:{tls.mutual_port}/oauth2/token"
    answer = requests.post(aliases["token_endpoint"], verify=tls.directory / "server.crt", timeout=60)
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


def test_only_the_second_port_asks_for_a_certificate(tls):
    assert "Requested Signature Algorithms" not in shaken_hands(tls.port, "-tls1_3").stdout
    asked = shaken_hands(tls.mutual_port, "-tls1_3").stdout
    assert "Requested Signature Algorithms" in asked
    assert "SHA1" not in asked.split("Requested Signature Algorithms")[1].splitlines()[0]


def test_tls_1_2_is_refused_unless_the_settings_allow_it(tls, older):
    for port in (tls.port, tls.mutual_port):
        with pytest.raises(ssl.SSLError):
            tls.get(port, tls.context(maximum_version=ssl.TLSVersion.TLSv1_2))
    for port in (older.port, older.mutual_port):
        assert older.get(port, older.context(maximum_version=ssl.TLSVersion.TLSv1_2)).status == 200
        with pytest.raises(ssl.SSLError):
            weak = older.context(maximum_version=ssl.TLSVersion.TLSv1_2)
            weak.set_ciphers("AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256@SECLEVEL=0")
            older.get(port, weak)


def test_any_certificate_opens_the_second_port_if_the_client_holds_its_key(tls):
    authority = Certificate("authority")
    client = Certificate("client", issuer=authority)
    certificate, key = client.write(tls.directory, "client")
    context = tls.context()
    context.load_cert_chain(certificate, key)
    for port in (tls.port, tls.mutual_port):
        assert tls.get(port, context).status == 200
    assert tls.get(tls.mutual_port).status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed_on_the_first_port_and_never_on_the_second(older, version):
    def is_resumed(port):
        context = older.context(maximum_version=version, minimum_version=version)
        context.load_cert_chain(*Certificate("resumed").write(older.directory, "resumed"))
        first = older.connect(port, context)
        first.getresponse().read()
        session = first.sock.session
        first.close()
        second = http.client.HTTPSConnection("localhost", port, context=context, timeout=60)
        raw = socket.create_connection(("localhost", port), timeout=60)
        second.sock = context.wrap_socket(raw, server_hostname="localhost", session=session)
        second.request("GET", METADATA)
        assert second.getresponse().status == 200
        resumed = second.sock.session_reused
        second.close()
        return resumed

    assert is_resumed(older.port)
    assert not is_resumed(older.mutual_port)


def test_a_new_certificate_needs_no_restart_and_interrupts_nobody(tls):
    def shown(port):
        trusting_anybody = ssl.create_default_context()
        trusting_anybody.check_hostname, trusting_anybody.verify_mode = False, ssl.CERT_NONE
        connection = tls.connect(port, trusting_anybody)
        connection.getresponse().read()
        der = connection.sock.getpeercert(binary_form=True)
        connection.close()
        return der

    second = Certificate("second.example")
    old = {port: tls.connect(port) for port in (tls.port, tls.mutual_port)}
    for connection in old.values():
        assert connection.getresponse().read()
    try:
        # Half of the new pair, and nonsense: the old one stays.
        (tls.directory / "server.key").write_text(second.key_pem)
        tls.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the new certificate is not used" in tls.log.read_text(), "the refusal")
        assert shown(tls.port) == tls.first.der
        second.write(tls.directory, "server")
        tls.process.send_signal(signal.SIGHUP)
        for port in old:
            wait_until(lambda: shown(port) == second.der, "the new certificate")
            with pytest.raises(ssl.SSLCertVerificationError):
                tls.get(port)
        for connection in old.values():
            connection.request("GET", METADATA)
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        tls.first.write(tls.directory, "server")
        # Without the signal: the files are looked at every few seconds.
        wait_until(lambda: shown(tls.port) == tls.first.der, "the first certificate again")


def test_the_start_says_what_is_wrong_with_the_files():
    server = TLSServer()
    try:
        (server.directory / "server.key").write_text(Certificate("other").key_pem)
        answer = server.command("serve", directory=server.directory)
        assert answer.returncode == 1
        assert "the key in server.key does not belong to the first certificate in server.crt" in answer.stderr
        (server.directory / "server.crt").unlink()
        answer = server.command("serve", directory=server.directory)
        assert "server.crt can not be read: there is no such file" in answer.stderr
    finally:
        server.remove()


def registrations(server, fields):
    """The status of one registration for each set of fields."""
    body = {"redirect_uris": ["https://app.example/callback"]}
    return [
        requests.post(server.base + "/oauth2/register", json=body, headers=headers, timeout=60).status_code for headers in fields
    ]


@pytest.mark.parametrize("network, believed", [("127.0.0.1", True), ("192.0.2.0/24", False)])
def test_limits_count_the_address_that_a_listed_proxy_tells_and_no_other(network, believed):
    limit = "GATEHOUSE_LIMITS_REGISTRATION_PER_ADDRESS_"
    server = Server(demo_application=False, environment={limit + "BURST": "1", limit + "PER_MINUTE": "1"})
    try:
        server.settings.write_text(server.settings.read_text() + f"\nproxies: {{ networks: [{network}] }}\n")
        server.start()
        clients = [
            "198.51.100.1", "198.51.100.1", "198.51.100.2", "203.0.113.99, 198.51.100.2", "2001:db8:0:1::1", "2001:db8:0:1:ffff::2",
            "2001:db8:0:2::1",
        ]
        statuses = registrations(server, [{"X-Forwarded-For": client} for client in clients])
        assert statuses == ([201, 429, 201, 429, 201, 429, 201] if believed else [201] + [429] * 6)
    finally:
        server.remove()
