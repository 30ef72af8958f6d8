"""Variables of projects, groups and the instance: what they are told and shown, and which jobs get them."""

import pytest
from entities import check_list
from errors import FORBIDDEN, assert_answer

TWO_PLACES = """
build: {script: make}
deploy:
  script: make
  environment: {name: review/$CI_COMMIT_REF_NAME}
"""


@pytest.fixture(scope="module")
def group(api):
    made = api.make("/groups", name="variables", path="variables")
    return made | {"at": f"/groups/{made['id']}"}


@pytest.fixture(scope="module")
def owners(group, project):
    return {"group": f"{group['at']}/variables", "instance": "/admin/ci/variables", "project": f"{project.at}/variables"}


@pytest.fixture(params=["project", "group", "instance"])
def path(owners, request):
    return owners[request.param]


def test_life_of_a_variable(api, path):
    made = api.make(path, key="LIFE", value="", description="why")
    assert (made["value"], made["variable_type"], made["raw"], made["description"]) == ("", "env_var", False, "why")
    changed = api.put(f"{path}/LIFE", json={"value": "x", "variable_type": "file", "protected": True, "raw": True})
    assert changed.status_code == 200
    assert changed.json() == made | {"value": "x", "variable_type": "file", "protected": True, "raw": True}
    assert api.read(f"{path}/LIFE") == changed.json()
    assert changed.json() in api.read(path)
    assert_answer(api.post(path, json={"key": "LIFE", "value": "y"}), 400, {"message": {"key": ["(LIFE) has already been taken"]}})
    assert api.delete(f"{path}/LIFE").status_code == 204
    assert api.get(f"{path}/LIFE").status_code == 404


def test_entities(api, owners):
    scoped = {"variable_type", "key", "value", "hidden", "protected", "masked", "raw", "environment_scope", "description"}
    for owner, path in owners.items():
        made = api.make(path, key="ENTITY", value="x")
        assert set(made) == (scoped if owner != "instance" else scoped - {"hidden", "environment_scope"})
        assert api.delete(f"{path}/ENTITY").status_code == 204


@pytest.mark.parametrize("owner, title", [("project", "Variable"), ("group", "Group Variable"), ("instance", "Instance Variable")])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_missing(api, owners, owner, title, method):
    assert_answer(api.request(method, f"{owners[owner]}/NONE"), 404, {"message": f"404 {title} Not Found"})


def test_refusals(api, path):
    assert_answer(api.post(path, json={}), 400, {"error": "key is missing, value is missing"})
    assert_answer(api.post(path, json={"key": "A", "value": "x", "variable_type": "text"}), 400,
                  {"error": "variable_type does not have a valid value"})
    assert_answer(api.post(path, json={"key": "A-B", "value": "x"}), 400,
                  {"message": {"key": ["can contain only letters, digits and '_'."]}})
    assert api.post(path, json={"key": "K" * 256, "value": "x"}).status_code == 400
    assert api.post(path, json={"key": "A", "value": "x", "description": "d" * 256}).status_code == 400


def test_size_of_values(api, owners):
    for owner in ("project", "group"):
        assert api.post(owners[owner], json={"key": "BIG", "value": "ü" * 10001}).status_code == 400
        assert api.post(owners[owner], json={"key": "BIG", "value": "ü" * 10000}).status_code == 201
    assert_answer(api.post(owners["instance"], json={"key": "BIG", "value": "x" * 800}), 400, {"message": {"value": [
        "The encrypted value of the provided variable exceeds 1024 bytes. Variables over 700 characters risk exceeding the limit."]}})
    assert api.post(owners["instance"], json={"key": "BIG", "value": "x" * 700}).status_code == 201
    assert api.delete(f"{owners['instance']}/BIG").status_code == 204


@pytest.mark.parametrize("value, raw, fits", [
    ("longenough", False, True), ("a+b/c=@:.~-_", False, True), ("short77", False, False), ("with blank", False, False),
    ("$dollars_8", False, False), ("$dollars_8", True, True), ("two\nlines8", True, False), ("with blank", True, False)])
