"""A real nginx on a loopback port with Examples/gateway/nginx.conf, and the service behind it, which tells what reached it."""

import datetime
import http.server
import ipaddress
import json
import re
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nginx import Nginx
from server import CHECKOUT

EXAMPLE = CHECKOUT / "Examples" / "gateway" / "nginx.conf"


def make_certificate(directory, name):
    """A certificate that vouches for itself, for a server on 127.0.0.1 or for a client: (certificate file, key file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / f"{name}.pem", directory / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(files[0]), str(files[1])


class Service:
    """Answers with the request that reached it: {"method", "path", "fields": [[name, value], …]}."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                words = {"method": self.command, "path": self.path, "fields": [list(pair) for pair in self.headers.items()]}
                words = json.dumps(words).replace("<", "\\u003c")
                is_page = "text/html" in self.headers.get("Accept", "")
                body = (f"<!doctype html><title>service</title><pre id=reached>{words}</pre>" if is_page else words).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8" if is_page else "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Gateway(Nginx):
    """The example, moved: other ports, plain http on this machine; with `tls` (certificate, key) another port with client certificates."""

    def __init__(self, gatehouse_port, service_port, port, tls=None, tls_port=None):
        self.tls_port = tls_port
        text = EXAMPLE.read_text()
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{gatehouse_port}").replace("127.0.0.1:9000", f"127.0.0.1:{service_port}")
        text = text.replace("server_name app.example.org;", "server_name 127.0.0.1;")
        upstreams, server = text.split("\nserver {", 1)
        server = "server {" + server
        plain = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        plain = re.sub(r"^ *ssl_certificate.*\n", "", plain, flags=re.MULTILINE)
        text = upstreams + "\n" + plain
        if tls:
            secure = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{tls_port} ssl;")
            secure = re.sub(r"ssl_certificate [^;]*;", f"ssl_certificate {tls[0]};", secure)
            secure = re.sub(r"ssl_certificate_key [^;]*;", f"ssl_certificate_key {tls[1]};", secure)
            text += secure.replace("#   ssl_verify_client", "\n    ssl_verify_client")
        super().__init__(port, text)
