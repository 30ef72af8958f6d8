"""Why a job does not run, in words: `pending_reason` of one job."""

import pytest
from fakerunner import FakeRunner

CI = """\
stages: [build, test]
one: {stage: build, script: [x], tags: [linux, docker]}
two: {stage: build, script: [x], tags: [nowhere]}
three: {stage: build, script: [x], when: manual, allow_failure: false}
four: {stage: build, script: [x], when: manual}
late: {stage: test, script: [x]}
quick: {stage: test, script: [x], needs: [one]}
"""


@pytest.fixture
def place(project_factory):
    return project_factory({"full-ci.yml": CI})


def reason(place, name, pipeline_id):
    return place.job(place.jobs(pipeline_id)[name]["id"])["pending_reason"]


def test_who_comes_first(place):
    pipeline = place.trigger()["id"]
    assert reason(place, "quick", pipeline) == "waits for the jobs that it needs: one (pending)"
    assert reason(place, "late", pipeline) == "stage test is not reached: waits for one (pending), two (pending), three (manual)"
    place.runner.take("one").succeed()
    assert reason(place, "late", pipeline) == "stage test is not reached: waits for two (pending), three (manual)"


def test_only_three_are_named(project_factory):
    jobs = "".join(f"job{i}: {{stage: build, script: [x]}}\n" for i in range(5))
    place = project_factory({"full-ci.yml": f"{jobs}late: {{stage: test, script: [x]}}\n"})
    pipeline = place.trigger()["id"]
    assert reason(place, "late", pipeline) == \
        "stage test is not reached: waits for job0 (pending), job1 (pending), job2 (pending) and 2 more"


def test_which_runner_is_missing(api, project_factory):
    place = project_factory({"full-ci.yml": "job: {script: [x], tags: [b, a]}\nplain: {script: [x]}\n"})
    api.put(place.at, json={"shared_runners_enabled": False})
    pipeline = place.trigger()["id"]
    assert reason(place, "job", pipeline) == "no runner serves this project"
    FakeRunner(api, place.id, tags=["a"], run_untagged=False)
    assert reason(place, "job", pipeline) == "no runner has the tags a, b"
    assert reason(place, "plain", pipeline) == "no runner takes jobs without tags"
    runner = FakeRunner(api, place.id, tags=["a", "b", "c"])
    assert reason(place, "job", pipeline) == "no runner that could run it is online"
    api.put(f"/runners/{runner.id}", json={"paused": True})
    assert reason(place, "job", pipeline) == "the runners that could run it are paused"
    api.put(f"/runners/{runner.id}", json={"access_level": "ref_protected"})
    assert reason(place, "job", pipeline) == "the runners that have its tags serve protected refs only"
    api.put(f"/runners/{runner.id}", json={"access_level": "not_protected", "paused": False})
    runner.take("job").succeed()
    assert reason(place, "plain", pipeline) == "position 1 of 1 in the queue"
    runner.take("plain")
    assert reason(place, "plain", pipeline) is None


def test_a_place_in_the_queue(api, project_factory):
    place = project_factory({"full-ci.yml": "job: {script: [x]}\nother: {script: [x], tags: [special]}\n"})
    api.put(place.at, json={"shared_runners_enabled": False})
    assert place.runner.try_take() is None  # it is online
    pipelines = [place.trigger()["id"] for _ in range(3)]
    assert [reason(place, "job", pipeline) for pipeline in pipelines] == \
        [f"position {i} of 3 in the queue" for i in (1, 2, 3)]
    place.runner.take("job")
    assert reason(place, "job", pipelines[2]) == "position 2 of 2 in the queue"


def test_who_has_the_resource(api, project_factory):
    place = project_factory({"full-ci.yml": "job: {script: [x], resource_group: production}\n"})
    first, second, third = (place.trigger()["id"] for _ in range(3))
    holder = place.jobs(first)["job"]["id"]
    assert reason(place, "job", third) == f"resource production is held by job job ({holder}) of pipeline {first}"
    api.put(f"{place.at}/resource_groups/production", json={"process_mode": "newest_first"})
    assert reason(place, "job", second) == f"resource production is held by job job ({holder}) of pipeline {first}"


def test_an_upcoming_job_keeps_the_resource_from_others(api, project_factory):
    """In the mode oldest_first a job that is not ready yet stands before later pipelines' jobs."""
    place = project_factory({"full-ci.yml": "build: {stage: build, script: [x]}\n"
                             "deploy: {stage: deploy, script: [x], resource_group: production}\n",
                             "quick-ci.yml": "deploy: {script: [x], resource_group: production}\n"})
    first = place.trigger()["id"]
    api.put(f"{place.at}/resource_groups/production", json={"process_mode": "oldest_first"})
    second = place.trigger(file="quick-ci.yml")["id"]
    upcoming = place.jobs(first)["deploy"]["id"]
    assert reason(place, "deploy", second) == \
        f"resource production goes to job deploy ({upcoming}) of pipeline {first} first (oldest_first)"


def test_until_when_it_is_delayed(project_factory):
    place = project_factory({"full-ci.yml": "job: {script: [x], when: delayed, start_in: 1 hour}\n"})
    assert reason(place, "job", place.trigger()["id"]).startswith("delayed until 20")


def test_lists_do_not_say(api, place):
    pipeline = place.trigger()["id"]
    assert all("pending_reason" not in job for job in place.jobs(pipeline).values())
    assert all("pending_reason" not in job for job in api.read(f"{place.at}/jobs"))
    assert reason(place, "three", pipeline) is None