def test_what_can_be_masked(api, path, value, raw, fits):
    answer = api.post(path, json={"key": "MASKED", "value": value, "masked": True, "raw": raw})
    if fits:
        assert answer.status_code == 201 and api.delete(f"{path}/MASKED").status_code == 204
    else:
        assert_answer(answer, 400, {"message": {"value": ["is invalid"]}})


def test_hidden_value_is_never_shown_again(api, project):
    path = f"{project.at}/variables"
    made = api.make(path, key="HIDDEN", value="never-again", masked_and_hidden=True)
    assert (made["value"], made["masked"], made["hidden"]) == (None, True, True)
    assert api.read(f"{path}/HIDDEN")["value"] is None
    assert [one["value"] for one in api.read(path) if one["key"] == "HIDDEN"] == [None]
    changed = api.put(f"{path}/HIDDEN", json={"value": "another-one", "protected": False})
    assert changed.status_code == 200 and changed.json()["value"] is None
    assert_answer(api.put(f"{path}/HIDDEN", json={"masked": False}), 400, {"message": {"base": [
        "Updating masked attribute is not allowed on updates for hidden variables."]}})
    project.trigger()
    job = project.runner.take("build")
    [given] = [one for one in job.payload["variables"] if one["key"] == "HIDDEN"]
    assert given == {"key": "HIDDEN", "value": "another-one", "public": False, "masked": True}


def test_scopes_tell_variables_of_one_key_apart(api, project):
    path = f"{project.at}/variables"
    api.make(path, key="SCOPED", value="1")
    api.make(path, key="SCOPED", value="2", environment_scope="prod")
    several = {"message": "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"}
    for method in ("GET", "PUT", "DELETE"):
        assert_answer(api.request(method, f"{path}/SCOPED"), 409, several)
    prod = {"filter[environment_scope]": "prod"}
    assert api.get(f"{path}/SCOPED", params=prod).json()["value"] == "2"
    assert api.put(f"{path}/SCOPED", params=prod, json={"environment_scope": "*"}).status_code == 400
    assert api.delete(f"{path}/SCOPED", params=prod).status_code == 204
    assert api.read(f"{path}/SCOPED")["value"] == "1"
    assert api.post(path, json={"key": "SCOPED", "value": "1", "environment_scope": "a?"}).status_code == 400


def test_nearest_owner_wins(api, group, project_factory):
    inner = api.make("/groups", name="inner", path="inner", parent_id=group["id"])
    project = project_factory({"full-ci.yml": "variables: {IN_FILE: file}\nbuild: {script: make}\n"}, namespace_id=inner["id"])
    owners = {"instance": "/admin/ci/variables", "outer": f"{group['at']}/variables",
              "inner": f"/groups/{inner['id']}/variables", "project": f"{project.at}/variables"}
    for n, (owner, path) in enumerate(owners.items()):
        for weaker in list(owners)[:n + 1]:
            api.make(path, key=f"UP_FROM_{weaker}", value=owner)
    api.make(owners["instance"], key="IN_FILE", value="instance")
    project.trigger()
    job = project.runner.take("build")
    assert [job.variable(f"UP_FROM_{owner}") for owner in owners] == ["project"] * 4
    assert job.variable("IN_FILE") == "instance"
    for owner in ("project", "inner", "outer"):
        assert api.delete(f"{owners[owner]}/UP_FROM_instance").status_code == 204
        project.trigger()
        expected = list(owners)[list(owners).index(owner) - 1]
        assert project.runner.take("build").variable("UP_FROM_instance") == expected
    for key in ("UP_FROM_instance", "IN_FILE"):
        assert api.delete(f"{owners['instance']}/{key}").status_code == 204


