"""What holds for every call: paths, methods, encodings, types, headers."""

import json
import re

import pytest
from entities import check_entity
from errors import (MALFORMED_JSON, NO_PROJECT, NO_RECORD, NO_ROUTE, NOT_ALLOWED, assert_answer, bad_value,
                    invalid, missing)

# --- paths and methods


def test_version_3_is_gone(api, server):
    answer = api.get(f"{server.url}/api/v3/projects")
    assert_answer(answer, 410, {"error": "API V3 is no longer supported. Use API V4 instead."})


@pytest.mark.parametrize("path", ["/nonsense", "/projects/1/nonsense", "/projects/1/pipelines/1/nonsense", "/"])
def test_unknown_route(api, project, path):
    assert_answer(api.get(path), 404, NO_ROUTE)


@pytest.mark.parametrize("method, path, allowed", [
    ("DELETE", "/projects/{id}/pipelines", {"GET", "HEAD"}),
    ("POST", "/projects/{id}/jobs", {"GET", "HEAD"}),
    ("PUT", "/projects/{id}/trigger/pipeline", {"POST"}),
    ("PUT", "/projects/{id}/pipeline_schedules", {"GET", "HEAD", "POST"}),
    ("GET", "/projects/{id}/pipelines/1/retry", {"POST"}),
])
def test_known_path_with_a_wrong_method(api, project, method, path, allowed):
    answer = api.request(method, path.format(id=project.id))
    assert_answer(answer, 405, NOT_ALLOWED)
    assert allowed <= {name.strip() for name in answer.headers["Allow"].split(",")}


def test_unknown_method(api, project):
    answer = api.request("BREW", f"{project.at}/pipelines")
    assert answer.status_code in (405, 501)


@pytest.mark.parametrize("path", ["/pipelines", "/jobs", "/pipeline_schedules", "", "/triggers"])
def test_head_is_get_without_a_body(api, project, path):
    get = api.get(project.at + path)
    head = api.head(project.at + path)
    assert get.status_code == head.status_code == 200
    assert head.content == b""
    for name in ("Content-Type", "X-Total", "X-Page", "Link"):
        assert head.headers.get(name) == get.headers.get(name), name


def test_head_of_an_unknown_pipeline(api, project):
    answer = api.head(f"{project.at}/pipelines/999999")
    assert answer.status_code == 404
    assert answer.content == b""


