"""The command line, as an operator meets it: words on standard output, problems on standard error, an exit code that scripts can use."""

import os
import pathlib
import re
import shutil
import subprocess

import jwt
import pytest
import requests

from clients import SERVICE_BASIC, tokens_for
from cluster import Cluster
from gateway import make_certificate
from pages import Person, read
from server import CHECKOUT, PROGRAM, Server, clean_environment, free_port, run, wait_until


@pytest.fixture(scope="module")
def deployment():
    """Settings and data without a server that runs: a command starts the private PostgreSQL for itself."""
    server = Server(demo_application=False)
    yield server
    server.remove()


@pytest.fixture
def cluster():
    cluster = Cluster()
    try:
        yield cluster.start()
    finally:
        cluster.remove()


def good(answer):
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def refused(answer, *words, code=1):
    assert answer.returncode == code, (answer.returncode, answer.stderr)
    for word in words:
        assert word in answer.stderr, answer.stderr
    # No usage text, no trace of the program's insides.
    assert answer.stdout == "" and "Fatal error" not in answer.stderr
    return answer.stderr


def test_the_version_and_the_help_name_every_command():
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", good(run("--version")))
    text = good(run("--help"))
    for command in ["serve", "migrate", "config", "keys", "user", "client", "certificates", "backup", "restore", "demo-app"]:
        assert re.search(rf"^  {command} ", text, re.MULTILINE)


# Settings


def test_good_settings_are_good_and_nothing_is_opened():
    untouched = Server(demo_application=False)
    try:
        assert "the settings are good" in good(untouched.command("config", "check"))
        assert not (untouched.directory / "data").exists()
    finally:
        untouched.remove()


def test_the_example_for_production_is_good():
    example = CHECKOUT / "Examples" / "production" / "gatehouse.yaml"
    environment = clean_environment() | {"GATEHOUSE_MASTER_KEYS": "1:" + "A" * 43 + "=", "GATEHOUSE_DATABASE_URL": "postgres://db/gatehouse"}
    for name in set(re.findall(r"env: (\w+)", example.read_text())):
        environment[name] = "0123456789abcdef0123456789abcdef"
    assert "the settings are good" in good(run("config", "check", "--settings", example, environment=environment))


def test_certificate_files_are_opened_and_each_that_is_wrong_is_named(tmp_path):
    certificate, key = make_certificate(tmp_path, "one")
    _, other = make_certificate(tmp_path, "two")
    settings = tmp_path / "gatehouse.yaml"

    def check(key, *authorities):
        settings.write_text(
            "issuer: https://localhost:8443\nlocal: true\n"
            f"listen: {{ port: 8443, tls: {{ certificate: {certificate}, private_key: {key} }} }}\n"
            f"certificates: {{ authorities: [{', '.join(authorities)}] }}\n")
        return run("config", "check", "--settings", settings, environment=clean_environment())

    assert "the settings are good" in good(check(key))
    words = refused(check(other, "absent.pem", str(settings)), "does not belong", code=78)
    assert "absent.pem" in words and "gatehouse.yaml" in words


def test_bad_settings_are_reported_all_at_once(tmp_path):
    bad = tmp_path / "gatehouse.yaml"
    bad.write_text("local: true\nlisten:\n  port: 70000\ntokens: { code: 1d }\nclients:\n  - client_id: a\n    redirect_urls: []\nuser: []\n")
    environment = clean_environment() | {"GATEHOUSE_TOKENS_ID": "soon", "GATEHOUSE_LISTEN_PROT": "1"}
    for command in [("config", "check"), ("serve",), ("user", "list")]:
        text = refused(run(*command, "--settings", bad, environment=environment), code=78)
        assert re.search(r"\d+ problems in the settings", text)
        for place in ["gatehouse.yaml:3: listen.port", "gatehouse.yaml:4: tokens.code", "GATEHOUSE_TOKENS_ID", "clients[0].redirect_urls"]:
            assert place in text, text
        assert "did you mean redirect_uris?" in text and "did you mean GATEHOUSE_LISTEN_PORT?" in text and "user: no setting" in text


