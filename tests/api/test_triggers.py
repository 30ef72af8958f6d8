"""Triggering pipelines, and the tokens that do it."""

import json

import pytest
from entities import check_entity, check_list
from errors import FORBIDDEN, NOT_FOUND, assert_answer, base, invalid, missing
from penstock import make_user

# --- POST trigger/pipeline


def test_trigger(api, project):
    pipeline = check_entity("Pipeline", project.trigger())
    assert pipeline["project_id"] == project.id
    assert pipeline["sha"] == project.sha
    assert pipeline["ref"] == "main"
    assert pipeline["source"] == "trigger"
    assert pipeline["tag"] is False
    assert pipeline["before_sha"] == "0" * 40
    assert pipeline["yaml_errors"] is None
    assert pipeline["user"]["username"] == "root"
    assert pipeline["status"] in ("created", "pending")
    assert pipeline["started_at"] is None
    assert "name" not in pipeline
    assert project.pipeline(pipeline["id"])["name"] == "full-ci.yml"


def test_trigger_reads_no_user_s_token(anonymous, project):
    answer = anonymous.post(f"{project.at}/trigger/pipeline", data={
        "token": project.trigger_token, "ref": "main", "variables[_PIPELINE_FILE_NAME]": "full-ci.yml"})
    assert answer.status_code == 201, answer.text


def test_trigger_by_query_alone(anonymous, project):
    answer = anonymous.post(f"{project.at}/trigger/pipeline?token={project.trigger_token}&ref=main"
                            "&variables%5B_PIPELINE_FILE_NAME%5D=full-ci.yml")
    assert answer.status_code == 201, answer.text


def test_older_form_with_the_ref_in_the_path(anonymous, project):
    answer = anonymous.post(f"{project.at}/ref/main/trigger/pipeline?token={project.trigger_token}&ref=elsewhere"
                            "&variables[_PIPELINE_FILE_NAME]=full-ci.yml")
    assert answer.status_code == 201, answer.text
    assert answer.json()["ref"] == "main"


def test_ref_with_a_slash_in_the_path(anonymous, project):
    project.repository.push("HEAD:refs/heads/feature/x")
    answer = anonymous.post(f"{project.at}/ref/feature%2Fx/trigger/pipeline?token={project.trigger_token}"
                            "&variables[_PIPELINE_FILE_NAME]=full-ci.yml")
    assert answer.status_code == 201, answer.text
    assert answer.json()["ref"] == "feature/x"


@pytest.mark.parametrize("ref, name", [("main", "main"), ("refs/heads/main", "main"), ("v1", "v1"), ("refs/tags/v1", "v1")])
def test_refs(project_factory, ref, name):
    project = project_factory()
    project.repository.push("HEAD:refs/tags/v1")
    pipeline = project.trigger(ref)
    assert pipeline["ref"] == name
    assert pipeline["tag"] is (name == "v1")


def test_ref_may_be_a_commit(project_factory):
    project = project_factory()
    first = project.sha
    second = project.push({"more.txt": "more\n"}, message="More\n")
    for ref in (first, first[:8], first[:7]):
        pipeline = project.trigger(ref)
        assert pipeline["sha"] == first
        assert pipeline["ref"] == first
        assert pipeline["tag"] is False
    assert project.trigger()["sha"] == second


def test_pipeline_of_a_commit_is_on_no_branch(project_factory):
    project = project_factory()
    project.trigger(project.sha[:10])
    job = project.runner.take("build")
    assert job.variable("CI_COMMIT_SHA") == project.sha
    assert job.variable("CI_COMMIT_BRANCH") is None
    assert job.variable("CI_COMMIT_TAG") is None


@pytest.mark.parametrize("ref", ["no-such", "refs/heads/no-such", "main~1", "HEAD^", "../main", "0" * 40, "f" * 40, "abcdef", "abc", "-",
                                 "main main", "ma\u00efn",
                                 pytest.param("a" * 5000, id="long")])
def test_ref_that_is_not_there(project, ref):
    answer = project.post_trigger(ref)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]["base"] in (["Reference not found"], ["Commit not found"])


def test_ref_that_is_not_there_exactly(project):
    assert_answer(project.post_trigger("no-such"), 400, base("Reference not found"))


def test_missing_fields(anonymous, project):
    path = f"{project.at}/trigger/pipeline"
    answer = anonymous.post(path, json={"token": project.trigger_token})
    assert_answer(answer, 400, {"error": "ref is missing, ref is empty"})
    assert_answer(anonymous.post(path, json={"ref": "main"}), 400, missing("token"))
    answer = anonymous.post(path, json={})
    assert answer.status_code == 400
    assert sorted(answer.json()["error"].split(", ")) == ["ref is empty", "ref is missing", "token is missing"]
    assert_answer(anonymous.post(path, json={"token": project.trigger_token, "ref": ""}), 400, {"error": "ref is empty"})


