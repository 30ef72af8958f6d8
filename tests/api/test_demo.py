"""The example projects, run for real: pushed, triggered, and worked off by the embedded runner."""

import io
import zipfile

import pytest
from entities import check_entity, check_list
from penstock import REPOSITORY, Server, wait_until
from projects import Project

EXAMPLES = REPOSITORY / "examples"
REFERENCE = "reference-template-projects/dataops-template/dataops-reference"


@pytest.fixture(scope="module")
def demo():
    """The finished pipeline of the data product, on a server with two runner slots and no containers."""
    with Server("--ignore-image", runners=2) as server:
        api = server.api
        parent = None
        *groups, name = REFERENCE.split("/")
        for path in groups:
            parent = api.make("/groups", name=path, path=path, **({"parent_id": parent} if parent else {}))["id"]
        reference = Project(server, api.make("/projects", name=name, namespace_id=parent))
        product = Project(server, api.make("/projects", name="data-product"))
        for project, folder in ((reference, "data-reference"), (product, "data-product")):
            project.repository.add_tree(EXAMPLES / folder)
            project.push({}, message="Start [skip ci]\n")
        product.pipeline_id = product.trigger()["id"]
        product.result = api.wait_for_pipeline(product.id, product.pipeline_id)
        product.results = product.jobs(product.pipeline_id)
        yield product
        reference.repository.remove()
        product.repository.remove()
        assert server.stop() == 0


def log(demo, name):
    return demo.api.get(f"{demo.at}/jobs/{demo.results[name]['id']}/trace").text


def archive(demo, name):
    answer = demo.api.get(f"{demo.at}/jobs/{demo.results[name]['id']}/artifacts")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_it_passes_with_a_warning(demo):
    pipeline = check_entity("PipelineWithMetadata", demo.result)
    assert pipeline["status"] == "success", {name: job["status"] for name, job in demo.results.items()}
    assert pipeline["detailed_status"]["text"] == "Warning"
    assert pipeline["name"] == "full-ci.yml"


def test_each_job_ends_as_it_should(demo):
    check_list("Job", list(demo.results.values()))
    assert len(demo.results) == 14
    odd = {name: job["status"] for name, job in demo.results.items() if job["status"] != "success"}
    assert odd == {"Test Expectations": "failed", "Release to Consumers": "manual"}


def test_jobs_ran_in_order(demo):
    jobs = demo.results
    assert jobs["Initialise Pipeline"]["finished_at"] <= jobs["Ingest Countries"]["started_at"]
    assert jobs["Load Sources"]["finished_at"] <= jobs["Build Model"]["started_at"]
    assert jobs["Build Model"]["finished_at"] <= jobs["Test Rules"]["started_at"]


def test_tags_come_from_the_variable(demo):
    assert {tuple(job["tag_list"]) for job in demo.results.values()} == {("penstock",)}


def test_logs_tell_what_was_done(demo):
    assert "ISO 3166-1: 249 records" in log(demo, "Ingest Countries")
    assert "10 tests, 10 passed, 0 failed" in log(demo, "Test Rules")
    assert "Netherlands Antillean Guilder" in log(demo, "Test Expectations")


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report")
def test_reports_are_collected(demo):
    report = check_entity("TestReport", demo.api.read(f"{demo.at}/pipelines/{demo.pipeline_id}/test_report"))
    assert (report["total_count"], report["failed_count"]) == (15, 4)
    assert {suite["name"] for suite in report["test_suites"]} == {"Test Rules", "Test Expectations"}


def test_products_are_there(demo):
    page = archive(demo, "Publish Page").read("build/site/index.html").decode()
    assert "Codes of the World" in page and "Switzerland" in page
    names = archive(demo, "Publish CSV").namelist()
    assert {name for name in names if name.endswith(".csv")} == {
        f"build/csv/{name}.csv" for name in ("countries", "subdivisions", "currencies", "languages", "scripts")}
    assert not any(name.endswith(".tmp") for name in names)


def test_a_person_releases_it(demo):
    job = demo.results["Release to Consumers"]
    answer = demo.api.post(f"{demo.at}/jobs/{job['id']}/play")
    assert answer.status_code == 200, answer.text
    demo.wait_for(demo.pipeline_id, "success")
    wait_until(lambda: demo.job(job["id"])["status"] in ("success", "failed"), "the release")
    demo.results = demo.jobs(demo.pipeline_id)
    assert demo.results["Release to Consumers"]["status"] == "success", log(demo, "Release to Consumers")
    names = archive(demo, "Release to Consumers").namelist()
    assert any(name.startswith("build/release/codes-of-the-world-stable-") for name in names)
    assert "build/release/SHA256SUMS" in names


def test_the_csv_job_can_be_left_out(demo):
    pipeline = demo.trigger(PUBLISH_CSV="false")
    assert "Publish CSV" not in demo.jobs(pipeline["id"])
    demo.api.post(f"{demo.at}/pipelines/{pipeline['id']}/cancel")
    demo.api.wait_for_pipeline(demo.id, pipeline["id"])


def test_the_second_pipeline(demo):
    pipeline = demo.trigger(file="other-pipelines/pipe1-ci.yml")
    result = demo.api.wait_for_pipeline(demo.id, pipeline["id"])
    jobs = demo.jobs(pipeline["id"])
    assert result["status"] == "success", {name: job["status"] for name, job in jobs.items()}
    assert set(jobs) == {"Ingest Countries", "Ingest Currencies", "Report Shared Currencies"}
    assert result["name"] == "other-pipelines/pipe1-ci.yml"
