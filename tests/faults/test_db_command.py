"""penstock db: where a database stands, migrating it, and moving an installation from one to the other."""

import os
import re
import signal
import subprocess
import threading
from urllib.parse import urlsplit

import databases
import pytest
from databases import Postgres, Sqlite
from fakerunner import FakeRunner, zipped
from penstock import BINARY, SANITIZER_REPORTS, Server, make_user, wait_until
from projects import ONE_JOB_CI, make_project

COPY_SECONDS = 120
WAITING_SO_FAR = re.compile(rb'("status":"pending"[^{}]*"queued_duration":)[0-9.]+')  # grows from answer to answer
needs_postgres = pytest.mark.skipif(not databases.POSTGRES_URL, reason="PENSTOCK_TEST_POSTGRES is not set")


class Said:
    """How a command ended and what it wrote."""

    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        assert not any(word in self.err for word in SANITIZER_REPORTS), self.err


def command(*words, check=None, wrapper=()):
    done = subprocess.run([*wrapper, BINARY, "db", *words], env=databases.clean_environment(), capture_output=True,
                          text=True, timeout=COPY_SECONDS)
    said = Said(done)
    assert check is None or said.status == check, f"{words}: {said.status}\n{said.out}{said.err}"
    return said


def copy(source, target, check=0):
    return command("copy", "--from", url_of(source), "--to", url_of(target), check=check)


def url_of(database):
    return f"sqlite:{database.file}" if database.kind == "sqlite" else database.url


@pytest.fixture()
def postgres():
    """Makes databases; they are gone afterwards."""
    made = []

    def make():
        made.append(Postgres())
        return made[-1]

    yield make
    for database in made:
        database.drop()


# Moving


def fill(server):
    """People, projects, pipelines in all states, logs, artifacts, schedules, and what has been deleted again."""
    api = server.api
    ann = make_user(api, "ann", note="\N{PENGUIN}")
    group = api.make("/groups", name="Gr\u00fc\u00dfe", path="greetings")
    project = make_project(server, description="Tab\tand \\N and \u00fcml\u00e4ut")
    other = make_project(server, {"full-ci.yml": ONE_JOB_CI}, namespace_id=group["id"])
    api.make(f"{project.at}/members", user_id=ann.id, access_level=30)
    schedule = api.make(f"{project.at}/pipeline_schedules", description="Nightly", ref="main", cron="0 1 * * *",
                        cron_timezone="Europe/Berlin", inputs=[{"name": "parts", "value": ["a", 1, True]}])
    at = f"{project.at}/pipeline_schedules/{schedule['id']}"
    api.make(f"{at}/variables", key="EMPTY", value="")
    api.make(f"{at}/variables", key="LINES", value="a\nb\\n\t")
    # Its ticks find no file to run.
    api.make(f"{at}/backfill", **{"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"})
    wait_until(lambda: api.read(f"{at}/backfills")[0]["status"] == "finished", "the backfill's end")

    done = project.trigger(TOPIC="copy")
    job = project.runner.take("build")
    job.write("one\n" + "\u00fc" * 1000 + "\n")
    job.upload(zipped({"a.txt": "artifact"}))
    job.succeed()
    project.runner.run_all({"style": "failed"})
    project.wait_for(done["id"], "success")
    project.trigger()  # waits for a runner
    runner = FakeRunner(api, other.id)
    other.trigger()
    runner.take().fail()
    last = other.trigger()
    assert api.delete(f"{other.at}/pipelines/{last['id']}").status_code == 204
    return project, other, last


