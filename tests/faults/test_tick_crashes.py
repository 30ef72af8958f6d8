"""Many ticks at the same time, and a server that dies or stops over them, or cannot reach a repository."""

import shutil
import time
from pathlib import Path

import pytest
from penstock import Server, wait_until
from projects import make_project

TICKING = "only: {script: x, when: manual, rules: [{if: $CI_SCHEDULE_TICK}]}\n"
SCHEDULES = 450  # more than two of the ticker's batches


@pytest.fixture()
def server():
    with Server("--max-schedules", "0") as running:
        yield running


def make_schedules(server, count):
    project = make_project(server, {".gitlab-ci.yml": TICKING})
    for number in range(count):
        server.api.make(f"{project.at}/pipeline_schedules", description=f"s{number}", ref="main", cron="0 0 1 1 *")
    return project


def make_due(server):
    """All of them, a moment ago; the server is not running then."""
    server.database.sql(f"UPDATE pipeline_schedules SET next_run_at = {int(time.time()) * 1000000}")


def ticks(server):
    """{result: how many}"""
    rows = server.database.sql("SELECT result, COUNT(*) FROM schedule_ticks GROUP BY result")
    return {result: int(number) for result, number in rows}


def assert_one_each(server, count):
    wait_until(lambda: ticks(server) == {"created": count}, "a pipeline of each tick")
    assert server.database.sql("SELECT COUNT(*), COUNT(DISTINCT schedule_id) FROM pipelines WHERE source = 'schedule'") == [
        (str(count), str(count))]


@pytest.mark.parametrize("end", ["kill9", "stop"])
def test_a_start_makes_all_that_was_left_open(server, end):
    make_schedules(server, SCHEDULES)
    server.kill9()
    make_due(server)
    server.restart()
    wait_until(lambda: ticks(server).get("created", 0) > 0, "the first pipelines")
    getattr(server, end)()
    left = ticks(server)
    assert sum(left.values()) == SCHEDULES, "all are recorded before the first pipeline is made"
    server.restart()
    assert_one_each(server, SCHEDULES)


def test_a_tick_whose_repository_is_away_is_made_without_a_restart_when_it_is_back(server):
    project = make_schedules(server, 1)
    repositories = server.data / "repositories"
    away = server.data / "away"
    server.kill9()
    make_due(server)
    shutil.move(repositories, away)
    repositories.mkdir()
    server.restart()
    wait_until(lambda: "stays open" in server.log(), "the trouble to be logged")
    assert ticks(server) == {"due": 1}
    shutil.rmtree(repositories)
    shutil.move(away, repositories)
    # As if it had been tried some time ago.
    server.database.sql("UPDATE schedule_ticks SET taken_at = taken_at - 30000000")
    assert_one_each(server, 1)
    assert project.api.read(f"{project.at}/pipelines")[0]["source"] == "schedule"


def test_a_zone_that_tzdata_has_no_more_fails_its_tick_and_says_so(server):
    """The schedule can be read and mended, and other schedules go on."""
    zones = server.data / "zoneinfo"
    for zone in ("Europe/Kyiv", "Asia/Tokyo", "UTC"):
        target = zones / zone
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path("/usr/share/zoneinfo") / zone, target)
    server.environment["TZDIR"] = str(zones)
    server.restart()
    project = make_project(server, {".gitlab-ci.yml": TICKING})
    rows = {zone: server.api.make(f"{project.at}/pipeline_schedules", description="s", ref="main", cron="0 0 1 1 *",
                                  cron_timezone=zone) for zone in ("Europe/Kyiv", "Asia/Tokyo")}
    server.kill9()
    (zones / "Europe/Kyiv").unlink()
    make_due(server)
    server.restart()
    wait_until(lambda: ticks(server) == {"created": 1, "failed": 1}, "both ticks to be settled")
    at = f"{project.at}/pipeline_schedules/{rows['Europe/Kyiv']['id']}"
    assert [tick["reason"] for tick in server.api.read(f"{at}/ticks")] == [
        "The time zone Europe/Kyiv is not known to this server (tzdata)"]
    assert server.api.read(at)["next_run_at"] is None
    assert server.api.post(f"{at}/play").status_code == 201
    answer = server.api.put(at, json={"description": "still so"})
    assert (answer.status_code, answer.json()) == (400, {"message": {"cron_timezone": ["syntax is invalid"]}})
    answer = server.api.put(at, json={"cron_timezone": "Asia/Tokyo"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_run_at"]
