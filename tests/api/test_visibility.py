"""Who sees what: each role against each call, on private, internal and public projects."""

import pytest
from errors import NO_PROJECT, UNAUTHORIZED, assert_answer
from projects import EVERYBODY

READS = ["", "/pipelines", "/pipelines/{pipeline}", "/pipelines/latest", "/pipelines/{pipeline}/jobs", "/jobs", "/jobs/{job}",
         "/jobs/{job}/trace", "/pipeline_schedules"]
SIGNED_IN = {"/pipelines/{pipeline}/jobs", "/jobs", "/jobs/{job}", "/jobs/{job}/trace", "/pipeline_schedules"}
MEMBERS = ("guest", "reporter", "developer", "maintainer", "owner")


@pytest.fixture(scope="module", params=["private", "internal", "public"])
def shown(request, project_factory, roles):
    """A project of each visibility, with a pipeline and its first job."""
    project = roles.join(project_factory(visibility=request.param))
    project.visibility = request.param
    project.names = {"pipeline": project.trigger()["id"]}
    project.names["job"] = project.jobs(project.names["pipeline"])["build"]["id"]
    return project


def expected(visibility, role, path):
    if role in MEMBERS:
        return 200
    if role == "nobody":
        if path in SIGNED_IN:
            return 401
        return 200 if visibility == "public" else 404
    return 404 if visibility == "private" else 200


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("path", READS)
def test_reads(shown, roles, role, path):
    answer = roles[role].get(shown.at + path.format(**shown.names))
    status = expected(shown.visibility, role, path)
    if role == "outsider" and path == "/pipeline_schedules" and status == 200:
        assert answer.status_code in (200, 403), answer.text  # the reference names members only
        return
    assert answer.status_code == status, answer.text
    if status == 404:
        assert_answer(answer, 404, NO_PROJECT)
    if status == 401:
        assert_answer(answer, 401, UNAUTHORIZED)


@pytest.mark.parametrize("role", EVERYBODY)
def test_list_of_projects(shown, roles, role):
    found = shown.id in [project["id"] for project in roles[role].read("/projects", per_page=100)]
    assert found is (expected(shown.visibility, role, "") == 200)


@pytest.mark.parametrize("role", EVERYBODY)
def test_pipelines_when_jobs_are_not_public(shown, roles, role):
    assert shown.api.put(shown.at, json={"public_jobs": False}).status_code == 200
    try:
        answer = roles[role].get(f"{shown.at}/pipelines")
        if role in ("reporter", "developer", "maintainer", "owner"):
            assert answer.status_code == 200
        elif expected(shown.visibility, role, "/pipelines") == 404:
            assert answer.status_code == 404
        else:
            assert answer.status_code in (401, 403), answer.text
    finally:
        shown.api.put(shown.at, json={"public_jobs": True})


@pytest.mark.parametrize("role", EVERYBODY)
def test_creating_pipelines(shown, roles, role):
    answer = roles[role].post(f"{shown.at}/pipeline", json={
        "ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}]})
    if role in ("developer", "maintainer", "owner"):
        assert answer.status_code == 201, answer.text
    elif role == "nobody":
        assert answer.status_code == 401
    elif role == "outsider" and shown.visibility == "private":
        assert answer.status_code == 404
    else:
        assert answer.status_code in (400, 403), answer.text


@pytest.mark.parametrize("role", EVERYBODY)
def test_changing_the_project(shown, roles, role):
    answer = roles[role].put(shown.at, json={"description": f"by {role}"})
    if role in ("maintainer", "owner"):
        assert answer.status_code == 200, answer.text
    elif role == "nobody":
        assert answer.status_code == 401
    else:
        assert answer.status_code == (404 if role == "outsider" and shown.visibility == "private" else 403)


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("path", [
    "/triggers", "/runners",
    pytest.param("/variables", marks=pytest.mark.route("GET /projects/:id/variables")),
    pytest.param("/hooks", marks=pytest.mark.route("GET /projects/:id/hooks"))])
def test_reads_for_maintainers(shown, roles, role, path):
    answer = roles[role].get(shown.at + path)
    if role in ("maintainer", "owner"):
        assert answer.status_code == 200, answer.text
    elif role == "nobody":
        assert answer.status_code == 401
    else:
        assert answer.status_code == (404 if role == "outsider" and shown.visibility == "private" else 403)


def test_member_who_leaves_sees_nothing(api, roles, project_factory):
    project = roles.join(project_factory())
    reporter = roles.accounts["reporter"]
    assert reporter.api.get(f"{project.at}/pipelines").status_code == 200
    assert api.delete(f"{project.at}/members/{reporter.id}").status_code == 204
    assert_answer(reporter.api.get(f"{project.at}/pipelines"), 404, NO_PROJECT)


def test_member_through_a_group(api, roles, project_factory):
    group = api.make("/groups", name="Seers", path="seers")
    project = project_factory(namespace_id=group["id"])
    assert project.path.startswith("seers/")
    outsider = roles.accounts["outsider"]
    assert outsider.api.get(project.at).status_code == 404
    api.make(f"/groups/{group['id']}/members", user_id=outsider.id, access_level=20)
    assert outsider.api.get(f"{project.at}/pipelines").status_code == 200
    assert outsider.api.post(f"{project.at}/pipeline_schedules", json={
        "description": "d", "ref": "main", "cron": "0 1 * * *"}).status_code == 403
    assert api.delete(f"/groups/{group['id']}/members/{outsider.id}").status_code == 204
    assert outsider.api.get(project.at).status_code == 404


def test_git_asks_for_the_same_rights(server, roles, project_factory):
    from gitrepo import Repository
    project = roles.join(project_factory())
    for role, may_read, may_push in (("outsider", False, False), ("reporter", True, False), ("developer", True, True)):
        account = roles.accounts[role]
        work = Repository(f"http://{account.username}:{account.token}@127.0.0.1:{server.port}/{project.path}.git")
        try:
            assert (work.git("ls-remote", work.push_url, check=False).returncode == 0) is may_read, role
            work.commit({"x": role}, message=f"{role} [skip ci]\n")
            assert (work.push(f"HEAD:refs/heads/by-{role}", check=False).returncode == 0) is may_push, role
        finally:
            work.remove()
