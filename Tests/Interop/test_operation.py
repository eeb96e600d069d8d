"""Operation: several nodes, upgrades, a database without room, clocks that are wrong, what monitoring and logs tell.

GATEHOUSE_TEST_LONG=1 keeps the mixed load up for five minutes instead of half a minute.
"""

import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pytest
import requests

from clients import BASIC, SERVICE_BASIC, tokens_for
from cluster import Cluster
from load import SERVICE, Load
from nodes import Balancer, Node, newer_resources
from pages import Person, read
from server import PATIENCE_SECONDS, free_port, wait_until

LOAD_SECONDS = 300 if os.environ.get("GATEHOUSE_TEST_LONG") else 20


@pytest.fixture
def cluster():
    cluster = Cluster()
    try:
        yield cluster.start()
    finally:
        cluster.remove()


@pytest.fixture
def nodes():
    """Makes nodes under one address, and removes them in the end."""
    made = []
    balancer_port = free_port()

    def make(url=None, beside=None, **environment):
        base = {"GATEHOUSE_DATABASE_URL": url} if url else {}
        made.append(Node(balancer_port, base | environment, beside=beside))
        return made[-1]

    make.balancer_port = balancer_port
    try:
        yield make
    finally:
        for node in reversed(made):
            node.remove()


@pytest.fixture
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-operation-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def service_token(node):
    return node.post("/oauth2/token", SERVICE, SERVICE_BASIC)


def tokens_of(node):
    """A whole code flow at one node, without a balancer."""
    metadata = {name: f"{node.base}/oauth2/{path}" for name, path in (("authorization_endpoint", "authorize"), ("token_endpoint", "token"))}
    client, _ = tokens_for(Person(node.base), node, metadata)
    return dict(client.token)


def refresh(node, token):
    return node.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token}, BASIC)


def test_under_load_a_node_dies_the_database_restarts_keys_rotate_and_the_next_version_comes(cluster, nodes, scratch):
    # All visits are by one person, whose oldest sessions would give way.
    one = nodes(cluster.url, GATEHOUSE_SHUTDOWN_DELAY="1s", GATEHOUSE_SESSIONS_PER_USER_MAX="1000")
    two = nodes(beside=one)
    one.start()
    two.start()
    balancer = Balancer([one.port, two.port], nodes.balancer_port).start()
    windows = []
    try:
        begun = time.monotonic()
        with Load(balancer.base, one.issuer, one.callback) as load:
            step = {"refresh": 10, "visit": 1, "service": 20}
            load.wait_for_more(**step)

            death = time.monotonic()
            two.kill()
            load.wait_for_more(**step)
            deaths = [(death, time.monotonic())]
            two.start()
            load.wait_for_more(**step)

            restart = time.monotonic()
            cluster.end(signal.SIGINT)
            wait_until(lambda: one.health()[0] == 503, "the node to notice")
            assert one.health()[1]["database"] in ("unavailable", "timeout")
            cluster.start()
            wait_until(lambda: one.health()[0] == 200 and two.health()[0] == 200, "both nodes to be ready again")
            windows.append((restart, time.monotonic() + 1))
            load.wait_for_more(**step)

            for words in ([], ["--now"]):
                assert one.command("keys", "rotate", *words).returncode == 0
                load.wait_for_more(**step)

            # The next version beside this one, in whatever order: a migration that only adds leaves everybody working.
            newer = newer_resources(scratch / "next", "-- expand: for the next version\nalter table users add column next_version text;\n")
            before = dict(two.environment)
            assert one.stop() == 0
            one.environment["GATEHOUSE_RESOURCES_DIRECTORY"] = str(newer)
            one.start()
            assert cluster.query("select count(*) from information_schema.columns where column_name = 'next_version'") == ["1"]
            wait_until(lambda: two.health()[0] == 200, "the older node to be ready")
            load.wait_for_more(**step)
            # An older node that starts anew meanwhile.
            assert two.stop() == 0
            two.start()
            load.wait_for_more(**step)
            assert two.stop() == 0
            two.environment = before | {"GATEHOUSE_RESOURCES_DIRECTORY": str(newer)}
            two.start()
            load.wait_for_more(**step)
            while time.monotonic() - begun < LOAD_SECONDS:
                load.wait_for_more(service=1)
        load.check(windows, deaths)
        print(f"{time.monotonic() - begun:.0f} s, {load.rounds}, {len(load.access)} access tokens, {len(load.failures)} failures")
    finally:
        balancer.stop()


