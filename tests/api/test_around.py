"""What the seven calls need around them: users, groups, members, projects, protected branches."""

import pytest
from entities import check_entity, check_list
from errors import FORBIDDEN, NO_PROJECT, NO_RECORD, assert_answer
from penstock import make_user

# --- users


def test_root(api):
    user = api.read("/user")
    assert user["username"] == "root"
    assert user["is_admin"] is True
    assert user["state"] == "active"


def test_create_a_user(api):
    user = api.make("/users", username="ada", name="Ada", email="ada@example.com", force_random_password=True)
    assert (user["username"], user["name"], user["email"], user["is_admin"]) == ("ada", "Ada", "ada@example.com", False)
    assert "password" not in user
    assert api.read(f"/users/{user['id']}")["username"] == "ada"
    found = api.read("/users", username="ada")
    assert [element["id"] for element in found] == [user["id"]]


@pytest.mark.parametrize("changes, status, body", [
    ({"email": "other@example.com"}, 409, {"message": "Username has already been taken"}),
    ({"username": "other"}, 409, {"message": "Email has already been taken"}),
])
def test_user_that_exists(api, changes, status, body):
    fields = {"username": "bob", "name": "Bob", "email": "bob@example.com", "force_random_password": True}
    api.post("/users", json=fields)
    assert_answer(api.post("/users", json={**fields, **changes}), status, body)


def test_user_without_a_password(api):
    answer = api.post("/users", json={"username": "cy", "name": "Cy", "email": "cy@example.com"})
    assert_answer(answer, 400, {"error": "password, reset_password, force_random_password are missing, "
                                         "at least one parameter must be provided"})


def test_only_administrators_create_users(roles):
    answer = roles["maintainer"].post("/users", json={
        "username": "dee", "name": "Dee", "email": "dee@example.com", "force_random_password": True})
    assert_answer(answer, 403, FORBIDDEN)


def test_others_see_little(api, roles):
    user = roles["reporter"].read(f"/users/{api.read('/user')['id']}")
    assert user["username"] == "root"
    assert "email" not in user and "is_admin" not in user


def test_unknown_user(api):
    assert_answer(api.get("/users/999999"), 404, {"message": "404 User Not Found"})


