"""Pipelines: the list with its filters, one pipeline, and what can be done with it."""

import pytest
from entities import check_entity, check_list
from errors import FORBIDDEN, NO_PROJECT, NO_RECORD, assert_answer, bad_value, base, invalid
from projects import FULL_CI, ONE_JOB_CI

ALL_STATUSES = ["created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running", "success",
                "failed", "canceling", "canceled", "skipped", "manual", "scheduled"]

# --- the list


class Zoo:
    """A project with one pipeline of each kind, by name."""

    def __init__(self, project):
        self.project = project
        api = project.api
        self.ids = {}
        project.repository.push("HEAD:refs/heads/other", "HEAD:refs/tags/v1")
        broken = project.post_trigger(file="broken-ci.yml")
        assert broken.status_code == 422, broken.text
        self.ids["broken"] = api.read(f"{project.at}/pipelines")[0]["id"]
        self.ids["passed"] = project.trigger(file="one-ci.yml")["id"]
        project.runner.take("only").succeed()
        self.ids["failed"] = project.trigger(file="one-ci.yml")["id"]
        project.runner.take("only").fail()
        self.ids["canceled"] = project.trigger(file="one-ci.yml")["id"]
        api.post(f"{project.at}/pipelines/{self.ids['canceled']}/cancel")
        project.wait_for(self.ids["canceled"], "canceled")
        self.ids["tag"] = project.trigger("v1", file="one-ci.yml")["id"]
        self.ids["other"] = project.trigger("other", file="one-ci.yml")["id"]
        # A runner picks the oldest job: the tag's, then the branch's.
        self.running = project.runner.take("only")
        self.ids["full"] = project.trigger()["id"]
        self.ids["api"] = api.make(f"{project.at}/pipeline", ref="main", variables=[
            {"key": "_PIPELINE_FILE_NAME", "value": "one-ci.yml"}])["id"]

    def names(self, **parameters):
        """The kinds that the list answers, in its order."""
        names = {number: name for name, number in self.ids.items()}
        pipelines = check_list("PipelineInList", self.project.api.read(f"{self.project.at}/pipelines", **parameters))
        return [names[pipeline["id"]] for pipeline in pipelines]


@pytest.fixture(scope="module")
def zoo(project_factory):
    return Zoo(project_factory({"full-ci.yml": FULL_CI, "one-ci.yml": ONE_JOB_CI, "broken-ci.yml": "job: {script: 1}\n"}))


def test_newest_first(zoo):
    assert zoo.names() == ["api", "full", "other", "tag", "canceled", "failed", "passed", "broken"]


def test_elements(zoo):
    element = zoo.project.api.read(f"{zoo.project.at}/pipelines")[1]
    assert element["name"] == "full-ci.yml"
    assert element["project_id"] == zoo.project.id
    assert element["web_url"] == f"{zoo.project.server.url}/{zoo.project.path}/-/pipelines/{zoo.ids['full']}"


@pytest.mark.parametrize("parameters, names", [
    ({"status": "success"}, ["passed"]),
    ({"status": "failed"}, ["failed", "broken"]),
    ({"status": "canceled"}, ["canceled"]),
    ({"status": "running"}, ["tag"]),
    ({"status": "pending"}, ["api", "full", "other"]),
    ({"status": "skipped"}, []),
    ({"scope": "running"}, ["tag"]),
    ({"scope": "pending"}, ["api", "full", "other"]),
    ({"scope": "finished"}, ["canceled", "failed", "passed", "broken"]),
    ({"scope": "branches"}, ["api", "other"]),
    ({"scope": "tags"}, ["tag"]),
    ({"scope": "branches", "status": "pending"}, ["api", "other"]),
    ({"source": "api"}, ["api"]),
    ({"source": "push"}, []),
    ({"source": "parent_pipeline"}, []),
    ({"ref": "other"}, ["other"]),
    ({"ref": "v1"}, ["tag"]),
    ({"ref": "no-such"}, []),
    ({"sha": "0" * 40}, []),
    ({"yaml_errors": "true"}, ["broken"]),
    ({"username": "no-such-user"}, []),
    ({"name": "full-ci.yml"}, ["full"]),
    ({"name": "full"}, []),
    ({"sort": "asc"}, ["broken", "passed", "failed", "canceled", "tag", "other", "full", "api"]),
    ({"order_by": "id", "sort": "asc", "source": "trigger", "ref": "main"}, ["broken", "passed", "failed", "canceled", "full"]),
    ({"updated_after": "2100-01-01"}, []),
    ({"updated_before": "2000-01-01T00:00:00Z"}, []),
    ({"created_after": "2100-01-01T00:00:00+02:00"}, []),
    ({"created_before": "2000-01-01"}, []),
])
def test_filters(zoo, parameters, names):
    assert zoo.names(**parameters) == names