def send_sign_in(person, page):
    """The one request; where it leads nobody goes, since the doors may be closed by then."""
    return person.submit(page, read(page).forms["sign-in-form"], username=person.username, password=person.password)


def test_a_node_that_is_told_to_stop_finishes_what_it_has_begun(cluster, nodes):
    node = nodes(cluster.url, GATEHOUSE_SHUTDOWN_DELAY="12s").start()
    ready = {"status": "ready", "database": "ok", "migrations": "ok", "keys": "ok", "serving": "ok"}
    wait_until(lambda: node.health() == (200, ready), "readiness")
    kept = requests.Session()
    assert kept.get(node.base + "/oauth2/jwks", timeout=60).headers.get("Connection") is None
    # Sixteen sign-ins are under way: the passwords queue, which takes a moment.
    pages = [Person(node.base) for _ in range(16)]
    forms = [person.open(node.base + "/sign-in") for person in pages]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(send_sign_in, person, form) for person, form in zip(pages, forms)]
        wait_until(lambda: node.metric("gatehouse_http_requests_in_flight") or all(each.done() for each in answers), "the sign-ins")
        node.process.send_signal(signal.SIGTERM)
        leaving = ready | {"status": "unready", "serving": "stopping"}
        wait_until(lambda: node.health() == (503, leaving), "readiness to fail")
        assert node.health("live")[0] == 200
        # Still answering, and saying goodbye to connections that would be cut.
        assert service_token(node).status_code == 200
        assert kept.get(node.base + "/oauth2/jwks", timeout=60).headers["Connection"] == "close"
        assert node.metric("gatehouse_ready") == 0
        for answer in answers:
            assert answer.result().status_code == 303
    assert node.process.wait(timeout=PATIENCE_SECONDS) == 0
    assert node.health() is None


def test_a_database_that_no_longer_serves_this_version_makes_a_node_unready(cluster, nodes, scratch):
    one = nodes(cluster.url).start()
    two = nodes(beside=one)
    two.environment["GATEHOUSE_RESOURCES_DIRECTORY"] = str(newer_resources(scratch / "next", "create table next_version (number int);\n"))
    two.start()
    status, words = wait_until(lambda: (found := one.health())[0] == 503 and found, "the older node to notice")
    assert words["migrations"] == "not served"
    assert one.health("live")[0] == 200
    wait_until(lambda: two.health()[0] == 200, "the newer node to be ready")
    # Who is there already is served on; but it can't start again.
    assert service_token(one).ok
    one.stop()
    refused = one.command("serve")
    assert refused.returncode == 1 and "newer than this program" in refused.stderr


CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static int (*real_clock)(clockid_t, struct timespec *);
int clock_gettime(clockid_t clock, struct timespec *time) {
    if (!real_clock) real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real_clock(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += 300;
    return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return result;
}
"""


def test_a_clock_that_is_five_minutes_ahead_is_noticed(cluster, nodes, scratch):
    compiler = shutil.which("cc") or shutil.which("clang")
    assert compiler, "a C compiler comes with the Swift toolchain"
    (scratch / "clock.c").write_text(CLOCK)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", scratch / "clock.so", scratch / "clock.c", "-ldl"], check=True)
    right = nodes(cluster.url).start()
    wrong = nodes(beside=right)
    wrong.environment["LD_PRELOAD"] = str(scratch / "clock.so")
    wrong.start()
    # What took the database longer than a second to answer is no measure, and is taken again.
    difference = lambda node: wait_until(lambda: (found := node.metric("gatehouse_clock_difference_seconds")) is not None and [found], "it")[0]
    assert abs(difference(right)) < 5
    assert 295 < difference(wrong) < 305
    assert "this node's clock differs from the database's seconds=" in wrong.log.read_text()
    assert "clock differs" not in right.log.read_text()


def limited_role(cluster):
    """CONNECTION LIMIT doesn't bind superusers."""
    cluster.query("create role gate login")
    cluster.query("create database gate owner gate")
    return cluster.url.replace("user=gatehouse", "user=gate").replace("dbname=postgres", "dbname=gate")


def disconnect(cluster, role):
    cluster.query(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'")


def is_unavailable(answer):
    return answer.status_code == 503 and answer.json()["error"] == "temporarily_unavailable" and int(answer.headers["Retry-After"]) >= 1


def test_a_database_without_connections_to_give_is_a_clear_503_and_recovery_comes_by_itself(cluster, nodes):
    node = nodes(limited_role(cluster)).start()
    tokens = tokens_of(node)
    cluster.query("alter role gate connection limit 0")
    disconnect(cluster, "gate")
    # A refusal counts as false in itself.
    answer = wait_until(lambda: not (found := refresh(node, tokens["refresh_token"])).ok and [found], "the limit")[0]
    assert is_unavailable(answer), (answer.status_code, answer.text)
    wait_until(lambda: node.health()[0] == 503, "readiness to fail")
    assert node.metric("gatehouse_database_reachable") == 0 and node.metric("gatehouse_ready") == 0
    assert requests.get(node.base + "/oauth2/jwks", timeout=60).ok

    cluster.query("alter role gate connection limit -1")
    answer = wait_until(lambda: (found := refresh(node, tokens["refresh_token"])).ok and found, "recovery")
    wait_until(lambda: node.health()[0] == 200, "readiness")
    wait_until(lambda: node.metric("gatehouse_listening") == 1, "LISTEN to be back")

    # Room for fewer connections than the pool would like: slower, and right.
    cluster.query("alter role gate connection limit 3")
    disconnect(cluster, "gate")
    wait_until(lambda: refresh(node, answer.json()["refresh_token"]).ok, "recovery")

    def until_served(_):
        found = refresh(node, answer.json()["refresh_token"])
        assert found.ok or is_unavailable(found), (found.status_code, found.text)
        return found.ok

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda number: wait_until(lambda: until_served(number), "an answer"), range(60)))


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_a_clear_503_and_recovery_comes_by_itself(cluster, nodes, scratch):
    disk = scratch / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0777", "tmpfs", disk], check=True)
    try:
        place = disk / "place"
        place.mkdir()
        shutil.chown(place, "postgres", "postgres")
        cluster.query(f"create tablespace small location '{place}'")
        cluster.query("alter role gatehouse set default_tablespace = small")
        node = nodes(cluster.url).start()
        tokens = tokens_of(node)
        latest = tokens["refresh_token"]
        fill(disk / "filler")

        def until_full():
            nonlocal latest
            answer = refresh(node, latest)
            if answer.ok:
                latest = answer.json()["refresh_token"]
            # A refusal counts as false in itself.
            return not answer.ok and [answer]

        answer = wait_until(until_full, "the disk to be full")[0]
        assert is_unavailable(answer), (answer.status_code, answer.text)
        page = Person(node.base).open(node.base + "/sign-in")
        assert page.status_code in (200, 503)
        assert service_token(node).ok

        (disk / "filler").unlink()
        answer = wait_until(lambda: (found := refresh(node, latest)).ok and found, "recovery")
        assert refresh(node, answer.json()["refresh_token"]).ok
        assert tokens_of(node)["access_token"]
        assert "No space left" in node.log.read_text() or "could not extend" in node.log.read_text()
    finally:
        cluster.end(signal.SIGINT)
        subprocess.run(["umount", "-l", disk], check=True)


def fill(path):
    """To the last byte."""
    with path.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size >>= 1


