"""What a runner sees of the coordinator, beyond the ordinary life of a job."""

import json
import re
import socket
import threading
import time

import pytest
from fakerunner import FakeRunner, zipped
from penstock import Server, wait_until
from projects import make_project

TWO_PHASE = ("two_phase_job_commit", "cancel_gracefully")
ONE_JOB = {"full-ci.yml": "only:\n  script: [echo hello]\n"}
CHAIN = {"full-ci.yml": """
stages: [build, test]
build: {stage: build, script: [make], artifacts: {paths: [out/], expire_in: 1 week}}
test: {stage: test, script: [check]}
alone: {stage: test, needs: [], script: [check]}
"""}


@pytest.fixture
def one_job(project_factory):
    project = project_factory(ONE_JOB)
    project.trigger()
    return project


def status_of(project, job):
    return project.server.api.read(f"/projects/{project.id}/jobs/{job.id}")["status"]


def held_poll(runner, results):
    def ask():
        results.append(runner.ask(last_update="0"))
    thread = threading.Thread(target=ask)
    thread.start()
    return thread


def parked(server):
    """How many polls the server holds."""
    metrics = server.api.get(f"{server.url}/metrics").text
    return int(re.search(r"^\w*requests_parked (\d+)$", metrics, re.MULTILINE)[1])


def test_unknown_tokens_are_forbidden(api, one_job):
    job = one_job.runner.take()
    for answer in (api.post("/jobs/request", token=None, json={"token": "glrt-nobody"}),
                   api.post("/jobs/request", token=None, json={}),
                   api.put(f"/jobs/{job.id}", token=None, json={"token": "x", "state": "success"}),
                   api.put(f"/jobs/{job.id + 1}", token=None,
                           json={"token": job.token, "state": "success"})):
        assert answer.status_code == 403, answer.text
        assert answer.json() == {"message": "403 Forbidden"}
    assert status_of(one_job, job) == "running"


def test_an_empty_queue_is_204_with_a_number(project_factory):
    answer = project_factory(ONE_JOB).runner.ask()
    assert answer.status_code == 204
    assert answer.headers["X-GitLab-Last-Update"]


def test_a_held_poll_ends_with_the_job_that_comes(project_factory):
    project = project_factory(ONE_JOB)
    answers = []
    poll = held_poll(project.runner, answers)
    project.trigger()
    poll.join(30)
    assert [answer.status_code for answer in answers] == [201]