@pytest.mark.parametrize("parameters", [
    {"username": "root"}, {"yaml_errors": "false", "per_page": 100}, {"updated_after": "2000-01-01"},
    {"updated_before": "2100-01-01"}, {"created_after": "2000-01-01"}, {"created_before": "2100-01-01T00:00:00.000Z"},
])
def test_filters_that_leave_all(zoo, parameters):
    everything = ["api", "full", "other", "tag", "canceled", "failed", "passed", "broken"]
    if "yaml_errors" in parameters:
        everything.remove("broken")
    assert zoo.names(**parameters) == everything


def test_filter_by_sha(zoo):
    assert len(zoo.names(sha=zoo.project.sha)) == len(zoo.ids)
    assert zoo.names(sha=zoo.project.sha[:8]) == []


def test_bounds_of_time_cut_between_pipelines(zoo):
    api, at = zoo.project.api, zoo.project.at
    moment = api.read(f"{at}/pipelines/{zoo.ids['passed']}")["created_at"]
    assert zoo.names(created_before=moment) == ["broken"]
    # What is kept may be finer than the milliseconds that are told, so "passed" itself may be there.
    assert [name for name in zoo.names(created_after=moment) if name != "passed"] == [
        "api", "full", "other", "tag", "canceled", "failed"]


@pytest.mark.parametrize("order", ["status", "ref", "updated_at", "user_id"])
def test_orders(zoo, order):
    api, at = zoo.project.api, zoo.project.at
    for sort in ("asc", "desc"):
        pipelines = api.read(f"{at}/pipelines", order_by=order, sort=sort)
        assert len(pipelines) == len(zoo.ids)
        if order in ("ref", "updated_at"):
            values = [pipeline[order] for pipeline in pipelines]
            assert values == sorted(values, reverse=sort == "desc")


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_every_status_is_a_value(zoo, status):
    assert zoo.project.api.get(f"{zoo.project.at}/pipelines", params={"status": status}).status_code == 200


@pytest.mark.parametrize("field", ["scope", "status", "source", "order_by", "sort"])
def test_values_that_are_none(zoo, field):
    for value in ("nonsense", "Success", "success,failed"):
        assert_answer(zoo.project.api.get(f"{zoo.project.at}/pipelines", params={field: value}), 400, bad_value(field))


@pytest.mark.parametrize("field, value", [("yaml_errors", "maybe"), ("updated_after", "yesterday"), ("updated_before", "soon"),
                                          ("created_after", "2024-13-01"), ("created_before", "x")])
def test_types_that_are_wrong(zoo, field, value):
    assert_answer(zoo.project.api.get(f"{zoo.project.at}/pipelines", params={field: value}), 400, invalid(field))

# --- one pipeline


def test_finished_pipeline(ran, server):
    pipeline = check_entity("PipelineWithMetadata", ran.finished)
    assert pipeline["status"] == "success"
    assert pipeline["detailed_status"] == {
        "icon": "status_warning", "text": "Warning", "label": "passed with warnings", "group": "success-with-warnings",
        "tooltip": "passed with warnings", "has_details": True, "details_path": f"/{ran.path}/-/pipelines/{pipeline['id']}",
        "illustration": None, "favicon": "/assets/ci_favicons/favicon_status_success.png"}
    assert pipeline["web_url"] == f"{server.url}{pipeline['detailed_status']['details_path']}"
    assert pipeline["started_at"] >= pipeline["created_at"]
    assert pipeline["finished_at"] >= pipeline["started_at"]
    assert isinstance(pipeline["duration"], int)
    assert pipeline["queued_duration"] is None or pipeline["queued_duration"] > 0
    assert pipeline["coverage"] is None
    assert pipeline["name"] == "full-ci.yml"


def test_pending_pipeline(project):
    pipeline = check_entity("PipelineWithMetadata", project.pipeline(project.trigger()["id"]))
    assert pipeline["status"] == "pending"
    assert [pipeline[key] for key in ("started_at", "finished_at", "duration", "queued_duration")] == [None] * 4
    assert pipeline["detailed_status"]["icon"] == "status_pending"
    assert pipeline["detailed_status"]["text"] == "Pending"


