"""The stream of what changes: who is told what, and what becomes of it when it breaks off."""

import pytest
from errors import NO_PROJECT, UNAUTHORIZED, assert_answer
from events import Events
from penstock import Server, make_user

STREAM = "/events/stream"


@pytest.fixture
def follow():
    streams = []

    def start(api, last=None, **scope):
        headers = {"Last-Event-ID": last} if last else {}
        stream = Events(api, STREAM, params=scope, headers=headers)
        assert stream.answer.status_code == 200, stream.answer.text
        streams.append(stream)
        return stream
    yield start
    for stream in streams:
        stream.close()


def until(stream, wanted):
    """The events up to the first that `wanted` is true of."""
    seen = []
    while True:
        event = stream.next()
        assert event, f"the stream ended after {seen}"
        seen.append(event)
        if wanted(event[0], event[2]):
            return seen


def test_a_project_is_followed(project_factory, api, follow):
    project, other = project_factory(), project_factory()
    stream = follow(api, project_id=project.id)
    assert stream.next()[0] == "open"
    other.trigger()
    pipeline = project.trigger()
    name, _, data = stream.next()
    assert (name, data["project_id"], data["pipeline_id"]) == ("pipeline", project.id, pipeline["id"])
    project.runner.run_all({"style": "failed"})
    seen = until(stream, lambda name, data: data.get("status") in ("success", "failed", "manual"))
    assert {name for name, _, _ in seen} == {"pipeline"}
    assert {data["project_id"] for _, _, data in seen} == {project.id}
    assert api.delete(f"{project.at}/pipelines/{pipeline['id']}").status_code == 204
    assert until(stream, lambda name, data: data["status"] is None)[-1][2]["pipeline_id"] == pipeline["id"]


def test_a_pipeline_is_followed_with_its_jobs(project_factory, api, follow):
    project = project_factory()
    pipeline = project.trigger()
    stream = follow(api, project_id=project.path, pipeline_id=pipeline["id"])
    assert stream.next()[0] == "open"
    project.trigger()
    project.runner.run_all({"style": "failed"})
    last = {}
    until(stream, lambda name, data: last.update({data["name"]: data["status"]} if name == "job" else {})
          or (last.get("style") == "failed" and last.get("release") == "manual"))
    assert last["build"] == last["unit"] == "success"
    assert set(last) <= set(project.jobs(pipeline["id"]))


def test_without_a_project_it_is_all_that_the_caller_sees(project_factory, api, server, follow):
    hidden = project_factory(visibility="private")
    seen = project_factory(visibility="internal")
    stream = follow(make_user(api, "onlooker").api)
    assert stream.next()[0] == "open"
    hidden.trigger()
    pipeline = seen.trigger()
    assert stream.next()[2]["pipeline_id"] == pipeline["id"]


def test_it_is_for_those_who_see_the_project(project_factory, api, anonymous):
    project = project_factory(visibility="private")
    pipeline = project.trigger()
    stranger = make_user(api, "event-stranger").api
    assert_answer(anonymous.get(STREAM), 401, UNAUTHORIZED)
    assert_answer(stranger.get(STREAM, params={"project_id": project.id}), 404, NO_PROJECT)
    assert api.get(STREAM, params={"project_id": project.id, "pipeline_id": 999999}).status_code == 404
    assert api.get(STREAM, params={"pipeline_id": pipeline["id"]}).status_code == 400


def test_a_stream_goes_on_where_it_was(project_factory, api, follow):
    project = project_factory()
    first = follow(api, project_id=project.id)
    at = first.next()[1]
    first.close()
    pipeline = project.trigger()
    again = follow(api, last=at, project_id=project.id)
    name, _, data = again.next()
    assert (name, data["pipeline_id"]) == ("pipeline", pipeline["id"])


@pytest.mark.parametrize("last", ["nonsense", "abcdefabcdef-3", "0"])
def test_what_it_cannot_go_on_from_is_a_resync(project, api, follow, last):
    stream = follow(api, last=last, project_id=project.id)
    assert stream.next()[0] == "resync"


def test_after_a_restart_it_is_a_resync(follow):
    with Server() as server:
        at = follow(server.api).next()[1]
        server.restart()
        assert follow(server.api, last=at).next()[0] == "resync"
