"""The same flows through python-gitlab, as people's scripts have them. The client knows nothing of us."""

import io
import zipfile

import gitlab
import pytest
from fakerunner import zipped
from penstock import in_days
from projects import FULL_CI


@pytest.fixture(scope="module")
def client(server):
    connection = gitlab.Gitlab(server.url, private_token=server.token, timeout=60)
    connection.session.trust_env = False
    connection.auth()
    return connection


@pytest.fixture(scope="module")
def mine(client, ran):
    """The project of `ran`, as python-gitlab sees it."""
    return client.projects.get(ran.id)


def test_auth_and_version(client):
    assert client.user.username == "root"
    assert client.version()[0].startswith("18.5.0")


def test_project_by_path(client, ran):
    assert client.projects.get(ran.path).id == ran.id
    assert client.projects.get(ran.path, lazy=True).pipelines.list(get_all=False)


def test_unknown_project(client):
    with pytest.raises(gitlab.GitlabGetError) as caught:
        client.projects.get("no/such")
    assert (caught.value.response_code, caught.value.error_message) == (404, "404 Project Not Found")


def test_wrong_token(server):
    with pytest.raises(gitlab.GitlabAuthenticationError) as caught:
        gitlab.Gitlab(server.url, private_token="wrong").auth()
    assert caught.value.error_message == "401 Unauthorized"


def test_bearer_token(server):
    connection = gitlab.Gitlab(server.url, oauth_token=server.token)
    connection.auth()
    assert connection.user.username == "root"


def test_schedule(mine):
    schedule = mine.pipelineschedules.create({
        "description": "Build packages", "ref": "main", "cron": "0 1 * * 5", "cron_timezone": "UTC", "active": True})
    assert schedule.ref == "refs/heads/main"
    schedule.variables.create({"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"})
    schedule.description = "Nightly"
    schedule.cron = "0 2 * * *"
    schedule.save()
    read = mine.pipelineschedules.get(schedule.id)
    assert (read.description, read.cron, read.attributes["variables"][0]["key"]) == ("Nightly", "0 2 * * *", "_PIPELINE_FILE_NAME")
    read.take_ownership()
    read.play()
    assert schedule.id in [element.id for element in mine.pipelineschedules.list(iterator=True)]
    schedule.delete()
    with pytest.raises(gitlab.GitlabGetError) as caught:
        mine.pipelineschedules.get(schedule.id)
    assert caught.value.error_message == "404 Pipeline Schedule Not Found"


def test_schedule_that_is_refused(mine):
    with pytest.raises(gitlab.GitlabCreateError) as caught:
        mine.pipelineschedules.create({"description": "d", "ref": "main", "cron": "61 * * * *"})
    assert (caught.value.response_code, caught.value.error_message) == (400, {"cron": ["syntax is invalid"]})


def test_trigger(mine, ran):
    token = mine.triggers.create({"description": "by script"})
    pipeline = mine.trigger_pipeline("main", token.token, variables={"_PIPELINE_FILE_NAME": "full-ci.yml"})
    assert pipeline.source == "trigger"
    assert pipeline.sha == ran.sha
    token.delete()


def test_trigger_with_a_wrong_token(mine):
    with pytest.raises(gitlab.GitlabCreateError) as caught:
        mine.trigger_pipeline("main", "wrong")
    assert (caught.value.response_code, caught.value.error_message) == (404, "404 Not Found")


def test_pipelines(mine, ran):
    pipeline = mine.pipelines.get(ran.finished["id"])
    assert (pipeline.status, pipeline.name) == ("success", "full-ci.yml")
    assert pipeline.id in [element.id for element in mine.pipelines.list(scope="finished", iterator=True)]
    assert {job.name for job in pipeline.jobs.list(get_all=True)} == {"build", "unit", "style", "release"}
    assert {variable.key for variable in pipeline.variables.list(get_all=True)} >= {"_PIPELINE_FILE_NAME"}


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report")
def test_report_of_a_pipeline(mine, ran):
    assert mine.pipelines.get(ran.finished["id"]).test_report.get().total_count == 0


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/bridges")
def test_bridges_of_a_pipeline(mine, ran):
    assert mine.pipelines.get(ran.finished["id"]).bridges.list(get_all=True) == []


def test_pages(mine, ran):
    for _ in range(3):
        ran.trigger()
    listed = mine.pipelines.list(iterator=True, per_page=2)
    assert listed.total >= 4
    assert listed.per_page == 2
    ids = [pipeline.id for pipeline in listed]
    assert len(ids) == listed.total
    assert ids == sorted(set(ids), reverse=True)


