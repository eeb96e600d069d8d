"""The example configurations of the stack and of other proxies, loaded and asked: docker-compose.yml's nginx, Caddy, HAProxy, nftables, systemd."""

import os
import re
import shutil
import subprocess

import pytest
import requests
import yaml

from clients import BASIC, RESOURCE, SERVICE, SERVICE_BASIC
from cluster import Cluster
from gateway import Service, make_certificate
from pages import Person
from proxies import caddy, compose_nginx, find, haproxy
from server import CHECKOUT, Server, demo_settings, free_port, wait_until
from test_gateway import get, reached

needs = lambda name: pytest.mark.skipif(not find(name), reason=f"{name} is not installed")


@pytest.fixture
def running():
    """Things with `stop` or `remove`, ended in the end."""
    made = []
    yield lambda thing: made.append(thing) or thing
    for thing in reversed(made):
        (getattr(thing, "remove", None) or thing.stop)()


def health_of(server):
    """Where a proxy asks whether a node is well."""
    return "/health/ready" if requests.get(server.base + "/health/ready", timeout=60).ok else "/.well-known/openid-configuration"


def token_at(base):
    answer = requests.post(
        base + "/oauth2/token", data={"grant_type": "client_credentials", "scope": "notes:read"}, auth=SERVICE_BASIC, timeout=60)
    assert answer.ok, answer.text
    return answer.json()["access_token"]


@needs("caddy")
def test_the_door_behind_a_real_caddy(running):
    port, service = free_port(), running(Service())
    server = running(Server(demo_application=False))
    server.settings.write_text(demo_settings(server.port, server.demo_port, server.callback_port) + f"""
gateway:
  rules:
    - {{ host: 127.0.0.1, path: /open/*, methods: [GET], anonymous: true }}
    - {{ host: 127.0.0.1, path: /api/*, audience: "{RESOURCE}", scopes: ["notes:read"] }}
    - {{ host: "127.0.0.1:{port}", path: /people/*, browsers: true, audience: "{RESOURCE}" }}
""")
    server.start()
    door = running(caddy("gateway/Caddyfile", "app.example.org", port, **{
        "127.0.0.1:8080": f"127.0.0.1:{server.port}", "127.0.0.1:9000": f"127.0.0.1:{service.port}"}))
    assert reached(get(door, "/open/page?x=1"))["x-gatehouse-kind"] == ["anonymous"]
    token = token_at(server.base)
    told = reached(get(door, "/api/notes", bearer=token))
    assert told["x-gatehouse-subject"] == ["demo-service"] and told["x-gatehouse-scopes"] == ["notes:read"]
    assert told["x-gatehouse-identity"][0].count(".") == 2
    # What a client says under our names never reaches the service, where ours is empty neither.
    forged = {"X-Gatehouse-Subject": "ada", "X-Gatehouse-Roles": "admin", "X_Gatehouse_User": "ada", "X-Gatehouse-Identity": "x.y.z"}
    told = reached(get(door, "/open/page", **forged))
    assert "ada" not in str(told) and "admin" not in str(told) and "x.y.z" not in str(told)
    told = reached(get(door, "/api/notes", bearer=token, **forged))
    assert told["x-gatehouse-subject"] == ["demo-service"] and "admin" not in str(told) and "ada" not in str(told)
    # Neither can it say that it asked for something else.
    for fields in ({"X-Forwarded-Uri": "/open/page"}, {"X-Forwarded-Method": "GET", "X-Forwarded-Host": "elsewhere"}):
        assert get(door, "/api/notes", **fields).status_code == 401
    assert get(door, "/open/page", method="POST").status_code == 403
    assert get(door, "/api/notes", bearer="nothing").status_code == 401
    assert get(door, "/api/%2e%2e/people/").status_code in (400, 403)
    # A browser is sent to sign in, by way of the protected host.
    answer = get(door, "/people/", Accept="text/html", Sec_Fetch_Mode="navigate")
    assert answer.status_code == 302 and answer.headers["Location"].startswith(door.base + "/gateway/sign-in?"), answer.headers
    answer = get(door, answer.headers["Location"].removeprefix(door.base), Accept="text/html", Sec_Fetch_Mode="navigate")
    assert answer.status_code in (302, 303) and answer.headers["Location"].startswith(server.issuer + "/oauth2/authorize?")


