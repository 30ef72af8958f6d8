"""Ticks that both servers could fire."""

import time

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
