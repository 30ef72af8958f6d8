"""The databases of servers under test: SQLite in the server's data folder, or one of PostgreSQL's.

PENSTOCK_TEST_DATABASE says which (sqlite, the default, or postgres); PENSTOCK_TEST_POSTGRES is the URL of a
PostgreSQL role that may create databases (script/test-postgres starts such a server, and script/test sets it).
"""

import os
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = REPOSITORY / "script" / "test-postgres"
PROGRAMS = Path("/usr/lib/postgresql/15/bin")
SQL_SECONDS = 60

KIND = os.environ.get("PENSTOCK_TEST_DATABASE", "sqlite")
POSTGRES_URL = os.environ.get("PENSTOCK_TEST_POSTGRES")
CLUSTERS = os.environ.get("PENSTOCK_TEST_CLUSTERS")  # a folder whose clusters somebody stops in the end; None: /tmp

assert KIND in ("sqlite", "postgres"), f"PENSTOCK_TEST_DATABASE is {KIND}: sqlite and postgres are known"
assert KIND == "sqlite" or POSTGRES_URL, "PENSTOCK_TEST_POSTGRES is not set: script/test-postgres starts a server"


def clean_environment():
    """Ours without what would steer libpq behind a test's back."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")}


class Sqlite:
    """The file in a data folder; the server makes and finds it by itself."""

    kind = "sqlite"
    options = ()

    def __init__(self, data):
        self.file = Path(data) / "penstock.db"

    def sql(self, text):
        """Runs one statement and answers its rows, as tuples of texts."""
        connection = sqlite3.connect(self.file)
        try:
            with connection:
                rows = connection.execute(text).fetchall()
        finally:
            connection.close()
        return [tuple("" if value is None else str(value) for value in row) for row in rows]

    def drop(self):
        """It goes with its data folder."""


class Postgres:
    """A database of its own on the PostgreSQL server at `server_url`."""

    kind = "postgres"

    def __init__(self, server_url=POSTGRES_URL):
        self.server_url = server_url
        self.name = f"penstock_{uuid.uuid4().hex[:16]}"
        self.url = urlsplit(server_url)._replace(path=f"/{self.name}").geturl()
        run_sql(server_url, f"CREATE DATABASE {self.name}")

    @property
    def options(self):
        return "--database", self.url

    def sql(self, text):
        """Runs one statement and answers its rows, as tuples of texts."""
        return run_sql(self.url, text)

    def kill_connections(self, condition="true"):
        """Cuts off the connections that answer to a condition on pg_stat_activity; how many there were."""
        rows = run_sql(self.server_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                        f"WHERE datname = '{self.name}' AND {condition}")
        return len(rows)

    def drop(self):
        """An autovacuum that is at it is not ours to end; it ends soon."""
        for left in reversed(range(100)):
            try:
                run_sql(self.server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
                return
            except AssertionError:
                if not left:
                    raise
                time.sleep(0.1)


def run_sql(url, text):
    """One statement by psql; its rows, as tuples of texts."""
    done = subprocess.run(
        [PROGRAMS / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-c", text, url],
        env=clean_environment(), capture_output=True, text=True, timeout=SQL_SECONDS)
    assert done.returncode == 0, f"{text}: {done.stderr}"
    return [tuple(line.split("\x1f")) for line in done.stdout.splitlines()]


class Cluster:
    """A PostgreSQL server of a test's own, to be stopped and started at will."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.url = self._run("start").strip()

    def _run(self, command, *arguments):
        done = subprocess.run([SCRIPT, command, self.folder, *arguments], capture_output=True, text=True,
                              timeout=SQL_SECONDS)
        assert done.returncode == 0, f"script/test-postgres {command}: {done.stdout}{done.stderr}"
        return done.stdout

    def pause(self, mode="fast"):
        self._run("pause", mode)

    def resume(self):
        self._run("resume")

    def restart(self, mode="fast"):
        self._run("restart", mode)

    def stop(self):
        self._run("stop")


def make(kind, data):
    return Sqlite(data) if kind == "sqlite" else Postgres()
