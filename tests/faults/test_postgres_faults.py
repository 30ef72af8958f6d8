"""PostgreSQL refuses, is away, comes back, drops connections: what the server promises over all that.

A 201 says that the thing was made and a 503 that it was not: afterwards the two are counted.
"""

import random
import re
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import databases
import pytest
from databases import Cluster, Postgres, run_sql
from fakerunner import FakeRunner
from load import Creators, ids_of
from penstock import REPOSITORY, Server, wait_until
from projects import Project, make_project

EXAMPLES = REPOSITORY / "examples"
REFERENCE = "reference-template-projects/dataops-template/dataops-reference"

# How long an answer may take while the database is away.
ANSWER_SECONDS = 8

COUNTING = """
count:
  script:
    - for i in $(seq 1 80); do echo "line $i"; sleep 0.05; done
after:
  needs: [count]
  script: [echo done]
"""


@pytest.fixture(scope="module")
def cluster():
    """A PostgreSQL server that these tests may stop and start."""
    # Where script/test looks for what an interrupted run has left.
    folder = Path(databases.CLUSTERS or tempfile.gettempdir()) / f"penstock-faults-{uuid.uuid4().hex[:12]}"
    made = Cluster(folder)
    yield made
    made.stop()


@pytest.fixture()
def database(cluster):
    cluster.resume()
    made = Postgres(cluster.url)
    yield made
    cluster.resume()
    made.drop()


@pytest.fixture()
def server(database):
    with Server(database=database) as running:
        yield running


@pytest.fixture()
def working(database):
    """A server with two runner slots, for pipelines that run for real."""
    with Server("--executor", "shell", "--ignore-image", runners=2, database=database) as running:
        yield running


@pytest.fixture()
def project(server):
    made = make_project(server)
    yield made
    made.repository.remove()


class At:
    """A database that is there already, or that is not, under a URL."""

    def __init__(self, url):
        self.options = ("--database", url)


def changed(url, password=None, port=None, name=None):
    parts = urlsplit(url)
    host = f"{parts.username}:{password or parts.password}@127.0.0.1:{port or parts.port}"
    return parts._replace(netloc=host, path=f"/{name}" if name else parts.path).geturl()


def refusal(url, seconds=15):
    """What a server says that cannot start on such a database; never the password."""
    started = time.monotonic()
    text = Server(database=At(url)).start_in_vain_and_remove()
    assert time.monotonic() - started < seconds
    assert urlsplit(url).password not in text, "the password is told"
    return text


# At the start

def test_a_wrong_password_is_named_and_not_told(database):
    text = refusal(changed(database.url, password="not-the-password-at-all"))
    assert "password authentication failed" in text and '"penstock"' in text


def test_a_missing_database_is_named(database):
    assert '"no_such_database" does not exist' in refusal(changed(database.url, name="no_such_database"))


def test_a_server_that_does_not_answer_is_named(database):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        text = refusal(changed(database.url, port=port))
    assert "127.0.0.1" in text and str(port) in text and "refused" in text


def test_a_port_that_says_nothing_is_given_up(database):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        text = refusal(changed(database.url, port=port), seconds=30)
    assert str(port) in text or "timeout" in text


def test_a_url_of_something_else_is_refused():
    assert "mysql" in Server(database=At("mysql://root@127.0.0.1/x")).start_in_vain_and_remove()


def test_a_database_of_others_is_refused_and_left_alone(database):
    database.sql("CREATE TABLE customers (id INTEGER PRIMARY KEY)")
    text = refusal(database.url)
    assert "Penstock" in text
    assert database.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") \
        == [("customers",)]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(database):
    with Server(database=database) as first:
        assert first.stop() == 0
        database.sql("INSERT INTO schema_migrations (version, name) VALUES (999, 'from-the-future')")
        text = first.start_in_vain()
        assert "999" in text and "newer version" in text
        database.sql("DELETE FROM schema_migrations WHERE version = 999")
        first.restart()


# Away for a while

def timed(call):
    started = time.monotonic()
    answer = call()
    took = time.monotonic() - started
    assert took < ANSWER_SECONDS, f"{answer.status_code} took {took:.1f} s"
    return answer


