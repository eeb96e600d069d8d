"""A PostgreSQL server that a test owns, to be stopped, killed and started again under the program's feet."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading

from server import PATIENCE_SECONDS, is_alive, wait_until

# The first half of the numbers of jobs' locks.
JOB_LOCKS = 0x676A6F62


def server_program(name):
    found = shutil.which(name)
    if found:
        return found
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/" + name), key=lambda path: int(path.parts[4]))
    assert versions, f"{name} is missing; scripts/install-missing build installs it"
    return str(versions[-1])


class Cluster:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-pg-", dir="/tmp"))
        self.account = []
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            person = pwd.getpwnam("postgres")
            os.chown(self.directory, person.pw_uid, person.pw_gid)
            self.account = ["setpriv", f"--reuid={person.pw_uid}", f"--regid={person.pw_gid}", "--clear-groups", "--"]
        self.data = self.directory / "data"
        self.url = f"host={self.directory} port=5432 user=gatehouse dbname=postgres"
        initdb = [server_program("initdb"), "-D", self.data, "-U", "gatehouse", "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust"]
        subprocess.run(self.account + initdb, check=True, capture_output=True, cwd="/")
        self.process = None

    def start(self):
        # Processes are killed here, and never the machine: nothing has to reach the disk.
        settings = ["listen_addresses=", "port=5432", "fsync=off", f"unix_socket_directories={self.directory}", "max_connections=100"]
        command = [server_program("postgres"), "-D", self.data] + [word for setting in settings for word in ("-c", setting)]
        with open(self.directory.parent / (self.directory.name + ".log"), "ab") as log:
            self.process = subprocess.Popen(self.account + command, stdout=log, stderr=log, cwd="/")
        wait_until(self.is_ready, "PostgreSQL")
        return self

    def is_ready(self):
        answer = subprocess.run([server_program("pg_isready"), "-q", "-h", self.directory, "-p", "5432"], cwd="/")
        return answer.returncode == 0

    def query(self, sql):
        """The first column of every row, as text."""
        command = [server_program("psql"), "-X", "-A", "-t", "-h", self.directory, "-U", "gatehouse", "-d", "postgres", "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout.split()

    def try_query(self, sql):
        """As `query`, by somebody who is told off when the server ends."""
        try:
            return self.query(sql)
        except subprocess.CalledProcessError:
            return None

    @contextlib.contextmanager
    def holding(self, job):
        """Somebody else is at a background job that one node does at a time: FNV-1a of its name, as JobLockStore reckons it."""
        number = 2_166_136_261
        for byte in job.encode():
            number = (number ^ byte) * 16_777_619 % 2**32
        lock = f"select pg_advisory_lock({JOB_LOCKS}, {number % 2**31}), pg_sleep(3600)"
        holder = threading.Thread(target=self.try_query, args=(lock,), daemon=True)
        holder.start()
        try:
            held = f"select count(*) from pg_locks where locktype = 'advisory' and classid = {JOB_LOCKS} and objid = {number % 2**31} and granted"
            sleeping = "select pid from pg_stat_activity where query like '%pg_sleep(3600)%' and wait_event = 'PgSleep'"
            wait_until(lambda: self.query(sleeping) and self.query(held) == ["1"], f"the lock of {job}")
            yield
        finally:
            self.query("select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(3600)%' and pid <> pg_backend_pid()")
            holder.join(PATIENCE_SECONDS)

    def end(self, with_signal):
        """SIGINT: everyone is disconnected at once. SIGKILL: as in a crash."""
        if with_signal == signal.SIGKILL:
            # Stopped first, so that none is born while they are counted.
            self.process.send_signal(signal.SIGSTOP)
        backends = [int(path.parts[2]) for path in pathlib.Path("/proc").glob("[0-9]*/stat") if parent(path) == self.process.pid]
        self.process.send_signal(with_signal)
        self.process.wait(timeout=PATIENCE_SECONDS)
        # After a crash its children hold the shared memory for a moment, and a new server refuses to start.
        wait_until(lambda: not any(is_alive(pid) for pid in backends), "PostgreSQL's processes to end")

    def remove(self):
        if self.process and self.process.poll() is None:
            self.end(signal.SIGINT)
        shutil.rmtree(self.directory, ignore_errors=True)
        (self.directory.parent / (self.directory.name + ".log")).unlink(missing_ok=True)


def parent(stat_path):
    try:
        return int(stat_path.read_text().rpartition(") ")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None
