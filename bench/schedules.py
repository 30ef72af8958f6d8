"""Many schedules that are due at the same time: how long until all ticks are recorded, until all have their pipelines,
and how long others wait for their answers meanwhile.

The schedules are rows that are copied from one that the API made; their time is set while the server is stopped."""

import time

from load import Cpu, Load, drive
from server import ROOT_TOKEN, make_project
from table import Goal, Row

PROJECTS = 20
SCHEDULES = 10_000
AHEAD_S = 3  # for the server to start in
READ_RATE = 100
READ_CLIENTS = 8
DEADLINE_S = 120
FILE = ".gitlab-ci.yml"
ONE_JOB = "only: {script: [dbt run], tags: [data], rules: [{if: $CI_SCHEDULE_TICK}]}\n"
COLUMNS = ("project_id, owner_id, description, ref, cron, cron_timezone, active, created_at, updated_at, catch_up,"
           " overlap_policy")


def make_schedules(world):
    """As many for each project; none ticks before its time is set."""
    ids = []
    for _ in range(PROJECTS):
        project = make_project(world.server, {FILE: ONE_JOB})
        ids.append(project.api.make(f"{project.at}/pipeline_schedules", description="nightly", ref="main",
                                    cron="0 0 1 1 *")["id"])
    world.server.stop()
    world.database.execute(f"""
        WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {SCHEDULES // PROJECTS})
        INSERT INTO pipeline_schedules ({COLUMNS}) SELECT {COLUMNS} FROM pipeline_schedules, n
        WHERE id IN ({', '.join(map(str, ids))})""")
    world.server.start()


def make_due(world):
    """Their time, in microseconds; the server runs again."""
    world.server.stop()
    due = (int(time.time()) + AHEAD_S) * 1_000_000
    world.database.execute(f"UPDATE pipeline_schedules SET next_run_at = {due}")
    world.server.start()
    return due


def ticks_of(world, due):
    """How many there are, how many of them have a pipeline, and the seconds until the last was recorded, and settled."""
    row = world.database.one(f"""
        SELECT COUNT(*) AS ticks, COUNT(pipeline_id) AS made, COUNT(settled_at) AS settled,
        (MAX(recorded_at) - {due}) / 1e6 AS recorded_s, (MAX(settled_at) - {due}) / 1e6 AS settled_s
        FROM schedule_ticks WHERE tick_at = {due}""")
    if row["settled"] > row["made"]:
        raise RuntimeError(f"{row['settled'] - row['made']} ticks made no pipeline")
    return row


def one_round(run, world, paths):
    """(seconds until recorded, seconds until made, the reads meanwhile, processor time for each tick)"""
    due = make_due(world)
    with Cpu(world.server.pid, *world.database.pids) as cpu:
        recorded_s, made_s, load = watch(run, world, paths, due)
    return recorded_s, made_s, load, [spent / SCHEDULES for spent in cpu.seconds]


def watch(run, world, paths, due):
    time.sleep(max(0, due / 1e6 - time.time()))
    started, times_ms = time.monotonic(), []
    while True:
        times_ms += drive(world.server.url, paths, READ_CLIENTS, 1, headers=(f"PRIVATE-TOKEN: {ROOT_TOKEN}",),
                          rate=READ_RATE).times_ms
        seen = ticks_of(world, due)
        if seen["made"] == SCHEDULES:
            break
        if time.monotonic() - started > DEADLINE_S:
            raise RuntimeError(f"after {DEADLINE_S} s: {seen}")
    run.say(f"{SCHEDULES:,} ticks: recorded after {seen['recorded_s']:.2f} s, made after {seen['settled_s']:.2f} s")
    return seen["recorded_s"], seen["settled_s"], Load(len(times_ms), time.monotonic() - started, sorted(times_ms))


def measure(run, world):
    pipeline = world.trigger()
    make_schedules(world)
    project = f"/api/v4/projects/{world.project.id}"
    paths = [f"{project}/pipelines/{pipeline['id']}", f"{project}/pipelines?per_page=20",
             f"{project}/pipelines/{pipeline['id']}/jobs", f"{project}/pipeline_schedules"]
    what = f"{SCHEDULES:,} schedules due at once, {world.label}"
    recorded = Row(f"{what}: all recorded", "s", goal=Goal(at_most=1))
    made = Row(f"{what}: all pipelines made", "s", goal=Goal(at_most=10))
    reads = Row(f"{what}: reads meanwhile, p99", "ms", goal=Goal(at_most=50),
                note=f"{READ_RATE}/s from {READ_CLIENTS} clients")
    costs = []
    for _ in range(run.n_rounds):
        recorded_s, made_s, load, cost = one_round(run, world, paths)
        costs.append(cost)
        recorded.add(recorded_s)
        made.add(made_s)
        reads.add(load.percentile_ms(99))
    made.note = f"CPU a tick, with the reads: {run.costs(costs, world)}"
    return [recorded, made, reads]