def test_a_missing_file_is_named(tmp_path):
    refused(run("config", "check", "--settings", tmp_path / "absent.yaml"), "absent.yaml", code=78)


def test_the_settings_file_may_be_named_by_a_variable(deployment):
    environment = deployment.environment | {"GATEHOUSE_SETTINGS": str(deployment.settings)}
    assert deployment.issuer in good(run("config", "check", environment=environment))


def test_a_print_hides_secrets_and_tells_where_values_come_from(deployment):
    secrets = {"GATEHOUSE_DATABASE_URL": "postgres://gatehouse:hunter22@db.internal/gatehouse", "GATEHOUSE_NAME": "Test house"}
    text = good(deployment.command("config", "print", environment=secrets))
    for secret in ["demo-secret", "demo-service-secret", "analytical-engine", "gatehouse-admin", "hunter22"]:
        assert secret not in text
    assert "••••" in text and "Test house" in text and "GATEHOUSE_NAME" in text and "client_id: demo-spa" in text


# Declared clients and users


def test_a_dry_run_prints_the_plan_and_changes_nothing(cluster):
    deployment = Server(demo_application=False, environment={"GATEHOUSE_DATABASE_URL": cluster.url})
    try:
        refused(deployment.command("config", "apply", "--dry-run"), "migrations behind", "gatehouse migrate")
        assert cluster.query("select count(*) from pg_tables where schemaname = 'public'") == ["0"]
        good(deployment.command("migrate"))
        plan = good(deployment.command("config", "apply", "--dry-run"))
        assert plan.splitlines() == [f"would create client {name}" for name in ("demo", "demo-spa", "demo-service")] + [
            "would create user ada", "would create user admin"]
        assert cluster.query("select (select count(*) from clients) + (select count(*) from users)") == ["0"]
        assert good(deployment.command("config", "apply")).splitlines() == plan.replace("would ", "").splitlines()
        assert good(deployment.command("config", "apply")) == "nothing to change\n"

        text = deployment.settings.read_text().replace("name: Demo service", "name: Another name")
        deployment.settings.write_text(text.replace("plain: analytical-engine", "plain: difference-engine"))
        assert good(deployment.command("config", "apply", "--dry-run")).splitlines() == [
            "would change client demo-service (metadata)", "would change user ada (password)"]

        # What was made on the command line is not the settings' to remove.
        good(deployment.command("user", "create", "bob", input="correct horse\n"))
        good(deployment.command("client", "create", "mine", "--grant-type", "client_credentials"))
        text = deployment.settings.read_text()
        deployment.settings.write_text(text[: text.index("  - client_id: demo-spa")] + "prune: true\n")
        assert "remove" not in good(deployment.command("config", "apply", "--dry-run", environment={"GATEHOUSE_PRUNE": "false"}))
        assert good(deployment.command("config", "apply")).splitlines() == [
            "remove client demo-service", "remove client demo-spa", "remove user ada", "remove user admin"]
        assert cluster.query("select client_id from clients order by client_id") == ["demo", "mine"]
        assert cluster.query("select username from users") == ["bob"]
    finally:
        deployment.remove()


# Keys