@pytest.mark.parametrize("name", ["caddy", "haproxy"])
def test_a_balancer_spreads_over_two_nodes_and_passes_over_one_that_is_gone(name, running):
    if not find(name):
        pytest.skip(f"{name} is not installed")
    cluster = running(Cluster()).start()
    one = running(Server(environment={"GATEHOUSE_DATABASE_URL": cluster.url}, demo_application=False))
    one.settings.write_text(one.settings.read_text() + "\nproxies: { networks: [127.0.0.1] }\n")
    one.start()
    two = running(Server(beside=one)).start()
    nodes = [f"127.0.0.1:{server.port}" for server in (one, two)]
    port = free_port()
    if name == "caddy":
        balancer = running(caddy("proxies/Caddyfile", "id.example.com", port, **{
            "10.0.0.11:8080": nodes[0], "10.0.0.12:8080": nodes[1], "/health/ready": health_of(one)}))
    else:
        balancer = running(haproxy(port, make_certificate(one.directory, "proxy"), nodes, health_of(one)))
    wait_until(lambda: requests.get(balancer.base + "/oauth2/jwks", timeout=60).ok, "the nodes to be seen")
    assert requests.get(balancer.base + "/metrics", timeout=60).status_code == 404
    # A client can't choose the address that it is known by.
    spoofed = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
    answer = requests.post(balancer.base + "/oauth2/token", data={"grant_type": "client_credentials"}, auth=("nobody", "x"), headers=spoofed, timeout=60)
    assert answer.status_code == 401
    stranger = Person(balancer.base, password="not-the-password")
    stranger.http.headers.update(spoofed)
    stranger.sign_in(stranger.open(balancer.base + "/sign-in"))
    stranger.http.close()
    assert cluster.query("select distinct address from audit_events where kind = 'sign_in.refused'") == ["127.0.0.1"]
    for gone, left in ((one, two), (two, one)):
        tokens = [token_at(balancer.base) for _ in range(10)]
        gone.kill()
        # Asking only reads, so that it may be tried again; nothing else is.
        wait_until(lambda: requests.get(balancer.base + "/oauth2/jwks", timeout=60).ok, "the other node")
        for token in tokens:
            assert left.post("/oauth2/introspect", {"token": token}, SERVICE_BASIC).json()["active"]
        assert all(requests.get(balancer.base + "/oauth2/jwks", timeout=60).ok for _ in range(10))
        gone.start()
        wait_until(lambda: requests.get(balancer.base + "/oauth2/jwks", timeout=60).ok, "both nodes")


def compose_server(running, cluster, networks="127.0.0.1"):
    text = (CHECKOUT / "Examples" / "compose" / "gatehouse.yaml").read_text().replace("172.30.80.0/24", networks)
    environment = {"COMPOSE_DEMO_SECRET": "d" * 40, "COMPOSE_SERVICE_SECRET": "s" * 40, "COMPOSE_ADA_PASSWORD": "analytical-engine"}
    server = running(Server(settings=text, environment=environment, demo_application=False))
    # As the stack hands them over.
    secrets = server.directory / "secrets"
    secrets.mkdir()
    (secrets / "database_url").write_text(cluster.url + "\n")
    (secrets / "master_keys").write_text("1:" + "A" * 43 + "=\n")
    server.environment |= {
        "GATEHOUSE_ISSUER": server.issuer, "GATEHOUSE_LISTEN_PORT": str(server.port), "GATEHOUSE_LISTEN_ADDRESS": "127.0.0.1",
        "GATEHOUSE_DATABASE_URL_FILE": str(secrets / "database_url"), "GATEHOUSE_MASTER_KEY_FILE": str(secrets / "master_keys"),
    }
    return server


