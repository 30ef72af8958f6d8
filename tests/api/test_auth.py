"""Who is calling: where tokens may stand, what a bad one answers, what scopes allow."""

import base64

import pytest
from entities import check_entity
from errors import FORBIDDEN, NO_PROJECT, NOT_FOUND, UNAUTHORIZED, assert_answer
from penstock import in_days, make_token, make_user


@pytest.fixture(scope="module")
def user(api):
    return make_user(api, "carrier")


def insufficient(*scopes):
    return {"error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": " ".join(scopes)}


@pytest.mark.parametrize("headers", [
    {"PRIVATE-TOKEN": "{}"}, {"private-token": "{}"}, {"Private-Token": "{}"},
    {"Authorization": "Bearer {}"}, {"authorization": "bearer {}"},
])
def test_token_in_a_header(anonymous, user, headers):
    answer = anonymous.get("/user", headers={name: value.format(user.token) for name, value in headers.items()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["username"] == "carrier"


def test_token_in_the_query(anonymous, user):
    answer = anonymous.get("/user", params={"private_token": user.token})
    assert answer.status_code == 200, answer.text
    assert answer.json()["username"] == "carrier"


def test_token_in_a_form_body(anonymous, server, project):
    answer = anonymous.post(f"{project.at}/triggers", data={"private_token": server.token, "description": "d"})
    assert answer.status_code == 201, answer.text


def test_token_in_a_json_body(anonymous, server, project):
    answer = anonymous.post(f"{project.at}/triggers", json={"private_token": server.token, "description": "d"})
    assert answer.status_code == 201, answer.text


def test_parameter_wins_over_header(server, anonymous, user):
    answer = anonymous.get("/user", params={"private_token": user.token}, headers={"PRIVATE-TOKEN": server.token})
    assert answer.json()["username"] == "carrier"
    answer = anonymous.get("/user", params={"private_token": "wrong"}, headers={"PRIVATE-TOKEN": server.token})
    assert_answer(answer, 401, UNAUTHORIZED)


def test_basic_is_for_git_alone(anonymous, user):
    pair = base64.b64encode(f"carrier:{user.token}".encode()).decode()
    assert_answer(anonymous.get("/user", headers={"Authorization": f"Basic {pair}"}), 401, UNAUTHORIZED)


@pytest.mark.parametrize("token", ["wrong", "glpat-aaaaaaaaaaaaaaaaaaaa", "glcbt-64_aaaaaaaaaaaaaaaaaaaa", "glptt-" + "a" * 40,
                                   "x" * 5000, "' or 1=1 --"])
def test_token_that_nobody_has(anonymous, project, token):
    assert_answer(anonymous.get(project.at, headers={"PRIVATE-TOKEN": token}), 401, UNAUTHORIZED)


def test_no_token(anonymous, project):
    assert_answer(anonymous.get("/user"), 401, UNAUTHORIZED)
    assert_answer(anonymous.get(f"{project.at}/jobs"), 401, UNAUTHORIZED)


def test_no_token_and_a_private_project_that_may_be_read_anonymously(anonymous, project):
    assert_answer(anonymous.get(f"{project.at}/pipelines"), 404, NO_PROJECT)


def test_bad_token_on_a_public_project_is_not_anonymous(anonymous, project_factory):
    public = project_factory(visibility="public")
    assert anonymous.get(f"{public.at}/pipelines").status_code == 200
    assert_answer(anonymous.get(f"{public.at}/pipelines", headers={"PRIVATE-TOKEN": "wrong"}), 401, UNAUTHORIZED)


@pytest.mark.parametrize("path", ["/jobs", "/jobs/1", "/jobs/1/trace", "/pipeline_schedules", "/triggers", "/runners", "/members",
                                  pytest.param("/variables", marks=pytest.mark.route("GET /projects/:id/variables"))])
def test_reads_that_always_need_a_token(anonymous, project_factory, path):
    public = project_factory(files={}, visibility="public")
    assert_answer(anonymous.get(public.at + path), 401, UNAUTHORIZED)


@pytest.mark.parametrize("method, path", [
    ("POST", "/pipeline"), ("POST", "/pipeline_schedules"), ("POST", "/triggers"), ("POST", "/pipelines/1/retry"),
    ("POST", "/pipelines/1/cancel"), ("POST", "/jobs/1/retry"), ("POST", "/jobs/1/play"), ("POST", "/jobs/1/cancel"),
    ("DELETE", "/pipelines/1"), ("PUT", "/pipeline_schedules/1"), ("DELETE", "/pipeline_schedules/1"),
])
def test_writes_need_a_token(anonymous, project, method, path):
    assert_answer(anonymous.request(method, project.at + path), 401, UNAUTHORIZED)


def test_token_is_seen_before_parameters(anonymous, project):
    assert_answer(anonymous.post(f"{project.at}/pipeline_schedules", json={}), 401, UNAUTHORIZED)

# --- scopes


@pytest.fixture(scope="module")
def scoped(api, project):
    """client(scope): a Maintainer's token with that one scope."""
    maintainer = make_user(api, "scoped")
    api.make(f"{project.at}/members", user_id=maintainer.id, access_level=40)
    return lambda *scopes: api.as_user(make_token(api, maintainer.id, scopes))


def test_read_api_reads_all_and_writes_nothing(scoped, project):
    client = scoped("read_api")
    for path in ("", "/pipelines", "/jobs", "/pipeline_schedules", "/triggers"):
        assert client.get(project.at + path).status_code == 200, path
    assert client.head(f"{project.at}/pipelines").status_code == 200
    answer = client.post(f"{project.at}/triggers", json={"description": "d"})
    assert answer.status_code == 403, answer.text
    # The scopes of the route, or only those that would do for this method: clients read neither.
    assert answer.json() in (insufficient("api"), insufficient("api", "read_api"))


def test_read_user_reads_the_user(scoped, project):
    client = scoped("read_user")
    assert client.get("/user").status_code == 200
    assert client.get("/version").status_code == 200
    assert_answer(client.get(f"{project.at}/pipelines"), 403, insufficient("api", "read_api"))


@pytest.mark.parametrize("scope", ["write_repository", "create_runner"])
def test_scopes_without_the_rest_api(scoped, project, scope):
    assert_answer(scoped(scope).get(f"{project.at}/pipelines"), 403, insufficient("api", "read_api"))


def test_create_runner_creates_runners(scoped, project):
    answer = scoped("create_runner").post("/user/runners", json={"runner_type": "project_type", "project_id": project.id})
    assert answer.status_code == 201, answer.text
    assert answer.json()["token"].startswith("glrt-")


def test_unknown_scope_is_refused(api, user):
    answer = api.post(f"/users/{user.id}/personal_access_tokens", json={"name": "n", "scopes": ["fly"]})
    assert answer.status_code in (400, 422), answer.text

# --- the life of a token


def test_new_token_is_shown_once(api, user):
    made = api.make(f"/users/{user.id}/personal_access_tokens", name="once", scopes=["api"], expires_at=in_days(30))
    check_entity("NewPersonalAccessToken", made)
    assert made["token"].startswith("glpat-")
    assert made["expires_at"] == in_days(30)
    again = api.read(f"/personal_access_tokens/{made['id']}")
    check_entity("PersonalAccessToken", again)
    assert "token" not in again
    assert made["token"] not in api.get("/personal_access_tokens", params={"user_id": user.id}).text


def test_only_administrators_make_tokens_for_others(api, user):
    answer = user.api.post(f"/users/{user.id}/personal_access_tokens", json={"name": "n", "scopes": ["api"]})
    assert_answer(answer, 403, FORBIDDEN)


def test_token_for_an_unknown_user(api):
    answer = api.post("/users/999999/personal_access_tokens", json={"name": "n", "scopes": ["api"]})
    assert_answer(answer, 404, {"message": "404 User Not Found"})


def test_token_describes_itself(user):
    entity = user.api.read("/personal_access_tokens/self")
    check_entity("PersonalAccessToken", entity)
    assert entity["active"] is True
    assert entity["scopes"] == ["api"]


def test_revoked_token_says_so(api, user):
    client = api.as_user(make_token(api, user.id))
    assert client.delete("/personal_access_tokens/self").status_code == 204
    answer = client.get("/user")
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_token",
                             "error_description": "Token was revoked. You have to re-authorize from the user."}
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_rotated_token_is_new_and_the_old_one_is_dead(api, user):
    client = api.as_user(make_token(api, user.id))
    answer = client.post("/personal_access_tokens/self/rotate")
    assert answer.status_code == 200, answer.text
    check_entity("NewPersonalAccessToken", answer.json())
    assert client.get("/user").status_code == 401
    assert api.as_user(answer.json()["token"]).get("/user").status_code == 200


def test_other_users_token_is_401(user, api):
    mine = api.read("/personal_access_tokens/self")["id"]
    assert_answer(user.api.get(f"/personal_access_tokens/{mine}"), 401, UNAUTHORIZED)


def test_expired_token_cannot_be_made(api, user):
    answer = api.post(f"/users/{user.id}/personal_access_tokens",
                      json={"name": "n", "scopes": ["api"], "expires_at": in_days(-1)})
    assert answer.status_code in (400, 422), answer.text


def test_blocked_user_is_out(api):
    account = make_user(api, "blocked")
    assert account.api.get("/user").status_code == 200
    assert api.post(f"/users/{account.id}/block").status_code == 201
    assert account.api.get("/user").status_code in (401, 403)
    assert api.post(f"/users/{account.id}/unblock").status_code == 201
    assert account.api.get("/user").status_code == 200

# --- sudo


def test_sudo_acts_as_another_user(api, user):
    client = api.as_user(make_token(api, api.read("/user")["id"], ("api", "sudo")))
    for carrier in ({"headers": {"Sudo": "carrier"}}, {"params": {"sudo": str(user.id)}}):
        answer = client.get("/user", **carrier)
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == user.id


def test_sudo_needs_an_administrator(user):
    answer = user.api.get("/user", headers={"Sudo": "root"})
    assert answer.status_code == 403, answer.text


def test_sudo_to_nobody(api):
    client = api.as_user(make_token(api, api.read("/user")["id"], ("api", "sudo")))
    answer = client.get("/user", headers={"Sudo": "no-such-user"})
    assert_answer(answer, 404, {"message": "404 User with ID or username 'no-such-user' Not Found"})

# --- project access tokens and job tokens


@pytest.mark.route("POST /projects/:id/access_tokens")
def test_project_access_token(api, project):
    answer = api.post(f"{project.at}/access_tokens", json={
        "name": "robot", "scopes": ["api"], "access_level": 30, "expires_at": in_days(30)})
    assert answer.status_code == 201, answer.text
    check_entity("ResourceAccessToken", answer.json())
    client = api.as_user(answer.json()["token"])
    assert client.get(f"{project.at}/pipelines").status_code == 200
    assert_answer(client.get(f"{project.at}/triggers"), 403, FORBIDDEN)
    robot = client.read("/user")
    assert robot["username"].startswith(f"project_{project.id}_bot")
    assert robot["bot"] is True


@pytest.mark.route("POST /projects/:id/access_tokens")
def test_project_access_token_sees_no_other_project(api, project, project_factory):
    other = project_factory(files={})
    token = api.make(f"{project.at}/access_tokens", name="robot", scopes=["api"], access_level=40,
                     expires_at=in_days(30))["token"]
    assert_answer(api.as_user(token).get(f"{other.at}/pipelines"), 404, NO_PROJECT)


@pytest.fixture(scope="module")
def running_job(project):
    project.trigger()
    return project.runner.take("build")


def test_job_token_reads_its_job_and_its_project_s_jobs(anonymous, project, running_job):
    headers = {"JOB-TOKEN": running_job.token}
    answer = anonymous.get("/job", headers=headers)
    assert answer.status_code == 200, answer.text
    assert check_entity("Job", answer.json())["id"] == running_job.id
    assert anonymous.get(f"{project.at}/jobs", headers=headers).status_code == 200
    assert anonymous.get(f"{project.at}/jobs", params={"job_token": running_job.token}).status_code == 200


@pytest.mark.parametrize("path", ["/pipelines", "/jobs/{job}", "/jobs/{job}/trace", "/pipeline_schedules", ""])
def test_job_token_is_not_looked_at_elsewhere(anonymous, project, running_job, path):
    answer = anonymous.get(project.at + path.format(job=running_job.id), headers={"JOB-TOKEN": running_job.token})
    assert answer.status_code in (401, 404), answer.text
    if path.startswith(("/jobs", "/pipeline_schedules")):
        assert_answer(answer, 401, UNAUTHORIZED)


def test_job_token_is_no_personal_token(anonymous, running_job):
    assert_answer(anonymous.get("/user", headers={"PRIVATE-TOKEN": running_job.token}), 401, UNAUTHORIZED)


def test_job_token_dies_with_its_job(anonymous, project_factory):
    project = project_factory()
    project.trigger()
    job = project.runner.take("build")
    job.succeed()
    assert anonymous.get("/job", headers={"JOB-TOKEN": job.token}).status_code == 401
    assert anonymous.get(f"{project.at}/jobs", headers={"JOB-TOKEN": job.token}).status_code == 401


def test_personal_token_has_no_job(api):
    assert_answer(api.get("/job"), 404, {"message": "404 Job Not Found"})


def test_trigger_token_opens_nothing_else(anonymous, project):
    for headers in ({"PRIVATE-TOKEN": project.trigger_token}, {"Authorization": f"Bearer {project.trigger_token}"}):
        assert_answer(anonymous.get(f"{project.at}/pipelines", headers=headers), 401, UNAUTHORIZED)


def test_unknown_runner_token(anonymous):
    answer = anonymous.post("/jobs/request", json={"token": "glrt-wrong", "info": {}})
    assert answer.status_code == 403, answer.text
    answer = anonymous.post("/runners/verify", json={"token": "glrt-wrong"})
    assert_answer(answer, 403, FORBIDDEN)


def test_unknown_registration_token(anonymous):
    answer = anonymous.post("/runners", json={"token": "GR1348941wrong", "run_untagged": True, "locked": False, "paused": False})
    assert_answer(answer, 403, {"message": "403 Forbidden - invalid token supplied"})


def test_secrets_do_not_reach_the_log(server, anonymous, project, user):
    anonymous.get("/user", params={"private_token": user.token})
    anonymous.post(f"{project.at}/trigger/pipeline", params={"token": project.trigger_token, "ref": "main"})
    for secret in (user.token, project.trigger_token):
        assert secret not in server.log()


def test_wrong_trigger_token(anonymous, project):
    answer = anonymous.post(f"{project.at}/trigger/pipeline", json={"token": "glptt-" + "0" * 40, "ref": "main"})
    assert_answer(answer, 404, NOT_FOUND)
