"""Another OpenID provider that we did not write: django-oauth-toolkit, as a process of its own."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import requests

from server import PATIENCE_SECONDS, wait_until

SITE = pathlib.Path(__file__).with_name("django_site.py")


class DjangoProvider:
    """`http://127.0.0.1:port/o`, with discovery, JWKS, a sign-in page, a consent page, code flow with PKCE and userinfo."""

    client_id, client_secret = "gatehouse", "django-secret-of-at-least-32-characters"

    def __init__(self, port, redirect_uri):
        self.issuer = f"http://127.0.0.1:{port}/o"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-django-"))
        self.log = self.directory / "log"
        self.command = [sys.executable, SITE, str(port), self.directory, redirect_uri, self.client_id, self.client_secret]
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, "Django")

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(self.issuer + "/.well-known/openid-configuration", timeout=60).ok
        except requests.ConnectionError:
            return False

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)
