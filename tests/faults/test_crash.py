"""The power goes out: of the server, of the embedded runner, in the middle of what they do."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from penstock import FINAL_STATUSES, Server, wait_until
from projects import Project

COUNTING = """
stages: [first, second]
count:
  stage: first
  script:
    - for i in $(seq 1 60); do echo "line $i of $CI_JOB_ID"; sleep 0.05; done
beside:
  stage: first
  script:
    - for i in $(seq 1 40); do echo "beside $i"; sleep 0.05; done
after:
  stage: second
  script: [echo done]
"""


@pytest.fixture()
def server():
    with Server("--executor", "shell", runners=2) as running:
        yield running


def make_project(server, files, message="Start [skip ci]\n"):
    project = Project(server, server.api.make("/projects", name=f"p{time.monotonic_ns()}"))
    project.push(files, message=message)
    return project


def trace(project, job_id):
    return project.api.get(f"{project.at}/jobs/{job_id}/trace").text


def running_job(project, pipeline_id, name, text):
    """The job's id, once its log holds @text."""
    job = wait_until(lambda: project.jobs(pipeline_id).get(name), name)
    wait_until(lambda: text in trace(project, job["id"]), f"'{text}' in the log of {name}")
    return job["id"]


def runner_pid(server):
    return int((server.data / "run/runner.lock").read_text())


def test_a_killed_server_loses_no_job_and_no_log_byte(server):
    project = make_project(server, {"full-ci.yml": COUNTING})
    pipeline = project.trigger()
    job_id = running_job(project, pipeline["id"], "count", "line 5 of")
    seen = trace(project, job_id)
    runner = runner_pid(server)

    server.kill9()
    server.restart()
    project.api = server.api

    assert runner_pid(server) == runner, "the runner goes on and is adopted"
    result = server.api.wait_for_pipeline(project.id, pipeline["id"])
    assert result["status"] == "success"
    jobs = project.jobs(pipeline["id"], include_retried="true")
    assert sorted(jobs) == ["after", "beside", "count"], "none lost, none run twice"
    whole = trace(project, job_id)
    assert whole.startswith(seen), "what was read before the crash still stands"
    for name, word, count in (("count", "line", 60), ("beside", "beside", 40)):
        numbers = re.findall(rf"^{word} (\d+)", trace(project, jobs[name]["id"]), re.MULTILINE)
        assert numbers == [str(n) for n in range(1, count + 1)]


def test_a_server_killed_again_and_again_finishes_the_pipeline_once(server):
    project = make_project(server, {"full-ci.yml": COUNTING})
    pipeline = project.trigger()
    for round_ in range(3):
        running_job(project, pipeline["id"], "count", f"line {5 + 15 * round_} of")
        server.kill9()
        server.restart()
        project.api = server.api
    assert server.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"
    jobs = project.jobs(pipeline["id"], include_retried="true")
    numbers = re.findall(r"^line (\d+)", trace(project, jobs["count"]["id"]), re.MULTILINE)
    assert numbers == [str(n) for n in range(1, 61)]


def test_a_killed_runner_fails_its_jobs_and_the_rest_goes_on(server):
    files = {
        "full-ci.yml": """
stages: [first, second]
long:
  stage: first
  script: [echo started, sleep 600]
  allow_failure: true
after:
  stage: second
  script: [echo went on]
"""
    }
    project = make_project(server, files)
    pipeline = project.trigger()
    job_id = running_job(project, pipeline["id"], "long", "started")
    sleepers = subprocess.run(["pgrep", "-fx", "sleep 600"], capture_output=True, text=True)
    killed_at = time.monotonic()
    os.kill(runner_pid(server), signal.SIGKILL)

    failed = wait_until(lambda: (job := project.job(job_id))["status"] == "failed" and job, "the failure")
    assert time.monotonic() - killed_at < 2.5
    assert failed["failure_reason"] == "runner_system_failure"
    assert server.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"
    for pid in sleepers.stdout.split():
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the job's processes to be gone")


def pipelines_of(project, sha):
    return server_list(project, f"{project.at}/pipelines?sha={sha}&per_page=100")


def server_list(project, path):
    answer = project.api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bare_repository(server, project):
    found = list((server.data / "repositories").rglob(f"{project.id}.git"))
    assert len(found) == 1
    return found[0]


def test_a_crash_between_ref_and_pipeline_gives_exactly_one_pipeline(server):
    """What a crash there leaves: a moved ref, and the record of an open push."""
    project = make_project(server, {".gitlab-ci.yml": "build: {script: [echo hello]}\n"})
    repository = bare_repository(server, project)
    git = ["git", "-C", str(repository), "-c", "user.name=T", "-c", "user.email=t@example.com"]
    tree = subprocess.check_output([*git, "rev-parse", "main^{tree}"], text=True).strip()
    sha = subprocess.check_output([*git, "commit-tree", tree, "-p", "main", "-m", "Pushed"], text=True).strip()

    server.kill9()
    subprocess.run([*git, "update-ref", "refs/heads/main", sha], check=True)
    server.database.sql(f"INSERT INTO open_pushes (project_id, user_id, created_at) VALUES ({project.id}, 1, 1)")

    for _ in range(2):
        server.restart()
        project.api = server.api
        pipelines = pipelines_of(project, sha)
        assert [pipeline["source"] for pipeline in pipelines] == ["push"]
        assert server.api.wait_for_pipeline(project.id, pipelines[0]["id"])["status"] == "success"


def test_a_server_killed_at_any_moment_of_a_push_makes_one_pipeline_a_commit(server):
    project = make_project(server, {".gitlab-ci.yml": "build: {script: [echo hello]}\n"})
    for delay_ms in (0, 20, 40, 60, 80, 100, 130, 160):
        repository = project.repository
        repository.commit({"README.md": f"{delay_ms}\n"}, f"After {delay_ms} ms\n")
        push = subprocess.Popen(["git", "-C", str(repository.folder), "push", "-q", repository.push_url, "HEAD:main"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay_ms / 1000)  # the moment of the crash, not a wait for anything
        server.kill9()
        push.wait()
        server.restart()
        project.api = server.api
        sha = subprocess.check_output(
            ["git", "-C", str(bare_repository(server, project)), "rev-parse", "main"], text=True).strip()
        message = subprocess.check_output(
            ["git", "-C", str(bare_repository(server, project)), "log", "-1", "--format=%s", "main"], text=True)
        if "skip ci" not in message:
            assert len(pipelines_of(project, sha)) == 1, f"a crash {delay_ms} ms into the push"


def test_a_stopped_server_fails_its_jobs_and_says_so(server):
    project = make_project(server, {"full-ci.yml": "long: {script: [echo started, sleep 600]}\n"})
    pipeline = project.trigger()
    job_id = running_job(project, pipeline["id"], "long", "started")
    assert server.stop() == 0
    server.restart()
    job = server.api.read(f"/projects/{project.id}/jobs/{job_id}")
    assert (job["status"], job["failure_reason"]) == ("failed", "runner_system_failure")
    assert server.api.read(f"/projects/{project.id}/pipelines/{pipeline['id']}")["status"] in FINAL_STATUSES


def test_the_runner_does_not_inherit_the_server_s_settings(server):
    wait_until(lambda: (server.data / "run/runner.lock").exists()
               and (server.data / "run/runner.lock").read_text(), "the runner's lock")
    environment = Path(f"/proc/{runner_pid(server)}/environ").read_text().split("\0")
    assert any(entry.startswith("PATH=") for entry in environment)
    assert [entry for entry in environment if entry.startswith("PENSTOCK_")] == []