@pytest.mark.parametrize("token", ["wrong", "", "glptt-" + "0" * 40])
def test_token_that_nobody_has(anonymous, project, token):
    assert_answer(anonymous.post(f"{project.at}/trigger/pipeline", json={"token": token, "ref": "main"}), 404, NOT_FOUND)


def test_token_of_another_project(anonymous, project, project_factory):
    other = project_factory()
    answer = anonymous.post(f"{project.at}/trigger/pipeline", json={"token": other.trigger_token, "ref": "main"})
    assert_answer(answer, 404, NOT_FOUND)


def test_unknown_project_is_no_different(anonymous, project):
    answer = anonymous.post("/projects/999999/trigger/pipeline", json={"token": project.trigger_token, "ref": "main"})
    assert_answer(answer, 404, NOT_FOUND)


def test_personal_token_is_no_trigger_token(anonymous, server, project):
    assert_answer(anonymous.post(f"{project.at}/trigger/pipeline", json={"token": server.token, "ref": "main"}), 404, NOT_FOUND)


@pytest.mark.parametrize("variables", ["text", 1, ["A"]])
def test_variables_that_are_no_hash(anonymous, project, variables):
    answer = anonymous.post(f"{project.at}/trigger/pipeline",
                            json={"token": project.trigger_token, "ref": "main", "variables": variables})
    assert_answer(answer, 400, invalid("variables"))


@pytest.mark.parametrize("value", [1, True, {"a": "b"}, ["a"], 1.5])
def test_variable_that_is_no_text(anonymous, project, value):
    answer = anonymous.post(f"{project.at}/trigger/pipeline",
                            json={"token": project.trigger_token, "ref": "main", "variables": {"A": value}})
    assert_answer(answer, 400, {"message": "variables needs to be a map of key-valued strings"})


def test_variables_reach_the_jobs(api, project_factory):
    project = project_factory()
    pipeline = project.trigger(COLOR="blue", EMPTY="", UNICODE="ü 🌙", QUOTES="a \"b\" 'c' $d\nnext")
    job = project.runner.take("build")
    assert job.variable("COLOR") == "blue"
    assert job.variable("EMPTY") == ""
    assert job.variable("UNICODE") == "ü 🌙"
    assert job.variable("_PIPELINE_FILE_NAME") == "full-ci.yml"
    assert job.variable("CI_PIPELINE_TRIGGERED") == "true"
    assert job.variable("CI_PIPELINE_SOURCE") == "trigger"
    kept = check_list("Variable", api.read(f"{project.at}/pipelines/{pipeline['id']}/variables"))
    assert {"COLOR": "blue", "EMPTY": "", "_PIPELINE_FILE_NAME": "full-ci.yml"}.items() <= \
        {variable["key"]: variable["value"] for variable in kept}.items()


def test_payload_holds_all_but_the_token(project_factory):
    project = project_factory()
    project.trigger(COLOR="blue")
    job = project.runner.take("build")
    payload = json.loads(job.variable("TRIGGER_PAYLOAD"))
    assert payload["ref"] == "main"
    assert payload["variables"] == {"COLOR": "blue", "_PIPELINE_FILE_NAME": "full-ci.yml"}
    assert "token" not in payload
    assert project.trigger_token not in job.variable("TRIGGER_PAYLOAD")
    kind = [variable for variable in job.payload["variables"] if variable["key"] == "TRIGGER_PAYLOAD"][0]
    assert kind["file"] is True


def test_skip_in_the_commit_message_is_ignored(project_factory):
    project = project_factory()
    project.push({"a.txt": "a"}, message="More [skip ci]\n")
    assert project.trigger()["status"] in ("created", "pending")


def test_loop_guard(anonymous, project):
    answer = anonymous.post(f"{project.at}/trigger/pipeline", headers={"X-Gitlab-Event": "Pipeline Hook"},
                            json={"token": project.trigger_token, "ref": "main"})
    assert_answer(answer, 403, FORBIDDEN)


def test_each_post_makes_a_pipeline(project):
    first, second = project.trigger(), project.trigger()
    assert second["id"] > first["id"]
    assert second["iid"] == first["iid"] + 1