def test_create_cancel_and_retry(mine):
    pipeline = mine.pipelines.create({"ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}]})
    assert pipeline.source == "api"
    pipeline.cancel()
    pipeline.refresh()
    assert pipeline.status == "canceled"
    pipeline.retry()
    pipeline.refresh()
    assert pipeline.status in ("pending", "running")
    pipeline.delete()
    with pytest.raises(gitlab.GitlabGetError):
        mine.pipelines.get(pipeline.id)


def test_jobs(mine, ran):
    job = mine.jobs.get(ran.finished_jobs["unit"]["id"])
    assert job.trace() == b"this is unit\n"
    pieces = []
    job.trace(streamed=True, action=pieces.append)
    assert b"".join(pieces) == b"this is unit\n"
    assert job.id in [element.id for element in mine.jobs.list(scope=["success", "failed"], iterator=True)]
    assert {element.status for element in mine.jobs.list(scope="failed", iterator=True)} == {"failed"}


def test_job_flow(client, project_factory):
    project = project_factory()
    theirs = client.projects.get(project.id)
    pipeline = theirs.pipelines.create({"ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}]})
    project.runner.run_all({"unit": "failed"})
    jobs = {job.name: job for job in pipeline.jobs.list(get_all=True)}
    assert jobs["unit"].failure_reason == "script_failure"
    theirs.jobs.get(jobs["unit"].id, lazy=True).retry()
    assert project.runner.run_all() == ["unit"]
    theirs.jobs.get(jobs["release"].id, lazy=True).play()
    project.runner.take("release")
    theirs.jobs.get(jobs["release"].id, lazy=True).cancel()
    assert theirs.jobs.get(jobs["release"].id).status == "canceled"
    theirs.jobs.get(jobs["build"].id, lazy=True).erase()
    with pytest.raises(gitlab.GitlabJobRetryError) as caught:
        theirs.jobs.get(jobs["unit"].id, lazy=True).retry()
    assert caught.value.error_message == "403 Forbidden - Job is not retryable"


def test_artifacts(client, project_factory):
    project = project_factory({"art-ci.yml": "make:\n  script: [x]\n  artifacts: {paths: [out/]}\n"})
    pipeline = project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    job.upload(zipped({"out/a.txt": "text\n"}), artifact_type="archive", artifact_format="zip")
    job.succeed()
    project.wait_for(pipeline["id"], "success")
    theirs = client.projects.get(project.id)
    entity = theirs.jobs.get(job.id)
    assert zipfile.ZipFile(io.BytesIO(entity.artifacts())).namelist() == ["out/a.txt"]
    assert entity.artifact("out/a.txt") == b"text\n"
    assert theirs.artifacts.raw("main", "out/a.txt", "make") == b"text\n"
    entity.keep_artifacts()
    entity.delete_artifacts()
    with pytest.raises(gitlab.GitlabGetError):
        entity.artifacts()


def test_people_and_projects(client, server):
    group = client.groups.create({"name": "Scripts", "path": "scripts"})
    project = client.projects.create({"name": "By script", "namespace_id": group.id})
    assert project.path_with_namespace == "scripts/by-script"
    user = client.users.create({"username": "script-user", "name": "Script User", "email": "script-user@example.com",
                                "force_random_password": True})
    project.members.create({"user_id": user.id, "access_level": gitlab.const.AccessLevel.DEVELOPER})
    assert project.members.get(user.id).access_level == 30
    token = user.personal_access_tokens.create({"name": "t", "scopes": ["api"], "expires_at": in_days(30)})
    theirs = gitlab.Gitlab(server.url, private_token=token.token)
    assert theirs.projects.get(project.id).permissions["project_access"]["access_level"] == 30
    with pytest.raises(gitlab.GitlabListError) as caught:
        theirs.projects.get(project.id).triggers.list(get_all=True)
    assert caught.value.response_code == 403


@pytest.mark.route("GET /projects/:id/variables/:key", "POST /projects/:id/variables")
def test_project_variables(client, project_factory):
    project = client.projects.get(project_factory(files={}).id)
    project.variables.create({"key": "COLOR", "value": "blue"})
    assert project.variables.get("COLOR").value == "blue"


@pytest.mark.route("POST /projects/:id/ci/lint")
def test_lint(client, ran):
    assert client.projects.get(ran.id).ci_lint.create({"content": FULL_CI}).valid is True


@pytest.mark.route("POST /projects/:id/repository/commits", "GET /projects/:id/repository/commits/:sha",
                   "GET /projects/:id/repository/files/:file_path")
def test_commit(client, project_factory):
    project = client.projects.get(project_factory().id)
    commit = project.commits.create({"branch": "main", "commit_message": "Add [skip ci]", "actions": [
        {"action": "create", "file_path": "more-ci.yml", "content": FULL_CI}]})
    assert project.commits.get(commit.id).title == "Add [skip ci]"
    assert project.files.get("more-ci.yml", ref="main").decode().decode() == FULL_CI
