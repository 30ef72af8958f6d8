"""What the runner adds to a job: pipelines of jobs that do nothing, one after the other in one slot.

The time is the wall's, from the trigger to the pipeline's end, for each job: hand-out, checkout, shell, log and report.
Where a stock gitlab-runner is on PATH the same jobs are run by it, in its shell executor, by turns."""

import os
import shutil
import subprocess
import time

from server import make_project
from table import Goal, Row

JOBS = 40
STOCK_JOBS = 5  # it asks for one job a second or so
N_FILES = 50
GOALS = {("shell", "fetch"): 60, ("shell", "none"): 15}

FILE = "jobs-ci.yml"
PIPELINE = """\
nothing:
  parallel: {jobs}
  variables: {{GIT_STRATEGY: {strategy}}}
  script: ["true"]
"""


class Runner:
    """A process with one slot, and a token of its own."""

    def __init__(self, world, project, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        made = world.server.api.make("/user/runners", runner_type="project_type", project_id=project.id,
                                     description=folder.name, run_untagged=True)
        self.url, self.token = world.server.url, made["token"]

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        home = self.folder / "home"
        home.mkdir()
        with open(self.folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            env={"PATH": os.environ["PATH"], "HOME": str(home)})
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


class Embedded(Runner):
    def __init__(self, run, world, project, executor):
        self.build, self.executor = run.build, executor
        super().__init__(world, project, world.folder / f"runner-{project.id}")

    def command(self):
        token = self.folder / "token"
        token.write_text(self.token)
        return [self.build / "penstock", "runner", "--url", self.url, "--token-file", token, "--slots", "1",
                "--executor", self.executor, "--work-dir", self.folder / "work"]


class Stock(Runner):
    program = shutil.which("gitlab-runner")

    def __init__(self, world, project):
        super().__init__(world, project, world.folder / f"runner-{project.id}")

    def command(self):
        config = self.folder / "config.toml"
        config.write_text(f"""\
concurrent = 1
check_interval = 1
[[runners]]
  name = "stock"
  url = "{self.url}"
  token = "{self.token}"
  executor = "shell"
  builds_dir = "{self.folder}/builds"
""")
        return [self.program, "run", "--config", config, "--working-directory", self.folder]


def measure(run, world):
    files = {f"models/{i}.sql": f"select {i} as id\n" for i in range(N_FILES)}
    rows = []
    for strategy in ("fetch", "none"):
        for executor in ("shell", "sandbox"):
            rows.append(measure_kind(run, world, executor, strategy, files))
    return rows


def measure_kind(run, world, executor, strategy, files):
    row = Row(f"job: true, {executor}, GIT_STRATEGY {strategy}, {world.label}", "ms", "gitlab-runner",
              Goal(at_most=GOALS[executor, strategy]) if (executor, strategy) in GOALS else None)
    project = make_project(world.server, {FILE: PIPELINE.format(jobs=JOBS, strategy=strategy), **files})
    stock = make_project(world.server, {FILE: PIPELINE.format(jobs=STOCK_JOBS, strategy=strategy), **files})
    with Embedded(run, world, project, executor):
        time_jobs(project, JOBS)  # makes the build folder
        if not Stock.program:
            for figures in run.rounds(lambda: time_jobs(project, JOBS)):
                row.add(*figures)
            row.note = "no gitlab-runner on PATH"
            return row
        with Stock(world, stock):
            time_jobs(stock, STOCK_JOBS)
            row.goal = None  # set for the figure, not for the ratio
            for figures in run.rounds(lambda: time_jobs(project, JOBS), lambda: time_jobs(stock, STOCK_JOBS)):
                row.add(*figures)
    return row


def time_jobs(project, n_jobs):
    """Milliseconds a job."""
    started = time.monotonic()
    pipeline = project.trigger(file=FILE)
    assert project.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"
    return (time.monotonic() - started) / n_jobs * 1000