def assert_unavailable(answer):
    assert answer.status_code == 503, (answer.status_code, answer.text)
    assert int(answer.headers["Retry-After"]) >= 1
    assert not re.search("postgres|127.0.0.1|port|password", answer.text, re.IGNORECASE), \
        f"clients need not know what stands behind the server: {answer.text}"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_while_it_is_away_all_is_503_and_then_all_is_well(cluster, server, project, mode):
    runner = FakeRunner(server.api, project.id, tags=("linux", "docker"))
    made = project.trigger()["id"]
    job = runner.take("build")
    job.write("before\n")
    cluster.pause(mode)
    for call in (
        lambda: server.api.get(project.at),
        lambda: server.api.get(f"{project.at}/pipelines"),
        lambda: server.api.get(f"{project.at}/jobs/{job.id}/trace"),
        lambda: server.api.post(f"{project.at}/protected_branches", json={"name": "kept"}),
        lambda: project.post_trigger(),
        lambda: job.patch_trace(b"while it is away\n"),
        lambda: job.update("success"),
        runner.ask,
    ):
        for _ in range(2):
            assert_unavailable(timed(call))
    assert project.repository.push("HEAD:refs/heads/other", check=False).returncode != 0
    assert server.process.poll() is None

    cluster.resume()
    wait_until(lambda: server.api.get(project.at).status_code == 200, "the server to find the database again", 10)
    assert ids_of(project) == [made], "a 503 has made nothing"
    assert server.api.get(f"{project.at}/protected_branches").json() == []
    job.write("after\n")
    job.succeed()
    assert server.api.get(f"{project.at}/jobs/{job.id}/trace").content == b"before\nafter\n"
    project.repository.push("HEAD:refs/heads/other")
    assert len(ids_of(project)) == 1, "full-ci.yml starts by name only"


def test_health_answers_while_it_is_away(cluster, server):
    cluster.pause()
    assert timed(lambda: server.api.get(f"{server.url}/-/liveness")).status_code == 200
    cluster.resume()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_made_over_restarts_is_there_exactly_once(cluster, server, project, mode):
    with Creators(project) as creators:
        for _ in range(3):
            enough = len(creators.done) + 20
            wait_until(lambda: len(creators.done) >= enough, "pipelines between the restarts")
            cluster.restart(mode)
        enough = len(creators.done) + 20
        wait_until(lambda: len(creators.done) >= enough, "pipelines after the restarts")
    assert creators.odd == [], f"other answers than 201 and 503 with Retry-After: {creators.odd[:3]}"
    assert ids_of(project) == sorted(creators.done), f"made, and told to be: {creators.answers}"


def test_connections_cut_at_random_double_and_lose_nothing(database, server, project):
    chance = random.Random(20261123)
    cut = 0
    with Creators(project) as creators:
        until = time.monotonic() + 6
        while time.monotonic() < until:
            cut += database.kill_connections(f"pid <> pg_backend_pid() AND random() < {chance.choice((0.1, 0.5, 1))}")
        enough = len(creators.done) + 20
        wait_until(lambda: len(creators.done) >= enough, "pipelines after that")
    assert cut > 20, "hardly any connection was there to be cut"
    assert creators.odd == [], f"other answers than 201 and 503 with Retry-After: {creators.odd[:3]}"
    assert ids_of(project) == sorted(creators.done), f"made, and told to be: {creators.answers}"
    assert wait_until(lambda: server.api.get(project.at).status_code == 200, "reads")


# Schedules

def make_schedules(project, count):
    """Schedules that are due by themselves once a year only."""
    made = [project.api.make(f"{project.at}/pipeline_schedules", description=f"s{number}", ref="main", cron="0 0 1 1 *",
                             active=True)["id"] for number in range(count)]
    for schedule in made:
        project.api.make(f"{project.at}/pipeline_schedules/{schedule}/variables", key="_PIPELINE_FILE_NAME",
                         value="full-ci.yml")
    return made


def pipelines_of_schedules(project):
    """{schedule: number of its pipelines}"""
    rows = project.server.database.sql(
        "SELECT schedule_id, COUNT(*) FROM pipelines WHERE schedule_id IS NOT NULL GROUP BY schedule_id")
    return {int(schedule): int(number) for schedule, number in rows}


def test_ticks_over_an_outage_are_made_exactly_once(cluster, database, project):
    schedules = make_schedules(project, 10)
    # One after the other: some before, some within, some after the outage.
    database.sql("UPDATE pipeline_schedules SET next_run_at = (extract(epoch FROM clock_timestamp()) * 1e6)::bigint"
                 " + id * 500000")
    wait_until(lambda: pipelines_of_schedules(project), "the first tick")
    cluster.pause("immediate")
    time.sleep(2)  # the outage's length
    cluster.resume()
    once = dict.fromkeys(schedules, 1)
    wait_until(lambda: len(pipelines_of_schedules(project)) == len(schedules), "a pipeline of each schedule", 30)
    ticks = database.sql("SELECT schedule_id, COUNT(*), MIN(result), MAX(result) FROM schedule_ticks GROUP BY schedule_id")
    assert pipelines_of_schedules(project) == once
    assert {int(row[0]): int(row[1]) for row in ticks} == once
    assert {row[2:] for row in ticks} == {("created", "created")}, ticks


