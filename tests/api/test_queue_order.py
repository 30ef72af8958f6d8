"""Which pending job a runner is given: fair between projects, then by CI_JOB_PRIORITY, then by age."""

import pytest
from fakerunner import FakeRunner
from projects import Roles, make_project

PLAIN = {"full-ci.yml": "job: {script: [x]}\n"}
PRIORITIES = {"full-ci.yml": """
workflow: {name: queue}
low: {script: [x], variables: {CI_JOB_PRIORITY: "-3"}}
plain: {script: [x]}
high: {script: [x], variables: {CI_JOB_PRIORITY: $WISH, WISH: "7"}}
odd: {script: [x], variables: {CI_JOB_PRIORITY: soon}}
"""}


@pytest.fixture()
def runner(server):
    """An instance runner that finds nothing to do."""
    made = FakeRunner(server.api)
    made.run_all()
    yield made
    server.api.delete(f"/runners/{made.id}")


def test_projects_take_turns(server, runner):
    busy, modest = make_project(server, PLAIN), make_project(server, PLAIN)
    of_busy = [busy.jobs(busy.trigger()["id"])["job"]["id"] for _ in range(4)]
    of_modest = [modest.jobs(modest.trigger()["id"])["job"]["id"] for _ in range(2)]
    taken = [runner.take() for _ in range(6)]
    assert [job.id for job in taken] == [
        of_busy[0], of_modest[0], of_busy[1], of_modest[1], of_busy[2], of_busy[3]]
    for job in taken:
        job.succeed()


def test_what_is_handed_out_and_not_confirmed_counts_as_a_turn(server, runner):
    two_phase = FakeRunner(server.api, features=("two_phase_job_commit",))
    busy, modest = make_project(server, PLAIN), make_project(server, PLAIN)
    for project in (busy, busy, modest):
        project.trigger()
    first, second = two_phase.take(), two_phase.take()
    assert [first.payload["job_info"]["project_id"], second.payload["job_info"]["project_id"]] == [busy.id, modest.id]
    for job in (first, second):
        job.update("running")
        job.succeed()
    runner.run_all()
    server.api.delete(f"/runners/{two_phase.id}")


def test_priority_comes_before_age(server, runner):
    project = make_project(server, PRIORITIES)
    project.trigger()
    assert runner.run_all() == ["high", "plain", "odd", "low"]


def test_a_variable_of_the_run_is_the_priority_of_all_its_jobs(server, runner):
    project = make_project(server, PLAIN)
    project.trigger()
    urgent = server.api.make(f"{project.at}/pipeline", ref="main", variables=[
        {"key": "CI_JOB_PRIORITY", "value": "1000"}, {"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}])
    job = runner.take()
    assert job.id == project.jobs(urgent["id"])["job"]["id"]
    job.succeed()
    runner.run_all()


def test_a_retry_keeps_the_priority(server, runner):
    project = make_project(server, PRIORITIES)
    first = project.trigger()["id"]
    high = runner.take("high")
    high.fail()
    again = server.api.post(f"{project.at}/jobs/{high.id}/retry")
    assert again.status_code == 201, again.text
    assert runner.take("high").update("success").status_code == 200
    runner.run_all()
    assert project.pipeline(first)["status"] == "success"


def test_priorities_of_developers_do_not_count(server, runner):
    roles = Roles(server)
    project = roles.join(make_project(server, PRIORITIES))
    made = roles["developer"].post(f"{project.at}/pipeline", json={
        "ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}]})
    assert made.status_code == 201, made.text
    assert runner.run_all() == ["low", "plain", "high", "odd"]
