"""Examples/notes beside the server: the three commands of its README, as they stand there."""

import json
import os
import re
import subprocess

import pytest
import requests

from server import CHECKOUT, PROGRAM, Server, clean_environment, free_port, wait_until

README = CHECKOUT / "Examples" / "notes" / "README.md"
EXAMPLE = PROGRAM.parent / "NotesExample"
SECRET = "another secret, at least 32 bytes long"


class Notes:
    """The server with the demo's settings, and the example that asks it."""

    def __init__(self):
        self.server = Server(demo_application=False).start()
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = self.server.environment | {
            "NOTES_ISSUER": self.server.issuer, "NOTES_PORT": str(self.port), "NOTES_SIGNING_SECRET": SECRET,
        }
        with (self.server.directory / "notes.log").open("ab") as log:
            self.process = subprocess.Popen([EXAMPLE], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        wait_until(self.answers, "the example")

    def answers(self):
        try:
            return self.get().status_code == 401
        except requests.RequestException:
            return False

    def get(self, **headers):
        return requests.get(self.base + "/notes", headers=headers, timeout=60, proxies={"http": None})

    def shell(self, lines):
        """Lines of the README, with the addresses and programs of this test."""
        for old, new in {
            "http://localhost:8080": self.server.issuer, "http://127.0.0.1:8082": self.base, ".build/debug/gatehouse": str(PROGRAM),
            ".build/debug/NotesExample": str(EXAMPLE), "Examples/demo/gatehouse.yaml": str(self.server.settings),
        }.items():
            lines = lines.replace(old, new)
        answer = subprocess.run(["sh", "-c", lines], capture_output=True, text=True, timeout=120, env=self.environment, cwd="/")
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.server.remove()


@pytest.fixture(scope="module")
def notes():
    notes = Notes()
    yield notes
    notes.stop()


def commands():
    """The README's blocks of shell, the first one, which starts things, left out."""
    return re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)[1:]


def test_the_three_commands_of_the_readme_work(notes):
    by_token, by_key, by_signature = commands()
    assert json.loads(notes.shell(by_token)) == {"caller": "demo-service", "provenBy": "access_token", "notes": []}
    assert json.loads(notes.shell(by_key)) == {"caller": "demo-service", "provenBy": "api_key", "notes": ["Buy milk"]}
    assert json.loads(notes.shell(by_signature)) == {"caller": "cron", "provenBy": "signature", "notes": ["Water the plants"]}


def test_what_is_not_good_is_refused(notes):
    refused = notes.get()
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Bearer ")
    for bad in ["gh_live_x", "a.b.c", "x"]:
        assert notes.get(Authorization=f"Bearer {bad}").status_code == 401

    token = notes.server.post(
        "/oauth2/token", {"grant_type": "client_credentials", "scope": "notes:read"}, ("demo-service", "demo-service-secret")
    ).json()["access_token"]
    assert notes.get(Authorization=f"Bearer {token}").status_code == 200
    write = requests.post(notes.base + "/notes", data="x", headers={"Authorization": f"Bearer {token}"}, timeout=60, proxies={"http": None})
    assert write.status_code == 403 and 'error="insufficient_scope"' in write.headers["WWW-Authenticate"]


def test_a_signature_counts_once_and_for_its_own_request(notes):
    lines = notes.shell('.build/debug/NotesExample sign GET "/notes?page=1"')
    fields = dict(re.findall(r'header = "([\w-]+): (.*)"', lines))
    fields = {name: value.replace('\\"', '"') for name, value in fields.items()}
    assert set(fields) == {"Signature-Input", "Signature"} and SECRET not in lines
    address = notes.base + "/notes?page="
    get = lambda page: requests.get(address + page, headers=fields, timeout=60, proxies={"http": None}).status_code
    assert get("2") == 401
    assert get("1") == 200
    assert get("1") == 401


def test_an_example_that_is_not_built_is_named():
    assert os.access(EXAMPLE, os.X_OK), "swift build makes NotesExample"