def test_a_tick_that_is_caught_on_its_way_to_a_pipeline_is_not_forgotten(cluster, database, project):
    schedules = make_schedules(project, 3)
    # Whoever holds this table lets ticks be recorded, and no pipeline be made of them.
    holder = subprocess.Popen(
        [databases.PROGRAMS / "psql", "-X", "-q", database.url, "-c",
         "BEGIN; LOCK TABLE pipelines IN SHARE MODE; SELECT pg_sleep(60)"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: database.sql("SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' AND granted"
                                        " AND relation = 'pipelines'::regclass"), "the lock")
        database.sql("UPDATE pipeline_schedules SET next_run_at = 1")
        wait_until(lambda: len(database.sql("SELECT 1 FROM schedule_ticks WHERE result = 'due'")) == len(schedules),
                   "the ticks to be recorded")
        cluster.pause("immediate")
        time.sleep(2)  # the outage's length
        cluster.resume()
    finally:
        holder.kill()
        holder.wait()
    wait_until(lambda: len(pipelines_of_schedules(project)) == len(schedules), "a pipeline of each schedule", 30)
    assert pipelines_of_schedules(project) == dict.fromkeys(schedules, 1)


# Pipelines that run meanwhile

def restart_while(cluster, running, mode):
    """Restarts PostgreSQL, with a pause, again and again in a thread of its own until running() is false."""
    def run():
        while running():
            cluster.pause(mode)
            time.sleep(0.4)  # the outage's length
            cluster.resume()
            time.sleep(0.8)  # of work between two
    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_demo_runs_through_restarts(cluster, working, mode):
    api = working.api
    parent = None
    *groups, name = REFERENCE.split("/")
    for path in groups:
        parent = api.make("/groups", name=path, path=path, **({"parent_id": parent} if parent else {}))["id"]
    reference = Project(working, api.make("/projects", name=name, namespace_id=parent))
    product = Project(working, api.make("/projects", name="data-product"))
    for project, folder in ((reference, "data-reference"), (product, "data-product")):
        project.repository.add_tree(EXAMPLES / folder)
        project.push({}, message="Start [skip ci]\n")
    pipeline = product.trigger()["id"]

    done = threading.Event()
    restarting = restart_while(cluster, lambda: not done.is_set(), mode)
    try:
        result = wait_for_rest(product, pipeline)
    finally:
        done.set()
        restarting.join()
    jobs = product.jobs(pipeline, include_retried="true")
    assert result["status"] == "success", {
        name: (job.get("failure_reason"), api.get(f"{product.at}/jobs/{job['id']}/trace").text[-500:])
        for name, job in jobs.items() if job["status"] == "failed"}
    assert len(jobs) == 14
    logs = {name: api.get(f"{product.at}/jobs/{job['id']}/trace").text for name, job in jobs.items()}
    assert "ISO 3166-1: 249 records" in logs["Ingest Countries"]
    assert "10 tests, 10 passed, 0 failed" in logs["Test Rules"]
    reference.repository.remove()
    product.repository.remove()


def wait_for_rest(project, pipeline_id):
    """As Api.wait_for_pipeline(), by a client that takes a 503 for a reason to ask again."""
    def probe():
        answer = project.api.get(f"{project.at}/pipelines/{pipeline_id}")
        assert answer.status_code in (200, 503), (answer.status_code, answer.text)
        found = answer.json() if answer.status_code == 200 else {}
        return found if found.get("status") in ("success", "failed", "canceled", "skipped") else None
    return wait_until(probe, f"the end of pipeline {pipeline_id}", 90)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_no_byte_of_a_log_is_lost_over_restarts(cluster, working, mode):
    project = make_project(working, {"full-ci.yml": COUNTING})
    pipeline = project.trigger()["id"]
    done = threading.Event()
    restarting = restart_while(cluster, lambda: not done.is_set(), mode)
    try:
        assert wait_for_rest(project, pipeline)["status"] == "success"
    finally:
        done.set()
        restarting.join()
    jobs = project.jobs(pipeline, include_retried="true")
    assert sorted(jobs) == ["after", "count"], "none lost, none run twice"
    log = project.api.get(f"{project.at}/jobs/{jobs['count']['id']}/trace").text
    assert re.findall(r"^line (\d+)", log, re.MULTILINE) == [str(number) for number in range(1, 81)]
    project.repository.remove()


# Several servers

def test_two_servers_share_one_database_and_migrate_it_once(database, tmp_path):
    """Started at the same moment on an empty database."""
    servers = [Server("--shared", str(tmp_path / "shared"), database=database) for _ in range(2)]
    starting = [threading.Thread(target=server.start) for server in servers]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    try:
        versions = [int(row[0]) for row in run_sql(database.url, "SELECT version FROM schema_migrations ORDER BY 1")]
        assert versions == list(range(1, len(versions) + 1))
        project = make_project(servers[0])
        assert servers[1].api.read(project.at)["id"] == project.id
        project.repository.remove()
    finally:
        for server in servers:
            server.close()
