"""Processes are killed, the database goes away, two servers share one: what was answered stays true."""

import concurrent.futures
import os
import signal
import threading
import time

import pytest
import requests

from clients import BASIC, SERVICE_BASIC, tokens_for
from cluster import Cluster
from crowd import PATIENT, Crowd
from pages import Person, read
from server import PATIENCE_SECONDS, Server, is_alive, soon, wait_until


@pytest.fixture
def cluster():
    cluster = Cluster()
    try:
        yield cluster.start()
    finally:
        cluster.remove()


@pytest.fixture
def servers():
    """Makes servers, and removes them in the end."""
    made = []

    def make(**options):
        made.append(Server(demo_application=False, **options))
        return made[-1]

    try:
        yield make
    finally:
        for server in reversed(made):
            server.remove()


def metadata_of(server):
    return requests.get(server.base + "/.well-known/openid-configuration", timeout=60).json()


def tokens_of(server):
    client, _ = tokens_for(Person(server.issuer), server, metadata_of(server))
    return dict(client.token)


def refresh(server, token):
    return server.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token}, BASIC)


def is_active(server, token):
    return server.post("/oauth2/introspect", {"token": token}, SERVICE_BASIC).json()["active"]


def test_fifty_refreshes_of_one_token_at_two_servers_have_one_successor(cluster, servers):
    one = servers(environment={"GATEHOUSE_DATABASE_URL": cluster.url}).start()
    two = servers(beside=one).start()
    token = tokens_of(one)["refresh_token"]
    start = threading.Barrier(50)

    def ask(number):
        start.wait(PATIENCE_SECONDS)
        # Fifty wait for one row; who is told to be patient asks again.
        return wait_until(lambda: (found := refresh((one, two)[number % 2], token)).status_code != 503 and [found], "an answer")[0]

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(50)))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert cluster.query("select count(*) from refresh_tokens") == ["2"]
    assert cluster.query("select count(*) from audit_events where kind = 'refresh_token.rotated'") == ["1"]
    access = [answer.json()["access_token"] for answer in answers]
    assert len(set(access)) == 50
    for number, each in enumerate(access):
        assert is_active((two, one)[number % 2], each)

    # Beyond the grace window the older token is a sign of theft: the family ends, on both servers.
    successor = answers[0].json()["refresh_token"]
    for server in (one, two):
        server.stop()
        server.environment["GATEHOUSE_TOKENS_GRACE"] = "1s"
        server.start()
    latest = refresh(two, successor).json()
    wait_until(lambda: cluster.query("select clock_timestamp() > max(rotated_at) + interval '1 second' from refresh_tokens") == ["t"], "a second")
    answer = refresh(one, successor)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    for server in (one, two):
        assert refresh(server, latest["refresh_token"]).json()["error"] == "invalid_grant"
        wait_until(lambda: not is_active(server, latest["access_token"]), "the access token to end")
        assert not is_active(server, access[0])


def test_what_was_answered_survives_a_killed_server(servers):
    server = servers(environment=PATIENT).start()
    database = server.postmaster
    with Crowd(server) as crowd:
        for _ in range(3):
            crowd.wait_for_more(refresh=10, visit=2)
            server.kill()
            assert is_alive(database)
            server.start()
            # The orphan is adopted, not started again.
            assert server.postmaster == database and is_alive(database)
        crowd.wait_for_more(refresh=10, visit=2, revoke=1)
        # Both at once: what is left is a file that names a dead process.
        server.kill()
        os.kill(database, signal.SIGKILL)
        wait_until(lambda: not is_alive(database), "PostgreSQL to die")
        assert server.postmaster_file.exists()
        server.start()
        assert server.postmaster != database
        crowd.wait_for_more(refresh=10, visit=2)
    crowd.check()
    assert server.stop() == 0
    assert not server.postmaster_file.exists()