def test_change_and_delete_a_user(api):
    account = make_user(api, "short-lived")
    answer = api.put(f"/users/{account.id}", json={"name": "Renamed"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == "Renamed"
    assert api.delete(f"/users/{account.id}").status_code == 204
    assert api.get(f"/users/{account.id}").status_code == 404
    assert account.api.get("/user").status_code == 401

# --- groups


def test_groups(api):
    group = api.make("/groups", name="Data Teams", path="data-teams")
    assert (group["name"], group["path"], group["full_path"], group["parent_id"]) == ("Data Teams", "data-teams", "data-teams", None)
    child = api.make("/groups", name="Templates", path="templates", parent_id=group["id"])
    assert child["full_path"] == "data-teams/templates"
    assert api.read("/groups/data-teams%2Ftemplates")["id"] == child["id"]
    assert [element["id"] for element in api.read(f"/groups/{group['id']}/subgroups")] == [child["id"]]
    project = api.make("/projects", name="Reference", path="reference", namespace_id=child["id"])
    assert project["path_with_namespace"] == "data-teams/templates/reference"
    assert api.read("/projects/data-teams%2Ftemplates%2Freference")["id"] == project["id"]
    assert [element["id"] for element in api.read(f"/groups/{child['id']}/projects")] == [project["id"]]


def test_group_that_exists(api):
    api.make("/groups", name="Twice", path="twice")
    answer = api.post("/groups", json={"name": "Twice", "path": "twice"})
    assert answer.status_code == 400
    assert "already been taken" in str(answer.json()["message"])


def test_unknown_group(api):
    assert_answer(api.get("/groups/999999"), 404, {"message": "404 Group Not Found"})
    assert_answer(api.get("/groups/no-such"), 404, {"message": "404 Group Not Found"})

# --- projects


def test_create_a_project(api):
    project = api.make("/projects", name="Hello World")
    assert (project["path"], project["path_with_namespace"], project["visibility"]) == ("hello-world", "root/hello-world", "private")
    assert project["empty_repo"] is True
    assert api.read(f"/projects/{project['id']}")["name"] == "Hello World"


def test_project_that_exists(api):
    api.make("/projects", name="Same")
    answer = api.post("/projects", json={"name": "Same"})
    assert answer.status_code == 400
    assert answer.json()["message"]["path"] == ["has already been taken"]
    assert answer.json()["message"]["name"] == ["has already been taken"]


def test_project_without_a_name(api):
    assert_answer(api.post("/projects", json={}), 400, {"error": "name, path are missing, at least one parameter must be provided"})


@pytest.mark.parametrize("path", ["../escape", "a/b", ".git", "x.git", "-dash", "white space", "a" * 300, "new\nline"])
def test_paths_that_are_refused(api, path):
    answer = api.post("/projects", json={"name": "Odd", "path": path})
    assert answer.status_code == 400, answer.text


def test_change_a_project(api, project_factory):
    project = project_factory(files={})
    answer = api.put(project.at, json={"description": "New", "visibility": "public", "build_timeout": 1200})
    assert answer.status_code == 200, answer.text
    entity = api.read(project.at)
    assert (entity["description"], entity["visibility"], entity["build_timeout"]) == ("New", "public", 1200)


def test_list_projects(api, project):
    assert project.id in [element["id"] for element in api.read("/projects", per_page=100)]
    assert project.id in [element["id"] for element in api.read("/projects", search=project.entity["path"], per_page=100)]
    assert api.read("/projects", search="no-such-project-anywhere") == []
    simple = api.read("/projects", simple="true")
    assert "permissions" not in simple[0]
    assert api.get("/projects", params={"order_by": "color"}).status_code == 400


def test_delete_a_project(api, project_factory):
    project = project_factory()
    project.trigger()
    answer = api.delete(project.at)
    assert_answer(answer, 202, {"message": "202 Accepted"})
    answer = api.get(project.at)
    # Gone, or marked and gone later.
    assert answer.status_code == 404 or answer.json().get("marked_for_deletion_on"), answer.text


def test_archived_project_refuses_writes(api, project_factory):
    project = project_factory()
    token = project.trigger_token
    assert api.post(f"{project.at}/archive").status_code == 201
    assert api.read(project.at)["archived"] is True
    answer = api.post(f"{project.at}/pipeline_schedules", json={"description": "d", "ref": "main", "cron": "0 1 * * *"})
    assert answer.status_code == 403, answer.text
    answer = api.post(f"{project.at}/trigger/pipeline", token=None, json={"token": token, "ref": "main"})
    assert answer.status_code in (400, 403, 404), answer.text
    assert api.post(f"{project.at}/unarchive").status_code == 201
    project.trigger()

# --- members


def test_members(api, project_factory):
    project = project_factory(files={})
    account = make_user(api, "member")
    member = check_entity("Member", api.make(f"{project.at}/members", user_id=account.id, access_level=30))
    assert (member["id"], member["access_level"]) == (account.id, 30)
    answer = api.post(f"{project.at}/members", json={"user_id": account.id, "access_level": 30})
    assert_answer(answer, 409, {"message": "Member already exists"})
    answer = api.put(f"{project.at}/members/{account.id}", json={"access_level": 40, "expires_at": "2099-12-31"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["access_level"], answer.json()["expires_at"]) == (40, "2099-12-31")
    members = check_list("Member", api.read(f"{project.at}/members"))
    assert account.id in [element["id"] for element in members]
    everyone = check_list("Member", api.read(f"{project.at}/members/all"))
    assert {account.id, api.read("/user")["id"]} <= {element["id"] for element in everyone}
    assert api.delete(f"{project.at}/members/{account.id}").status_code == 204
    assert_answer(api.get(f"{project.at}/members/{account.id}"), 404, NO_RECORD)


def test_members_that_are_refused(api, roles, project_factory):
    project = roles.join(project_factory(files={}))
    path = f"{project.at}/members"
    assert_answer(api.post(path, json={"user_id": 999999, "access_level": 30}), 404, {"message": "404 User Not Found"})
    assert api.post(path, json={"user_id": roles.accounts["outsider"].id}).status_code == 400
    assert api.post(path, json={"user_id": roles.accounts["outsider"].id, "access_level": 31}).status_code == 400
    assert roles["developer"].post(path, json={"user_id": roles.accounts["outsider"].id, "access_level": 10}).status_code in (401, 403)
    # Nobody gives more than they have.
    answer = roles["maintainer"].post(path, json={"user_id": roles.accounts["outsider"].id, "access_level": 50})
    assert answer.status_code in (400, 403), answer.text

# --- project variables and protected branches


@pytest.mark.route("GET /projects/:id/variables/:key", "POST /projects/:id/variables", "DELETE /projects/:id/variables/:key")
def test_project_variables(api, project_factory):
    project = project_factory()
    path = f"{project.at}/variables"
    made = api.make(path, key="COLOR", value="blue")
    assert (made["key"], made["value"], made["protected"], made["masked"], made["environment_scope"]) == \
        ("COLOR", "blue", False, False, "*")
    assert_answer(api.post(path, json={"key": "COLOR", "value": "red"}), 400,
                  {"message": {"key": ["(COLOR) has already been taken"]}})
    assert_answer(api.post(path, json={"key": "no spaces", "value": "x"}), 400,
                  {"message": {"key": ["can contain only letters, digits and '_'."]}})
    assert_answer(api.post(path, json={"key": "SHORT", "value": "x", "masked": True}), 400, {"message": {"value": ["is invalid"]}})
    assert_answer(api.get(f"{path}/NONE"), 404, {"message": "404 Variable Not Found"})
    project.trigger()
    assert project.runner.take("build").variable("COLOR") == "blue"
    assert api.delete(f"{path}/COLOR").status_code == 204


@pytest.mark.route("POST /projects/:id/variables")
def test_protected_variable_stays_off_other_branches(api, project_factory):
    project = project_factory(unprotect=False)
    project.repository.push("HEAD:refs/heads/free")
    api.post(f"{project.at}/protected_branches", json={"name": "main"})
    api.make(f"{project.at}/variables", key="SECRET", value="hidden-value", protected=True)
    project.trigger("free")
    assert project.runner.take("build").variable("SECRET") is None
    project.trigger("main")
    assert project.runner.take("build").variable("SECRET") == "hidden-value"


@pytest.mark.route("POST /projects/:id/variables")
def test_trigger_variable_wins_over_the_project_s(api, project_factory):
    project = project_factory()
    api.make(f"{project.at}/variables", key="COLOR", value="blue")
    project.trigger(COLOR="red")
    assert project.runner.take("build").variable("COLOR") == "red"


def test_protected_branches(api, project_factory):
    project = project_factory(unprotect=True)
    made = api.make(f"{project.at}/protected_branches", name="main", push_access_level=40)
    assert made["name"] == "main"
    assert made["push_access_levels"][0]["access_level"] == 40
    answer = api.post(f"{project.at}/protected_branches", json={"name": "main"})
    assert_answer(answer, 409, {"message": "Protected branch 'main' already exists"})
    assert api.delete(f"{project.at}/protected_branches/main").status_code == 204
    assert api.get(f"{project.at}/protected_branches/main").status_code == 404


@pytest.mark.parametrize("method, path", [
    ("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/members"), ("POST", "/members"), ("POST", "/triggers"), ("POST", "/pipeline"),
    pytest.param("GET", "/variables", marks=pytest.mark.route("GET /projects/:id/variables")),
    pytest.param("GET", "/repository/tree", marks=pytest.mark.route("GET /projects/:id/repository/tree")),
])
def test_hidden_project_is_not_there(roles, project, method, path):
    answer = roles["outsider"].request(method, project.at + path, json={"user_id": 1, "access_level": 10, "description": "d", "ref": "main"})
    assert_answer(answer, 404, NO_PROJECT)


@pytest.mark.route("GET /projects/:id/repository/tree")
def test_repository_tree(api, project):
    assert "full-ci.yml" in [entry["path"] for entry in api.read(f"{project.at}/repository/tree")]


@pytest.mark.route("GET /projects/:id/repository/branches/:branch")
def test_repository_branch(api, project):
    assert api.read(f"{project.at}/repository/branches/main")["commit"]["id"] == project.sha


@pytest.mark.route("GET /projects/:id/repository/files/:file_path/raw")
def test_repository_file(api, project):
    assert api.get(f"{project.at}/repository/files/README.md/raw", params={"ref": "main"}).text == "# Test\n"


@pytest.mark.route("GET /projects/:id/repository/commits/:sha")
def test_repository_commit(api, project):
    assert api.read(f"{project.at}/repository/commits/{project.sha}")["id"] == project.sha


@pytest.mark.route("POST /projects/:id/ci/lint")
def test_lint(api, project):
    good = api.post(f"{project.at}/ci/lint", json={"content": "job: {script: x}\n"}).json()
    assert (good["valid"], good["errors"]) == (True, [])
    bad = api.post(f"{project.at}/ci/lint", json={"content": "job: {script: 1}\n"}).json()
    assert bad["valid"] is False
    assert bad["errors"] == ["jobs:job:script config should be a string or a nested array of strings up to 10 levels deep"]
