"""A server that dies while it runs past ticks again."""

import time

import pytest
from penstock import Server, wait_until
from projects import make_project

DAYS = 28
SPAN = {"from": "2026-02-01T00:00:00Z", "to": f"2026-02-{DAYS}T23:00:00Z"}


@pytest.fixture()
def server():
    with Server() as running:
        yield running


def make_schedule(server):
    project = make_project(server, {".gitlab-ci.yml": "only: {script: x, when: manual}\n"})
    row = server.api.make(f"{project.at}/pipeline_schedules", description="daily", ref="main", cron="0 1 * * *", active=False)
    return project, f"{project.at}/pipeline_schedules/{row['id']}"


def test_a_backfill_goes_on_after_crashes_and_runs_each_tick_once(server):
    project, at = make_schedule(server)
    row = server.api.make(f"{at}/backfill", max_parallel=4, **SPAN)
    for delay_ms in (0, 1, 2, 5, 10, 20, 40):
        time.sleep(delay_ms / 1000)  # the moment of the crash, not a wait for anything
        server.kill9()
        server.restart()
    wait_until(lambda: server.api.read(f"{at}/backfills/{row['id']}")["status"] == "finished", "the backfill's end")
    ticks = server.api.read(f"{at}/ticks", per_page=100)
    assert [tick["tick_at"][:10] for tick in ticks] == [f"2026-02-{day:02}" for day in range(DAYS, 0, -1)]
    assert {tick["result"] for tick in ticks} == {"created"}
    ids = [tick["pipeline"]["id"] for tick in ticks]
    assert ids == sorted(ids, reverse=True)
    assert [pipeline["id"] for pipeline in server.api.read(f"{at}/pipelines", per_page=100)] == sorted(set(ids))


def test_a_canceled_backfill_stays_canceled(server):
    _, at = make_schedule(server)
    row = server.api.make(f"{at}/backfill", **SPAN)
    answer = server.api.post(f"{at}/backfills/{row['id']}/cancel")
    assert answer.status_code == 200, answer.text
    server.kill9()
    server.restart()
    assert server.api.read(f"{at}/backfills/{row['id']}")["status"] == "canceled"
    assert server.api.read(f"{at}/ticks", per_page=100)[0]["result"] == "skipped"