def paths_of(api):
    """What is read before and after."""
    yield from ("/users", "/groups", "/projects", "/namespaces", "/runners/all", "/personal_access_tokens", "/user")
    for project in api.read("/projects"):
        at = f"/projects/{project['id']}"
        yield at
        for part in ("pipelines", "jobs", "pipeline_schedules", "triggers", "members/all", "protected_branches",
                     "runners", "repository/branches"):
            yield f"{at}/{part}"
        for schedule in api.read(f"{at}/pipeline_schedules"):
            for part in ("", "/ticks", "/backfills", "/pipelines"):
                yield f"{at}/pipeline_schedules/{schedule['id']}{part}"
        for pipeline in api.read(f"{at}/pipelines"):
            for part in ("", "/jobs?include_retried=true", "/variables"):
                yield f"{at}/pipelines/{pipeline['id']}{part}"
        for job in api.read(f"{at}/jobs"):
            for part in ("", "/trace"):
                yield f"{at}/jobs/{job['id']}{part}"
            if job["artifacts"] and any(one["file_type"] == "archive" for one in job["artifacts"]):
                yield f"{at}/jobs/{job['id']}/artifacts"


def bodies(api):
    answers = {path: api.get(path) for path in paths_of(api)}
    assert len(answers) > 40, sorted(answers)
    read = [path for path, answer in answers.items() if answer.status_code == 200]
    assert len(read) > 40, {path: answer.status_code for path, answer in answers.items()}
    return {path: (answer.status_code, answer.headers.get("X-Total"), WAITING_SO_FAR.sub(rb"\1", answer.content))
            for path, answer in answers.items()}


def compare(before, after):
    assert after.keys() == before.keys()
    for path, body in before.items():
        assert after[path] == body, path


def move(server, target):
    """Stops the server, copies, and starts it on the other database with the same folders."""
    assert server.stop() == 0
    said = copy(server.database, target)
    assert re.search(r"^pipelines +\d+ rows  [0-9a-f]{16}$", said.out, re.MULTILINE), said.out
    assert "copied and compared: " in said.out and "secret.key" in said.out
    server.database = target
    server.restart()


def next_ids(project, other, last_id):
    """Makes a pipeline; its ids go on where the last ones ended."""
    newest_job = max(job["id"] for at in (project.at, other.at) for job in project.api.read(f"{at}/jobs"))
    made = other.trigger()
    assert made["id"] == last_id + 1, "after the last, though that one has been deleted"
    jobs = other.jobs(made["id"])
    assert min(job["id"] for job in jobs.values()) > newest_job
    return made


@needs_postgres
def test_an_installation_moves_to_postgres_and_back_and_answers_the_same(tmp_path, postgres):
    with Server(data=tmp_path / "data", database=Sqlite(tmp_path / "data")) as server:
        project, other, last = fill(server)
        first = bodies(server.api)

        move(server, postgres())
        for one in (project, other):
            one.api = server.api
        compare(first, bodies(server.api))
        made = next_ids(project, other, last["id"])
        assert made["iid"] == last["iid"] + 1
        project.runner.take("build").succeed()  # what waited is still handed out
        project.runner.run_all()
        second = bodies(server.api)

        for name in os.listdir(server.data):
            if name.startswith("penstock.db"):
                (server.data / name).unlink()
        move(server, Sqlite(server.data))
        for one in (project, other):
            one.api = server.api
        compare(second, bodies(server.api))
        next_ids(project, other, made["id"])
        for one in (project, other):
            one.repository.remove()