@needs("nginx")
def test_the_stack_s_settings_and_its_nginx_work_together(running):
    cluster = running(Cluster()).start()
    issuer_port, door_port, api_port = free_port(), free_port(), free_port()
    server = compose_server(running, cluster)
    server.environment["GATEHOUSE_ISSUER"] = f"http://localhost:{issuer_port}"
    server.settings.write_text(server.settings.read_text().replace("127.0.0.1:8090", f"127.0.0.1:{door_port}"))
    server.start()
    running(compose_nginx("api.conf", api_port, {"9000": api_port}, {}))
    front = running(compose_nginx("plain.conf", issuer_port, {"8080": issuer_port, "8090": door_port}, {
        "gatehouse:8080": f"127.0.0.1:{server.port}", "api:9000": f"127.0.0.1:{api_port}"}))
    assert requests.get(front.base + "/.well-known/openid-configuration", timeout=60).json()["issuer"] == f"http://localhost:{issuer_port}"
    assert requests.get(front.base + "/metrics", timeout=60).status_code == 404
    answer = requests.post(
        front.base + "/oauth2/token", data={"grant_type": "client_credentials", "scope": "notes:read"}, auth=("sample-service", "s" * 40), timeout=60)
    assert answer.ok, answer.text
    door = f"http://127.0.0.1:{door_port}"
    ask = lambda path, **fields: requests.get(door + path, headers=fields, allow_redirects=False, timeout=60)
    assert ask("/open/").json()["kind"] == "anonymous"
    told = ask("/api/notes", Authorization=f"Bearer {answer.json()['access_token']}").json()
    assert (told["subject"], told["scopes"], told["kind"]) == ("sample-service", "notes:read", "access_token")
    assert ask("/api/notes").status_code == 401
    answer = ask("/", Accept="text/html", **{"Sec-Fetch-Mode": "navigate"})
    assert answer.status_code == 302 and "/gateway/sign-in?" in answer.headers["Location"]
    answer = requests.get(door + "/gateway/sign-in?return=/", allow_redirects=False, timeout=60)
    assert answer.headers["Location"].startswith(f"http://localhost:{issuer_port}/oauth2/authorize?")
    # With TLS before it: another issuer, another origin.
    server.stop()
    secrets = [free_port(), free_port()]
    certificate, key = make_certificate(server.directory, "localhost")
    server.environment["GATEHOUSE_ISSUER"] = f"https://localhost:{secrets[0]}"
    server.settings.write_text(server.settings.read_text().replace("api.localhost:8453", f"api.localhost:{secrets[1]}"))
    server.start()
    secure = compose_nginx("tls.conf", secrets[0], {"8443": secrets[0], "8453": secrets[1]}, {
        "gatehouse:8080": f"127.0.0.1:{server.port}", "api:9000": f"127.0.0.1:{api_port}",
        "/run/secrets/tls_certificate": certificate, "/run/secrets/tls_key": key})
    running(secure)
    ask = lambda port, path, **fields: requests.get(
        f"https://127.0.0.1:{port}{path}", headers=fields, allow_redirects=False, timeout=60, verify=certificate)
    assert ask(secrets[0], "/.well-known/openid-configuration").json()["issuer"] == f"https://localhost:{secrets[0]}"
    host = f"api.localhost:{secrets[1]}"
    assert ask(secrets[1], "/open/", Host=host).json()["kind"] == "anonymous"
    answer = ask(secrets[1], "/", Host=host, Accept="text/html", **{"Sec-Fetch-Mode": "navigate"})
    assert answer.status_code == 302 and answer.headers["Location"].startswith(f"https://{host}/gateway/sign-in?")
    answer = ask(secrets[1], "/gateway/sign-in?return=/", Host=host)
    assert answer.headers["Location"].startswith(f"https://localhost:{secrets[0]}/oauth2/authorize?")


