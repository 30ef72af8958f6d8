"""Ticks and backfills that both servers could run."""

import time

from pair import at_once
from penstock import wait_until
from projects import ONE_JOB_CI, make_project

SCHEDULES = 30
TICKS = 12


def test_a_tick_makes_one_pipeline(nodes):
    """Many schedules due at the same second, a dozen times over; their own cron is far away."""
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    for number in range(SCHEDULES):
        schedule = nodes.both[number % 2].api.make(
            f"{project.at}/pipeline_schedules", description=f"number {number}", ref="main", cron="0 0 1 1 *")
        nodes.b.api.make(f"{project.at}/pipeline_schedules/{schedule['id']}/variables",
                         key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    sql = nodes.database.sql

    def settled():
        return int(sql("SELECT count(*) FROM schedule_ticks WHERE result <> 'due'")[0][0])

    for tick in range(1, TICKS + 1):
        sql(f"UPDATE pipeline_schedules SET next_run_at = {(int(time.time()) + 1) * 1000000}")
        wait_until(lambda: settled() >= tick * SCHEDULES, f"the ticks of round {tick}")
    assert sql("SELECT result, count(*), count(DISTINCT pipeline_id) FROM schedule_ticks GROUP BY result") == [
        ("created", str(SCHEDULES * TICKS), str(SCHEDULES * TICKS))]
    assert sql(f"SELECT count(*) FROM pipelines WHERE project_id = {project.id} AND source = 'schedule'") == [
        (str(SCHEDULES * TICKS),)]


BACKFILLS = 6
DAYS = 25
SPAN = {"from": "2026-01-01T00:00:00Z", "to": f"2026-01-{DAYS}T23:00:00Z"}


def test_backfills_run_each_tick_once(nodes):
    """Both look for what may be started all the time; in the middle one dies and comes back."""
    project = make_project(nodes.a, {"full-ci.yml": "only: {script: x, when: manual}\n"})
    sql = nodes.database.sql
    ids = []
    for number in range(BACKFILLS):
        schedule = nodes.both[number % 2].api.make(
            f"{project.at}/pipeline_schedules", description=f"number {number}", ref="main", cron="0 1 * * *", active=False)
        nodes.a.api.make(f"{project.at}/pipeline_schedules/{schedule['id']}/variables",
                         key="_PIPELINE_FILE_NAME", value="full-ci.yml")
        ids.append(schedule["id"])

    def counts():
        return sql("SELECT result, count(*), count(DISTINCT pipeline_id) FROM schedule_ticks WHERE backfill_id <> 0"
                   " GROUP BY result")

    def start(number, schedule):
        nodes.both[number % 2].api.make(f"{project.at}/pipeline_schedules/{schedule}/backfill", max_parallel=3, **SPAN)

    at_once([lambda number=number, schedule=schedule: start(number, schedule) for number, schedule in enumerate(ids)])
    wait_until(lambda: [row for row in counts() if row[0] == "created"], "the first ticks")
    nodes.b.kill9()
    nodes.b.restart()
    wait_until(lambda: sql("SELECT count(*) FROM backfills WHERE status = 'running'") == [("0",)], "the backfills to end")
    assert counts() == [("created", str(BACKFILLS * DAYS), str(BACKFILLS * DAYS))]
    among = ", ".join(map(str, ids))
    assert sql(f"SELECT count(*) FROM pipelines WHERE schedule_id IN ({among})") == [(str(BACKFILLS * DAYS),)]
    assert sql("SELECT count(*) FROM schedule_ticks t JOIN schedule_ticks o ON o.backfill_id = t.backfill_id"
               " AND o.tick_at > t.tick_at AND o.pipeline_id < t.pipeline_id WHERE t.backfill_id <> 0") == [("0",)]


def test_no_more_of_a_backfill_are_at_work_than_may_be(nodes):
    project = make_project(nodes.a, {".gitlab-ci.yml": "only: {script: x, rules: [{if: $CI_SCHEDULE_TICK}]}\n"})
    schedule = nodes.a.api.make(f"{project.at}/pipeline_schedules", description="daily", ref="main", cron="0 1 * * *",
                                active=False)
    at = f"{project.at}/pipeline_schedules/{schedule['id']}"
    row = nodes.a.api.make(f"{at}/backfill", max_parallel=3, **SPAN)
    at_work = (f"SELECT count(*) FROM pipelines WHERE schedule_id = {schedule['id']}"
               " AND status IN ('created', 'pending', 'running')")
    for ended in range(6):
        wait_until(lambda: nodes.database.sql(at_work) == [("3",)], "three at work")
        assert nodes.b.api.read(f"{at}/backfills/{row['id']}")["ticks"]["created"] == 3 + ended
        project.runner.take("only").succeed()
    assert nodes.b.api.post(f"{at}/backfills/{row['id']}/cancel").status_code == 200
    assert nodes.a.api.read(f"{at}/backfills/{row['id']}")["status"] == "canceled"
