"""What real runners do that a simple client would not, and what happens to them in between."""

import json
import uuid

import pytest
from fakerunner import FakeRunner, zipped

TWO_PHASE = ("two_phase_job_commit", "cancel_gracefully")
ONE_JOB = {"full-ci.yml": "only:\n  script: [echo hello]\n"}


@pytest.fixture
def one_job(project_factory):
    project = project_factory(ONE_JOB)
    project.pipeline_id = project.trigger()["id"]
    return project


def cancel(project, job):
    answer = project.api.post(f"{project.at}/jobs/{job.id}/cancel")
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["status"]


def test_an_address_with_a_slash_at_its_end_is_as_good(api, one_job):
    runner = one_job.runner
    answer = api.post("/jobs/request/", token=None, json={"token": runner.token, "info": runner.info})
    assert answer.status_code == 201
    assert api.post("/runners/verify/", token=None, json={"token": runner.token}).status_code == 200


def test_keys_of_the_future_are_ignored(api, one_job):
    answer = one_job.runner.ask(info={"features": {"unheard_of": True}, "labels": {"a": "b"}},
                                session={"url": "https://x"}, tomorrow=[1, {"a": None}])
    assert answer.status_code == 201


def test_there_is_no_job_router(api):
    answer = api.get("/runners/router/discovery", token=None, headers={"RUNNER-TOKEN": "glrt-x"})
    assert answer.status_code == 404


def test_a_job_canceled_before_it_is_confirmed_is_dropped(api, one_job):
    runner = FakeRunner(api, one_job.id, features=TWO_PHASE)
    job = runner.take()
    assert cancel(one_job, job) == "canceled"
    answer = job.update("running")
    assert answer.status_code == 403 or answer.headers["Job-Status"] == "canceled"
    assert one_job.wait_for(one_job.pipeline_id, "canceled")
    assert runner.ask().status_code == 204


def test_a_job_that_cannot_begin_fails_unconfirmed(api, one_job):
    job = FakeRunner(api, one_job.id, features=TWO_PHASE).take()
    job.write("no room for a log\n")
    assert job.update("failed", failure_reason="runner_system_failure").status_code == 200
    entity = one_job.job(job.id)
    assert (entity["status"], entity["failure_reason"]) == ("failed", "runner_system_failure")


def test_a_job_outlives_its_runner_s_registration(api, one_job):
    job = one_job.runner.take()
    assert api.delete(f"/runners/{one_job.runner.id}").status_code == 204
    assert one_job.runner.ask().status_code == 403
    job.write("still here\n")
    job.succeed()
    assert one_job.job(job.id)["status"] == "success"


def test_an_archive_of_unknown_length_is_kept_byte_for_byte(api, project_factory):
    project = project_factory({"full-ci.yml": "only: {script: [x], artifacts: {paths: [a]}}\n"})
    project.trigger()
    job = project.runner.take()
    archive = zipped({"a": bytes(range(256)) * 4000})
    boundary = uuid.uuid4().hex

    def chunks():
        yield (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n'
               f"Content-Type: application/octet-stream\r\n\r\n").encode()
        for start in range(0, len(archive), 1000):
            yield archive[start:start + 1000]
        yield f"\r\n--{boundary}--\r\n".encode()
    answer = api.post(f"/jobs/{job.id}/artifacts", token=None, data=chunks(),
                      params={"artifact_type": "archive", "artifact_format": "zip"},
                      headers={"JOB-TOKEN": job.token,
                               "Content-Type": f"multipart/form-data; boundary={boundary}"})
    assert answer.status_code == 201, answer.text
    job.succeed()
    kept = api.get(f"{project.at}/jobs/{job.id}/artifacts")
    assert kept.content == archive


def test_a_patch_may_end_within_a_character(api, one_job):
    job = one_job.runner.take()
    text = "ä€" * 1000 + "\n"
    data = text.encode()
    for start in range(0, len(data), 7):
        job.write(data[start:start + 7])
    job.succeed()
    assert api.get(f"{one_job.at}/jobs/{job.id}/trace").content == data


def test_a_large_patch_is_taken_whole(api, one_job):
    job = one_job.runner.take()
    job.write(b"x" * (1 << 20))
    job.succeed()
    assert len(api.get(f"{one_job.at}/jobs/{job.id}/trace").content) == 1 << 20


def test_a_body_alone_can_carry_the_token(api, one_job):
    runner = one_job.runner
    taken = api.post("/jobs/request", token=None, json={"token": runner.token}).json()
    answer = api.put(f"/jobs/{taken['id']}", token=None, headers={"Content-Type": "application/json"},
                     data=json.dumps({"token": taken["token"], "state": "success"}))
    assert answer.status_code == 200
    assert api.get(f"/jobs/{taken['id']}/artifacts", token=None,
                   params={"token": taken["token"]}).status_code == 403


def test_numbers_are_numbers_and_values_are_text(one_job):
    payload = one_job.runner.take().payload
    assert "run" not in payload
    assert isinstance(payload["job_info"]["project_jobs_running_on_instance_runners_count"], str)
    assert isinstance(payload["runner_info"]["timeout"], int)
    assert all(isinstance(variable["value"], str) for variable in payload["variables"])
    token, = (v for v in payload["variables"] if v["key"] == "CI_JOB_TOKEN")
    assert token["masked"] and not token["public"] and token["value"] == payload["token"]
    assert payload["features"]["trace_sections"] and payload["features"]["failure_reasons"]
    assert [step["name"] for step in payload["steps"]] == ["script"]
    assert len(payload["git_info"]["sha"]) == 40
