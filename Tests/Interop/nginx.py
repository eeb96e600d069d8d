"""Debian's nginx on loopback, with what a test puts into its `http` block."""

import pathlib
import shutil
import subprocess
import tempfile
import time

import requests

from server import PATIENCE_SECONDS, START_SECONDS_MAX


def program():
    """Debian keeps it where only root's PATH looks."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert found, "nginx is missing; scripts/install-missing test installs it"
    return found


class Nginx:
    def __init__(self, port, http):
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-nginx-"))
        self.log = self.directory / "error.log"
        self.settings = self.directory / "nginx.conf"
        self.settings.write_text(
            f"""
            pid {self.directory}/pid;
            error_log {self.log} warn;
            worker_processes 1;
            daemon off;
            events {{ worker_connections 512; }}
            http {{
                access_log off;
                client_body_temp_path {self.directory}/body;
                proxy_temp_path {self.directory}/proxy;
                fastcgi_temp_path {self.directory}/fastcgi;
                uwsgi_temp_path {self.directory}/uwsgi;
                scgi_temp_path {self.directory}/scgi;
                {http}
            }}
            """
        )
        self.process = None

    def start(self):
        """Returns when it answers, whatever the answer is."""
        command = [program(), "-p", str(self.directory), "-e", str(self.log), "-c", str(self.settings)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"nginx ended:\n{self.words()}"
            try:
                requests.get(self.base + "/", timeout=5, proxies={"http": None})
                return self
            except requests.RequestException:
                time.sleep(0.05)
        raise AssertionError(f"nginx did not answer:\n{self.words()}")

    def words(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)
