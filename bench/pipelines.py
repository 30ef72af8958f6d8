"""What the size of a pipeline costs: the end of one job among 5,000 beside one among 10, and creating 1,000 jobs.

A job's end is the runner's report of success, from its first byte to the answer's last, on a kept connection; all jobs
are of the first stage, and later stages wait. The processor time is the server's, of the hand-out and the end of a job."""

import http.client
import json
import time
from pathlib import Path

from fakerunner import FakeRunner
from server import make_project
from table import Goal, Row

SMALL, LARGE = 10, 5_000
WIDTH = 200  # at most as many in one parallel
ENDS = 8     # of jobs, a round
FILE = "size-ci.yml"


def stages_of(n_jobs):
    """Five stages of as many jobs each."""
    each = n_jobs // 5
    parts = [f"s{stage}p{part}: {{stage: s{stage}, parallel: {min(WIDTH, each)}, script: [dbt run], retry: 1}}"
             for stage in range(5) for part in range(max(1, each // WIDTH))]
    return "stages: [s0, s1, s2, s3, s4]\n" + "\n".join(parts) + "\n"


class Ends:
    """A runner that ends jobs of a pipeline of that size, and times the reports."""

    def __init__(self, world, n_jobs):
        self.server = world.server
        self.project = make_project(world.server, {FILE: stages_of(n_jobs)})
        self.runner = FakeRunner(world.server.api, self.project.id)
        self.left = 0
        self.per_pipeline = n_jobs // 5
        self.cpu = []
        self.connection = http.client.HTTPConnection("127.0.0.1", world.server.port)

    def call(self, method, path, body, token):
        started = time.perf_counter()
        self.connection.request(method, f"/api/v4{path}", json.dumps(body), {"Content-Type": "application/json", **token})
        answer = self.connection.getresponse()
        text = answer.read()
        took = time.perf_counter() - started
        assert answer.status in (200, 201), f"{path}: {answer.status} {text}"
        return (json.loads(text) if answer.status == 201 else None), took * 1000

    def take(self):
        token = self.runner.token
        body = {"token": token, "system_id": "s_0123456789ab", "info": self.runner.info}
        return self.call("POST", "/jobs/request", body, {"RUNNER-TOKEN": token})[0]

    def end(self, job):
        body = {"token": job["token"], "state": "success", "info": self.runner.info}
        return self.call("PUT", f"/jobs/{job['id']}", body, {"JOB-TOKEN": job["token"]})[1]

    def measure(self, run):
        """Milliseconds of a report; the last job of a stage is left out."""
        times = []
        before = None
        for _ in range(ENDS):
            if self.left <= 1:
                self.project.trigger(file=FILE)
                self.left = self.per_pipeline
            before = busy_s(self.server.pid)
            times.append(self.end(self.take()))
            self.cpu.append(busy_s(self.server.pid) - before)
            self.left -= 1
        return run.median(times)


def busy_s(pid):
    """Processor time to the nanosecond; what threads that have ended took is left out."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def measure(run, world):
    small, large = Ends(world, SMALL), Ends(world, LARGE)
    row = Row(f"a job ends among {LARGE:,}, {world.label}", "ms", f"among {SMALL}", Goal(at_most=1.5))
    for end in (small, large):
        end.measure(run)
    for end in (small, large):
        end.cpu.clear()
    for figures in run.rounds(lambda: large.measure(run), lambda: small.measure(run)):
        row.add(*figures)
    row.note = "CPU of hand-out and end: " + " beside ".join(f"{run.median(e.cpu) * 1e6:,.0f} us" for e in (large, small))
    return [row, measure_creation(run, world)]


def measure_creation(run, world):
    row = Row(f"create a pipeline of 1,000 jobs, {world.label}", "ms", goal=Goal(at_most=100))
    project = make_project(world.server, {FILE: stages_of(1000)})
    path = f"/api/v4/projects/{project.id}/trigger/pipeline"
    body = json.dumps({"token": project.trigger_token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": FILE}})
    connection = http.client.HTTPConnection("127.0.0.1", world.server.port)

    def create():
        started = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 201, f"{answer.status} {text}"
        return (time.perf_counter() - started) * 1000

    create()
    for figures in run.rounds(lambda: run.median([create() for _ in range(5)])):
        row.add(*figures)
    return row
