"""Environments and deployments: made by jobs, moved by what the jobs come to, stopped by jobs, by time and by people."""

import time

import pytest
from entities import check_entity
from errors import FORBIDDEN, NO_RECORD, assert_answer
from penstock import Server, wait_until
from projects import make_project

CI = """\
deploy:
  script: x
  environment: {name: review/$NAME, url: "https://$CI_ENVIRONMENT_SLUG.example.com", on_stop: stop, auto_stop_in: 2 days}
stop:
  script: x
  when: manual
  needs: []
  environment: {name: review/$NAME, action: stop}
look:
  stage: .post
  script: x
  environment: {name: review/$NAME, action: access}
"""

PLAIN = "deploy: {script: x, environment: production}\n"


@pytest.fixture
def project(project_factory):
    return project_factory({"full-ci.yml": CI})


@pytest.fixture
def plain(project_factory):
    return project_factory({"full-ci.yml": PLAIN})


def environments(project, **query):
    answer = project.api.get(f"{project.at}/environments", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def environment(project, name):
    found, = environments(project, name=name)
    return project.api.get(f"{project.at}/environments/{found['id']}").json()


def deployments(project, **query):
    return project.api.get(f"{project.at}/deployments", params=query).json()


def deploy(project, name="one"):
    pipeline = project.trigger(NAME=name)
    project.runner.take("deploy").succeed()
    return pipeline


# --- made and moved by jobs -----------------------------------------------------------------------------------------

def test_a_pipeline_makes_its_environment_and_a_deployment(project):
    pipeline = project.trigger(NAME="one")
    made, = environments(project)
    assert (made["name"], made["state"], made["tier"], made["external_url"]) == ("review/one", "available", "development", None)
    assert made["project"]["id"] == project.id and "last_deployment" not in made
    deployment, = deployments(project)
    assert (deployment["iid"], deployment["status"], deployment["sha"], deployment["ref"]) == (1, "created", project.sha, "main")
    assert deployment["deployable"]["id"] == project.jobs(pipeline["id"])["deploy"]["id"]
    assert deployment["environment"] == {key: made[key] for key in
                                         ("id", "name", "slug", "external_url", "created_at", "updated_at")}


@pytest.mark.parametrize("end, status", [("succeed", "success"), ("fail", "failed")])
def test_a_deployment_follows_its_job(project, end, status):
    project.trigger(NAME="one")
    job = project.runner.take("deploy")
    assert deployments(project)[0]["status"] == "running"
    getattr(job, end)()
    assert deployments(project)[0]["status"] == status


def test_a_success_brings_address_and_time_to_stop(project):
    deploy(project)
    seen = environment(project, "review/one")
    assert seen["external_url"] == f"https://{seen['slug']}.example.com"
    assert seen["last_deployment"]["status"] == "success"
    assert "environment" not in seen["last_deployment"] and "project" not in seen
    left = time.time() - time.mktime(time.strptime(seen["auto_stop_at"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone
    assert abs(left) > 47 * 3600


def test_each_attempt_is_a_deployment(api, project):
    pipeline = project.trigger(NAME="one")
    project.runner.take("deploy").fail()
    api.make(f"{project.at}/jobs/{project.jobs(pipeline['id'])['deploy']['id']}/retry")
    assert [(one["iid"], one["status"]) for one in deployments(project)] == [(1, "failed"), (2, "created")]
    project.runner.take("deploy").succeed()
    assert deployments(project)[1]["status"] == "success"


def test_who_only_looks_deploys_nothing(project):
    deploy(project)
    project.runner.take("look").succeed()
    assert len(deployments(project)) == 1


def test_a_manual_deployment_is_blocked(project_factory):
    project = project_factory({"full-ci.yml": "deploy: {script: x, when: manual, environment: production}\n"})
    project.trigger()
    assert deployments(project)[0]["status"] == "blocked"
    assert environment(project, "production")["tier"] == "production"


def test_a_name_that_comes_out_wrong_fails_its_job_alone(api, project_factory):
    project = project_factory({"full-ci.yml": "bad: {script: x, environment: 'a/$NAME'}\ngood: {script: x}\n"})
    pipeline = project.trigger(NAME="b:c")
    jobs = project.jobs(pipeline["id"])
    assert (jobs["bad"]["status"], jobs["bad"]["failure_reason"]) == ("failed", "environment_creation_failure")
    assert jobs["good"]["status"] == "pending"
    assert environments(project) == []


def test_older_deployments_do_not_go_over_newer_ones(api, plain):
    old = plain.trigger()
    new = plain.trigger()
    first = plain.runner.take("deploy")
    second = plain.runner.take("deploy")
    second.succeed()
    first.fail()
    api.make(f"{plain.at}/pipelines/{old['id']}/retry")
    plain.runner.take("deploy").succeed()  # a retry is a deployment of its own, and the newest
    assert api.put(plain.at, json={"ci_forward_deployment_enabled": True}).json()["ci_forward_deployment_enabled"] is True
    older, newer = plain.trigger(), plain.trigger()
    held = plain.jobs(older["id"])["deploy"]["id"]
    plain.api.post(f"{plain.at}/jobs/{held}/cancel")
    plain.runner.take("deploy").succeed()
    assert plain.jobs(newer["id"])["deploy"]["status"] == "success" and new


def test_an_outdated_job_is_not_handed_out(api, project_factory):
    project = project_factory({"full-ci.yml": "wait: {stage: build, script: x, tags: [$TAG]}\n"
                                              "deploy: {stage: deploy, script: x, environment: production}\n"})
    old = project.trigger(TAG="linux")
    slow = project.runner.take("wait")
    new = project.trigger(TAG="linux")
    project.runner.take("wait").succeed()
    project.runner.take("deploy").succeed()
    slow.succeed()
    assert project.runner.try_take() is None
    job = wait_until(lambda: (job := project.jobs(old["id"])["deploy"])["status"] == "failed" and job, "the refusal")
    assert job["failure_reason"] == "failed_outdated_deployment_job"
    assert project.jobs(new["id"])["deploy"]["status"] == "success"


# --- stopped --------------------------------------------------------------------------------------------------------

def test_stopping_plays_the_job_that_stops_it(api, project):
    pipeline = deploy(project)
    at = f"{project.at}/environments/{environment(project, 'review/one')['id']}"
    answer = api.post(f"{at}/stop")
    assert (answer.status_code, answer.json()["state"]) == (200, "stopping")
    assert api.post(f"{at}/stop").json()["state"] == "stopping", "a second call starts nothing"
    project.runner.take("stop").succeed()
    seen = api.get(at).json()
    assert (seen["state"], seen["auto_stop_at"]) == ("stopped", None)
    assert project.jobs(pipeline["id"])["stop"]["status"] == "success"


def test_a_stop_that_fails_leaves_it_available(api, project):
    deploy(project)
    at = f"{project.at}/environments/{environment(project, 'review/one')['id']}"
    api.post(f"{at}/stop")
    project.runner.take("stop").fail()
    assert api.get(at).json()["state"] == "available"


@pytest.mark.parametrize("query", [{}, {"force": "true"}])
def test_stopping_at_once(api, project, plain, query):
    project = project if query else plain
    deploy(project)
    name = "review/one" if query else "production"
    at = f"{project.at}/environments/{environment(project, name)['id']}"
    assert api.post(f"{at}/stop", params=query).json()["state"] == "stopped"
    if query:
        project.runner.take("look").succeed()
    deploy(project)
    assert api.get(at).json()["state"] == "available", "what is deployed to is available again"


def test_time_stops_it(api, project_factory):
    project = project_factory({"full-ci.yml": CI.replace("2 days", "1 second")})
    deploy(project)
    wait_until(lambda: environment(project, "review/one")["state"] == "stopping", "the time to stop")
    project.runner.take("stop").succeed()
    assert environment(project, "review/one")["state"] == "stopped"


def test_only_what_is_stopped_is_deleted(api, plain):
    deploy(plain)
    at = f"{plain.at}/environments/{environment(plain, 'production')['id']}"
    assert_answer(api.delete(at), 403, FORBIDDEN)
    api.post(f"{at}/stop")
    assert api.delete(at).status_code == 204
    assert_answer(api.get(at), 404, NO_RECORD)
    assert deployments(plain) == []


def test_stale_ones(api, plain):
    deploy(plain)
    week_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 8 * 86400))
    assert api.post(f"{plain.at}/environments/stop_stale", json={"before": week_ago}).status_code == 200
    assert environment(plain, "production")["state"] == "available"
    for before in ("2000-01-01T00:00:00Z", "2090-01-01T00:00:00Z"):
        assert_answer(api.post(f"{plain.at}/environments/stop_stale", json={"before": before}),
                      400, {"message": "400 Bad request - Invalid Date"})


def test_review_apps_that_are_stopped_are_deleted(api, project):
    deploy(project)
    api.post(f"{project.at}/environments/{environment(project, 'review/one')['id']}/stop", params={"force": True})
    answer = api.delete(f"{project.at}/environments/review_apps")
    assert (answer.status_code, answer.json()) == (200, {"scheduled_entries": [], "unprocessable_entries": []})
    assert len(environments(project)) == 1


# --- by the API -----------------------------------------------------------------------------------------------------

def test_life_of_an_environment(api, plain):
    made = api.make(f"{plain.at}/environments", name="staging/eu", external_url="https://eu.example.com", description="d")
    check_entity("Environment", made)
    assert (made["tier"], made["state"], made["last_deployment"], made["auto_stop_setting"]) == ("staging", "available", None, "always")
    changed = api.put(f"{plain.at}/environments/{made['id']}", json={"tier": "other", "external_url": ""}).json()
    assert (changed["tier"], changed["external_url"], changed["description"]) == ("other", None, "d")


@pytest.mark.parametrize("given, status, body", [
    ({"name": "taken"}, 400, {"message": {"name": ["has already been taken"]}}),
    ({"name": "x", "slug": "y"}, 400, {"error": "slug is automatically generated and cannot be changed"}),
    ({"name": ""}, 400, {"message": {"name": ["can't be blank"]}}),
    ({"name": "x", "external_url": "javascript:alert(1)"}, 400, {"message": {"external_url": ["is invalid"]}}),
    ({"name": "x", "tier": "z"}, 400, {"error": "tier does not have a valid value"}), ({}, 400, {"error": "name is missing"})])
def test_environments_that_are_refused(api, plain, given, status, body):
    api.make(f"{plain.at}/environments", name="taken")
    assert_answer(api.post(f"{plain.at}/environments", json=given), status, body)


def test_lists(api, plain):
    for name in ("b", "review/a", "review/b"):
        api.make(f"{plain.at}/environments", name=name)
    assert [one["name"] for one in environments(plain)] == ["b", "review/a", "review/b"]
    assert [one["name"] for one in environments(plain, search="view/")] == ["review/a", "review/b"]
    assert environments(plain, states="stopped") == []
    assert_answer(api.get(f"{plain.at}/environments", params={"search": "ab"}),
                  400, {"message": "400 Bad request - Search query is less than 3 characters"})
    assert api.get(f"{plain.at}/environments", params={"search": "abc", "name": "b"}).status_code == 400
    assert api.get(f"{plain.at}/environments", params={"states": "x"}).status_code == 400


def test_deployments_by_the_api(api, plain):
    made = api.make(f"{plain.at}/deployments", environment="production", sha=plain.sha, ref="main", tag=False, status="running")
    check_entity("Deployment", made)
    assert (made["deployable"], made["status"], made["iid"]) == (None, "running", 1)
    at = f"{plain.at}/deployments/{made['id']}"
    assert_answer(api.delete(at), 400, {"message": "Cannot destroy running deployment"})
    assert api.put(at, json={"status": "success"}).json()["status"] == "success"
    assert_answer(api.delete(at), 400, {"message": "Deployment currently deployed to environment"})
    deploy(plain)
    assert api.delete(at).status_code == 204
    job_made, = deployments(plain)
    assert_answer(api.put(f"{plain.at}/deployments/{job_made['id']}", json={"status": "failed"}), 403,
                  {"message": "403 Forbidden - Deployments created using GitLab CI can not be updated using the API"})


def test_deployments_that_are_refused(api, plain):
    good = {"environment": "production", "sha": plain.sha, "ref": "main", "tag": False, "status": "success"}
    for change in ({"sha": "0" * 40}, {"environment": "a:b"}, {"status": "created"}, {"ref": None}):
        assert api.post(f"{plain.at}/deployments", json=good | change).status_code == 400, change


@pytest.mark.parametrize("query, text", [
    ({"updated_after": "2020-01-01", "finished_after": "2020-01-01"},
     "Both `updated_at` filter and `finished_at` filter can not be specified"),
    ({"updated_after": "2020-01-01"}, "`updated_at` filter and `updated_at` sorting must be paired"),
    ({"finished_after": "2020-01-01", "order_by": "finished_at"},
     "`finished_at` filter must be combined with `success` status filter.")])
def test_filters_that_do_not_go_together(api, plain, query, text):
    assert_answer(api.get(f"{plain.at}/deployments", params=query), 400, {"message": f"400 Bad request - {text}"})


def test_filters_and_orders(api, plain):
    deploy(plain), deploy(plain)
    plain.trigger()
    assert [one["iid"] for one in deployments(plain, order_by="iid", sort="desc")] == [3, 2, 1]
    assert [one["iid"] for one in deployments(plain, status="success")] == [1, 2]
    assert [one["iid"] for one in deployments(plain, environment="nowhere")] == []
    assert len(deployments(plain, status="success", order_by="finished_at", finished_after="2020-01-01T00:00:00Z")) == 2
    assert len(deployments(plain, order_by="updated_at", updated_before="2020-01-01T00:00:00Z")) == 0


def test_who_may(roles, plain):
    roles.join(plain)
    deploy(plain)
    at = f"{plain.at}/environments"
    number = environment(plain, "production")["id"]
    for role, reads, deploys in (("guest", 403, 403), ("reporter", 200, 403), ("developer", 200, 201)):
        someone = roles[role]
        assert someone.get(at).status_code == reads, role
        assert someone.post(at, json={"name": f"of-{role}"}).status_code == deploys, role
    assert roles["reporter"].post(f"{at}/{number}/stop").status_code == 403


def test_a_pipeline_deploys_no_more_often_than_the_limit():
    jobs = "".join(f"job{i}: {{script: [x], environment: e{i}}}\n" for i in range(3))
    with Server("--max-deployments", "2") as server:
        place = make_project(server, {"few-ci.yml": jobs + "end: {script: [x], environment: {name: e0, action: stop}, when: manual}\n",
                                      "full-ci.yml": jobs.replace("e2", "{name: e0, action: verify}")})
        assert place.trigger()["status"] == "pending"
        answer = place.post_trigger(file="few-ci.yml")
        assert answer.status_code == 422 or answer.json()["status"] == "failed", answer.text
        failed = server.api.read(f"{place.at}/pipelines")[0]
        assert failed["status"] == "failed"
        assert place.jobs(failed["id"]) == {}
        answer = server.api.post(f"{place.at}/pipeline", json={"ref": "main", "variables": [
            {"key": "_PIPELINE_FILE_NAME", "value": "few-ci.yml"}]})
        assert answer.status_code == 400
        assert "Pipeline has too many deployments! Requested 3, but the limit is 2." in answer.text
        place.repository.remove()
