"""Several nodes behind a balancer: Debian's nginx in front of `gatehouse serve`, as many times as wanted."""

import re
import shutil

import requests

from nginx import Nginx
from server import CHECKOUT, Server, demo_settings, free_port


class Balancer(Nginx):
    """Passes each request to one of the nodes, and to another where one gives no answer. A 503 is an answer."""

    def __init__(self, node_ports, port):
        nodes = "".join(f"server 127.0.0.1:{each} max_fails=0;" for each in node_ports)
        super().__init__(port, f"""
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
            """)


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
            answer = requests.get(f"{self.base}/health/{kind}", timeout=60)
        except requests.ConnectionError:
            return None
        return answer.status_code, answer.json()

    def metrics(self):
        answer = requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=60)
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