def test_project_by_path_in_any_case(api, project):
    for path in (project.path, project.path.upper()):
        answer = api.get(f"/projects/{path.replace('/', '%2F')}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == project.id


def test_project_by_path_with_a_lower_case_escape(api, project):
    assert api.read(f"/projects/{project.path.replace('/', '%2f')}")["id"] == project.id


def test_project_by_path_with_a_raw_slash_is_another_route(api, project):
    assert api.get(f"/projects/{project.path}").status_code == 404


@pytest.mark.parametrize("identifier", ["999999", "no%2Fsuch", "without-slash", "0", "-1", "99999999999999999999",
                                        "root%2F", "%2Froot", "a%00b%2Fc", "..%2F..%2Fetc"])
def test_project_that_is_not_there(api, project, identifier):
    answer = api.get(f"/projects/{identifier}/pipelines")
    assert answer.status_code in (400, 404), answer.text
    if answer.status_code == 404:
        assert answer.json() in (NO_PROJECT, NO_ROUTE)


def test_plain_project_that_is_not_there(api, project):
    assert_answer(api.get("/projects/999999/pipelines"), 404, NO_PROJECT)
    assert_answer(api.get("/projects/no%2Fsuch/jobs"), 404, NO_PROJECT)


def test_dots_in_a_project_path(api, project_factory):
    project = project_factory(files={}, name="with.dots.v1", path="with.dots.v1")
    assert api.read(f"/projects/{project.path.replace('/', '%2F')}")["id"] == project.id


@pytest.mark.parametrize("path, field", [
    ("/projects/{id}/pipelines/abc", "pipeline_id"),
    ("/projects/{id}/jobs/abc", "job_id"),
    ("/projects/{id}/jobs/1x/trace", "job_id"),
    ("/projects/{id}/jobs/1.5", "job_id"),
    ("/projects/{id}/pipeline_schedules/abc", "pipeline_schedule_id"),
    ("/projects/{id}/triggers/abc", "trigger_id"),
])
def test_path_number_that_is_none(api, project, path, field):
    assert_answer(api.get(path.format(id=project.id)), 400, invalid(field))


def test_bad_path_number_is_seen_before_the_project(api, project):
    assert_answer(api.get("/projects/999999/jobs/abc"), 400, invalid("job_id"))


def test_huge_path_number(api, project):
    answer = api.get(f"{project.at}/pipelines/99999999999999999999999")
    assert answer.status_code in (400, 404), answer.text


def test_id_not_iid_addresses_a_pipeline(api, project_factory):
    # A second project's first pipeline has iid 1 and another id.
    project_factory().trigger()
    other = project_factory()
    pipeline = other.trigger()
    assert pipeline["iid"] == 1
    assert pipeline["id"] != 1
    assert_answer(api.get(f"{other.at}/pipelines/1"), 404, NO_RECORD)

# --- request encodings


def test_json_form_multipart_and_query_say_the_same(api, project):
    fields = {"description": "Nightly", "ref": "main", "cron": "0 1 * * *", "active": "false"}
    path = f"{project.at}/pipeline_schedules"
    made = [
        api.post(path, json={**fields, "active": False}),
        api.post(path, data=fields),
        api.post(path, files={name: (None, value) for name, value in fields.items()}),
        api.post(path, params=fields),
        api.post(path, params={"description": "Nightly", "ref": "main"}, data={"cron": "0 1 * * *", "active": "false"}),
    ]
    schedules = []
    for answer in made:
        assert answer.status_code == 201, answer.text
        schedules.append(answer.json())
        api.delete(f"{path}/{schedules[-1]['id']}")
    for schedule in schedules:
        assert {key: schedule[key] for key in ("description", "ref", "cron", "active")} == \
            {"description": "Nightly", "ref": "refs/heads/main", "cron": "0 1 * * *", "active": False}


def test_path_parameter_wins_over_query_and_body(api, project):
    assert api.get(f"{project.at}/pipelines", params={"id": "999999"}).status_code == 200
    answer = api.post(f"{project.at}/pipeline_schedules", json={
        "id": 999999, "description": "d", "ref": "main", "cron": "0 1 * * *"})
    assert answer.status_code == 201, answer.text
    api.delete(f"{project.at}/pipeline_schedules/{answer.json()['id']}")


@pytest.mark.parametrize("query", ["scope=failed", "scope[]=failed", "scope%5B%5D=failed", "scope[0]=failed",
                                   "scope[]=failed&scope[]=canceled", "scope[0]=failed&scope[1]=canceled"])
def test_forms_of_an_array(api, ran, query):
    jobs = api.read(f"{ran.at}/jobs?{query}")
    assert [job["name"] for job in jobs] == ["style"]


def test_array_in_a_json_body_of_a_get(api, ran):
    answer = api.request("GET", f"{ran.at}/jobs", json={"scope": ["failed"]})
    assert answer.status_code == 200
    assert [job["name"] for job in answer.json()] == ["style"]


@pytest.mark.parametrize("words, value", [
    (["1", "on", "t", "true", "y", "yes", "TRUE", "True", "YES", "On"], True),
    (["0", "off", "f", "false", "n", "no", "FALSE", "False", "NO", "Off"], False),
])
def test_words_for_booleans(api, project, words, value):
    schedule = api.make(f"{project.at}/pipeline_schedules", description="d", ref="main", cron="0 1 * * *")
    path = f"{project.at}/pipeline_schedules/{schedule['id']}"
    for word in words:
        api.put(path, data={"active": str(not value).lower()})
        answer = api.put(path, data={"active": word})
        assert answer.status_code == 200, (word, answer.text)
        assert answer.json()["active"] is value, word
    api.delete(path)


@pytest.mark.parametrize("word", ["maybe", "tRuE", "2", "yess"])
def test_no_word_for_a_boolean(api, project, word):
    answer = api.post(f"{project.at}/pipeline_schedules", data={
        "description": "d", "ref": "main", "cron": "0 1 * * *", "active": word})
    assert_answer(answer, 400, invalid("active"))


def test_empty_boolean_counts_as_unset(api, project):
    answer = api.post(f"{project.at}/pipeline_schedules", data={
        "description": "d", "ref": "main", "cron": "0 1 * * *", "active": ""})
    assert answer.status_code == 201, answer.text
    assert answer.json()["active"] is True
    api.delete(f"{project.at}/pipeline_schedules/{answer.json()['id']}")


def test_unknown_parameters_are_ignored(api, project):
    assert api.get(f"{project.at}/pipelines", params={"color": "green"}).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[1,", b'{"ref": }', b"nonsense", b'{"a":1} trailing', b"\xff\xfe", b'{"a":"\x01"}'])
def test_malformed_json(api, project, body):
    answer = api.post(f"{project.at}/pipeline_schedules", data=body, headers={"Content-Type": "application/json"})
    assert_answer(answer, 400, MALFORMED_JSON)


def test_empty_json_body_is_no_body(api, project):
    answer = api.post(f"{project.at}/triggers", data=b"", headers={"Content-Type": "application/json"})
    assert_answer(answer, 400, missing("description"))


def test_json_that_is_no_object(api, project):
    for body in (b"[]", b"null", b"1", b'"text"'):
        answer = api.post(f"{project.at}/triggers", data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (body, answer.text)


def test_deep_json_is_refused_and_the_server_goes_on(api, project):
    body = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    answer = api.post(f"{project.at}/triggers", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413), answer.text
    assert api.get(project.at).status_code == 200


def test_json_with_parameters_in_the_content_type(api, project):
    answer = api.post(f"{project.at}/triggers", data=b'{"description":"d"}',
                      headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "image/png"])
def test_content_type_that_nobody_knows(api, project, kind):
    answer = api.post(f"{project.at}/triggers", data=b"description=d", headers={"Content-Type": kind})
    assert_answer(answer, 415, {"error": f"The provided content-type '{kind}' is not supported."})


def test_get_with_a_json_content_type_and_no_body(api, project):
    answer = api.get(f"{project.at}/pipelines", headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_unicode_goes_through(api, project):
    text = "Nächtlich 🌙 \u202e ‮ ñ 汉字"
    schedule = api.make(f"{project.at}/pipeline_schedules", description=text, ref="main", cron="0 1 * * *")
    assert schedule["description"] == text
    path = f"{project.at}/pipeline_schedules/{schedule['id']}"
    assert api.read(path)["description"] == text
    assert api.put(path, data={"description": text + "!"}).json()["description"] == text + "!"
    api.delete(path)


def test_invalid_utf_8_in_a_form_is_refused_or_replaced(api, project):
    answer = api.post(f"{project.at}/triggers", data=b"description=%ff%fe",
                      headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (201, 400), answer.text
    json.loads(answer.content.decode("utf-8"))


def test_markup_and_quotes_come_back_as_they_were(api, project):
    text = "<b>\"it's\"</b> & \\ \u2028 /"
    trigger = api.make(f"{project.at}/triggers", description=text)
    assert api.read(f"{project.at}/triggers/{trigger['id']}")["description"] == text


def test_sql_in_a_parameter_is_text(api, project):
    text = "'; drop table pipelines; --"
    assert api.read(f"{project.at}/pipelines", ref=text) == []
    assert api.read(f"{project.at}/pipelines", username=text) == []
    assert api.get(f"{project.at}/pipelines").status_code == 200

# --- response encodings


def test_content_type_is_json_and_nothing_more(api, project):
    for path in ("/pipelines", "/pipelines/999999", "/jobs?scope=nonsense"):
        assert api.get(project.at + path).headers["Content-Type"] == "application/json"


def test_times_are_in_utc_with_milliseconds(api, ran):
    pipeline = ran.finished
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    for key in ("created_at", "updated_at", "started_at"):
        assert re.fullmatch(pattern, pipeline[key]), (key, pipeline[key])


def test_deletion_answers_204_without_a_body(api, project):
    trigger = api.make(f"{project.at}/triggers", description="d")
    answer = api.delete(f"{project.at}/triggers/{trigger['id']}")
    assert answer.status_code == 204
    assert answer.content == b""


@pytest.mark.parametrize("name, value", [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Vary", "Origin"),
])
def test_headers_of_every_answer(api, project, name, value):
    for path in ("/pipelines", "/pipelines/999999"):
        assert value in api.get(project.at + path).headers.get(name, ""), path


def test_every_answer_has_a_request_id(api, project):
    first, second = (api.get(project.at).headers["X-Request-Id"] for _ in range(2))
    assert first and second and first != second


def test_etag_answers_304(api, ran):
    path = f"{ran.at}/pipelines/{ran.finished['id']}"
    first = api.get(path)
    tag = first.headers.get("ETag")
    if tag is None:
        pytest.skip("no ETag: allowed, since clients do without")
    second = api.get(path, headers={"If-None-Match": tag})
    assert second.status_code == 304
    assert second.content == b""


def test_any_origin_may_read(api, project):
    answer = api.get(f"{project.at}/pipelines", headers={"Origin": "https://elsewhere.example.com"})
    assert answer.headers.get("Access-Control-Allow-Origin") == "*"
    exposed = {name.strip().lower() for name in answer.headers["Access-Control-Expose-Headers"].split(",")}
    assert {"link", "x-total", "x-total-pages", "x-per-page", "x-page", "x-next-page", "x-prev-page"} <= exposed


def test_preflight(api, project):
    answer = api.request("OPTIONS", f"{project.at}/pipelines", token=None, headers={
        "Origin": "https://elsewhere.example.com", "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "private-token"})
    assert answer.status_code in (200, 204)
    assert answer.headers.get("Access-Control-Allow-Origin") == "*"


def test_no_rate_limit_is_announced(api, project):
    assert "RateLimit-Limit" not in api.get(project.at).headers


def test_readiness_health_and_metrics(server, anonymous):
    for path in ("readiness", "health", "liveness"):
        assert anonymous.get(f"{server.url}/-/{path}").status_code == 200, path
    metrics = anonymous.get(f"{server.url}/metrics")
    assert metrics.status_code == 200
    assert metrics.headers["Content-Type"].startswith("text/plain")
    assert "# TYPE " in metrics.text


def test_version(api):
    version = api.read("/version")
    assert version["version"] == "18.5.0-penstock"
    assert isinstance(version["revision"], str)
    assert api.read("/metadata")["version"] == "18.5.0-penstock"


def test_several_problems_are_told_together(api, project):
    answer = api.post(f"{project.at}/pipeline_schedules", json={})
    assert_answer(answer, 400, {"error": "description is missing, ref is missing, ref is empty, cron is missing"})


def test_bad_value_of_a_list_is_told(api, project):
    assert_answer(api.get(f"{project.at}/pipelines", params={"order_by": "color"}), 400, bad_value("order_by"))


def test_entity_of_a_project_has_what_clients_read(api, project):
    entity = api.read(project.at)
    for key, kind in (("id", int), ("name", str), ("path", str), ("path_with_namespace", str), ("web_url", str),
                      ("http_url_to_repo", str), ("default_branch", str), ("visibility", str), ("archived", bool),
                      ("public_jobs", bool), ("permissions", dict)):
        assert isinstance(entity[key], kind), key
    assert entity["default_branch"] == "main"
    assert entity["http_url_to_repo"].endswith(f"{project.path}.git")
    check_entity("NamespaceBasic", entity["namespace"])
