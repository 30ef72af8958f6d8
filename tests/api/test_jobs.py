"""Jobs: lists, one job in each of its states, and what can be done with it."""

import pytest
from entities import check_entity, check_list
from errors import FORBIDDEN, NO_RECORD, UNAUTHORIZED, assert_answer, missing
from fakerunner import FakeRunner
from projects import ONE_JOB_CI

ALL_STATUSES = ["created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running", "success",
                "failed", "canceling", "canceled", "skipped", "manual", "scheduled"]


@pytest.fixture
def place(project_factory):
    return project_factory()

# --- lists


def test_newest_first(api, ran):
    jobs = check_list("Job", api.read(f"{ran.at}/jobs"))
    assert [job["name"] for job in jobs] == ["release", "style", "unit", "build"]


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_every_status_is_a_scope(api, ran, status):
    jobs = api.read(f"{ran.at}/jobs", scope=status)
    assert {job["status"] for job in jobs} <= {status}


@pytest.mark.parametrize("path", [
    "/jobs", "/pipelines/{}/jobs",
    pytest.param("/pipelines/{}/bridges", marks=pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/bridges"))])
@pytest.mark.parametrize("query", ["scope=nonsense", "scope[]=failed&scope[]=nonsense", "scope[]=Failed"])
def test_scope_that_is_none(api, ran, path, query):
    answer = api.get(f"{ran.at}{path.format(ran.finished['id'])}?{query}")
    assert answer.status_code == 400
    assert answer.json() in ({"error": "scope does not have a valid value"}, {"message": "Scope contains invalid value(s)"})


def test_jobs_of_a_pipeline(api, ran):
    path = f"{ran.at}/pipelines/{ran.finished['id']}/jobs"
    answer = api.get(path)
    assert [job["name"] for job in check_list("Job", answer.json())] == ["release", "style", "unit", "build"]
    assert answer.headers["X-Total"] == "4"
    assert [job["name"] for job in api.read(f"{path}?scope[]=success")] == ["unit", "build"]


def test_retried_jobs_stay_in_the_project_s_list(api, place):
    pipeline_id = place.trigger()["id"]
    old = place.runner.take("build")
    old.fail()
    new = api.post(f"{place.at}/jobs/{old.id}/retry").json()
    ids = [job["id"] for job in api.read(f"{place.at}/jobs") if job["name"] == "build"]
    assert ids == [new["id"], old.id]
    path = f"{place.at}/pipelines/{pipeline_id}/jobs"
    assert [job["id"] for job in api.read(path) if job["name"] == "build"] == [new["id"]]
    assert [job["id"] for job in api.read(path, include_retried="true") if job["name"] == "build"] == [new["id"], old.id]
    assert api.get(path, params={"include_retried": "maybe"}).status_code == 400

# --- one job in its states


def test_job_that_waits_for_its_stage(ran, place):
    pipeline_id = place.trigger()["id"]
    job = check_entity("Job", place.jobs(pipeline_id)["unit"])
    assert job["status"] == "created"
    assert [job[key] for key in ("started_at", "finished_at", "duration", "queued_duration", "runner", "runner_manager")] == [None] * 6
    assert "failure_reason" not in job
    assert "artifacts_file" not in job
    assert job["artifacts"] == []


def test_pending_job(api, place, server):
    pipeline = place.trigger()
    job = check_entity("Job", place.job(place.jobs(pipeline["id"])["build"]["id"]))
    assert job["status"] == "pending"
    assert job["stage"] == "build"
    assert job["ref"] == "main"
    assert job["tag"] is False
    assert job["tag_list"] == ["docker", "linux"]
    assert job["started_at"] is None
    assert job["queued_duration"] is None or job["queued_duration"] >= 0
    assert job["allow_failure"] is False
    assert job["web_url"] == f"{server.url}/{place.path}/-/jobs/{job['id']}"
    assert job["user"]["username"] == "root"
    assert job["pipeline"]["id"] == pipeline["id"]
    assert job["commit"]["id"] == place.sha
    assert job["commit"]["short_id"] == place.sha[:8]
    assert job["commit"]["created_at"] == "2024-04-30T14:28:12.000+03:00"
    assert job["commit"]["title"] == "Test"
    assert job["commit"]["message"] == "Test\n"
    assert job["commit"]["author_name"] == "Ada"


def test_running_job(place):
    pipeline_id = place.trigger()["id"]
    taken = place.runner.take("build")
    job = check_entity("Job", place.job(taken.id))
    assert job["status"] == "running"
    assert job["started_at"]
    assert job["finished_at"] is None
    assert job["duration"] >= 0
    assert job["queued_duration"] >= 0
    assert job["runner"]["id"] == place.runner.id
    assert job["runner"]["runner_type"] == "project_type"
    assert job["runner"]["is_shared"] is False
    assert job["runner_manager"]["system_id"] == "s_0123456789ab"
    assert job["runner_manager"]["version"] == "18.5.0"
    again = place.job(taken.id)
    assert again["duration"] >= job["duration"]
    assert place.pipeline(pipeline_id)["status"] == "running"


def test_passed_job(ran):
    job = check_entity("Job", ran.job(ran.finished_jobs["build"]["id"]))
    assert job["status"] == "success"
    assert job["finished_at"] >= job["started_at"] >= job["created_at"]
    assert job["duration"] >= 0
    assert "failure_reason" not in job
    assert ran.job(job["id"])["duration"] == job["duration"]


def test_failed_job(ran):
    job = check_entity("Job", ran.job(ran.finished_jobs["style"]["id"]))
    assert job["status"] == "failed"
    assert job["failure_reason"] == "script_failure"
    assert job["allow_failure"] is True


def test_log_of_a_finished_job_is_an_artifact(ran):
    job = ran.job(ran.finished_jobs["unit"]["id"])
    traces = [artifact for artifact in job["artifacts"] if artifact["file_type"] == "trace"]
    assert [(trace["filename"], trace["size"]) for trace in traces] == [("job.log", len("this is unit\n"))]


@pytest.mark.parametrize("reason", ["runner_system_failure", "job_execution_timeout", "script_failure"])
def test_reasons_of_failure(place, reason):
    place.trigger()
    job = place.runner.take("build")
    job.fail(reason)
    assert place.job(job.id)["failure_reason"] == reason


def test_manual_job(ran):
    job = check_entity("Job", ran.job(ran.finished_jobs["release"]["id"]))
    assert job["status"] == "manual"
    assert job["allow_failure"] is True
    assert job["started_at"] is None


def test_unknown_job(api, project):
    for path in ("", "/trace", "/artifacts", "/artifacts/a.txt"):
        answer = api.get(f"{project.at}/jobs/999999{path}")
        assert answer.status_code == 404, path
    assert_answer(api.get(f"{project.at}/jobs/999999"), 404, NO_RECORD)
    for path in ("/cancel", "/retry", "/play", "/erase"):
        assert_answer(api.post(f"{project.at}/jobs/999999{path}"), 404, NO_RECORD)


def test_job_of_another_project(api, ran, project):
    job_id = ran.finished_jobs["unit"]["id"]
    for path in ("", "/trace"):
        assert_answer(api.get(f"{project.at}/jobs/{job_id}{path}"), 404, NO_RECORD)
    for path in ("/cancel", "/retry", "/play", "/erase"):
        assert_answer(api.post(f"{project.at}/jobs/{job_id}{path}"), 404, NO_RECORD)


def test_job_is_not_in_a_list_with_anonymous_callers(anonymous, project_factory):
    public = project_factory(visibility="public")
    public.trigger()
    assert_answer(anonymous.get(f"{public.at}/jobs"), 401, UNAUTHORIZED)

# --- actions


def test_play(api, ran, project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    project.runner.run_all()
    release = project.jobs(pipeline_id)["release"]
    answer = api.post(f"{project.at}/jobs/{release['id']}/play", json={
        "job_variables_attributes": [{"key": "TARGET", "value": "moon"}]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == release["id"]
    assert answer.json()["status"] == "pending"
    job = project.runner.take("release")
    assert job.variable("TARGET") == "moon"
    assert job.variable("CI_JOB_MANUAL") == "true"
    job.succeed()
    project.wait_for(pipeline_id, "success")


def test_a_retry_keeps_the_variables_of_the_play(api, project_factory):
    """Unless it is played with others."""
    project = project_factory({"full-ci.yml": "go: {script: [x], when: manual}\n"})
    job_id = project.jobs(project.trigger()["id"])["go"]["id"]
    def play(job_id, **variables):
        given = [{"key": key, "value": value} for key, value in variables.items()]
        answer = api.post(f"{project.at}/jobs/{job_id}/play", json={"job_variables_attributes": given})
        assert answer.status_code == 200, answer.text
        return project.runner.take("go")
    first = play(job_id, TARGET="moon", SPEED="1")
    first.fail()
    again = api.make(f"{project.at}/jobs/{first.id}/retry")
    second = project.runner.take("go")
    assert (second.id, second.variable("TARGET"), second.variable("SPEED")) == (again["id"], "moon", "1")
    second.fail()
    third = play(second.id)
    assert (third.variable("TARGET"), third.variable("SPEED")) == ("moon", "1")
    third.fail()
    fourth = play(third.id, TARGET="mars")
    assert fourth.id > third.id
    assert (fourth.variable("TARGET"), fourth.variable("SPEED")) == ("mars", None)


def test_play_with_variables_by_form(api, project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    project.runner.run_all()
    release = project.jobs(pipeline_id)["release"]
    answer = api.post(f"{project.at}/jobs/{release['id']}/play", data=[
        ("job_variables_attributes[][key]", "TARGET"), ("job_variables_attributes[][value]", "moon")])
    assert answer.status_code == 200, answer.text
    assert project.runner.take("release").variable("TARGET") == "moon"


def test_play_with_half_a_variable(api, ran):
    answer = api.post(f"{ran.at}/jobs/{ran.finished_jobs['release']['id']}/play",
                      json={"job_variables_attributes": [{"value": "moon"}]})
    assert_answer(answer, 400, missing("job_variables_attributes[0][key]"))


def test_play_what_cannot_be_played(api, ran):
    answer = api.post(f"{ran.at}/jobs/{ran.finished_jobs['build']['id']}/play")
    assert_answer(answer, 400, {"message": "400 Bad request - Unplayable Job"})


def test_retry(api, place):
    pipeline_id = place.trigger()["id"]
    old = place.runner.take("build")
    old.fail()
    ended = place.pipeline(pipeline_id)["finished_at"]
    answer = api.post(f"{place.at}/jobs/{old.id}/retry")
    assert answer.status_code == 201, answer.text
    new = check_entity("Job", answer.json())
    assert new["id"] > old.id
    assert new["name"] == "build"
    assert new["status"] == "pending"
    assert place.runner.take("build").id == new["id"]
    assert place.job(old.id)["status"] == "failed"
    # The time of the last end stays until there is a new one.
    assert place.pipeline(pipeline_id)["finished_at"] == ended


@pytest.mark.parametrize("state", ["pending", "running", "retried", "created", "manual"])
def test_retry_what_cannot_be_retried(api, place, state):
    pipeline_id = place.trigger()["id"]
    jobs = place.jobs(pipeline_id)
    job_id = jobs["build"]["id"]
    if state == "running":
        place.runner.take("build")
    elif state == "retried":
        place.runner.take("build").fail()
        assert api.post(f"{place.at}/jobs/{job_id}/retry").status_code == 201
    elif state == "created":
        job_id = jobs["unit"]["id"]
    elif state == "manual":
        place.runner.run_all()
        job_id = jobs["release"]["id"]
    answer = api.post(f"{place.at}/jobs/{job_id}/retry")
    assert_answer(answer, 403, {"message": "403 Forbidden - Job is not retryable"})


def test_cancel(api, place):
    pipeline_id = place.trigger()["id"]
    build = place.jobs(pipeline_id)["build"]
    answer = api.post(f"{place.at}/jobs/{build['id']}/cancel")
    assert answer.status_code == 201, answer.text
    assert check_entity("Job", answer.json())["status"] == "canceled"
    assert place.runner.try_take() is None
    place.wait_for(pipeline_id, "canceled")


def test_cancel_of_a_finished_job_changes_nothing(api, ran):
    job = ran.finished_jobs["unit"]
    answer = api.post(f"{ran.at}/jobs/{job['id']}/cancel")
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "success"


def test_erase(api, place):
    place.trigger()
    job = place.runner.take("build")
    job.write("secret\n")
    answer = api.post(f"{place.at}/jobs/{job.id}/erase")
    assert_answer(answer, 403, {"message": "403 Forbidden - Job is not erasable!"})
    job.succeed()
    answer = api.post(f"{place.at}/jobs/{job.id}/erase")
    assert answer.status_code == 201, answer.text
    erased = check_entity("Job", answer.json())
    assert erased["erased_at"]
    assert erased["artifacts"] == []
    trace = api.get(f"{place.at}/jobs/{job.id}/trace")
    assert (trace.status_code, trace.content) == (200, b"")
    answer = api.post(f"{place.at}/jobs/{job.id}/erase")
    assert_answer(answer, 403, {"message": "403 Forbidden - Job is not erasable!"})


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 200), ("maintainer", 200), ("outsider", 404),
                                          ("nobody", 401)])
def test_who_may_act(api, roles, project_factory, role, status):
    project = roles.join(project_factory())
    pipeline_id = project.trigger()["id"]
    client = roles[role]
    assert client.post(f"{project.at}/pipelines/{pipeline_id}/cancel").status_code == status
    made = 201 if status == 200 else status
    assert client.post(f"{project.at}/pipelines/{pipeline_id}/retry").status_code == made
    job_id = project.jobs(pipeline_id)["build"]["id"]
    assert client.post(f"{project.at}/jobs/{job_id}/cancel").status_code == made
    if status != 200:
        for action in ("play", "retry"):
            assert client.post(f"{project.at}/jobs/{job_id}/{action}").status_code == status


def test_protected_ref_is_for_those_who_may_push(api, roles, project_factory):
    project = roles.join(project_factory())
    pipeline_id = project.trigger()["id"]
    job_id = project.jobs(pipeline_id)["build"]["id"]
    api.make(f"{project.at}/protected_branches", name="main", push_access_level=40, merge_access_level=40)
    developer = roles["developer"]
    assert developer.post(f"{project.at}/jobs/{job_id}/cancel").status_code == 403
    assert developer.post(f"{project.at}/pipelines/{pipeline_id}/cancel").status_code == 403
    answer = developer.post(f"{project.at}/pipeline", json={"ref": "main"})
    assert answer.status_code == 400
    assert answer.json()["message"]["base"][0].startswith("You do not have sufficient permission to run a pipeline on 'main'.")
    assert roles["maintainer"].post(f"{project.at}/jobs/{job_id}/cancel").status_code == 201


def test_job_is_handed_out_once(project_factory):
    project = project_factory({"one-ci.yml": ONE_JOB_CI})
    project.trigger(file="one-ci.yml")
    first = project.runner.try_take()
    second = project.runner.try_take()
    assert first is not None and second is None


def test_runner_with_the_wrong_tags_gets_nothing(api, project_factory):
    from fakerunner import FakeRunner
    project = project_factory()
    project.trigger()
    assert FakeRunner(api, project.id, tags=("linux",)).try_take() is None
    assert FakeRunner(api, project.id, tags=("docker", "linux", "more")).try_take().name == "build"


def test_runner_of_another_project_gets_nothing(api, project_factory):
    from fakerunner import FakeRunner
    project, other = project_factory(), project_factory()
    project.trigger()
    assert FakeRunner(api, other.id, tags=("linux", "docker")).try_take() is None


def test_finished_job_never_changes(place):
    place.trigger()
    job = place.runner.take("build")
    job.succeed()
    answer = job.update("failed", failure_reason="script_failure")
    assert answer.status_code in (200, 403)
    assert job.patch_trace(b"late").status_code == 403
    assert place.job(job.id)["status"] == "success"


@pytest.mark.parametrize("token", ["wrong", "", "glcbt-64_aaaaaaaaaaaaaaaaaaaaaaaa"])
def test_unknown_job_token(anonymous, place, token):
    place.trigger()
    job = place.runner.take("build")
    headers = {"JOB-TOKEN": token, "Content-Range": "0-3", "Content-Type": "text/plain"}
    assert anonymous.patch(f"/jobs/{job.id}/trace", data=b"text", headers=headers).status_code == 403
    assert anonymous.put(f"/jobs/{job.id}", json={"token": token, "state": "success"}).status_code == 403
    assert place.job(job.id)["status"] == "running"


def test_job_token_of_another_job(anonymous, project_factory):
    project = project_factory()
    project.trigger()
    project.trigger()
    first, second = project.runner.take("build"), project.runner.take("build")
    headers = {"JOB-TOKEN": first.token}
    answer = anonymous.put(f"/jobs/{second.id}", json={"token": first.token, "state": "success"}, headers=headers)
    assert answer.status_code == 403
    assert anonymous.patch(f"/jobs/{second.id}/trace", data=b"x", headers={
        **headers, "Content-Range": "0-0", "Content-Type": "text/plain"}).status_code == 403
    assert project.job(second.id)["status"] == "running"


def test_unknown_state_of_a_job(place):
    place.trigger()
    job = place.runner.take("build")
    assert job.update("exploded").status_code == 400
    assert place.job(job.id)["status"] == "running"


def test_update_of_a_job_that_is_not_there(anonymous):
    answer = anonymous.put("/jobs/999999", json={"token": "x", "state": "success"})
    assert answer.status_code in (403, 404)


def test_reporter_may_read_and_a_guest_if_jobs_are_public(api, roles, project_factory):
    project = roles.join(project_factory())
    pipeline_id = project.trigger()["id"]
    job_id = project.jobs(pipeline_id)["build"]["id"]
    paths = ["/pipelines", f"/pipelines/{pipeline_id}", f"/pipelines/{pipeline_id}/jobs", "/jobs", f"/jobs/{job_id}", f"/jobs/{job_id}/trace"]
    for path in paths:
        assert roles["guest"].get(project.at + path).status_code == 200, path
    assert api.put(project.at, json={"public_jobs": False}).status_code == 200
    for path in paths:
        assert_answer(roles["guest"].get(project.at + path), 403, FORBIDDEN)
        assert roles["reporter"].get(project.at + path).status_code == 200, path


# --- beyond GitLab: again from a job on --------------------------------------------------------------------------------

FROM_HERE = """\
stages: [one, two, three]
first: {stage: one, script: x}
beside: {stage: one, script: x}
second: {stage: two, script: x}
needing: {stage: two, script: x, needs: [first]}
apart: {stage: three, script: x, needs: [beside]}
last: {stage: three, script: x}
"""


def run_all(project):
    """Runs what there is to run; the names in their order."""
    names = []
    while (job := project.runner.try_take()) is not None:
        job.succeed()
        names.append(job.name)
    return names


@pytest.mark.parametrize("start, again", [("first", {"first", "second", "needing", "last"}), ("second", {"second", "last"}),
                                          ("beside", {"beside", "second", "apart", "last"}), ("needing", {"needing", "last"}),
                                          ("apart", {"apart"}), ("last", {"last"})])
def test_a_job_runs_again_with_what_follows_it(api, project_factory, start, again):
    project = project_factory({"full-ci.yml": FROM_HERE})
    pipeline = project.trigger()
    assert len(run_all(project)) == 6
    before = project.jobs(pipeline["id"])
    answer = api.post(f"{project.at}/jobs/{before[start]['id']}/retry", params={"downstream": True})
    assert (answer.status_code, answer.json()["name"]) == (201, start)
    names = run_all(project)
    assert (set(names), len(names), names[0]) == (again, len(again), start)
    after = project.jobs(pipeline["id"])
    assert {name for name in after if after[name]["id"] != before[name]["id"]} == again
    assert api.get(f"{project.at}/pipelines/{pipeline['id']}").json()["status"] == "success"


def test_a_failure_runs_again_with_what_it_skipped(api, project_factory):
    project = project_factory({"full-ci.yml": FROM_HERE})
    pipeline = project.trigger()
    project.runner.take("first").fail()
    run_all(project)
    jobs = project.jobs(pipeline["id"])
    assert (jobs["second"]["status"], jobs["needing"]["status"]) == ("skipped", "skipped")
    api.post(f"{project.at}/jobs/{jobs['first']['id']}/retry", params={"downstream": True})
    assert set(run_all(project)) == {"first", "second", "needing", "last"}
    assert {job["status"] for job in project.jobs(pipeline["id"]).values()} == {"success"}


def test_a_running_job_does_not_run_again_from_itself(api, project_factory):
    project = project_factory({"full-ci.yml": FROM_HERE})
    project.trigger()
    job = project.runner.take("first")
    answer = api.post(f"{project.at}/jobs/{job.id}/retry", params={"downstream": True})
    assert (answer.status_code, answer.json()) == (403, {"message": "403 Forbidden - Job is not retryable"})
    job.succeed()


# --- timeouts


def test_the_smallest_timeout_wins(api, project_factory):
    """A job's own, else the project's; a runner's maximum counts for what that runner runs, and for no retry by another."""
    place = project_factory({"full-ci.yml": "plain: {script: [x], tags: [small, large]}\nown: {script: [x], timeout: 2h, tags: [large]}\n"})
    api.put(place.at, json={"build_timeout": 1800})
    small, large = (FakeRunner(api, place.id, tags=["small", "large"], run_untagged=False) for _ in range(2))
    api.put(f"/runners/{small.id}", json={"maximum_timeout": 600})
    api.put(f"/runners/{large.id}", json={"maximum_timeout": 3600})
    place.trigger()
    def taken(runner, name):
        job = runner.take(name)
        assert job.payload["runner_info"]["timeout"] == job.payload["steps"][0]["timeout"]
        return job, job.payload["runner_info"]["timeout"]
    first, timeout = taken(small, "plain")
    assert timeout == 600
    assert taken(large, "own")[1] == 3600
    first.fail()
    api.make(f"{place.at}/jobs/{first.id}/retry")
    assert taken(large, "plain")[1] == 1800