def test_keys_rotate_and_a_compromised_key_takes_its_tokens_along():
    server = Server(demo_application=False)
    try:
        server.start()
        published = lambda: {key["kid"] for key in requests.get(server.base + "/oauth2/jwks", timeout=60).json()["keys"]}
        request = {"grant_type": "client_credentials", "scope": "notes:read"}
        token = lambda: server.post("/oauth2/token", request, SERVICE_BASIC).json()["access_token"]
        key_of = lambda text: jwt.get_unverified_header(text)["kid"]
        is_active = lambda text: server.post("/oauth2/introspect", {"token": text}, SERVICE_BASIC).json()["active"]

        before, first = published(), token()
        lines = good(server.command("keys", "list")).splitlines()
        assert {line.split()[1] for line in lines} == before and all(line.split()[2] == "signing" for line in lines)

        assert "announced" in good(server.command("keys", "rotate", "--algorithm", "ES256"))
        wait_until(lambda: len(published()) == len(before) + 1, "the announced key in the JWKS")
        assert key_of(token()) == key_of(first)

        assert "signs now" in good(server.command("keys", "rotate", "--algorithm", "ES256", "--now"))
        wait_until(lambda: key_of(token()) != key_of(first), "the new key to sign")
        second = token()
        assert is_active(first) and is_active(second) and {key_of(first), key_of(second)} <= published()

        good(server.command("keys", "rotate", "--algorithm", "ES256", "--compromised"))
        wait_until(lambda: not {key_of(first), key_of(second)} & published(), "the withdrawn keys to leave the JWKS")
        assert not is_active(first) and not is_active(second)
        assert is_active(token())
        listed = good(server.command("keys", "list"))
        assert re.search(rf"{key_of(second)}  withdrawn", listed)
    finally:
        server.remove()


def test_an_unknown_algorithm_is_refused(deployment):
    refused(deployment.command("keys", "rotate", "--algorithm", "HS256"), "HS256", code=64)


# Users and clients


def test_users_are_created_listed_and_disabled(deployment):
    made = good(deployment.command("user", "create", "grace", "--email", "grace@demo.example", "--role", "admin", input="correct horse\n")).strip()
    line = next(line for line in good(deployment.command("user", "list")).splitlines() if " grace " in line)
    assert line.startswith(made) and "grace@demo.example" in line and "[admin]" in line and line.endswith("active")
    assert good(deployment.command("user", "disable", "grace@demo.example")) == "disabled grace\n"
    assert re.search(r" grace .* disabled$", good(deployment.command("user", "list")), re.MULTILINE)
    refused(deployment.command("user", "disable", "nobody"), "no user nobody")


@pytest.mark.parametrize(
    "name, password, words",
    [
        ("heidi", "short", "at least 8"), ("heidi", "", "no password"), ("heidi", "password", "password"),
        ("heidi-the-great", "heidi-the-great", "name"), ("a@b", "correct horse", "@"), ("", "correct horse", "empty"),
    ],
)
def test_bad_users_are_refused(deployment, name, password, words):
    refused(deployment.command("user", "create", name, input=password + "\n"), words)


def test_a_user_exists_once(deployment):
    good(deployment.command("user", "create", "ivan", input="correct horse\n"))
    refused(deployment.command("user", "create", "IVAN", input="correct horse\n"), "exists already")


def test_clients_are_created_and_listed(deployment):
    text = good(deployment.command("client", "create", "reports", "--name", "Reports", "--redirect-uri", "https://reports.example/back"))
    assert re.fullmatch(r"client_id: reports\nclient_secret: \S{43,}\n", text)
    public = good(deployment.command("client", "create", "phone", "--public", "--redirect-uri", "com.example.phone:/back"))
    assert public == "client_id: phone\n"
    assert re.search(r"^reports  Reports  created  \[authorization_code refresh_token\]  active$", good(deployment.command("client", "list")), re.MULTILINE)
    refused(deployment.command("client", "create", "reports", "--redirect-uri", "https://reports.example/back"), "exists already")


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["x", "--redirect-uri", "https://a.example/#x"], "fragment"), (["x", "--redirect-uri", "http://a.example/"], "redirect"),
        (["x"], "redirect"), (["x y", "--redirect-uri", "https://a.example/"], "ASCII"),
        (["x", "--redirect-uri", "https://a.example/", "--scope", "openid nope"], "nope"),
        (["x", "--public", "--grant-type", "client_credentials"], "client_credentials"),
    ],
)
def test_bad_clients_are_refused(deployment, words, complaint):
    refused(deployment.command("client", "create", *words), complaint)


# Migrations and PostgreSQL