@needs_postgres
def test_the_sums_of_a_table_are_the_same_on_both_kinds(tmp_path, postgres):
    with Server(data=tmp_path / "data", database=Sqlite(tmp_path / "data")) as server:
        make_project(server).repository.remove()
        server.stop()
        there, again = postgres(), Sqlite(tmp_path)
        lines = [[line for line in copy(source, target).out.splitlines() if " rows  " in line]
                 for source, target in ((server.database, there), (there, again))]
        assert lines[0] == lines[1]
        assert len(lines[0]) == len(there.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")) - 2


# Refusing


def rows(database):
    """How many of some tables that every installation has; None: it has no tables."""
    if database.kind == "sqlite" and not database.file.exists():
        return None
    return database.sql("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM instance_values)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs_postgres)])
def installed(request, tmp_path):
    """A server that runs on either kind of database."""
    with Server(data=tmp_path / "data", database=databases.make(request.param, tmp_path / "data")) as server:
        yield server
        server.kill9()
    server.database.drop()


def test_a_source_with_a_server_is_refused_until_that_ends_however_it_ends(installed, tmp_path):
    target = Sqlite(tmp_path)
    said = copy(installed.database, target, check=2)
    assert "the source: " in said.err and re.search("another server uses|in use", said.err)
    assert rows(target) is None
    installed.kill9()
    copy(installed.database, target)
    assert rows(target) == rows(installed.database)


def test_a_target_with_rows_is_refused_and_left_alone(installed, tmp_path):
    installed.stop()
    copy(installed.database, Sqlite(tmp_path))
    before = rows(installed.database)
    said = copy(Sqlite(tmp_path), installed.database, check=2)
    assert "the target is not empty" in said.err
    assert rows(installed.database) == before


def test_a_database_is_not_copied_onto_itself(installed, tmp_path):
    installed.stop()
    assert "the same database" in copy(installed.database, installed.database, check=2).err
    if installed.database.kind == "sqlite":
        link = Sqlite(tmp_path)
        link.file.symlink_to(installed.database.file)
        assert "the same database" in copy(installed.database, link, check=2).err


@needs_postgres
def test_a_copy_that_is_killed_leaves_the_target_empty_and_may_be_repeated(tmp_path, postgres):
    with Server(data=tmp_path / "data", database=Sqlite(tmp_path / "data")) as server:
        server.stop()
    source, target = server.database, postgres()
    source.sql("INSERT INTO instance_values (key, value) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
               "FROM n WHERE i < 300000) SELECT 'filler-' || i, 'x' FROM n")
    running = subprocess.Popen([BINARY, "db", "copy", "--from", url_of(source), "--to", target.url],
                               env=databases.clean_environment(), stdout=subprocess.PIPE, text=True)
    for line in running.stdout:
        if line.startswith("instance_values "):
            break
    running.send_signal(signal.SIGKILL)
    assert running.wait(COPY_SECONDS) == -signal.SIGKILL
    running.stdout.close()
    assert rows(target) == [("0", "0")]
    copy(source, target)
    assert rows(target) == rows(source)


@needs_postgres
def test_a_server_that_starts_on_the_target_waits_for_the_copy(tmp_path, postgres):
    """It finds a database that is whole, and makes no installation of its own in it meanwhile."""
    with Server(data=tmp_path / "data", database=Sqlite(tmp_path / "data")) as server:
        server.stop()
        source, server.database = server.database, postgres()
        source.sql("INSERT INTO instance_values (key, value) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < 100000) SELECT 'filler-' || i, 'x' FROM n")
        running = subprocess.Popen([BINARY, "db", "copy", "--from", url_of(source), "--to", server.database.url],
                                   env=databases.clean_environment(), stdout=subprocess.PIPE, text=True)
        for line in running.stdout:
            if line.startswith("access_tokens "):
                break
        drain = threading.Thread(target=running.stdout.read)
        drain.start()
        server.restart()
        assert running.wait(COPY_SECONDS) == 0
        drain.join()
        running.stdout.close()
        assert int(rows(server.database)[0][0]) == int(rows(source)[0][0])
        assert server.api.read("/user")["username"] == "root"


def test_a_full_disk_is_told(tmp_path):
    with Server(data=tmp_path / "data", database=Sqlite(tmp_path / "data")) as server:
        server.stop()
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        server.database.sql("INSERT INTO instance_values (key, value) VALUES ('filler', hex(zeroblob(4000000)))")
        said = copy(server.database, Sqlite(disk), check=1)
        assert "nothing was copied" in said.err and "full" in said.err
        assert rows(Sqlite(disk)) == [("0", "0")]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


# Status and migrate


def where(database, data):
    """The options that name it."""
    return ("--data", str(data)) if database.kind == "sqlite" else ("--database", database.url)


def test_status_and_migrate_tell_where_a_database_stands(installed):
    database, at = installed.database, where(installed.database, installed.data)
    known = int(database.sql("SELECT MAX(version) FROM schema_migrations")[0][0])
    assert "up to date" in command("status", *at, check=0).out, "also beside a server"
    if database.kind == "sqlite":
        assert "another server uses" in command("migrate", *at, check=2).err
    installed.stop()
    assert f"up to date, schema {known}" in command("migrate", *at, check=0).out

    database.sql(f"INSERT INTO schema_migrations (version, name) VALUES ({known + 1}, 'later')")
    for verb in ("status", "migrate"):
        assert "newer version" in command(verb, *at, check=2).err


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=needs_postgres)])
def test_a_new_database_is_migrated(kind, tmp_path):
    database = databases.make(kind, tmp_path)
    try:
        at = where(database, tmp_path)
        if kind == "postgres":
            said = command("status", *at, check=1)
            assert "missing:  0001_first" in said.out and "migrate" in said.out
        assert re.search(r"migrated from schema 0 to \d+", command("migrate", *at, check=0).out)
        assert "up to date" in command("status", *at, check=0).out
    finally:
        database.drop()


