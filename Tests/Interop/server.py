"""The built server as a process of its own, on free ports, with a data directory that goes away."""

import atexit
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("GATEHOUSE_TEST_SERVER", CHECKOUT / ".build" / "debug" / "gatehouse"))
START_SECONDS_MAX = 90


def free_port():
    """A port that stays ours until the run ends, whoever else looks for one meanwhile.

    The socket is bound but doesn't listen, which lets a server with SO_REUSEADDR listen there all the same.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    atexit.register(holder.close)
    return holder.getsockname()[1]


def demo_settings(port, demo_port, callback_port):
    """The demo's own settings, moved to other ports, with a callback that the tests can listen on."""
    text = (CHECKOUT / "Examples" / "demo" / "gatehouse.yaml").read_text()
    text = text.replace("http://localhost:8080", f"http://localhost:{port}").replace("port: 8080", f"port: {port}")
    text = text.replace("http://127.0.0.1:8081", f"http://127.0.0.1:{demo_port}")
    back = f"      - http://127.0.0.1:{demo_port}/callback\n"
    assert back in text
    return text.replace(back, back + f"      - http://127.0.0.1:{callback_port}/back\n")


class Server:
    """`gatehouse serve` with the demo settings and the demo application."""

    def __init__(self):
        self.port, self.demo_port, self.callback_port = free_port(), free_port(), free_port()
        self.issuer = f"http://localhost:{self.port}"
        self.demo = f"http://127.0.0.1:{self.demo_port}"
        self.callback = f"http://127.0.0.1:{self.callback_port}/back"
        # Not pytest's own: as root the database runs under an account that must be able to enter.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-interop-"))
        self.directory.chmod(0o755)
        self.log = self.directory / "server.log"
        self.process = None

    def start(self):
        settings = self.directory / "gatehouse.yaml"
        settings.write_text(demo_settings(self.port, self.demo_port, self.callback_port))
        # Any GATEHOUSE_ variable would lie over the settings, and a proxy has no business on loopback.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GATEHOUSE_") and not name.lower().endswith("_proxy")
        }
        environment["GATEHOUSE_DATA_DIRECTORY"] = str(self.directory / "data")
        command = [PROGRAM, "serve", "--settings", settings, "--demo-app"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=CHECKOUT
            )
        self.wait_for(self.issuer + "/.well-known/openid-configuration")
        self.wait_for(self.demo + "/")

    def wait_for(self, address):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.log.read_text()}")
            try:
                if requests.get(address, timeout=5, proxies={"http": None}).ok:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"{address} did not answer in {START_SECONDS_MAX} s:\n{self.log.read_text()}")

    def stop(self):
        try:
            if self.process and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(timeout=30)
        finally:
            if self.process and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.directory, ignore_errors=True)
