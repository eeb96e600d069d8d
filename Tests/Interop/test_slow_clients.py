"""Clients that keep the server waiting: Debian's slowhttptest, and connections on which nothing happens. Nobody else may notice."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time

import pytest
import requests

from clients import SERVICE_BASIC
from crew import Crew
from server import Server, wait_until

SERVICE = {"grant_type": "client_credentials", "scope": "notes:read"}
# What a connection costs is measured in kibibytes; this leaves room for what the other clients' requests take.
GROWTH_BYTES_MAX = 96 << 20
# Long for a busy machine, and much shorter than the attacks: who is kept waiting by them is heard.
NOTICED_AFTER_SECONDS = 25
ATTACK_SECONDS_MAX = 60


@pytest.fixture
def node():
    server = Server(demo_application=False)
    try:
        yield server.start()
    finally:
        server.remove()


def resident_bytes(node):
    with open(f"/proc/{node.process.pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def open_files(node):
    return len(os.listdir(f"/proc/{node.process.pid}/fd"))


class Bystanders(Crew):
    """Clients that go on asking and keep every answer that isn't what they asked for."""

    def __init__(self, node, count=4):
        super().__init__(("answer",), ask=count)
        self.node, self.problems = node, []

    def complain(self, what, problem):
        self.problems.append((what, problem))

    def complaints(self):
        return self.problems[:3]

    def ask(self, name):
        while not self.over.is_set():
            try:
                # A connection of its own each time: a new one must be let in as well.
                answer = requests.post(self.node.base + "/oauth2/token", data=SERVICE, auth=SERVICE_BASIC, timeout=NOTICED_AFTER_SECONDS)
                page = requests.get(self.node.base + "/sign-in", timeout=NOTICED_AFTER_SECONDS)
                if (answer.status_code, page.status_code) != (200, 200):
                    self.complain(name, (answer.status_code, page.status_code))
            except requests.RequestException as error:
                self.complain(name, repr(error))
            self.count("answer")

    def check(self):
        assert not self.problems, (len(self.problems), self.complaints())


SLOWNESS = {
    "heads": ["-H"],
    "bodies": ["-B", "-s", "8192", "-t", "POST"],
    "readers": ["-X", "-w", "1", "-y", "16", "-n", "3", "-z", "8"],
}


@pytest.mark.parametrize("words", SLOWNESS.values(), ids=SLOWNESS.keys())
def test_a_thousand_slow_clients_are_noticed_by_nobody(node, words):
    program = shutil.which("slowhttptest")
    assert program, "slowhttptest is missing; scripts/install-missing test installs it"
    address = node.base + ("/oauth2/token" if "-B" in words else "/.well-known/openid-configuration")
    before = resident_bytes(node)
    with Bystanders(node) as bystanders:
        times = ["-i", "3", "-l", str(ATTACK_SECONDS_MAX), "-p", str(NOTICED_AFTER_SECONDS)]
        attack = subprocess.Popen(
            [program, *words, "-c", "1000", "-r", "500", *times, "-x", "24", "-u", address], stdout=subprocess.PIPE, text=True)
        try:
            begun = time.monotonic()
            wait_until(lambda: open_files(node) > 600, "the slow clients")
            bystanders.wait_for_more(answer=20)
            # Twice the interval in which each of them sends a little more.
            while time.monotonic() - begun < 7:
                bystanders.wait_for_more(answer=1)
            during = resident_bytes(node)
            attack.send_signal(signal.SIGINT)
            said = re.sub(r"\x1b\[[0-9;]*m", "", attack.communicate(timeout=60)[0])
        finally:
            attack.kill()
            attack.wait()
    bystanders.check()
    assert "service available:   YES" in said and "service available:   NO" not in said, said[-600:]
    assert during - before < GROWTH_BYTES_MAX, f"{(during - before) >> 20} MiB more"
    assert node.post("/oauth2/token", SERVICE, SERVICE_BASIC).ok


def test_two_thousand_idle_connections_are_noticed_by_nobody(node):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = resident_bytes(node)
    with contextlib.ExitStack() as stack, Bystanders(node) as bystanders:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 8192 and hard > 0 else max(soft, 8192), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(2_000):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=60))
            if number % 2:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-")
        wait_until(lambda: open_files(node) > 2_000, "all of them to be let in")
        bystanders.wait_for_more(answer=20)
        during = resident_bytes(node)
    bystanders.check()
    assert during - before < GROWTH_BYTES_MAX, f"{(during - before) >> 20} MiB more"
