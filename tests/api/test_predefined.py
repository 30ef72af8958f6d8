"""The predefined variables that a job gets, by the kind of its pipeline and by its own: each name, and values."""

import datetime
import re

import pytest
from projects import make_project

CI = """\
plain: {script: x}
"""

KINDS = """\
stages: [one, two, three, four]
grid:
  stage: one
  script: x
  parallel: {matrix: [{SHAPE: [a, b]}]}
count: {stage: two, script: x, parallel: 2}
person: {stage: three, script: x, when: manual, allow_failure: false}
place:
  stage: four
  script: x
  environment: {name: review/$CI_COMMIT_REF_SLUG, url: https://$CI_ENVIRONMENT_SLUG.example.com}
  variables: {CI_ENVIRONMENT_SLUG: mine, CI_ENVIRONMENT_TIER: mine, GITLAB_USER_LOGIN: mine, CI_COMMIT_SHA: mine}
"""

# In every job of every pipeline.
ALWAYS = set("""
CI GITLAB_CI CI_SERVER_URL CI_SERVER_FQDN CI_SERVER_HOST CI_SERVER_PORT CI_SERVER_PROTOCOL CI_SERVER_NAME CI_SERVER_VERSION
CI_SERVER_VERSION_MAJOR CI_SERVER_VERSION_MINOR CI_SERVER_VERSION_PATCH CI_SERVER_REVISION CI_API_V4_URL
CI_TEMPLATE_REGISTRY_HOST GITLAB_FEATURES
CI_PROJECT_ID CI_PROJECT_NAME CI_PROJECT_TITLE CI_PROJECT_DESCRIPTION CI_PROJECT_PATH CI_PROJECT_PATH_SLUG
CI_PROJECT_NAMESPACE CI_PROJECT_NAMESPACE_SLUG CI_PROJECT_NAMESPACE_ID CI_PROJECT_ROOT_NAMESPACE
CI_PROJECT_ROOT_NAMESPACE_SLUG CI_PROJECT_URL CI_PROJECT_VISIBILITY CI_PROJECT_CLASSIFICATION_LABEL CI_PROJECT_TOPICS
CI_PROJECT_REPOSITORY_LANGUAGES CI_DEFAULT_BRANCH CI_DEFAULT_BRANCH_SLUG CI_CONFIG_PATH CI_CONFIG_REF_URI
CI_PIPELINE_ID CI_PIPELINE_IID CI_PIPELINE_SOURCE CI_PIPELINE_CREATED_AT CI_PIPELINE_URL
CI_COMMIT_SHA CI_COMMIT_SHORT_SHA CI_COMMIT_BEFORE_SHA CI_COMMIT_REF_NAME CI_COMMIT_REF_SLUG CI_COMMIT_REF_PROTECTED
CI_COMMIT_MESSAGE CI_COMMIT_MESSAGE_IS_TRUNCATED CI_COMMIT_TITLE CI_COMMIT_DESCRIPTION CI_COMMIT_TIMESTAMP CI_COMMIT_AUTHOR
CI_JOB_ID CI_JOB_NAME CI_JOB_NAME_SLUG CI_JOB_GROUP_NAME CI_JOB_STAGE CI_JOB_URL CI_JOB_STARTED_AT CI_JOB_STARTED_AT_SLUG
CI_JOB_TOKEN CI_NODE_TOTAL CI_REPOSITORY_URL CI_RUNNER_ID CI_RUNNER_DESCRIPTION CI_RUNNER_TAGS
GITLAB_USER_ID GITLAB_USER_EMAIL GITLAB_USER_LOGIN GITLAB_USER_NAME
""".split())
BRANCH = {"CI_COMMIT_BRANCH"}
TAG = {"CI_COMMIT_TAG", "CI_COMMIT_TAG_MESSAGE"}
TRIGGERED = {"CI_PIPELINE_TRIGGERED", "CI_TRIGGER_SHORT_TOKEN", "TRIGGER_PAYLOAD", "_PIPELINE_FILE_NAME"}
SCHEDULED = {"CI_PIPELINE_SCHEDULE_DESCRIPTION", "_PIPELINE_FILE_NAME"}


@pytest.fixture(scope="module")
def project(server):
    project = make_project(server, {"plain-ci.yml": CI, "kinds-ci.yml": KINDS})
    project.repository.git("tag", "-a", "v1.0", "-m", "First release\n\nNotes")
    project.repository.git("tag", "v1.1")
    project.repository.push("refs/tags/v1.0", "refs/tags/v1.1")
    return project