def test_running_pipeline(project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    project.runner.take("build")
    pipeline = check_entity("PipelineWithMetadata", project.pipeline(pipeline_id))
    assert pipeline["status"] == "running"
    assert pipeline["started_at"]
    assert pipeline["finished_at"] is None
    assert pipeline["duration"] is None


def test_blocked_pipeline(project_factory):
    project = project_factory({"gate-ci.yml": "go:\n  script: [x]\n  when: manual\n  allow_failure: false\n"})
    pipeline = project.wait_for(project.trigger(file="gate-ci.yml")["id"], "manual")
    assert pipeline["detailed_status"]["text"] == "Blocked"
    assert pipeline["detailed_status"]["label"] == "waiting for manual action"


def test_pipeline_with_errors(zoo):
    pipeline = check_entity("PipelineWithMetadata", zoo.project.pipeline(zoo.ids["broken"]))
    assert pipeline["status"] == "failed"
    assert pipeline["yaml_errors"] == "jobs:job:script config should be a string or a nested array of strings up to 10 levels deep"
    assert zoo.project.jobs(zoo.ids["broken"]) == {}


@pytest.mark.parametrize("method, path", [
    ("GET", ""), ("GET", "/jobs"), ("GET", "/variables"), ("POST", "/retry"), ("POST", "/cancel"), ("DELETE", ""),
    *(pytest.param("GET", path, marks=pytest.mark.route(f"GET /projects/:id/pipelines/:pipeline_id{path}"))
      for path in ("/bridges", "/test_report", "/test_report_summary")),
])
def test_unknown_pipeline(api, project, method, path):
    assert_answer(api.request(method, f"{project.at}/pipelines/999999{path}"), 404, NO_RECORD)


def test_pipeline_of_another_project(api, ran, project):
    assert_answer(api.get(f"{project.at}/pipelines/{ran.finished['id']}"), 404, NO_RECORD)


def test_unknown_project(api):
    for path in ("pipelines", "pipelines/1", "jobs", "jobs/1", "jobs/1/trace", "pipeline_schedules", "triggers"):
        assert_answer(api.get(f"/projects/999999/{path}"), 404, NO_PROJECT)


def test_latest(api, zoo):
    latest = check_entity("PipelineWithMetadata", api.read(f"{zoo.project.at}/pipelines/latest"))
    assert latest["id"] == zoo.ids["api"]
    assert api.read(f"{zoo.project.at}/pipelines/latest", ref="other")["id"] == zoo.ids["other"]


def test_latest_without_a_pipeline(api, project_factory):
    empty = project_factory()
    assert_answer(api.get(f"{empty.at}/pipelines/latest"), 403, FORBIDDEN)
    assert_answer(api.get(f"{empty.at}/pipelines/latest", params={"ref": "no-such"}), 403, FORBIDDEN)

# --- POST pipeline


@pytest.fixture(scope="module")
def standard(project_factory):
    """A project whose default file is there; its push has made a pipeline."""
    return project_factory({".gitlab-ci.yml": FULL_CI, "one-ci.yml": ONE_JOB_CI})


def test_create(api, standard):
    answer = api.post(f"{standard.at}/pipeline", json={"ref": "main"})
    assert answer.status_code == 201, answer.text
    pipeline = check_entity("Pipeline", answer.json())
    assert pipeline["source"] == "api"
    assert pipeline["ref"] == "main"
    assert set(standard.jobs(pipeline["id"])) == {"build", "unit", "style", "release"}


@pytest.mark.parametrize("carrier", [
    {"json": {"ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "one-ci.yml"}]}},
    {"data": [("ref", "main"), ("variables[][key]", "_PIPELINE_FILE_NAME"), ("variables[][value]", "one-ci.yml")]},
    {"files": [("ref", (None, "main")), ("variables[][key]", (None, "_PIPELINE_FILE_NAME")),
               ("variables[][value]", (None, "one-ci.yml"))]},
    {"params": "ref=main&variables[][key]=_PIPELINE_FILE_NAME&variables[][value]=one-ci.yml"},
    {"data": [("ref", "main"), ("variables[][key]", "A"), ("variables[][value]", "1"),
              ("variables[][key]", "_PIPELINE_FILE_NAME"), ("variables[][value]", "one-ci.yml")]},
])
def test_create_with_variables_in_any_encoding(api, standard, carrier):
    answer = api.post(f"{standard.at}/pipeline", **carrier)
    assert answer.status_code == 201, answer.text
    assert set(standard.jobs(answer.json()["id"])) == {"only"}


def test_create_that_is_refused(api, standard):
    path = f"{standard.at}/pipeline"
    before = api.get(f"{standard.at}/pipelines").headers["X-Total"]
    answer = api.post(path, json={})
    assert answer.status_code == 400 and "ref is missing" in answer.json()["error"]
    assert_answer(api.post(path, json={"ref": "no-such"}), 400, base("Reference not found"))
    answer = api.post(path, json={"ref": "main", "variables": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]})
    assert_answer(answer, 400, base("Duplicate variable name: A"))
    answer = api.post(path, json={"ref": "main", "variables": [{"key": "A", "value": "1", "variable_type": "odd"}]})
    assert answer.status_code == 400
    assert api.get(f"{standard.at}/pipelines").headers["X-Total"] == before


def test_push_makes_a_pipeline(api, project_factory):
    project = project_factory({".gitlab-ci.yml": ONE_JOB_CI})
    pipelines = api.read(f"{project.at}/pipelines")
    assert [(pipeline["source"], pipeline["sha"]) for pipeline in pipelines] == [("push", project.sha)]
    first = project.sha
    project.push({"a": "a"})
    newest = api.read(f"{project.at}/pipelines/latest")
    assert newest["sha"] == project.sha
    assert newest["before_sha"] == first

# --- retry, cancel, delete


def test_cancel(api, project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    answer = api.post(f"{project.at}/pipelines/{pipeline_id}/cancel")
    assert answer.status_code == 200, answer.text
    check_entity("Pipeline", answer.json())
    pipeline = project.wait_for(pipeline_id, "canceled")
    assert pipeline["finished_at"]
    assert {job["status"] for job in project.jobs(pipeline_id).values()} == {"canceled"}
    assert project.runner.try_take() is None
    assert api.post(f"{project.at}/pipelines/{pipeline_id}/cancel").status_code == 200


def test_cancel_of_a_finished_pipeline_changes_nothing(api, ran):
    answer = api.post(f"{ran.at}/pipelines/{ran.finished['id']}/cancel")
    assert answer.status_code == 200
    jobs = ran.jobs(ran.finished["id"])
    assert (jobs["build"]["status"], jobs["unit"]["status"], jobs["style"]["status"]) == ("success", "success", "failed")


def test_cancel_stops_a_running_job(api, project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    job = project.runner.take("build")
    api.post(f"{project.at}/pipelines/{pipeline_id}/cancel")
    # This runner cannot cancel gracefully: the job is over at once, and the answer to its next word says so.
    answer = job.patch_trace(b"more\n")
    assert answer.status_code == 403
    assert answer.headers.get("Job-Status") == "canceled"
    project.wait_for(pipeline_id, "canceled")


def test_cancel_lets_a_graceful_runner_finish(api, project_factory):
    from fakerunner import FakeRunner
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    runner = FakeRunner(api, project.id, tags=("linux", "docker"), features=("cancel_gracefully",))
    job = runner.take("build")
    api.post(f"{project.at}/pipelines/{pipeline_id}/cancel")
    assert project.job(job.id)["status"] == "canceling"
    answer = job.write(b"cleaning up\n")
    assert answer.headers["Job-Status"] == "canceling"
    job.update("failed", failure_reason="job_canceled")
    assert project.job(job.id)["status"] == "canceled"
    project.wait_for(pipeline_id, "canceled")


def test_retry(api, project_factory):
    project = project_factory()
    pipeline_id = project.trigger()["id"]
    assert project.runner.run_all({"unit": "failed"}) == ["build", "unit", "style"]
    failed = project.wait_for(pipeline_id, "failed")
    assert failed["finished_at"]
    before = project.jobs(pipeline_id)
    assert before["release"]["status"] == "skipped"
    answer = api.post(f"{project.at}/pipelines/{pipeline_id}/retry")
    assert answer.status_code == 201, answer.text
    # The time of the last end stays until there is a new one.
    assert check_entity("Pipeline", answer.json())["finished_at"] == failed["finished_at"]
    after = project.jobs(pipeline_id)
    assert after["unit"]["id"] > before["unit"]["id"]
    assert after["build"]["id"] == before["build"]["id"]
    assert project.runner.run_all() == ["unit"]
    again = project.wait_for(pipeline_id, "success")
    assert again["duration"] is not None
    assert again["finished_at"] > failed["finished_at"]
    retried = api.read(f"{project.at}/pipelines/{pipeline_id}/jobs", include_retried="true")
    assert [job["name"] for job in retried].count("unit") == 2


def test_retry_of_nothing(api, project_factory):
    project = project_factory({"one-ci.yml": ONE_JOB_CI})
    pipeline_id = project.trigger(file="one-ci.yml")["id"]
    project.runner.run_all()
    answer = api.post(f"{project.at}/pipelines/{pipeline_id}/retry")
    assert answer.status_code == 201, answer.text
    assert check_entity("Pipeline", answer.json())["status"] == "success"
    assert project.runner.try_take() is None


def test_delete(api, roles, project_factory):
    project = roles.join(project_factory())
    pipeline = project.trigger()
    job = project.runner.take("build")
    job.write("some log")
    path = f"{project.at}/pipelines/{pipeline['id']}"
    for role, status in (("guest", 403), ("reporter", 403), ("developer", 403), ("maintainer", 403), ("outsider", 404), ("nobody", 401)):
        assert roles[role].delete(path).status_code == status, role
    assert roles["owner"].delete(path).status_code == 204
    assert_answer(api.get(path), 404, NO_RECORD)
    assert_answer(api.get(f"{project.at}/jobs/{job.id}"), 404, NO_RECORD)
    assert_answer(api.get(f"{project.at}/jobs/{job.id}/trace"), 404, NO_RECORD)
    assert api.read(f"{project.at}/jobs") == []
    assert job.patch_trace(b"more").status_code in (403, 404)

# --- variables, reports, name


def test_variables_are_for_whoever_started_it_and_maintainers(roles, project_factory):
    project = roles.join(project_factory())
    answer = roles["developer"].post(f"{project.at}/pipeline", json={"ref": "main", "variables": [
        {"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}, {"key": "F", "value": "text", "variable_type": "file"}]})
    assert answer.status_code == 201, answer.text
    mine = f"{project.at}/pipelines/{answer.json()['id']}/variables"
    variables = check_list("Variable", roles["developer"].read(mine))
    assert {(variable["key"], variable["variable_type"]) for variable in variables} == \
        {("_PIPELINE_FILE_NAME", "env_var"), ("F", "file")}
    for role, status in (("guest", 403), ("reporter", 403), ("maintainer", 200), ("owner", 200), ("outsider", 404), ("nobody", 401)):
        assert roles[role].get(mine).status_code == status, role
    theirs = f"{project.at}/pipelines/{project.trigger()['id']}/variables"
    assert_answer(roles["developer"].get(theirs), 403, FORBIDDEN)


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report")
def test_no_test_report(api, ran):
    report = check_entity("TestReport", api.read(f"{ran.at}/pipelines/{ran.finished['id']}/test_report"))
    assert report["total_count"] == 0 and report["test_suites"] == []


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report_summary")
def test_no_test_report_summary(api, ran):
    summary = check_entity("TestReportSummary", api.read(f"{ran.at}/pipelines/{ran.finished['id']}/test_report_summary"))
    assert summary["total"]["count"] == 0


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/bridges")
def test_no_bridges(api, ran):
    assert api.read(f"{ran.at}/pipelines/{ran.finished['id']}/bridges") == []


@pytest.mark.route("PUT /projects/:id/pipelines/:pipeline_id/metadata")
def test_rename(api, project):
    path = f"{project.at}/pipelines/{project.trigger()['id']}"
    answer = api.put(f"{path}/metadata", json={"name": "Monday's run"})
    assert answer.status_code == 200, answer.text
    assert check_entity("PipelineWithMetadata", answer.json())["name"] == "Monday's run"
    answer = api.put(f"{path}/metadata", json={"name": "x" * 256})
    assert_answer(answer, 400, {"message": "Failed to update pipeline - Name is too long (maximum is 255 characters)"})


@pytest.mark.route("PUT /projects/:id/pipelines/:pipeline_id/metadata")
def test_rename_to_nothing_and_who_may(api, roles, project_factory):
    project = roles.join(project_factory())
    path = f"{project.at}/pipelines/{project.trigger()['id']}/metadata"
    assert roles["developer"].put(path, json={"name": ""}).json()["name"] is None
    for role, status in (("guest", 403), ("reporter", 403), ("outsider", 404), ("nobody", 401)):
        assert roles[role].put(path, json={"name": "x"}).status_code == status, role
    assert_answer(api.put(path, json={}), 400, {"error": "name is missing"})
    job = project.runner.take("build")
    answer = api.put(path, token=None, headers={"JOB-TOKEN": job.token}, json={"name": "by the job"})
    assert (answer.status_code, answer.json().get("name")) == (200, "by the job")


def test_updated_at_moves_with_every_change(project_factory):
    project = project_factory()
    pipeline = project.trigger()
    job = project.runner.take("build")
    running = project.pipeline(pipeline["id"])
    job.succeed()
    assert pipeline["updated_at"] <= running["updated_at"] <= project.pipeline(pipeline["id"])["updated_at"]
