"""A resource that jobs of two servers want."""

import threading

import pytest
from fakerunner import FakeRunner
from pair import at_once, job_at, runner_at
from penstock import wait_until
from projects import make_project

CI = {"full-ci.yml": "deploy: {script: [x], resource_group: production}\n"}
AT = "/resource_groups/production"
PIPELINES = 16


def start_at(project, server):
    answer = server.api.post(f"{project.at}/trigger/pipeline", token=None, json={
        "token": project.trigger_token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_one_job_at_a_time_whichever_server_hands_on(nodes):
    """Pipelines come from both, runners ask both, and a job's end is told to the other one."""
    project = make_project(nodes.a, CI)
    project.trigger_token  # noqa: B018 (made once, before all begin)
    runner = FakeRunner(nodes.a.api, project.id)
    pipelines = at_once([lambda server=server: start_at(project, server) for server in nodes.both * (PIPELINES // 2)])
    lock, at_work, most, done = threading.Lock(), set(), [0], []

    def work(number):
        hand, other = runner_at(runner, nodes.both[number % 2]), nodes.both[(number + 1) % 2]

        def take():
            return hand.try_take() or len(done) == PIPELINES
        while (job := wait_until(take, "a job, or the end of all")) is not True:
            with lock:
                at_work.add(job.id)
                most[0] = max(most[0], len(at_work))
            job.write("at work\n")
            with lock:
                at_work.discard(job.id)
                done.append(job.id)
            job_at(job, other).succeed()
    at_once([lambda number=number: work(number) for number in range(4)])
    assert most[0] == 1
    assert len(set(done)) == len(done) == PIPELINES
    for number, pipeline in enumerate(pipelines):
        assert nodes.both[number % 2].api.read(f"{project.at}/pipelines/{pipeline}")["status"] == "success"


@pytest.mark.parametrize(("mode", "turns"), [
    ("unordered", [1, 2, 3]), ("oldest_first", [1, 2, 3]), ("newest_first", [3, 2, 1]), ("newest_ready_first", [3, 2, 1])])
def test_the_mode_set_at_one_holds_at_the_other(nodes, mode, turns):
    project = make_project(nodes.a, CI)
    runner = FakeRunner(nodes.a.api, project.id)
    pipelines = [start_at(project, nodes.both[number % 2]) for number in range(4)]
    ids = [project.jobs(pipeline)["deploy"]["id"] for pipeline in pipelines]
    job = runner.take("deploy")
    assert job.id == ids[0]
    assert nodes.b.api.put(f"{project.at}{AT}", json={"process_mode": mode}).status_code == 200
    taken = []
    for number in range(3):
        job_at(job, nodes.both[number % 2]).succeed()
        job = runner_at(runner, nodes.both[(number + 1) % 2]).take("deploy")
        taken.append(job.id)
    assert taken == [ids[turn] for turn in turns]
    job.succeed()