def take(project):
    job = project.runner.take()
    values = {variable["key"]: variable["value"] for variable in job.payload["variables"]}
    job.succeed()
    return job, values


def triggered(project, ref="main", file="plain-ci.yml"):
    project.trigger(ref, file)
    return take(project)


def test_names_of_a_triggered_pipeline_of_a_branch(project):
    _, values = triggered(project)
    assert set(values) == ALWAYS | BRANCH | TRIGGERED
    assert values["CI_PIPELINE_SOURCE"] == "trigger"
    assert values["CI_TRIGGER_SHORT_TOKEN"] == project.trigger_token.removeprefix("glptt-")[:4]


@pytest.mark.parametrize("tag, message", [("v1.0", "First release\n\nNotes\n"), ("v1.1", "")])
def test_names_of_a_pipeline_of_a_tag(project, tag, message):
    _, values = triggered(project, tag)
    assert set(values) == ALWAYS | TAG | TRIGGERED
    assert (values["CI_COMMIT_TAG"], values["CI_COMMIT_TAG_MESSAGE"]) == (tag, message)
    assert values["CI_CONFIG_REF_URI"].endswith(f"/{project.path}//plain-ci.yml@refs/tags/{tag}")


def test_names_of_a_pipeline_of_a_commit(project):
    _, values = triggered(project, project.sha)
    assert set(values) == ALWAYS | TRIGGERED


def test_names_of_a_pipeline_by_the_api(api, project):
    api.make(f"{project.at}/pipeline", ref="main", variables=[{"key": "_PIPELINE_FILE_NAME", "value": "plain-ci.yml"}])
    _, values = take(project)
    assert set(values) == ALWAYS | BRANCH | {"_PIPELINE_FILE_NAME"}
    assert values["CI_PIPELINE_SOURCE"] == "api"


def test_names_of_a_scheduled_pipeline(api, project):
    schedule = api.make(f"{project.at}/pipeline_schedules", description="Nightly", ref="main", cron="0 1 * * *", active=False)
    at = f"{project.at}/pipeline_schedules/{schedule['id']}"
    api.make(f"{at}/variables", key="_PIPELINE_FILE_NAME", value="plain-ci.yml")
    api.make(f"{at}/play")
    _, values = take(project)
    assert {name for name in values if not name.startswith("CI_SCHEDULE_TICK")} == ALWAYS | BRANCH | SCHEDULED
    assert (values["CI_PIPELINE_SOURCE"], values["CI_PIPELINE_SCHEDULE_DESCRIPTION"]) == ("schedule", "Nightly")


def test_names_of_a_pushed_pipeline(project):
    project.push({"a": "1"}, "Change a\n\nBecause.\n\n[plain-ci.yml ci]\n")
    _, values = take(project)
    assert set(values) == ALWAYS | BRANCH
    assert values["CI_PIPELINE_SOURCE"] == "push"
    assert values["CI_COMMIT_TITLE"] == "Change a"
    assert values["CI_COMMIT_DESCRIPTION"] == "Because.\n\n[plain-ci.yml ci]\n"
    assert re.fullmatch("[0-9a-f]{40}", values["CI_COMMIT_BEFORE_SHA"]) and values["CI_COMMIT_BEFORE_SHA"] != "0" * 40