def test_what_was_answered_survives_a_killed_database(servers):
    server = servers(environment=PATIENT).start()
    with Crowd(server) as crowd:
        for _ in range(3):
            crowd.wait_for_more(refresh=10, visit=2)
            database = server.postmaster
            os.kill(database, signal.SIGKILL)
            # The server starts it again by itself.
            wait_until(lambda: server.postmaster not in (database, None), "another PostgreSQL server")
        crowd.wait_for_more(refresh=10, visit=2, revoke=1)
    crowd.check()


def test_the_last_server_on_a_private_database_stops_it(servers):
    one = servers().start()
    two = servers(beside=one).start()
    tokens = tokens_of(one)
    assert one.stop() == 0
    tokens = refresh(two, tokens["refresh_token"]).json()
    # Who did not start the database still brings it back.
    database = one.postmaster
    os.kill(database, signal.SIGKILL)
    wait_until(lambda: one.postmaster not in (database, None), "another PostgreSQL server")
    wait_until(lambda: refresh(two, tokens["refresh_token"]).ok, "an answer")
    database = one.postmaster
    assert two.stop() == 0
    assert not is_alive(database)


def test_a_stale_file_that_names_a_stranger_is_cleared(servers):
    server = servers().start()
    token = tokens_of(server)["refresh_token"]
    text = server.postmaster_file.read_text().split("\n")
    server.stop()
    # The number now belongs to somebody else: this test.
    server.postmaster_file.write_text("\n".join([str(os.getpid())] + text[1:]))
    server.start()
    assert refresh(server, token).status_code == 200
    assert server.postmaster != os.getpid()


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_while_the_database_is_away_503_and_then_as_before(cluster, servers, with_signal):
    server = servers(environment={"GATEHOUSE_DATABASE_URL": cluster.url}).start()
    tokens = tokens_of(server)
    service = {"grant_type": "client_credentials", "scope": "notes:read"}
    assert server.post("/oauth2/token", service, SERVICE_BASIC).ok
    before = cluster.query("select count(*), count(rotated_at) from refresh_tokens")
    lost_at = time.monotonic()
    cluster.end(with_signal)

    # What needs no database goes on; what is known of clients holds for five seconds, which a busy machine may let pass.
    in_memory = [
        server.post("/oauth2/token", service, SERVICE_BASIC),
        server.post("/oauth2/introspect", {"token": tokens["access_token"]}, SERVICE_BASIC),
    ]
    if time.monotonic() - lost_at < 5:
        assert [answer.status_code for answer in in_memory] == [200, 200] and in_memory[1].json()["active"] is True
    assert requests.get(server.base + "/oauth2/jwks", timeout=60).ok
    answer = refresh(server, tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "no-store" in answer.headers["Cache-Control"]
    page = requests.get(server.base + "/sign-in", timeout=60)
    if page.status_code == 200:
        form = read(page).forms["sign-in-form"]
        page = requests.post(
            server.base + "/sign-in", data=form.fields | {"username": "ada", "password": "analytical-engine"}, cookies=page.cookies, timeout=60
        )
    assert page.status_code == 503 and "error-page" in read(page).ids and "Retry-After" in page.headers

    cluster.start()
    assert cluster.query("select count(*), count(rotated_at) from refresh_tokens") == before
    answer = wait_until(lambda: (found := refresh(server, tokens["refresh_token"])).ok and found, "recovery without a restart")
    assert is_active(server, answer.json()["access_token"])
    assert refresh(server, answer.json()["refresh_token"]).ok
    assert "ada" in tokens_of(server)["id_token"] or tokens_of(server)["access_token"]


def test_what_changes_at_one_server_holds_at_the_other_within_a_second(cluster, servers):
    # Until the right secret is known again, asking with it is guessing.
    one = servers(environment={"GATEHOUSE_DATABASE_URL": cluster.url, "GATEHOUSE_LIMITS_CLIENT_GUESSES_PER_CLIENT_BURST": "1000"}).start()
    two = servers(beside=one).start()
    service = {"grant_type": "client_credentials", "scope": "notes:read"}
    tokens = tokens_of(one)
    for server in (one, two):
        assert server.post("/oauth2/token", service, SERVICE_BASIC).ok
        assert is_active(server, tokens["access_token"])

    # A client whose scopes change, then whose secret does.
    text = one.settings.read_text()
    one.settings.write_text(text.replace('scopes: ["notes:read", "notes:write", introspect]', 'scopes: ["notes:write", introspect]'))
    assert "change client demo-service (scopes)" in one.command("config", "apply").stdout
    for server in (one, two):
        soon(lambda: server.post("/oauth2/token", service, SERVICE_BASIC).json().get("error") == "invalid_scope", "the scopes")
    one.settings.write_text(text.replace("plain: demo-service-secret", "plain: another-secret"))
    assert one.command("config", "apply").returncode == 0
    for server in (one, two):
        soon(lambda: server.post("/oauth2/token", service, SERVICE_BASIC).status_code == 401, "the secret")
    one.settings.write_text(text)
    assert one.command("config", "apply").returncode == 0
    for server in (one, two):
        soon(lambda: server.post("/oauth2/token", service, SERVICE_BASIC).ok, "the old secret")

    # A token that is revoked at one server.
    other = tokens_of(one)
    assert is_active(two, other["access_token"])
    assert one.post("/oauth2/revoke", {"token": other["refresh_token"]}, BASIC).ok
    soon(lambda: not is_active(two, other["access_token"]), "the revocation")

    # An API key: both servers hold it in memory, and one revokes it.
    made = one.command("api-key", "create", "demo-service", "--name", "two servers", "--scope", "notes:read")
    key = next(word for word in made.stdout.split() if word.startswith("gh_live_"))

    def is_live(server):
        return requests.post(server.base + "/v1/keys/verify", json={"key": key}, auth=SERVICE_BASIC, timeout=60).json()["active"]

    assert is_live(one) and is_live(two)
    assert one.command("api-key", "revoke", key.split("_")[2][:16]).returncode == 0
    for server in (one, two):
        soon(lambda: not is_live(server), "the key's revocation")

    # A user who is disabled by a command.
    assert one.command("user", "disable", "ada").stdout == "disabled ada\n"
    for server in (one, two):
        assert refresh(server, tokens["refresh_token"]).json()["error"] == "invalid_grant"
        soon(lambda: not is_active(server, tokens["access_token"]), "the user")

    # A client that leaves the settings.
    one.settings.write_text(text[: text.index("  - client_id: demo-service")] + text[text.index("users:") :] + "\nprune: true\n")
    assert "remove client demo-service" in one.command("config", "apply").stdout
    for server in (one, two):
        soon(lambda: server.post("/oauth2/token", service, SERVICE_BASIC).status_code == 401, "the client to be gone")


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_all_that_was_started(with_signal):
    # Whoever waited for the browser would wait for minutes.
    server = Server(environment={"GATEHOUSE_SHUTDOWN_TIME_MAX": "10m"})
    try:
        server.start()
        database = server.postmaster
        assert is_alive(database)
        # Somebody's browser keeps its connections open.
        with requests.Session() as visitor:
            visitor.get(server.issuer + "/", timeout=60)
            visitor.get(server.demo + "/", timeout=60)
            assert server.stop(with_signal) == 0, server.words()
        assert not is_alive(database)
        for address in (server.base, server.demo):
            with pytest.raises(requests.ConnectionError):
                requests.get(address, timeout=5)
    finally:
        server.remove()


def test_starting_twice_is_harmless(servers):
    one = servers().start()
    tokens = tokens_of(one)
    second = one.command("serve")
    assert second.returncode == 1
    lines = second.stderr.strip().split("\n")
    assert lines[-1].startswith("gatehouse: ") and str(one.port) in lines[-1] and "in use" in lines[-1], second.stderr
    assert refresh(one, tokens["refresh_token"]).ok
    assert is_alive(one.postmaster)
