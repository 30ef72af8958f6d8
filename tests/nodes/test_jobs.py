"""One job whose log, artifacts and end reach it through both servers, as behind a load balancer."""

import fcntl
import re
import threading
import time

import pytest
from events import Events
from fakerunner import FakeRunner, Job, zipped
from pair import Pair, at_once, job_at, runner_at, trace
from penstock import wait_until
from projects import ONE_JOB_CI, make_project

PIPELINES = 160


@pytest.fixture
def job(nodes):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    project.trigger()
    job = project.runner.take("only")
    job.project = project
    yield job
    job.update("success")


def test_a_log_is_patched_through_both_in_turn(nodes, job):
    hands = [job_at(job, server) for server in nodes.both]
    text = b""
    for number in range(60):
        line = f"line {number} {'x' * (number * 37 % 500)}\n".encode()
        answer = hands[number % 2].patch_trace(line, start=len(text))
        assert answer.status_code == 202, f"{number}: {answer.status_code} {answer.text}"
        text += line
        assert answer.headers["Range"] == f"0-{len(text)}"
        for server in nodes.both:  # the reader of either sees it at once
            assert trace(server, job.project, job.id) == text
    job.written = text


def test_who_follows_a_log_at_one_hears_what_the_other_takes_in(nodes, job):
    hand = job_at(job, nodes.a)
    follower = Events(nodes.b.api, f"{job.project.at}/jobs/{job.id}/trace/stream")
    assert follower.answer.status_code == 200
    at = 0
    for line in ("one\n", "two\n", "three\n"):
        hand.write(line)
        assert follower.next() == ("log", str(at + len(line)), {"offset": at, "text": line})
        at += len(line)
    hand.succeed()
    assert follower.next() == ("end", None, {"status": "success", "size": at})


def test_of_two_patches_at_once_one_wins(nodes, job):
    hands = [job_at(job, server) for server in nodes.both]
    text = b""
    for number in range(40):
        # Of different lengths, so that a part of one behind the other would show.
        lines = [b"a" * (1 + number * 13 % 70) + b"\n", b"b" * (1 + number * 29 % 90) + b"\n"]
        answers = at_once([lambda i=i: hands[i].patch_trace(lines[i], start=len(text)) for i in (0, 1)])
        assert sorted(answer.status_code for answer in answers) == [202, 416]
        winner = 0 if answers[0].status_code == 202 else 1
        text += lines[winner]
        assert [answer.headers["Range"] for answer in answers] == [f"0-{len(text)}"] * 2
        assert [trace(server, job.project, job.id) for server in nodes.both] == [text, text]
    job.written = text


def test_a_stopped_server_holds_up_no_other(nodes, job):
    """The log's lock may be held by a server that does not go on: the other answers, and goes on."""
    job_at(job, nodes.a).patch_trace(b"one\n", start=0)
    path = next(nodes.shared.glob(f"logs/*/{job.id}.log"))
    with open(path, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = job_at(job, nodes.b).patch_trace(b"two\n", start=4)
        assert answer.status_code == 503, f"{answer.status_code} {answer.text}"
    assert job_at(job, nodes.b).patch_trace(b"two\n", start=4).status_code == 202
    assert trace(nodes.a, job.project, job.id) == b"one\ntwo\n"
    job.written = b"one\ntwo\n"


def test_an_artifact_uploaded_to_one_is_read_from_the_other(nodes, job):
    archive = zipped({"out/file.txt": "bytes " * 1000})
    answer = job_at(job, nodes.a).upload(archive)
    assert answer.status_code == 201, answer.text
    there = nodes.b.api.get(f"{job.project.at}/jobs/{job.id}/artifacts")
    assert there.status_code == 200 and there.content == archive


def test_a_job_taken_from_one_ends_through_the_other(nodes):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    pipeline = project.trigger()
    job_at(project.runner.take("only"), nodes.b).succeed()
    assert nodes.a.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"


def test_each_job_is_handed_out_once(nodes):
    stage = "".join(f"job{n}:\n  script: [echo]\n" for n in range(60))
    project = make_project(nodes.a, {"full-ci.yml": stage})
    pipeline = project.trigger()
    taken = []

    def take(server):
        runner = runner_at(project.runner, server)
        while (job := runner.try_take()) is not None:
            taken.append(job.name)
            job.succeed()

    assert project.runner  # registered once, before the threads
    at_once([lambda server=server: take(server) for server in nodes.both * 4])
    wait_until(lambda: not take(nodes.a), "nothing to be left")
    assert sorted(taken) == sorted(f"job{n}" for n in range(60))
    assert nodes.b.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"


def test_pipelines_made_through_both_are_numbered_without_doubles(nodes):
    project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
    token = project.trigger_token

    def make(server):
        answers = []
        for _ in range(PIPELINES // 16):
            answer = server.api.as_user(None).post(f"{project.at}/trigger/pipeline", json={
                "token": token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}})
            assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
            answers.append(answer.json()["iid"])
        return answers

    made = at_once([lambda server=server: make(server) for server in nodes.both * 8])
    assert sorted(iid for iids in made for iid in iids) == list(range(1, PIPELINES + 1))


def parked(server):
    metrics = server.api.get(f"{server.url}/metrics").text
    return int(re.search(r"^\w*requests_parked (\d+)$", metrics, re.MULTILINE)[1])


def test_a_poll_held_by_one_is_answered_when_the_other_has_a_job():
    with Pair("--poll-timeout-s", "40") as nodes:
        project = make_project(nodes.a, {"full-ci.yml": ONE_JOB_CI})
        runner = FakeRunner(nodes.a.api, project.id)
        for _ in range(5):
            answers = []

            def poll():
                answers.append((runner_at(runner, nodes.b).ask(last_update="0"), time.monotonic()))

            thread = threading.Thread(target=poll)
            thread.start()
            wait_until(lambda: parked(nodes.b) == 1, "the poll to be held")
            project.trigger()
            made = time.monotonic()
            thread.join()
            answer, answered = answers[0]
            assert answer.status_code == 201
            assert answered - made < 1, f"answered after {answered - made:.2f} s"
            Job(runner, answer.json()).succeed()