def test_scope_that_fits_best_wins(api, project_factory):
    project = project_factory({"full-ci.yml": TWO_PLACES})
    for scope in ("review/main", "*", "rev*", "review/*", "prod"):
        api.make(f"{project.at}/variables", key="PLACE", value=scope, environment_scope=scope)
    api.make(f"{project.at}/variables", key="ONLY", value="x", environment_scope="review/*")
    project.trigger()
    jobs = [project.runner.take() for _ in range(2)]
    seen = {job.payload["job_info"]["name"]: (job.variable("PLACE"), job.variable("ONLY")) for job in jobs}
    assert seen == {"build": ("*", None), "deploy": ("review/main", "x")}


def test_rules_and_names_see_them_on_protected_refs_alone(api, project_factory):
    project = project_factory({"full-ci.yml": """
workflow: {name: "by $OPEN $GUARDED"}
build: {script: make}
secret: {script: make, rules: [{if: $GUARDED}]}
"""}, unprotect=False)
    project.repository.push("HEAD:refs/heads/free")
    api.post(f"{project.at}/protected_branches", json={"name": "main"})
    api.make(f"{project.at}/variables", key="OPEN", value="all")
    api.make(f"{project.at}/variables", key="GUARDED", value="few", protected=True)
    free, main = project.trigger("free"), project.trigger("main")
    assert project.pipeline(free["id"])["name"] == "by all"
    assert project.pipeline(main["id"])["name"] == "by all few"
    assert list(project.jobs(free["id"])) == ["build"]
    assert sorted(project.jobs(main["id"])) == ["build", "secret"]


def test_file_and_raw_reach_the_runner(api, project_factory):
    project = project_factory()
    api.make(f"{project.at}/variables", key="KEYFILE", value="text", variable_type="file")
    api.make(f"{project.at}/variables", key="RAW", value="$CI_JOB_NAME", raw=True)
    api.make(f"{project.at}/variables", key="EXPANDED", value="$CI_JOB_NAME")
    assert project.trigger()
    given = {one["key"]: one for one in project.runner.take("build").payload["variables"]}
    assert given["KEYFILE"]["file"] is True and given["KEYFILE"]["public"] is False
    assert (given["RAW"]["value"], given["RAW"]["raw"]) == ("$CI_JOB_NAME", True)
    assert given["EXPANDED"]["value"] == "build"


def test_pipelines_do_not_show_them(api, project_factory):
    project = project_factory()
    api.make(f"{project.at}/variables", key="COLOR", value="blue")
    keys = [one["key"] for one in check_list("Variable", api.read(f"{project.at}/pipelines/{project.trigger()['id']}/variables"))]
    assert "COLOR" not in keys


def test_who_may(roles, project_factory, api, group):
    project = project_factory(files={})
    roles.join(project)
    assert_answer(roles["developer"].get(f"{project.at}/variables"), 403, FORBIDDEN)
    assert roles["maintainer"].get(f"{project.at}/variables").status_code == 200
    maintainer = roles["maintainer"]
    user = maintainer.get("/user").json()["id"]
    api.make(f"{group['at']}/members", user_id=user, access_level=40)
    assert_answer(maintainer.get(f"{group['at']}/variables"), 403, FORBIDDEN)
    assert_answer(maintainer.get("/admin/ci/variables"), 403, FORBIDDEN)


def test_the_instance_has_at_most_25(api):
    path = "/admin/ci/variables"
    before = len(api.read(path))
    made = [api.make(path, key=f"N{n}", value="")["key"] for n in range(25 - before)]
    assert_answer(api.post(path, json={"key": "ONE_MORE", "value": ""}), 400,
                  {"message": {"base": ["Maximum number of ci instance level variables (25) exceeded"]}})
    for key in made:
        assert api.delete(f"{path}/{key}").status_code == 204


def test_errors_do_not_show_masked_values(api, project_factory):
    project = project_factory({"full-ci.yml": "include: {local: '$PLACE.yml'}\n"})
    api.make(f"{project.at}/variables", key="PLACE", value="secret-place-1", masked=True)
    answer = project.post_trigger()
    assert answer.status_code == 422
    assert "secret-place-1" not in answer.text
    assert "Local file `[MASKED]xxxxxx.yml` does not exist!" in answer.text
