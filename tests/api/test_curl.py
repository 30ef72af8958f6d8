"""The seven calls as people type them: curl, multipart forms, a header in lower case."""

import json
import subprocess

import pytest
from entities import check_entity, check_list

CURL_SECONDS = 60


def curl(*arguments):
    """Runs curl and answers (status, JSON or text)."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", "\n%{http_code} %{content_type}",
         *arguments], capture_output=True, text=True, timeout=CURL_SECONDS, check=True)
    body, _, last = done.stdout.rpartition("\n")
    status, _, kind = last.partition(" ")
    return int(status), json.loads(body) if kind == "application/json" else body


@pytest.fixture(scope="module")
def first(ran):
    """The first project of the instance, which the lines below address as 1."""
    assert ran.id == 1
    return ran


def test_create_a_schedule(server, first):
    status, schedule = curl(
        "--request", "POST", "--header", f"PRIVATE-TOKEN: {server.token}",
        "--form", "description=Build packages", "--form", "ref=main", "--form", "cron=0 1 * * 5",
        "--form", "cron_timezone=UTC", "--form", "active=true",
        f"{server.url}/api/v4/projects/1/pipeline_schedules")
    assert status == 201, schedule
    check_entity("PipelineScheduleDetails", schedule)
    assert schedule["description"] == "Build packages"
    assert schedule["ref"] == "refs/heads/main"
    assert schedule["cron"] == "0 1 * * 5"
    assert schedule["cron_timezone"] == "UTC"
    assert schedule["active"] is True
    assert schedule["next_run_at"].endswith("T01:00:00.000Z")


def test_create_a_schedule_as_the_shell_passes_it(server, first):
    line = (
        'curl --silent --noproxy "*" --request POST --header "PRIVATE-TOKEN: $T" --form description="Build packages" '
        '--form ref="main" --form cron="0 1 * * 5" --form cron_timezone="UTC" --form active="true" '
        '"$URL/api/v4/projects/1/pipeline_schedules"')
    done = subprocess.run(["bash", "-c", line], env={"PATH": "/usr/bin:/bin", "T": server.token, "URL": server.url},
                          capture_output=True, text=True, timeout=CURL_SECONDS, check=True)
    assert check_entity("PipelineScheduleDetails", json.loads(done.stdout))["description"] == "Build packages"


def test_trigger_a_pipeline_and_name_its_file(server, first):
    status, pipeline = curl(
        "--request", "POST", "--form", f"token={first.trigger_token}", "--form", "ref=main",
        "--form", "variables[_PIPELINE_FILE_NAME]=full-ci.yml",
        f"{server.url}/api/v4/projects/1/trigger/pipeline")
    assert status == 201, pipeline
    check_entity("Pipeline", pipeline)
    assert pipeline["source"] == "trigger"
    assert pipeline["sha"] == first.sha
    assert first.pipeline(pipeline["id"])["name"] == "full-ci.yml"


def test_list_pipelines(server, first):
    status, pipelines = curl("--header", f"private-token: {server.token}", f"{server.url}/api/v4/projects/1/pipelines")
    assert status == 200
    check_list("PipelineInList", pipelines)
    assert first.finished["id"] in [pipeline["id"] for pipeline in pipelines]


def test_read_a_pipeline(server, first):
    status, pipeline = curl("--header", f"private-token: {server.token}",
                            f"{server.url}/api/v4/projects/1/pipelines/{first.finished['id']}")
    assert status == 200
    assert check_entity("PipelineWithMetadata", pipeline) == first.finished


def test_list_jobs(server, first):
    status, jobs = curl("--header", f"private-token: {server.token}", f"{server.url}/api/v4/projects/1/jobs")
    assert status == 200
    check_list("Job", jobs)
    assert {"build", "unit", "style", "release"} <= {job["name"] for job in jobs}


def test_list_jobs_of_two_states_with_globbing_off(server, first):
    status, jobs = curl("--globoff", "--header", f"private-token: {server.token}",
                        f"{server.url}/api/v4/projects/1/jobs?scope[]=failed&scope[]=manual")
    assert status == 200
    assert {"style", "release"} <= {job["name"] for job in jobs}
    assert {job["status"] for job in jobs} == {"failed", "manual"}


def test_read_a_job(server, first):
    job = first.finished_jobs["unit"]
    status, entity = curl("--header", f"private-token: {server.token}", f"{server.url}/api/v4/projects/1/jobs/{job['id']}")
    assert status == 200
    assert check_entity("Job", entity)["name"] == "unit"


def test_read_the_log_of_a_job(server, first):
    job = first.finished_jobs["unit"]
    status, text = curl("--header", f"private-token: {server.token}",
                        f"{server.url}/api/v4/projects/1/jobs/{job['id']}/trace")
    assert status == 200
    assert text == "this is unit\n"


def test_data_form_is_as_good_as_multipart(server, first):
    status, pipeline = curl(
        "--request", "POST", "--data", f"token={first.trigger_token}", "--data", "ref=main",
        "--data-urlencode", "variables[_PIPELINE_FILE_NAME]=full-ci.yml",
        f"{server.url}/api/v4/projects/1/trigger/pipeline")
    assert status == 201, pipeline
    check_entity("Pipeline", pipeline)


def test_project_by_its_encoded_path(server, first):
    encoded = first.path.replace("/", "%2F")
    status, pipelines = curl("--header", f"private-token: {server.token}",
                             f"{server.url}/api/v4/projects/{encoded}/pipelines")
    assert status == 200
    assert pipelines