def test_values(server, project):
    job, values = triggered(project)
    host = f"127.0.0.1:{server.port}"
    user = project.api.get("/user").json()
    expected = {
        "CI": "true", "GITLAB_CI": "true", "CI_SERVER_URL": server.url, "CI_SERVER_FQDN": host, "CI_SERVER_HOST": "127.0.0.1",
        "CI_SERVER_PORT": str(server.port), "CI_SERVER_PROTOCOL": "http", "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_PROJECT_ID": str(project.id), "CI_PROJECT_PATH": project.path, "CI_PROJECT_NAME": project.path.split("/")[1],
        "CI_PROJECT_NAMESPACE": "root", "CI_PROJECT_URL": f"{server.url}/{project.path}", "CI_DEFAULT_BRANCH": "main",
        "CI_CONFIG_PATH": "plain-ci.yml", "CI_CONFIG_REF_URI": f"{host}/{project.path}//plain-ci.yml@refs/heads/main",
        "CI_PIPELINE_ID": str(job.payload["job_info"].get("pipeline_id", values["CI_PIPELINE_ID"])),
        "CI_COMMIT_SHA": project.sha, "CI_COMMIT_SHORT_SHA": project.sha[:8], "CI_COMMIT_REF_NAME": "main",
        "CI_COMMIT_REF_SLUG": "main", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "false",
        "CI_COMMIT_MESSAGE_IS_TRUNCATED": "false", "CI_JOB_ID": str(job.id), "CI_JOB_NAME": "plain", "CI_JOB_STAGE": "test",
        "CI_JOB_GROUP_NAME": "plain", "CI_NODE_TOTAL": "1", "CI_JOB_TOKEN": job.token, "CI_RUNNER_ID": str(project.runner.id),
        "CI_RUNNER_DESCRIPTION": "fake", "CI_RUNNER_TAGS": '["docker", "linux"]', "CI_JOB_URL": f"{server.url}/{project.path}/-/jobs/{job.id}",
        "CI_REPOSITORY_URL": f"http://gitlab-ci-token:{job.token}@{host}/{project.path}.git",
        "GITLAB_USER_ID": str(user["id"]), "GITLAB_USER_LOGIN": user["username"], "GITLAB_USER_NAME": user["name"],
    }
    assert {name: values[name] for name in expected} == expected
    started = datetime.datetime.fromisoformat(values["CI_JOB_STARTED_AT"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - started) < datetime.timedelta(minutes=1)
    assert values["CI_JOB_STARTED_AT_SLUG"] == re.sub("[^a-z0-9]", "-", values["CI_JOB_STARTED_AT"].lower())


def test_secrets_are_marked(project):
    job, _ = triggered(project)
    marks = {variable["key"]: (variable["public"], variable["masked"]) for variable in job.payload["variables"]}
    assert marks["CI_JOB_TOKEN"] == (False, True)
    assert marks["CI_REPOSITORY_URL"] == (False, False)
    assert marks["CI_COMMIT_SHA"] == (True, False)


def test_what_a_job_is(project):
    pipeline = project.trigger("main", "kinds-ci.yml")
    seen = {}
    for _ in range(4):
        job, values = take(project)
        seen[job.name] = values
    for name, group, total in [("grid: [a]", "grid", "2"), ("grid: [b]", "grid", "2"), ("count 1/2", "count", "2"), ("count 2/2", "count", "2")]:
        assert (seen[name]["CI_JOB_GROUP_NAME"], seen[name]["CI_NODE_TOTAL"]) == (group, total)
        assert "CI_JOB_MANUAL" not in seen[name]
    assert [seen[f"count {n}/2"]["CI_NODE_INDEX"] for n in (1, 2)] == ["1", "2"]
    assert seen["grid: [a]"]["CI_JOB_NAME_SLUG"] == "grid---a"
    person = project.jobs(pipeline["id"])["person"]["id"]
    assert project.api.post(f"{project.at}/jobs/{person}/play").status_code == 200
    _, values = take(project)
    assert values["CI_JOB_MANUAL"] == "true"
    job, values = take(project)
    assert {name: value for name, value in values.items() if name.startswith("CI_ENVIRONMENT") and name != "CI_ENVIRONMENT_ID"} == {
        "CI_ENVIRONMENT_NAME": "review/main", "CI_ENVIRONMENT_ACTION": "start", "CI_ENVIRONMENT_TIER": "mine",
        "CI_ENVIRONMENT_SLUG": values["CI_ENVIRONMENT_SLUG"], "CI_ENVIRONMENT_URL": f"https://{values['CI_ENVIRONMENT_SLUG']}.example.com"}
    assert values["CI_ENVIRONMENT_SLUG"].startswith("review-main"), "the file cannot put another in its place"
    assert values["GITLAB_USER_LOGIN"] == "root", "who runs it is stronger than the file"
    assert values["CI_COMMIT_SHA"] == "mine", "what is predefined is weaker than the file"


def test_scoped_variables_decide_rules_and_reach_their_jobs(api, project_factory):
    project = project_factory({"full-ci.yml": """\
deploy:
  script: x
  environment: production
  rules: [{if: '$SIZE == "large"'}]
other:
  script: x
  rules: [{if: '$SIZE == "large"', when: never}, {when: on_success}]
"""})
    api.make(f"{project.at}/variables", key="SIZE", value="large", environment_scope="prod*")
    project.trigger()
    seen = dict(sorted((job.name, values.get("SIZE")) for job, values in (take(project), take(project))))
    assert seen == {"deploy": "large", "other": None}