def test_a_database_that_is_newer_or_changed_is_left_alone(cluster, tmp_path):
    for folder in ("Migrations", "Templates"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder)
    environment = {"GATEHOUSE_DATABASE_URL": cluster.url, "GATEHOUSE_RESOURCES_DIRECTORY": str(tmp_path)}
    deployment = Server(demo_application=False, environment=environment)
    try:
        assert "would apply signing_keys" in good(deployment.command("migrate", "--dry-run"))
        assert "applied signing_keys" in good(deployment.command("migrate"))
        assert good(deployment.command("migrate")) == "the database is up to date\n"

        files = sorted((tmp_path / "Migrations").glob("*.sql"))
        another = tmp_path / "Migrations" / f"{len(files) + 1:04}_tomorrow.sql"
        another.write_text("create table tomorrow ();")
        assert good(deployment.command("migrate")) == "applied tomorrow\n"
        another.unlink()
        for command in ("migrate", "serve"):
            refused(deployment.command(command), f"newer than this program: migration {len(files) + 1} no longer serves it")

        another.write_text("create table tomorrow (day date);")
        for command in ("migrate", "serve"):
            refused(deployment.command(command), f"migration {len(files) + 1} was changed")

        another.unlink()
        cluster.query(f"delete from schema_migrations where number = {len(files) + 1}")
        (tmp_path / "Migrations" / f"{len(files) + 1:04}_broken.sql").write_text("create table half (); select nonsense;")
        refused(deployment.command("migrate"), f"migration {len(files) + 1} (broken) failed", "nonsense")
        assert cluster.query("select to_regclass('half') is null") == ["t"]
    finally:
        deployment.remove()


@pytest.mark.skipif(os.getuid() != 0, reason="hides PostgreSQL in a mount namespace, for which one must be root")
def test_missing_postgresql_is_named_with_its_package(deployment, tmp_path):
    hide = "; ".join(f"mount --bind {tmp_path} {place}" for place in ("/usr/lib/postgresql", "/usr/local/bin") if pathlib.Path(place).is_dir())
    command = f'{hide}; exec "$0" user list --settings "$1"'
    environment = deployment.environment | {"PATH": "/usr/bin:/bin", "GATEHOUSE_DATA_DIRECTORY": str(tmp_path / "data")}
    answer = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command, PROGRAM, deployment.settings], capture_output=True, text=True, env=environment, timeout=60
    )
    refused(answer, "apt-get install postgresql", "GATEHOUSE_DATABASE_URL")


def test_an_unreachable_database_is_an_answer_and_no_crash(deployment):
    address = f"host=127.0.0.1 port={free_port()} dbname=gatehouse connect_timeout=2"
    refused(deployment.command("user", "list", environment={"GATEHOUSE_DATABASE_URL": address}), "gatehouse: ")


# The demo application alone


def test_the_demo_application_runs_alone_against_any_issuer():
    server = Server(demo_application=False)
    process = None
    try:
        server.start()
        environment = clean_environment() | {"GATEHOUSE_DEMO_CLIENT_SECRET": "demo-secret"}
        command = [PROGRAM, "demo-app", "--issuer", server.issuer, "--port", str(server.demo_port)]
        process = subprocess.Popen(command, env=environment, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with requests.Session() as visitor:
            def home():
                try:
                    return visitor.get(server.demo + "/", timeout=60)
                except requests.RequestException:
                    return None
            assert "demo-sign-in" in read(wait_until(home, "the demo application")).ids
            answer = visitor.get(server.demo + "/sign-in", timeout=60, allow_redirects=False)
            back = Person(server.issuer).authorize(answer.headers["Location"])
            page = visitor.get(back, timeout=60)
            assert "demo-user" in read(page).ids and "Ada Lovelace" in page.text
        twice = run("demo-app", "--port", str(server.demo_port))
        refused(twice, f"port {server.demo_port}", "in use")
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        if process and process.poll() is None:
            process.kill()
            process.wait()
        server.remove()
