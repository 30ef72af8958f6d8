"""The server under load: as people run it, with a project whose file has ten jobs."""

import re
import subprocess
import sys
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "lib"))

from fakerunner import FakeRunner  # noqa: E402
from penstock import Api  # noqa: E402
from projects import make_project  # noqa: E402

ROOT_TOKEN = "glpat-root-token-of-the-bench"
FILE = "bench-ci.yml"

TEN_JOBS = """\
stages: [ingest, transform, test, publish]
variables:
  WAREHOUSE: analytics
  THREADS: "4"
.step:
  image: registry.example.com/data/runner:5
  tags: [data]
  before_script: [source /etc/profile.d/data.sh]
  retry: 1
.ingest:
  extends: .step
  stage: ingest
  script: [ingest "$CI_JOB_NAME" --into "$WAREHOUSE"]
  artifacts: {paths: [landing/], expire_in: 1 day}
orders: {extends: .ingest}
customers: {extends: .ingest}
products: {extends: .ingest}
models:
  extends: .step
  stage: transform
  script: [dbt deps, dbt run --threads "$THREADS"]
  artifacts: {paths: [target/]}
snapshots: {extends: .step, stage: transform, script: [dbt snapshot]}
unit: {extends: .step, stage: test, script: [dbt test --select unit]}
freshness: {extends: .step, stage: test, script: [dbt source freshness], allow_failure: true}
quality:
  extends: .step
  stage: test
  needs: [models, {job: snapshots, artifacts: false}]
  script: [dbt test --select quality]
documentation: {extends: .step, stage: publish, script: [dbt docs generate], artifacts: {paths: [public/]}}
release: {extends: .step, stage: publish, script: [./release "$CI_COMMIT_SHORT_SHA"]}
"""


class Server:
    """One process; its log goes to a file, as it would under a service manager."""

    def __init__(self, build, folder, database):
        self.command = [build / "penstock", "serve", "--data", folder / "data", "--listen", "127.0.0.1:0",
                        "--runners", "0", *database.options]
        self.folder = folder
        self.token = ROOT_TOKEN
        self.process = None

    def start(self):
        with open(self.folder / "server.log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder),
                                                               "PENSTOCK_ROOT_TOKEN": ROOT_TOKEN},
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        for line in self.process.stdout:
            ready = re.match(r"penstock: listening on (http://127\.0\.0\.1:(\d+))$", line)
            if ready:
                self.url, self.port = ready[1], int(ready[2])
                self.api = Api(self.url, self.token)
                return self
        raise RuntimeError(f"the server did not start:\n{(self.folder / 'server.log').read_text()}")

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process.stdout.close()
            self.process = None


class World:
    """A database, a server on it and a project. Everything is below `folder`, which is on a disk."""

    def __init__(self, build, folder, make_database):
        folder.mkdir(parents=True)
        self.folder = folder
        self.database = make_database(folder)
        self.server = Server(build, folder, self.database)
        try:
            self.server.start()
            self.project = make_project(self.server, {FILE: TEN_JOBS})
            self.trigger_body = folder / "trigger.body"
            self.trigger_body.write_text(urllib.parse.urlencode({
                "token": self.project.trigger_token, "ref": "main", "variables[_PIPELINE_FILE_NAME]": FILE}))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.server.stop()
        self.database.close()

    @property
    def label(self):
        return self.database.label

    @property
    def trigger_path(self):
        return f"/api/v4/projects/{self.project.id}/trigger/pipeline"

    def trigger(self):
        return self.project.trigger(file=FILE)

    def run_job(self, log):
        """Takes a job, leaves that log and ends it; its id."""
        job = FakeRunner(self.server.api, self.project.id, tags=("data",)).take()
        job.write(log)
        job.succeed()
        return job.id
