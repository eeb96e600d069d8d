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
# How long anything may take that isn't measured: only what never comes fails, however busy the machine is.
PATIENCE_SECONDS = 90


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
    """The demo's own settings, moved to other ports, with a callback that the tests can listen on, under two origins."""
    text = (CHECKOUT / "Examples" / "demo" / "gatehouse.yaml").read_text()
    text = text.replace("http://localhost:8080", f"http://localhost:{port}").replace("port: 8080", f"port: {port}")
    text = text.replace("http://127.0.0.1:8081", f"http://127.0.0.1:{demo_port}")
    back = f"      - http://127.0.0.1:{demo_port}/callback\n"
    assert back in text
    callback = f"http://127.0.0.1:{callback_port}"
    ours = f"      - {callback}/back\n      - {callback}/onward\n    allowed_origins: [http://localhost:{callback_port}]\n"
    return text.replace(back, back + ours)


class Server:
    """`gatehouse serve` on a directory of its own; with the demo settings unless others are given.

    A second server `beside` a first one shares its issuer, settings, data and database, and listens on a port of its own.
    """

    def __init__(self, settings=None, environment=None, beside=None, demo_application=True):
        self.port = free_port()
        self.demo_application = demo_application and beside is None
        self.beside = beside
        if beside:
            self.issuer, self.callback, self.directory = beside.issuer, beside.callback, beside.directory
            self.environment = beside.environment | {"GATEHOUSE_LISTEN_PORT": str(self.port)}
        else:
            self.demo_port, self.callback_port = free_port(), free_port()
            self.issuer = f"http://localhost:{self.port}"
            self.demo = f"http://127.0.0.1:{self.demo_port}"
            self.callback = f"http://127.0.0.1:{self.callback_port}/back"
            # Not pytest's own: as root the database runs under an account that must be able to enter.
            self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-interop-"))
            self.directory.chmod(0o755)
            self.environment = clean_environment() | {"GATEHOUSE_DATA_DIRECTORY": str(self.directory / "data")} | (environment or {})
            self.settings.write_text(settings or demo_settings(self.port, self.demo_port, self.callback_port))
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = self.directory / f"server-{self.port}.log"
        self.process = None

    @property
    def settings(self):
        return self.directory / "gatehouse.yaml"

    def launch(self):
        command = [PROGRAM, "serve", "--settings", self.settings] + (["--demo-app"] if self.demo_application else [])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment, cwd=self.directory
            )

    def start(self):
        self.launch()
        self.wait_for(self.base + "/.well-known/openid-configuration")
        if self.demo_application:
            self.wait_for(self.demo + "/")
        return self

    def wait_for(self, address):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.words()}")
            try:
                if requests.get(address, timeout=5, proxies={"http": None}).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"{address} did not answer in {START_SECONDS_MAX} s:\n{self.words()}")

    def words(self):
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def command(self, *words, environment=None, **options):
        """One command of the program on the same settings and data."""
        return run(*words, "--settings", self.settings, environment=self.environment | (environment or {}), **options)

    def post(self, path, data, auth=None):
        return requests.post(self.base + path, data=data, auth=auth, timeout=60, proxies={"http": None})

    def kill(self):
        self.process.kill()
        self.process.wait()

    @property
    def postmaster_file(self):
        return self.directory / "data" / "postgres" / "data" / "postmaster.pid"

    @property
    def postmaster(self):
        """The process number of the private PostgreSQL server; None when there is none."""
        try:
            return int(self.postmaster_file.read_text().split("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def stop(self, with_signal=signal.SIGTERM):
        try:
            if self.process and self.process.poll() is None:
                self.process.send_signal(with_signal)
                self.process.wait(timeout=PATIENCE_SECONDS)
        finally:
            if self.process and self.process.poll() is None:
                self.kill()
        return self.process.returncode if self.process else None

    def remove(self):
        """Stops everything, also what a killed server has left behind."""
        self.stop()
        if self.beside:
            return
        if (pid := self.postmaster) and is_alive(pid):
            os.kill(pid, signal.SIGQUIT)
            wait_until(lambda: not is_alive(pid), "the private PostgreSQL server to end")
        shutil.rmtree(self.directory, ignore_errors=True)


def clean_environment():
    """Any GATEHOUSE_ variable would lie over the settings, and a proxy has no business on loopback."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("GATEHOUSE_") and not name.lower().endswith("_proxy")
    }


def run(*words, environment=None, input="", directory=None, program=None):
    """The program with these words; standard input is empty unless given."""
    return subprocess.run(
        [program or PROGRAM, *words], input=input, capture_output=True, text=True, timeout=120,
        env=environment or clean_environment(), cwd=directory or "/",
    )


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, what, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while True:
        # One look begins after the end: before that it may be the machine that was busy.
        is_last = time.monotonic() > deadline
        if value := condition():
            return value
        assert not is_last, f"waited in vain for {what}"
        time.sleep(0.02)


def soon(condition, what):
    """Within a second, as what one node is told has to reach the others; every five, nodes look by themselves."""
    return wait_until(condition, what, seconds=1)
