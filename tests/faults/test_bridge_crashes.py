"""A crash between the turn of a trigger job and the pipeline that it starts."""

import time

import pytest
from penstock import Server, wait_until
from projects import make_project

CHILD = "inner: {script: [echo inner]}\n"
BRIDGES = 5


@pytest.fixture()
def server():
    with Server() as running:
        yield running


def bridges_of(project, pipeline_id):
    return project.api.read(f"{project.at}/pipelines/{pipeline_id}/bridges", per_page=100)


def wait_for_all(project, pipeline_id):
    def probe():
        bridges = bridges_of(project, pipeline_id)
        assert {bridge["status"] for bridge in bridges} <= {"pending", "running", "success"}
        return bridges if all(bridge["status"] == "success" for bridge in bridges) else None
    return wait_until(probe, f"the bridges of {pipeline_id}")


def assert_one_each(project, pipeline_ids):
    """Each bridge has one pipeline, and there are no others."""
    made = [bridge["downstream_pipeline"]["id"] for pipeline_id in pipeline_ids
            for bridge in wait_for_all(project, pipeline_id)]
    children = project.api.read(f"{project.at}/pipelines", source="parent_pipeline", per_page=100)
    assert len(set(made)) == len(made) and sorted(made) == sorted(child["id"] for child in children)
    return children


def test_a_server_killed_at_any_moment_makes_one_pipeline_a_bridge(server):
    text = "".join(f"start {number}: {{trigger: {{include: child.yml}}}}\n" for number in range(BRIDGES))
    project = make_project(server, {"full-ci.yml": text, "child.yml": CHILD})
    pipelines = []
    for delay_ms in (0, 2, 5, 10, 15, 20, 30, 45):
        pipelines.append(project.trigger()["id"])
        time.sleep(delay_ms / 1000)  # the moment of the crash, not a wait for anything
        server.kill9()
        server.restart()
        project.api = server.api
        children = assert_one_each(project, pipelines)
    iids = [row["iid"] for row in children] + [project.pipeline(each)["iid"] for each in pipelines]
    assert sorted(iids) == list(range(1, len(iids) + 1))


def test_a_bridge_follows_over_a_crash(server):
    """The end of the child is answered, and then the server dies, at once or a moment later."""
    project = make_project(server, {
        "full-ci.yml": "start: {trigger: {include: child.yml, strategy: depend}}\n", "child.yml": CHILD})
    for delay_ms in (0, 1, 2, 5):
        pipeline = project.trigger()["id"]
        job = project.runner.take("inner")
        job.succeed()
        time.sleep(delay_ms / 1000)  # the moment of the crash, not a wait for anything
        server.kill9()
        server.restart()
        project.api = server.api
        assert project.wait_for(pipeline, "success")


def test_what_a_crash_left_is_done_once(server):
    """Two rows for the same bridge, as no crash can leave them, still make one pipeline."""
    project = make_project(server, {
        "full-ci.yml": "start: {when: manual, trigger: {include: child.yml}}\n", "child.yml": CHILD})
    pipeline = project.trigger()["id"]
    bridge = bridges_of(project, pipeline)[0]["id"]
    server.kill9()
    server.database.sql(f"UPDATE jobs SET status = 'pending' WHERE id = {bridge}")
    for _ in range(2):
        server.database.sql("INSERT INTO downstream_work (kind, job_id, attempts, taken_at)"
                            f" VALUES ('start', {bridge}, 1, 1)")
    for _ in range(2):
        server.restart()
        project.api = server.api
        assert_one_each(project, [pipeline])
        wait_until(lambda: server.database.sql("SELECT count(*) FROM downstream_work") == [("0",)], "the work to end")


def test_work_that_cannot_be_done_ends(server):
    project = make_project(server, {
        "full-ci.yml": "start: {when: manual, trigger: {include: child.yml}}\n", "child.yml": CHILD})
    pipeline = project.trigger()["id"]
    bridge = bridges_of(project, pipeline)[0]["id"]
    server.kill9()
    server.database.sql(f"UPDATE jobs SET status = 'pending' WHERE id = {bridge}")
    server.database.sql(f"INSERT INTO downstream_work (kind, job_id, attempts, taken_at) VALUES ('start', {bridge}, 10, 1)")
    server.restart()
    project.api = server.api
    failed = wait_until(lambda: next((row for row in bridges_of(project, pipeline) if row["status"] == "failed"), None),
                        "the bridge to fail")
    assert failed["failure_reason"] == "data_integrity_failure"