def test_job_token_triggers_a_downstream_pipeline(anonymous, project_factory):
    project = project_factory()
    project.trigger()
    job = project.runner.take("build")
    answer = anonymous.post(f"{project.at}/trigger/pipeline", data={
        "token": job.token, "ref": "main", "variables[_PIPELINE_FILE_NAME]": "full-ci.yml"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["source"] == "pipeline"
    assert answer.json()["user"]["username"] == "root"


def test_job_token_of_an_ended_job(anonymous, project_factory):
    project = project_factory()
    project.trigger()
    job = project.runner.take("build")
    job.succeed()
    answer = anonymous.post(f"{project.at}/trigger/pipeline", data={"token": job.token, "ref": "main"})
    assert_answer(answer, 401, {"message": "Job is not running"})


def test_job_token_of_a_project_that_is_not_allowed(anonymous, project_factory):
    source, target = project_factory(), project_factory()
    source.trigger()
    job = source.runner.take("build")
    answer = anonymous.post(f"{target.at}/trigger/pipeline", data={"token": job.token, "ref": "main"})
    assert_answer(answer, 403, {"message": f"403 Forbidden - Authentication by CI/CD job token not allowed from "
                                           f"{source.path} to {target.path}."})

# --- the tokens


def test_create(api, project):
    answer = api.post(f"{project.at}/triggers", json={"description": "From outside"})
    assert answer.status_code == 201, answer.text
    trigger = check_entity("Trigger", answer.json())
    assert trigger["description"] == "From outside"
    assert trigger["token"].startswith("glptt-") and len(trigger["token"]) == len("glptt-") + 40
    assert trigger["last_used"] is None
    assert trigger["owner"]["username"] == "root"


def test_create_without_a_description(api, project):
    assert_answer(api.post(f"{project.at}/triggers", json={}), 400, missing("description"))


def test_list_in_order(api, project_factory):
    project = project_factory(files={})
    made = [api.make(f"{project.at}/triggers", description=text)["id"] for text in "abc"]
    triggers = check_list("Trigger", api.read(f"{project.at}/triggers"))
    assert [trigger["id"] for trigger in triggers] == made


def test_using_a_token_is_noted(api, project_factory):
    project = project_factory()
    project.trigger()
    assert api.read(f"{project.at}/triggers")[0]["last_used"] is not None


def test_token_is_whole_for_its_owner_alone(api, roles, project_factory):
    project = roles.join(project_factory(files={}))
    trigger = api.make(f"{project.at}/triggers", description="root's")
    path = f"{project.at}/triggers/{trigger['id']}"
    assert api.read(path)["token"] == trigger["token"]
    seen = roles["maintainer"].read(path)["token"]
    assert seen == trigger["token"][len("glptt-"):][:4] or seen == trigger["token"][:len("glptt-") + 4]


def test_update(api, roles, project_factory):
    project = roles.join(project_factory(files={}))
    trigger = api.make(f"{project.at}/triggers", description="old")
    path = f"{project.at}/triggers/{trigger['id']}"
    answer = api.put(path, json={"description": "new"})
    assert answer.status_code == 200, answer.text
    assert check_entity("Trigger", answer.json())["description"] == "new"
    assert_answer(roles["maintainer"].put(path, json={"description": "mine"}), 403, FORBIDDEN)


def test_delete(api, project_factory):
    project = project_factory()
    token = project.trigger_token
    trigger = api.read(f"{project.at}/triggers")[0]
    path = f"{project.at}/triggers/{trigger['id']}"
    assert api.delete(path).status_code == 204
    for method in ("GET", "PUT", "DELETE"):
        assert_answer(api.request(method, path, json={"description": "x"}), 404, {"message": "404 Trigger Not Found"})
    assert_answer(api.post(f"{project.at}/trigger/pipeline", json={"token": token, "ref": "main"}), 404, NOT_FOUND)


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 403), ("maintainer", 200), ("owner", 200),
                                          ("outsider", 404), ("nobody", 401)])
def test_who_may_manage(api, roles, project_factory, role, status):
    project = roles.join(project_factory(files={}))
    trigger = api.make(f"{project.at}/triggers", description="d")
    client = roles[role]
    assert client.get(f"{project.at}/triggers").status_code == status
    assert client.get(f"{project.at}/triggers/{trigger['id']}").status_code == status
    assert client.post(f"{project.at}/triggers", json={"description": "d"}).status_code == (201 if status == 200 else status)
    assert client.delete(f"{project.at}/triggers/{trigger['id']}").status_code == (204 if status == 200 else status)


def test_token_acts_as_its_owner(api, project_factory):
    project = project_factory()
    owner = make_user(api, "trigger-owner")
    api.make(f"{project.at}/members", user_id=owner.id, access_level=40)
    token = owner.api.make(f"{project.at}/triggers", description="mine")["token"]
    body = {"token": token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}}
    pipeline = api.make(f"{project.at}/trigger/pipeline", **body)
    assert pipeline["user"]["username"] == "trigger-owner"
    assert api.delete(f"{project.at}/members/{owner.id}").status_code == 204
    answer = api.post(f"{project.at}/trigger/pipeline", json=body)
    assert answer.status_code in (400, 404), answer.text


def test_token_of_a_blocked_user_starts_nothing(api, project_factory):
    project = project_factory()
    owner = make_user(api, "blocked-trigger-owner")
    api.make(f"{project.at}/members", user_id=owner.id, access_level=40)
    token = owner.api.make(f"{project.at}/triggers", description="mine")["token"]
    assert api.post(f"/users/{owner.id}/block").status_code == 201
    answer = api.post(f"{project.at}/trigger/pipeline", token=None, json={
        "token": token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}})
    assert_answer(answer, 400, base("Insufficient permissions to create a new pipeline"))
    assert api.read(f"{project.at}/pipelines") == []
