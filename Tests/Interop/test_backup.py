"""Back-up under load, restore into a cluster that never saw the data, and a change of the master key while servers run."""

import base64
import concurrent.futures
import json
import os
import shutil
import signal
import stat

import pytest
import requests

from clients import SERVICE_BASIC
from cluster import Cluster
from crowd import PATIENT, Crowd
from server import Server, wait_until
from test_commands import good, refused
from test_resilience import is_active, refresh, tokens_of


@pytest.fixture
def clusters():
    """Makes PostgreSQL servers, and removes them in the end."""
    made = []

    def make():
        made.append(Cluster())
        return made[-1].start()

    try:
        yield make
    finally:
        for cluster in made:
            cluster.remove()


@pytest.fixture
def servers():
    made = []

    def make(**options):
        made.append(Server(demo_application=False, **options))
        return made[-1]

    try:
        yield make
    finally:
        for server in reversed(made):
            server.remove()


def master_key(name):
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


def jwks_of(server):
    return requests.get(server.base + "/oauth2/jwks", timeout=60).json()


def is_live(server, key):
    answer = requests.post(server.base + "/v1/keys/verify", json={"key": key}, auth=SERVICE_BASIC, timeout=60)
    return answer.json()["active"]


def is_empty(cluster):
    return cluster.query("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == ["0"]


def with_secrets(server):
    """One of everything that is sealed, and an API key."""
    good(server.command("certificates", "init", "--certificate", str(server.directory / "authority.pem")))
    good(server.command("signature-key", "create", "demo-service", "--name", "test"))
    made = good(server.command("api-key", "create", "demo-service", "--name", "test", "--scope", "notes:read"))
    return next(word for word in made.split() if word.startswith("gh_live_"))


def test_a_restored_backup_goes_on_where_the_original_stood(clusters, servers):
    original, fresh = clusters(), clusters()
    key = master_key("2025")
    server = servers(environment=PATIENT | {"GATEHOUSE_DATABASE_URL": original.url, "GATEHOUSE_MASTER_KEYS": key}).start()
    folder = server.directory / "backup"
    api_key = with_secrets(server)
    tokens, jwks = tokens_of(server), jwks_of(server)
    with Crowd(server) as crowd:
        crowd.wait_for_more(refresh=10, visit=2)
        rounds = dict(crowd.rounds)
        words = good(server.command("backup", str(folder)))
        assert 'master key "2025" opens 7 values' in words
        assert crowd.rounds["refresh"] > rounds["refresh"], "nobody was served meanwhile"
        crowd.wait_for_more(refresh=10, visit=2, revoke=1)
    crowd.check()
    # A new folder and files for their owner alone; nothing half-made beside them; no key in them.
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted((path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()) == [
        ("database.dump", 0o600), ("manifest.json", 0o600)]
    assert not list(server.directory.glob("backup.unfinished*"))
    secret = key.split(":")[1]
    for path in folder.iterdir():
        assert secret.encode() not in path.read_bytes() and base64.b64decode(secret) not in path.read_bytes()
    refused(server.command("backup", str(folder)), "exists already")
    server.stop()

    # Refused, and nothing is changed: without the key, with another key of the same name, from an altered or a newer backup.
    target = {"GATEHOUSE_DATABASE_URL": fresh.url}
    restore = lambda **environment: server.command("restore", str(folder), environment=target | environment)
    refused(restore(GATEHOUSE_MASTER_KEYS=master_key("2026")), 'needs master key "2025"', "not given")
    refused(restore(GATEHOUSE_MASTER_KEYS=master_key("2025")), 'needs master key "2025"', "another key")
    copy = server.directory / "copy"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["migrations"].append({"number": len(manifest["migrations"]) + 1, "checksum": "00"})
    (copy / "manifest.json").write_text(json.dumps(manifest))
    refused(server.command("restore", str(copy), environment=target), "newer than this program")
    shutil.copy(folder / "manifest.json", copy)
    dump = bytearray((copy / "database.dump").read_bytes())
    dump[len(dump) // 2] ^= 1
    (copy / "database.dump").write_bytes(dump)
    refused(server.command("restore", str(copy), environment=target), "cut short or altered")
    refused(server.command("restore", str(server.directory / "nothing"), environment=target), "manifest.json can not be read")
    assert is_empty(fresh)
    refused(server.command("restore", str(folder)), "not empty")

    words = good(restore())
    assert "open all of its 7 sealed values" in words
    # Nothing that lives for minutes came along: proofs signed before the backup can't be sent again.
    assert fresh.query("select count(*) from replay_epochs") == ["0"]
    assert fresh.query("select count(*) from pg_inherits where inhparent = 'replay_proofs'::regclass") == ["0"]
    refused(restore(), "not empty")

    original.end(signal.SIGINT)
    server.environment |= target
    server.start()
    assert jwks_of(server) == jwks
    assert is_active(server, tokens["access_token"])
    assert is_live(server, api_key)
    renewed = refresh(server, tokens["refresh_token"])
    assert renewed.ok and is_active(server, renewed.json()["access_token"])
    assert tokens_of(server)["id_token"]


def test_an_interrupted_backup_leaves_nothing_that_looks_like_one(clusters, servers):
    cluster = clusters()
    server = servers(environment={"GATEHOUSE_DATABASE_URL": cluster.url, "GATEHOUSE_MASTER_KEYS": master_key("1")}).start()
    folder = server.directory / "backup"
    # What the key of another deployment sees.
    strange = {"GATEHOUSE_MASTER_KEYS": master_key("2")}
    refused(server.command("backup", str(folder), environment=strange), '"1"', "not given")
    # The dump waits for a table that somebody holds, until the database goes away.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        holder = pool.submit(cluster.try_query, "begin; lock table users in access exclusive mode; select pg_sleep(3600)")
        locked = "select count(*) from pg_locks where relation = 'users'::regclass and mode = 'AccessExclusiveLock' and granted"
        wait_until(lambda: cluster.query(locked) != ["0"], "the lock")
        backup = pool.submit(server.command, "backup", str(folder))
        wait_until(lambda: list(server.directory.glob("backup.unfinished-*/database.dump")), "the dump")
        wait_until(lambda: cluster.query("select count(*) from pg_stat_activity where application_name = 'pg_dump' or wait_event_type = 'Lock'") != ["0"], "pg_dump")
        cluster.end(signal.SIGINT)
        refused(backup.result(), "failed")
        holder.result()
    assert not folder.exists() and not list(server.directory.glob("backup*"))
    cluster.start()
    wait_until(lambda: "opens" in server.command("backup", str(folder)).stdout, "a backup")


def test_the_master_key_changes_while_servers_run(clusters, servers):
    cluster = clusters()
    old, new = master_key("2025"), master_key("2026")
    one = servers(environment=PATIENT | {"GATEHOUSE_DATABASE_URL": cluster.url, "GATEHOUSE_MASTER_KEYS": old}).start()
    two = servers(beside=one).start()
    api_key = with_secrets(one)
    tokens, jwks = tokens_of(one), jwks_of(one)

    def restart(keys):
        for server in (one, two):
            server.stop()
            server.environment["GATEHOUSE_MASTER_KEYS"] = keys
            server.start()

    # Somebody has to do it, and within a minute a server does: here it is the command's turn.
    with cluster.holding("re-encryption"), Crowd(one) as crowd:
        # First behind the old one on every node, then before it: at no time does a node meet a key that it doesn't know.
        for keys in (f"{old},{new}", f"{new},{old}"):
            restart(keys)
            crowd.wait_for_more(refresh=5, visit=1)
        before = good(one.command("keys", "reencrypt", "--dry-run"))
        assert 'master key "2025": 7 values' in before
        answers = [good(server.command("keys", "reencrypt")) for server in (one, two)]
        assert "signing_keys: 2 of 2" in answers[0] and "the others can go" in answers[0]
        # What is done is done.
        assert " of " not in answers[1] and "the others can go" in answers[1]
        crowd.wait_for_more(refresh=10, visit=2, revoke=1)
    crowd.check()
    assert jwks_of(one) == jwks_of(two) == jwks

    restart(new)
    assert jwks_of(one) == jwks
    for server in (one, two):
        assert is_active(server, tokens["access_token"]) and is_live(server, api_key)
    assert refresh(two, tokens["refresh_token"]).ok
    answer = one.command("keys", "reencrypt", environment={"GATEHOUSE_MASTER_KEYS": master_key("2027")})
    assert answer.returncode == 1 and 'master key "2026" is needed and was not given' in answer.stderr