def test_a_client_that_went_away_gets_no_job(server, project_factory):
    project = project_factory(ONE_JOB)
    body = json.dumps({"token": project.runner.token, "last_update": "0"}).encode()
    gone = socket.create_connection(("127.0.0.1", server.port))
    gone.sendall(b"POST /api/v4/jobs/request HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    gone.close()
    pipeline = project.trigger()
    job = project.runner.take()
    assert job.payload["job_info"]["pipeline_id"] == pipeline["id"]


def test_a_job_goes_to_one_of_many_polls(project_factory):
    project = project_factory(ONE_JOB)
    answers = []
    polls = [held_poll(project.runner, answers) for _ in range(8)]
    for _ in range(8):
        project.trigger()
    for poll in polls:
        poll.join(30)
    jobs = [answer.json()["id"] for answer in answers]
    assert len(set(jobs)) == 8


def test_a_paused_runner_gets_nothing_until_it_is_not(api, one_job):
    runner = one_job.runner
    api.put(f"/runners/{runner.id}", json={"paused": True})
    answers = []
    poll = held_poll(runner, answers)
    assert runner.ask().status_code == 204
    api.put(f"/runners/{runner.id}", json={"paused": False})
    poll.join(30)
    assert answers[0].status_code == 201


def test_an_older_runner_runs_from_the_answer_on(one_job):
    job = one_job.runner.take()
    assert status_of(one_job, job) == "running"
    assert job.update("running").status_code == 200


def test_a_two_phase_runner_confirms(api, one_job):
    job = FakeRunner(api, one_job.id, features=TWO_PHASE).take()
    assert status_of(one_job, job) == "pending"
    assert job.patch_trace(b"early\n").status_code == 202
    assert job.update("running").headers["Job-Status"] == "running"
    assert status_of(one_job, job) == "running"


def test_what_is_not_confirmed_goes_to_another_and_its_token_dies():
    with Server("--confirm-timeout-s", "1") as server:
        project = make_project(server, ONE_JOB)
        project.trigger()
        silent = FakeRunner(server.api, project.id, features=TWO_PHASE).take()
        again = project.runner.take()
        assert again.id == silent.id and again.token != silent.token
        for answer in (silent.update("running"), silent.update("success"),
                       silent.patch_trace(b"late\n"), silent.upload(zipped({"a": "b"}))):
            assert answer.status_code == 403
        assert status_of(project, again) == "running"
        again.succeed()
        project.repository.remove()


def test_a_finished_attempt_never_changes(one_job):
    job = one_job.runner.take()
    job.succeed()
    assert job.update("failed", failure_reason="script_failure").status_code == 403
    assert job.patch_trace(b"late\n").status_code == 403
    assert status_of(one_job, job) == "success"


def test_a_report_without_a_known_state_is_refused(one_job):
    job = one_job.runner.take()
    assert job.update("canceled").status_code == 400
    assert job.update(None).status_code == 400
    assert job.update("pending").status_code == 400
    assert status_of(one_job, job) == "running"


def test_an_unknown_failure_reason_is_kept_as_unknown(api, one_job):
    job = one_job.runner.take()
    assert job.update("failed", failure_reason="of_the_future").status_code == 200
    entity = api.read(f"/projects/{one_job.id}/jobs/{job.id}")
    assert entity["status"] == "failed"
    assert entity["failure_reason"] == "unknown_failure"


def test_patches_follow_one_another(api, one_job):
    job = one_job.runner.take()
    first = job.write("one\n")
    assert first.headers["Range"] == "0-4"
    assert first.headers["Job-Status"] == "running"
    assert int(first.headers["X-GitLab-Trace-Update-Interval"]) > 0
    for start in (0, 2, 5):
        again = job.patch_trace(b"two\n", start=start)
        assert again.status_code == 416
        assert again.headers["Range"] == "0-4"
    job.write("tw\xc3".encode("latin-1"))
    job.write(b"\xb6\n")
    log = api.get(f"/projects/{one_job.id}/jobs/{job.id}/trace")
    assert log.content == b"one\ntw\xc3\xb6\n"


def test_a_patch_says_where_it_begins(api, one_job):
    job = one_job.runner.take()
    for header in (None, "", "bytes 0-3/4", "-3", "x-3"):
        answer = job.patch_trace(b"one\n", **{"Content-Range": header})
        assert answer.status_code == 400, header


def test_a_log_past_the_limit_fails_the_job_and_says_so():
    with Server("--max-trace-bytes", "2048") as server:
        project = make_project(server, ONE_JOB)
        project.trigger()
        job = project.runner.take()
        job.write("kept\n")
        answer = job.patch_trace(b"x" * 4096)
        assert answer.status_code == 403
        assert answer.headers["Job-Status"] == "failed"
        entity = server.api.read(f"/projects/{project.id}/jobs/{job.id}")
        assert entity["failure_reason"] == "trace_size_exceeded"
        log = server.api.get(f"/projects/{project.id}/jobs/{job.id}/trace").text
        assert log.startswith("kept\n") and "max-trace-bytes" in log
        project.repository.remove()


def test_a_canceled_job_ends_with_its_runner_where_that_can(api, one_job):
    job = FakeRunner(api, one_job.id, features=TWO_PHASE).take()
    job.update("running")
    api.post(f"/projects/{one_job.id}/jobs/{job.id}/cancel")
    assert job.write("cleaning up\n").headers["Job-Status"] == "canceling"
    assert job.upload(zipped({"a": "b"})).status_code == 201
    assert job.update("failed", failure_reason="job_canceled").status_code == 200
    assert status_of(one_job, job) == "canceled"


def test_a_canceled_job_of_an_older_runner_ends_at_once(api, one_job):
    job = one_job.runner.take()
    api.post(f"/projects/{one_job.id}/jobs/{job.id}/cancel")
    assert status_of(one_job, job) == "canceled"
    assert job.patch_trace(b"late\n").status_code == 403


def test_artifacts_go_to_later_stages_and_nowhere_else(api, project_factory):
    project = project_factory(CHAIN)
    project.trigger()
    taken = [project.runner.take(), project.runner.take()]
    build, alone = sorted(taken, key=lambda job: job.name, reverse=True)
    assert (build.name, alone.name) == ("build", "alone")
    assert alone.payload["dependencies"] == []
    archive = zipped({"out/a": "b"})
    for _ in range(2):  # a lost answer is no trouble
        answer = build.upload(archive, artifact_type="archive", artifact_format="zip",
                              expire_in="1 week")
        assert answer.status_code == 201
        assert answer.json() == {"message": "201 Created"}
    assert build.upload(zipped({"out/a": "other"})).status_code == 400
    assert build.upload(archive, artifact_type="nonsense").status_code == 400
    build.succeed()
    test = project.runner.take("test")
    dependency, = test.payload["dependencies"]
    assert dependency["id"] == build.id
    assert dependency["artifacts_file"] == {"filename": "artifacts.zip", "size": len(archive)}
    for query in ({"direct_download": "true"}, {}):
        answer = api.get(f"/jobs/{build.id}/artifacts", token=None, params=query,
                         headers={"JOB-TOKEN": dependency["token"]})
        assert answer.status_code == 200 and answer.content == archive
    assert api.get(f"/jobs/{alone.id}/artifacts", token=None,
                   headers={"JOB-TOKEN": test.token}).status_code == 404
    assert api.get(f"/jobs/{build.id}/artifacts", token=None,
                   headers={"JOB-TOKEN": build.token}).status_code == 403


def test_a_job_token_reads_its_repository_while_the_job_runs(server, one_job):
    job = one_job.runner.take()
    url = f"{server.url}/{one_job.path}.git/info/refs?service=git-%s"
    api = server.api

    def answer(service, password):
        return api.session.get(url % service, auth=("gitlab-ci-token", password)).status_code
    assert answer("upload-pack", job.token) == 200
    assert answer("receive-pack", job.token) == 403
    assert answer("upload-pack", "glcbt-nobody") == 401
    job.succeed()
    assert answer("upload-pack", job.token) == 401


def test_registration_by_token(api):
    token = api.make("/runners/reset_registration_token")["token"]
    answer = api.post("/runners", token=None, json={
        "token": token, "tag_list": "b, a", "run_untagged": False, "locked": True, "info": {}})
    assert answer.status_code == 201
    runner = answer.json()
    assert runner["token_expires_at"] is None and not runner["token"].startswith("glrt-")
    details = api.read(f"/runners/{runner['id']}")
    assert details["tag_list"] == ["a", "b"] and details["runner_type"] == "instance_type"
    assert api.post("/runners", token=None, json={"token": "x"}).status_code == 403
    refused = api.post("/runners", token=None, json={"token": token, "run_untagged": False})
    assert refused.status_code == 400
    assert list(refused.json()["message"]) == ["tags_list"]
    verify = {"token": runner["token"], "system_id": "s_0123456789ab"}
    assert api.post("/runners/verify", token=None, json=verify).json()["id"] == runner["id"]
    assert api.delete("/runners", token=None, json={"token": runner["token"]}).status_code == 204
    assert api.post("/runners/verify", token=None, json=verify).status_code == 403


def test_managers_are_told_apart_by_their_system(api, project_factory):
    runner = project_factory(ONE_JOB).runner
    for system in ("s_aaaaaaaaaaaa", "s_bbbbbbbbbbbb"):
        runner.ask(system_id=system)
    managers = api.read(f"/runners/{runner.id}/managers")
    assert {"s_aaaaaaaaaaaa", "s_bbbbbbbbbbbb"} <= {m["system_id"] for m in managers}
    body = {"token": runner.token, "system_id": "s_aaaaaaaaaaaa"}
    assert api.delete("/runners/managers", token=None, json=body).status_code == 204
    assert api.delete("/runners/managers", token=None, json=body).status_code == 404


def test_a_reset_token_kills_the_old_one(api, project_factory):
    runner = project_factory(ONE_JOB).runner
    fresh = api.post("/runners/reset_authentication_token", token=None,
                     json={"token": runner.token}).json()["token"]
    assert fresh.startswith("glrt-") and runner.ask().status_code == 403
    answer = api.post(f"/runners/{runner.id}/reset_authentication_token", data="null",
                      headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_a_poll_ends_when_the_server_stops():
    with Server() as server:
        runner = FakeRunner(server.api)
        assert runner.ask().status_code == 204
        answers = []
        poll = held_poll(runner, answers)
        wait_until(lambda: parked(server) == 1, "the poll to be held")
        started = time.monotonic()
        server.stop()
        poll.join(30)
        assert [answer.status_code for answer in answers] == [204]
        assert time.monotonic() - started < 25  # a poll is held for 50 s