def test_the_log_is_json_line_by_line_and_tells_no_secret(cluster, nodes):
    node = nodes(cluster.url, GATEHOUSE_LOG_FORMAT="json", GATEHOUSE_LOG_LEVEL="trace").start()
    tokens = tokens_of(node)
    parent = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    assert requests.get(node.base + "/oauth2/userinfo", headers=parent, timeout=60).status_code == 401
    later = refresh(node, tokens["refresh_token"]).json()
    service = service_token(node).json()
    secrets = [
        "analytical-engine", "demo-secret", "demo-service-secret", "ada@", "Lovelace", "not-the-password", "nobody@example.org",
        *(token[name] for token in (tokens, later) for name in ("access_token", "refresh_token", "id_token") if name in token),
        service["access_token"],
    ]
    for username, password in (("ada", "not-the-password"), ("nobody@example.org", "not-the-password")):
        person = Person(node.base, username, password)
        person.sign_in(person.open(node.base + "/sign-in"))
    for odd in ("\n", "%0a", "'", '"', "\x00", "ü", "a" * 3000):
        for data in (
            {"grant_type": "refresh_token", "refresh_token": later["refresh_token"] + odd}, {"grant_type": odd, "client_secret": "demo-secret"},
            {"grant_type": "client_credentials", "scope": odd, "client_id": "demo-service", "client_secret": "demo-service-secret" + odd},
        ):
            assert node.post("/oauth2/token", data).status_code < 500
        requests.get(node.base + "/oauth2/userinfo", params={"access_token": tokens["access_token"], "x": odd}, timeout=60)
        requests.get(node.base + "/nothing/" + tokens["access_token"], timeout=60)
    node.stop()
    lines = node.log.read_text().splitlines()
    assert len(lines) > 50
    for line in lines:
        entry = json.loads(line)
        assert {"time", "level", "message"} <= set(entry), line
        assert len(line) < 16_384
    for secret in secrets:
        found = [line for line in lines if secret in line]
        assert not found, (secret[:12], found[0])
    traced = [json.loads(line) for line in lines if "0af7651916cd43dd8448eb211c80319c" in line]
    assert traced and all(entry["parent_id"] == "b7ad6b7169203331" for entry in traced)


def test_metrics_are_asked_for_on_their_own_address_alone(cluster, nodes):
    node = nodes(cluster.url).start()
    assert service_token(node).ok
    wait_until(lambda: node.metric("gatehouse_ready") == 1, "readiness")
    label = '{endpoint="/oauth2/token",method="POST",client="client_secret",status="2xx"}'
    wait_until(lambda: node.metric("gatehouse_http_requests_total", label) == 1, "the request to be counted")
    assert node.metric("gatehouse_database_connections_max") == 10
    assert wait_until(lambda: node.metric("gatehouse_listening") == 1, "LISTEN")
    assert requests.get(node.base + "/metrics", timeout=60).status_code == 404
    assert requests.post(f"http://127.0.0.1:{node.metrics_port}/oauth2/token", data=SERVICE, auth=SERVICE_BASIC, timeout=60).status_code == 404
    # Off unless it is asked for.
    node.stop()
    del node.environment["GATEHOUSE_METRICS_LISTEN"]
    node.start()
    with pytest.raises(requests.ConnectionError):
        node.metrics()


def test_what_all_nodes_share_is_done_by_one_at_a_time(cluster, nodes):
    one = nodes(cluster.url).start()
    name = '{name="refresh token salts",result="%s"}'
    wait_until(lambda: one.metric("gatehouse_job_runs_total", name % "done") >= 1, "the job")
    with cluster.holding("refresh token salts"):
        wait_until(lambda: one.metric("gatehouse_job_runs_total", name % "skipped") >= 1, "the job to be left alone")
    done = one.metric("gatehouse_job_runs_total", name % "done")
    wait_until(lambda: one.metric("gatehouse_job_runs_total", name % "done") > done, "the job to be done again")
