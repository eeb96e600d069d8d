"""Proxies of others as processes on loopback, with the configurations of Examples/ moved to free ports."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import requests

from server import CHECKOUT, PATIENCE_SECONDS, START_SECONDS_MAX


def find(name):
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


class Proxy:
    """One program with one configuration; `prepare` writes it and says how to start it."""

    def __init__(self, name, port):
        self.name, self.port = name, port
        self.base = f"http://127.0.0.1:{port}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"gatehouse-{name}-"))
        self.log = self.directory / "log"
        self.process = None

    def run(self, *command):
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, env=self.environment)

    @property
    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.directory), "XDG_CONFIG_HOME": str(self.directory)}

    def start(self, *command):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{self.log.read_text()}")
            try:
                requests.get(self.base + "/", timeout=5, proxies={"http": None})
                return self
            except requests.RequestException:
                time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not answer:\n{self.log.read_text()}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
        shutil.rmtree(self.directory, ignore_errors=True)


def caddy(example, site, port, **addresses):
    """Caddy with a Caddyfile of Examples/: plain http for `site`."""
    proxy = Proxy("caddy", port)
    text = (CHECKOUT / "Examples" / example).read_text().replace(f"\n{site} {{", f"\nhttp://127.0.0.1:{port} {{")
    for old, new in addresses.items():
        text = text.replace(old, new)
    settings = proxy.directory / "Caddyfile"
    settings.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    checked = proxy.run(find("caddy"), "validate", "--adapter", "caddyfile", "--config", settings)
    assert checked.returncode == 0, checked.stderr
    return proxy.start(find("caddy"), "run", "--adapter", "caddyfile", "--config", settings)


def haproxy(port, tls, nodes, health):
    """HAProxy with Examples/proxies/haproxy.cfg: the issuer as plain http, certificates of this run."""
    proxy = Proxy("haproxy", port)
    pem = proxy.directory / "both.pem"
    pem.write_text(pathlib.Path(tls[0]).read_text() + pathlib.Path(tls[1]).read_text())
    text = (CHECKOUT / "Examples" / "proxies" / "haproxy.cfg").read_text()
    text = text.replace("/etc/haproxy/id.example.com.pem", str(pem)).replace("/etc/haproxy/client-authorities.pem", str(tls[0]))
    # As it is, but for the addresses of nobody here.
    whole = proxy.directory / "whole.cfg"
    whole.write_text(text)
    checked = proxy.run(find("haproxy"), "-c", "-f", whole)
    assert checked.returncode == 0, checked.stderr
    text = re.sub(r"bind :443 ssl .*", f"bind 127.0.0.1:{port}", text)
    text = re.sub(r"\nfrontend certificates\n(    .*\n)+", "\n", text)
    # As many files as a test may open.
    text = text.replace("/health/ready", health).replace("maxconn 20000", "maxconn 200")
    for old, new in zip(("10.0.0.11:8080", "10.0.0.12:8080"), nodes):
        text = text.replace(old, new)
    settings = proxy.directory / "haproxy.cfg"
    settings.write_text(text)
    return proxy.start(find("haproxy"), "-db", "-f", settings)


def compose_nginx(name, port, ports, addresses):
    """nginx with a configuration of Examples/compose/nginx: `ports` as listened to there and here, `addresses` as named there and here."""
    proxy = Proxy("nginx", port)
    folder = proxy.directory / "nginx"
    shutil.copytree(CHECKOUT / "Examples" / "compose" / "nginx", folder)
    for path in folder.iterdir():
        text = path.read_text().replace("/tmp/", f"{proxy.directory}/").replace("/etc/nginx/gatehouse/", f"{folder}/")
        text = text.replace("/dev/stdout", "off").replace("/dev/stderr", str(proxy.log)).replace("worker_processes 2", "worker_processes 1")
        for old, new in ports.items():
            text = re.sub(rf"listen {old}\b", f"listen 127.0.0.1:{new}", text)
        for old, new in addresses.items():
            text = text.replace(old, new)
        path.write_text(text)
    command = [find("nginx"), "-p", proxy.directory, "-e", proxy.log, "-c", folder / name, "-g", "daemon off;"]
    checked = proxy.run(*command, "-t")
    assert checked.returncode == 0, checked.stderr
    return proxy.start(*command)
