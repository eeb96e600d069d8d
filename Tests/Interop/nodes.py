"""Several nodes behind a balancer: Debian's nginx in front of `gatehouse serve`, as many times as wanted."""

import pathlib
import re
import shutil
import subprocess
import tempfile

import requests

from gateway import program
from server import CHECKOUT, Server, demo_settings, free_port, wait_until


class Balancer:
    """Passes each request to one of the nodes, and to another where one gives no answer. A 503 is an answer."""

    def __init__(self, node_ports, port):
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-balancer-"))
        nodes = "".join(f"server 127.0.0.1:{each} max_fails=0;" for each in node_ports)
        self.settings = self.directory / "nginx.conf"
        self.settings.write_text(
            f"""
            pid {self.directory}/pid;
            error_log {self.directory}/error.log warn;
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
                upstream nodes {{ {nodes} keepalive 16; }}
                server {{
                    listen 127.0.0.1:{port};
                    location / {{
                        proxy_pass http://nodes;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Host $http_host;
                        proxy_connect_timeout 2s;
                        # A token that was asked for twice is the same token, or another good one.
                        proxy_next_upstream error timeout non_idempotent;
                    }}
                }}
            }}
            """
        )
        self.process = None

    def start(self):
        command = [program(), "-p", str(self.directory), "-e", str(self.directory / "error.log"), "-c", str(self.settings)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or is_listening(self.base), "nginx", seconds=20)
        assert self.process.poll() is None, (self.directory / "error.log").read_text()
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)
        shutil.rmtree(self.directory, ignore_errors=True)


def is_listening(base):
    try:
        requests.get(base + "/health/live", timeout=5)
        return True
    except requests.ConnectionError:
        return False


class Node(Server):
    """A server under the balancer's address, with metrics, on a database of somebody else's."""

    def __init__(self, balancer_port, environment, beside=None):
        ports = free_port(), free_port()
        super().__init__(
            settings=demo_settings(balancer_port, *ports), environment=environment, beside=beside, demo_application=False
        )
        self.metrics_port = free_port()
        self.environment = self.environment | {
            "GATEHOUSE_LISTEN_PORT": str(self.port), "GATEHOUSE_METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
        }
        self.issuer = f"http://localhost:{balancer_port}"
        self.callback = beside.callback if beside else f"http://127.0.0.1:{ports[1]}/back"

    def health(self, kind="ready"):
        """(status, answer); None where nobody answers."""
        try:
            answer = requests.get(f"{self.base}/health/{kind}", timeout=10)
        except requests.ConnectionError:
            return None
        return answer.status_code, answer.json()

    def metrics(self):
        answer = requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10)
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return answer.text

    def metric(self, name, labels=""):
        """The value of one sample; None where there is none."""
        found = re.search(rf"^{re.escape(name + labels)} (\S+)$", self.metrics(), re.MULTILINE)
        return float(found[1]) if found else None


def newer_resources(directory, sql):
    """A folder of migrations and templates such as the next version would bring: one more migration with this text."""
    directory.mkdir()
    shutil.copytree(CHECKOUT / "Templates", directory / "Templates")
    shutil.copytree(CHECKOUT / "Migrations", directory / "Migrations")
    last = max(int(path.name[:4]) for path in (directory / "Migrations").glob("*.sql"))
    (directory / "Migrations" / f"{last + 1:04}_next_version.sql").write_text(sql)
    return directory
