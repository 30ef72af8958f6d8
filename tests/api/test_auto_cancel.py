"""A new pipeline of a ref and the older ones: on_new_commit, interruptible, the project's setting."""

import pytest
from penstock import wait_until

JOBS = """\
early:
  stage: build
  interruptible: true
  script: [one]
late:
  stage: test
  script: [two]
"""


@pytest.fixture
def place(project_factory):
    return project_factory({})


def start(place, mode, number):
    """A pipeline of a new commit."""
    head = f"workflow: {{auto_cancel: {{on_new_commit: {mode}}}}}\n" if mode else ""
    place.push({"full-ci.yml": f"{head}{JOBS}# {number}\n"})
    return place.trigger()["id"]


def states(place, pipeline_id):
    return {name: job["status"] for name, job in place.jobs(pipeline_id).items()}


def test_what_a_redundant_pipeline_has_started_is_canceled_too(place):
    """The new pipeline's own child goes on."""
    def start_parent(number):
        place.push({"full-ci.yml": f"start: {{trigger: {{include: child.yml, strategy: depend}}}}\n# {number}\n",
                    "child.yml": "inner: {script: [x]}\n"})
        pipeline = place.trigger()["id"]
        def child():
            bridge, = place.api.read(f"{place.at}/pipelines/{pipeline}/bridges")
            return bridge["downstream_pipeline"]
        return pipeline, wait_until(child, "the child")["id"]
    old, old_child = start_parent(1)
    new, new_child = start_parent(2)
    place.wait_for(old, "canceled")
    place.wait_for(old_child, "canceled")
    assert place.pipeline(new_child)["status"] == "pending"
    assert place.pipeline(new)["status"] == "running"


@pytest.mark.parametrize("mode", ["", "conservative"])
def test_a_new_commit_cancels_what_has_not_started_for_good(place, mode):
    old = start(place, mode, 1)
    place.runner.take("early")
    new = start(place, mode, 2)
    assert place.pipeline(old)["status"] == "canceled"
    assert states(place, old)["early"] == "canceled"
    assert place.pipeline(new)["status"] == "pending"


def test_a_started_job_that_is_not_interruptible_protects_its_pipeline(place):
    old = start(place, "conservative", 1)
    place.runner.take("early").succeed()
    place.runner.take("late")
    start(place, "conservative", 2)
    assert states(place, old) == {"early": "success", "late": "running"}


def test_interruptible_cancels_those_jobs_only(place):
    old = start(place, "interruptible", 1)
    start(place, "interruptible", 2)
    assert states(place, old)["early"] == "canceled"


@pytest.mark.parametrize("how", ["mode", "setting", "commit"])
def test_what_stays(api, place, how):
    if how == "setting":
        api.put(place.at, json={"auto_cancel_pending_pipelines": "disabled"})
    old = start(place, "none" if how == "mode" else "conservative", 1)
    if how == "commit":
        place.trigger()
    else:
        start(place, "conservative", 2)
    assert states(place, old) == {"early": "pending", "late": "created"}


def test_it_is_known_who_canceled_until_it_runs_again(api, place):
    old = start(place, "conservative", 1)
    assert place.pipeline(old)["auto_canceled_by_id"] is None
    new = start(place, "conservative", 2)
    assert place.pipeline(old)["auto_canceled_by_id"] == new
    assert place.pipeline(new)["auto_canceled_by_id"] is None
    api.make(f"{place.at}/pipelines/{old}/retry")
    assert place.pipeline(old)["status"] == "running"
    assert place.pipeline(old)["auto_canceled_by_id"] is None


def test_a_child_that_has_started_for_good_protects_itself(place):
    """Each pipeline is looked at by itself, child pipelines like others."""
    def start_parent(number):
        place.push({"full-ci.yml": f"start: {{trigger: {{include: child.yml}}}}\nlater: {{stage: deploy, script: [x]}}\n# {number}\n",
                    "child.yml": "inner: {script: [x]}\nmore: {stage: deploy, script: [x]}\n"})
        return place.trigger()["id"]
    def child_of(pipeline):
        bridge, = place.api.read(f"{place.at}/pipelines/{pipeline}/bridges")
        return bridge["downstream_pipeline"]
    old = start_parent(1)
    old_child = wait_until(lambda: child_of(old), "the child")["id"]
    wait_until(lambda: states(place, old)["later"] == "pending", "the parent's next stage")
    taken = {job.name: job for job in (place.runner.take(), place.runner.take())}
    start_parent(2)
    assert states(place, old_child) == {"inner": "running", "more": "created"}
    taken["inner"].succeed()
    assert states(place, old_child)["more"] == "pending"
