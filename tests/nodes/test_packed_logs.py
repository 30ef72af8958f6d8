"""Both servers pack what either has taken in."""

import random

from pair import Pair, trace
from penstock import wait_until
from projects import make_project

JOBS = 30


def test_each_log_is_packed_once_and_read_from_both():
    with Pair("--log-pack-after-s", "1", "--poll-timeout-s", "0") as nodes:
        project = make_project(nodes.a, {"full-ci.yml": "".join(f"j{n}: {{script: x}}\n" for n in range(JOBS))})
        project.trigger()
        logs = {}
        for number in range(JOBS):
            job = project.runner.take()
            logs[job.id] = random.Random(number).randbytes(200_000).hex().encode()
            job.write(logs[job.id])
            job.succeed()
        for server in nodes.both:  # while they are at it
            assert {job_id: trace(server, project, job_id) for job_id in logs} == logs
        wait_until(lambda: nodes.database.sql("SELECT id FROM jobs WHERE log_packed = 0") == [], "all logs to be packed")
        names = sorted(path.name for path in nodes.shared.glob("logs/*/*"))
        assert names == sorted(f"{job_id}.log.zst" for job_id in logs)
        for server in nodes.both:
            assert {job_id: trace(server, project, job_id) for job_id in logs} == logs
            assert "cannot" not in server.log()
