"""What a runner's question costs by the length of the queue: the time until it has a job, and until it knows that there is
none for it, with 100,000 pending jobs beside 10. Medians of a few hundred questions.

The long queue is rows that are copied, while the server is stopped, from a pipeline that the API made: one job a pipeline,
half of them in each of two projects."""

import time
from statistics import median

from server import FakeRunner, make_project
from table import Goal, Row

SHORT, LONG = 10, 100_000
QUESTIONS = 200
FILE = "queue-ci.yml"
ONE_JOB = "only: {script: [dbt run]}\n"
TABLES = ("pipelines", "stages", "job_specs", "jobs")


class Queue:
    """Two projects of equal pipelines, and a runner for each question."""

    def __init__(self, world):
        self.world = world
        self.projects = [make_project(world.server, {FILE: ONE_JOB}) for _ in range(2)]
        for project in self.projects:
            for _ in range(SHORT // 2):
                project.trigger(file=FILE)
        self.taker = FakeRunner(world.server.api)
        self.stranger = FakeRunner(world.server.api, tags=("elsewhere",), run_untagged=False)

    def columns(self, table):
        return [name for name in self.world.database.one(f"SELECT * FROM {table} WHERE id = (SELECT MAX(id) FROM {table})")
                if name != "id"]

    def lengthen(self):
        """Copies of each project's last pipeline: the copy of a row has an id that is further on by a fixed step."""
        for project in self.projects:
            project.trigger(file=FILE)
        self.world.server.stop()
        for project in self.projects:
            last = self.world.database.one(f"SELECT MAX(id) AS id FROM pipelines WHERE project_id = {project.id}")["id"]
            iid = self.world.database.one(f"SELECT iid FROM pipelines WHERE id = {last}")["iid"]
            spec = self.world.database.one(f"SELECT MAX(id) AS id FROM job_specs WHERE pipeline_id = {last}")["id"]
            steps = {table: self.world.database.one(f"SELECT MAX(id) AS id FROM {table}")["id"] for table in TABLES}
            changed = {"iid": f"{iid} + i", "pipeline_id": f"{steps['pipelines']} + i",
                       "spec_id": f"{steps['job_specs']} + i"}
            for table in TABLES:
                columns = self.columns(table)
                values = [changed.get(name, f"t.{name}") for name in columns]
                where = {"pipelines": f"t.id = {last}", "job_specs": f"t.id = {spec}"}.get(table, f"t.pipeline_id = {last}")
                self.world.database.execute(f"""
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LONG // 2})
                    INSERT INTO {table} (id, {', '.join(columns)})
                    SELECT {steps[table]} + i, {', '.join(values)} FROM {table} t, n WHERE {where}""")
        if self.world.database.name == "postgres":
            self.world.database.execute("ANALYZE")  # as its autovacuum does when so much has changed
        self.world.server.start()
        for runner in (self.taker, self.stranger):
            runner.api = self.world.server.api


def handed_out_ms(queue):
    """One job; it is ended, which does not count."""
    started = time.monotonic()
    job = queue.taker.try_take()
    spent = (time.monotonic() - started) * 1000
    if not job:
        raise RuntimeError("the queue is empty")
    job.succeed()
    return spent


def nothing_ms(queue):
    started = time.monotonic()
    if queue.stranger.try_take():
        raise RuntimeError("a job without tags went to a runner that takes none")
    return (time.monotonic() - started) * 1000


def from_short(queue):
    """One job, of a queue that has as many again afterwards."""
    spent = handed_out_ms(queue)
    queue.projects[0].trigger(file=FILE)
    return spent


def median_ms(ask, queue):
    return median(ask(queue) for _ in range(QUESTIONS))


def measure(run, world):
    queue = Queue(world)
    short = [(median_ms(from_short, queue), median_ms(nothing_ms, queue)) for _ in range(run.n_rounds)]
    queue.lengthen()
    taking = Row(f"job handed out, {LONG:,} pending, {world.label}", "ms", f"{SHORT} pending", Goal(at_most=1.5))
    nothing = Row(f"no job for a runner, {LONG:,} pending, {world.label}", "ms", f"{SHORT} pending", Goal(at_most=1.5))
    for short_taking, short_nothing in short:
        taking.add(median_ms(handed_out_ms, queue), short_taking)
        nothing.add(median_ms(nothing_ms, queue), short_nothing)
    return [taking, nothing]