def test_the_stack_holds_no_secret_and_gives_no_rights_away():
    text = (CHECKOUT / "docker-compose.yml").read_text()
    stack = yaml.safe_load(text)
    assert not re.search(r"(?i)(password|secret|key)\s*[:=]\s*[^\s/{\[$.].{7,}", re.sub(r"#.*|_FILE: .*|/run/secrets/\S+", "", text))
    for name, service in stack["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and "cap_add" not in service, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"] and not service["user"].startswith(("0", "root")), name
        assert not service.get("privileged") and "network_mode" not in service and "pid" not in service, name
        assert ("healthcheck" in service) == (name != "backup"), name
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        for mounted in service.get("volumes", []):
            assert mounted.startswith("database:") or mounted.endswith((":ro", ":/backups")), (name, mounted)
        assert not re.search(r":latest$|^[^:]*$", service["image"]), name
    # The database is reachable from the nodes (and the back-up) alone, the API from the proxies alone.
    on = lambda network: {name for name, service in stack["services"].items() if network in service["networks"]}
    assert on("data") == {"postgres", "gatehouse", "gatehouse-2", "backup"}
    assert on("service") == {"api", "nginx", "nginx-tls"}
    assert all(stack["networks"][name]["internal"] for name in ("data", "service"))
    assert stack["services"]["postgres"].get("ports") is None and stack["services"]["gatehouse"].get("ports") is None
    assert {secret["file"].split("/")[0] for secret in stack["secrets"].values()} == {".compose"}
    assert ".compose/" in (CHECKOUT / ".gitignore").read_text()
    # The addresses that Gatehouse believes are those of that network.
    subnet = stack["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    settings = yaml.safe_load((CHECKOUT / "Examples" / "compose" / "gatehouse.yaml").read_text())
    assert settings["proxies"]["networks"] == [subnet] and settings["gateway"]["proxies"] == [subnet]
    # Nothing comes into the image that isn't named.
    ignored = (CHECKOUT / ".dockerignore").read_text().split("\n")
    assert ignored[1] == "*" and not any(".compose" in line or ".git" in line for line in ignored[2:])


def test_the_secrets_are_made_once_and_for_their_owner(tmp_path):
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "scripts")
    make = lambda: subprocess.run([tmp_path / "scripts" / "compose-secrets"], check=True, capture_output=True, text=True)
    said = make().stdout
    made = {str(path.relative_to(tmp_path)): path for path in (tmp_path / ".compose").rglob("*")}
    for folder in (tmp_path / ".compose", tmp_path / ".compose" / "secrets"):
        assert folder.stat().st_mode & 0o777 == 0o700
    contents = {name: path.read_text() for name, path in made.items() if path.is_file()}
    assert all(path.stat().st_mode & 0o777 == 0o600 for name, path in made.items() if name.endswith(".env"))
    password = contents[".compose/secrets/database_password"]
    assert len(password) == 48 and password in contents[".compose/secrets/database_url"]
    values = dict(line.split("=", 1) for line in contents[".compose/gatehouse.env"].split())
    assert values["COMPOSE_DEMO_SECRET"] == contents[".compose/demo.env"].strip().split("=")[1]
    assert not any(value in said for value in values.values())
    make()
    assert contents == {name: path.read_text() for name, path in made.items() if path.is_file()}


@needs("nft")
def test_the_firewall_example_loads():
    if os.getuid() != 0:
        pytest.skip("nft -c asks the kernel, which answers root alone")
    checked = subprocess.run([find("nft"), "-c", "-f", CHECKOUT / "Examples" / "firewall" / "gatehouse.nft"], capture_output=True, text=True)
    if "Operation not permitted" in checked.stderr or "not supported" in checked.stderr:
        pytest.skip("this kernel lends no netfilter")
    assert checked.returncode == 0, checked.stderr


@needs("systemd-analyze")
def test_the_units_are_understood_and_hardened(tmp_path):
    for path in (CHECKOUT / "Examples" / "systemd").iterdir():
        # Where the program is not installed there is nothing to start.
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/gatehouse/bin/gatehouse", "/bin/true"))
    units = [str(path) for path in tmp_path.iterdir()]
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    assert checked.returncode == 0 and checked.stderr == "", checked.stderr
    for name in ("gatehouse.service", "gatehouse-backup.service"):
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--threshold=15", str(tmp_path / name)], capture_output=True, text=True)
        assert judged.returncode == 0, judged.stdout[-300:]