@needs_postgres
def test_several_migrate_at_once(postgres):
    url = postgres().url
    running = [subprocess.Popen([BINARY, "db", "migrate", "--database", url], env=databases.clean_environment(),
                                stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [(one.communicate(timeout=COPY_SECONDS)[0], one.returncode) for one in running]
    assert all(status == 0 for _, status in said), said
    assert sum("migrated from schema 0" in out for out, _ in said) == 1, said
    assert sum("up to date" in out for out, _ in said) == 3, said


# Wrong use


@pytest.mark.parametrize("words, why", [
    ((), "one of status, migrate, copy"),
    (("vacuum",), "one of status, migrate, copy"),
    (("copy",), "--from and --to"),
    (("copy", "--from", "sqlite:x"), "--from and --to"),
    (("copy", "--from", "sqlite:x", "--to", "sqlite:y", "--data", "d"), "takes no --data"),
    (("status", "--from", "sqlite:x"), "takes no --from"),
    (("status", "--colour"), "--colour"),
    (("status", "now"), "now"),
    (("copy", "--from", "mysql://u:s3cret@h/d", "--to", "sqlite:y"), "only sqlite:PATH and postgresql://"),
    (("copy", "--from", "sqlite:/nowhere/x", "--to", "sqlite:y"), "the source: cannot open /nowhere/x"),
    (("status", "--database", "postgresql://u:s3cret@127.0.0.1:1/d"), "127.0.0.1"),
    (("status", "--database", "postgresql://u:s3cret%zz@127.0.0.1:1/d"), "cannot be read"),
    (("migrate", "--database", "postgresql://u@127.0.0.1:1/d?password=s3cret"), "127.0.0.1"),
])
def test_wrong_use_is_told_without_secrets(words, why):
    said = command(*words, check=2)
    assert why in said.err, said.err
    assert "s3cret" not in said.out + said.err


@needs_postgres
def test_a_wrong_password_and_a_missing_database_are_told(tmp_path):
    parts = urlsplit(databases.POSTGRES_URL)
    wrong = parts._replace(netloc=f"{parts.username}:s3cret@{parts.hostname}:{parts.port}").geturl()
    missing = parts._replace(path="/not_there").geturl()
    with Server(data=tmp_path, database=Sqlite(tmp_path)) as server:
        server.stop()
    for url, why in ((wrong, "password authentication failed"), (missing, "does not exist")):
        for words in (("status", "--database", url),
                      ("copy", "--from", url_of(server.database), "--to", url),
                      ("copy", "--from", url, "--to", f"sqlite:{tmp_path}/new.db")):
            said = command(*words, check=2)
            assert why in said.err, said.err
            assert parts.password not in said.out + said.err and "s3cret" not in said.out + said.err
    assert not (tmp_path / "new.db").exists()


def test_help_lists_what_there_is():
    said = command("--help", check=0)
    for word in ("--data", "--database", "--from", "--to"):
        assert word in said.out
    whole = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=COPY_SECONDS)
    assert "status|migrate|copy" in whole.stdout
