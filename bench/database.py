"""The two databases, as a benchmark needs them: made fresh, copied, and read row by row."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Sqlite:
    """The file in the server's data folder."""

    name = "sqlite"
    label = "SQLite"
    pids = ()

    def __init__(self, folder):
        self.path = folder / "data" / "penstock.db"
        self.options = []
        self.copy = folder / "bare.db"

    def close(self):
        pass

    def make_copy(self):
        """For the bare program. The server must not run."""
        shutil.copyfile(self.path, self.copy)
        return str(self.copy)

    def tables(self):
        """{table: {column that refers: table it refers to}}"""
        names = [name for name, in self._ask("SELECT name FROM sqlite_master WHERE type = 'table'"
                                             " AND name NOT LIKE 'sqlite_%'")]
        return {name: {row[3]: row[2] for row in self._ask(f"PRAGMA foreign_key_list({name})")} for name in names}

    def rows(self, table):
        return [dict(row) for row in self._ask(f"SELECT * FROM {table}")]

    def one(self, sql):
        """The only row of a SELECT, as a dictionary."""
        return dict(self._ask(sql)[0])

    def execute(self, sql):
        """The server must not run."""
        self._ask(sql)

    def _ask(self, sql):
        connection = sqlite3.connect(self.path)
        connection.row_factory = sqlite3.Row
        try:
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()


class Postgres:
    """A private cluster that syncs, with a database for the server and a copy of it for the bare program."""

    name = "postgres"
    label = "PostgreSQL"

    def __init__(self, folder):
        self.folder = folder / "postgres"
        try:
            self.server_url = self._script("start").strip()
            self.pids = (int((self.folder / "data" / "postmaster.pid").read_text().split()[0]),)
            self.url = self._url("served")
            self.options = ["--database", self.url]
            self._run("CREATE DATABASE served", self.server_url)
        except BaseException:
            self.close()
            raise

    def close(self):
        self._script("stop")

    def make_copy(self):
        """For the bare program. The server must not run."""
        self._run("CREATE DATABASE bare TEMPLATE served", self.server_url)
        return self._url("bare")

    def tables(self):
        names = self._ask("SELECT json_agg(tablename::text) FROM pg_tables WHERE schemaname = 'public'")
        references = self._ask("""
            SELECT coalesce(json_agg(json_build_array(c.conrelid::regclass::text, a.attname,
                                                      c.confrelid::regclass::text)), '[]')
            FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f'""")
        tables = {name: {} for name in names}
        for table, column, other in references:
            tables[table][column] = other
        return tables

    def rows(self, table):
        return self._ask(f"SELECT coalesce(json_agg(t), '[]') FROM {table} t")

    def one(self, sql):
        return self._ask(f"SELECT row_to_json(t) FROM ({sql}) t")

    def execute(self, sql):
        self._run(sql, self.url)

    def _script(self, command):
        return subprocess.run([ROOT / "script" / "test-postgres", command, self.folder], check=True,
                              stdout=subprocess.PIPE, text=True,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PENSTOCK_POSTGRES_FSYNC": "on"}).stdout

    def _url(self, name):
        return self.server_url.rsplit("/", 1)[0] + "/" + name

    def _run(self, sql, url):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, url], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def _ask(self, sql):
        return json.loads(self._run(sql, self.url))


DATABASES = {"sqlite": Sqlite, "postgres": Postgres}
