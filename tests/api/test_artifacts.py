"""Artifacts: upload by a runner, download by people and by other jobs."""

import gzip
import io
import zipfile

import pytest
import requests
from entities import check_entity
from errors import NOT_FOUND, UNAUTHORIZED, assert_answer
from fakerunner import zipped
from penstock import Server
from projects import make_project

CI = """\
make:
  stage: build
  script: [make]
  artifacts:
    paths: [out/]
    expire_in: 1 week
    reports:
      junit: junit.xml
use:
  stage: test
  script: [use]
"""

JUNIT = """<?xml version="1.0"?>
<testsuites><testsuite name="suite" tests="2" failures="1" time="1.5">
<testcase classname="a" name="good" time="0.5"/>
<testcase classname="a" name="bad" time="1.0"><failure message="no">why not</failure></testcase>
</testsuite></testsuites>
"""

FILES = {"out/a.txt": "text a\n", "out/sub/b ü.txt": "text b\n", "out/big.bin": bytes(range(256)) * 4096}


class Made:
    """A pipeline whose first job has left artifacts; the second one runs."""

    def __init__(self, project):
        self.project = project
        self.pipeline = project.trigger(file="art-ci.yml")
        self.archive = zipped(FILES)
        self.job = project.runner.take("make")
        answer = self.job.upload(self.archive, artifact_type="archive", artifact_format="zip", expire_in="1 week")
        assert answer.status_code == 201, answer.text
        answer = self.job.upload(gzip.compress(JUNIT.encode()), name="junit.xml.gz", artifact_type="junit", artifact_format="gzip")
        assert answer.status_code == 201, answer.text
        self.job.succeed()
        self.user = project.runner.take("use")
        self.path = f"{project.at}/jobs/{self.job.id}/artifacts"


@pytest.fixture(scope="module")
def made(project_factory):
    return Made(project_factory({"art-ci.yml": CI}))


def test_job_tells_of_them(api, made):
    job = check_entity("Job", made.project.job(made.job.id))
    assert job["artifacts_file"] == {"filename": "artifacts.zip", "size": len(made.archive)}
    assert {"archive", "junit"} <= {artifact["file_type"] for artifact in job["artifacts"]}
    assert job["artifacts_expire_at"]


def test_download(api, made):
    answer = api.get(made.path)
    assert answer.status_code == 200
    assert answer.content == made.archive
    assert answer.headers["Content-Type"] in ("application/octet-stream", "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="artifacts.zip"')


@pytest.mark.parametrize("path", list(FILES))
def test_download_one_file(api, made, path):
    answer = api.get(f"{made.path}/{path}")
    assert answer.status_code == 200, answer.text
    expected = FILES[path]
    assert answer.content == (expected if isinstance(expected, bytes) else expected.encode())


@pytest.mark.parametrize("path", ["out/none.txt", "out", "a.txt", "OUT/A.TXT"])
def test_file_that_is_not_there(api, made, path):
    assert api.get(f"{made.path}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["%2e%2e/%2e%2e/etc/passwd", "out/%2e%2e/%2e%2e/x", "%2e%2e%2fx"])
def test_path_that_leaves_the_archive(api, made, path):
    answer = api.get(f"{made.path}/{path}")
    assert answer.status_code in (400, 404), answer.text


def test_latest_by_ref(api, made):
    made.user.succeed()
    made.project.wait_for(made.pipeline["id"], "success")
    base = f"{made.project.at}/jobs/artifacts/main"
    answer = api.get(f"{base}/download", params={"job": "make"})
    assert answer.status_code == 200, answer.text
    assert answer.content == made.archive
    answer = api.get(f"{base}/raw/out/a.txt", params={"job": "make"})
    assert (answer.status_code, answer.text) == (200, "text a\n")
    assert api.get(f"{base}/download", params={"job": "none"}).status_code == 404
    assert api.get(f"{made.project.at}/jobs/artifacts/no-such/download", params={"job": "make"}).status_code == 404
    assert_answer(api.get(f"{base}/download"), 400, {"error": "job is missing"})


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report")
def test_report(api, made):
    report = check_entity("TestReport", api.read(f"{made.project.at}/pipelines/{made.pipeline['id']}/test_report"))
    assert (report["total_count"], report["success_count"], report["failed_count"]) == (2, 1, 1)
    suite = report["test_suites"][0]
    assert suite["name"] == "make"
    assert {(case["name"], case["status"]) for case in suite["test_cases"]} == {("good", "success"), ("bad", "failed")}


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report_summary")
def test_report_summary(api, made):
    summary = check_entity("TestReportSummary", api.read(f"{made.project.at}/pipelines/{made.pipeline['id']}/test_report_summary"))
    assert summary["total"]["count"] == 2
    assert summary["test_suites"][0]["build_ids"] == [made.job.id]


def test_dependent_job_is_told_and_may_fetch(anonymous, project_factory):
    made = Made(project_factory({"art-ci.yml": CI}))
    dependency, = made.user.payload["dependencies"]
    assert (dependency["id"], dependency["name"]) == (made.job.id, "make")
    assert dependency["artifacts_file"]["size"] == len(made.archive)
    answer = anonymous.get(f"/jobs/{made.job.id}/artifacts", headers={"JOB-TOKEN": dependency["token"]})
    assert answer.status_code == 200, answer.text
    assert zipfile.ZipFile(io.BytesIO(answer.content)).read("out/a.txt") == b"text a\n"
    answer = anonymous.get(made.path, headers={"JOB-TOKEN": made.user.token})
    assert answer.status_code == 200, answer.text


def test_no_archive(api, ran):
    for path in ("", "/a.txt"):
        assert_answer(api.get(f"{ran.at}/jobs/{ran.finished_jobs['unit']['id']}/artifacts{path}"), 404, NOT_FOUND)


def test_keep_and_delete(api, roles, project_factory):
    made = Made(roles.join(project_factory({"art-ci.yml": CI})))
    answer = api.post(f"{made.path}/keep")
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["artifacts_expire_at"] is None
    assert roles["developer"].delete(made.path).status_code == 403
    assert roles["maintainer"].delete(made.path).status_code == 204
    assert_answer(api.get(made.path), 404, NOT_FOUND)
    job = made.project.job(made.job.id)
    assert "artifacts_file" not in job


@pytest.mark.parametrize("role, status", [("guest", 200), ("reporter", 200), ("developer", 200), ("outsider", 404), ("nobody", 404)])
def test_who_may_download(roles, project_factory, role, status):
    made = Made(roles.join(project_factory({"art-ci.yml": CI})))
    answer = roles[role].get(made.path)
    assert answer.status_code == status or (role == "nobody" and answer.status_code == 401), answer.text


def test_upload_needs_the_job_s_own_token(anonymous, made, project_factory):
    project = project_factory({"art-ci.yml": CI})
    project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    other = project_factory({"art-ci.yml": CI})
    other.trigger(file="art-ci.yml")
    stranger = other.runner.take("make")
    answer = anonymous.post(f"/jobs/{job.id}/artifacts", headers={"JOB-TOKEN": stranger.token},
                            files={"file": ("artifacts.zip", b"x")})
    assert answer.status_code == 403, answer.text
    answer = anonymous.post(f"/jobs/{job.id}/artifacts", headers={"JOB-TOKEN": "wrong"}, files={"file": ("artifacts.zip", b"x")})
    assert answer.status_code == 403, answer.text
    assert "artifacts_file" not in project.job(job.id)


def test_same_upload_again_is_fine(project_factory):
    project = project_factory({"art-ci.yml": CI})
    project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    archive = zipped(FILES)
    for _ in range(2):
        assert job.upload(archive, artifact_type="archive", artifact_format="zip").status_code == 201


def test_archive_that_is_no_zip_breaks_nothing(api, project_factory):
    project = project_factory({"art-ci.yml": CI})
    project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    answer = job.upload(b"this is no zip", artifact_type="archive", artifact_format="zip")
    assert answer.status_code in (201, 400), answer.text
    job.succeed()
    path = f"{project.at}/jobs/{job.id}/artifacts/a.txt"
    assert api.get(path).status_code in (400, 404, 422)
    assert api.get(project.at).status_code == 200


@pytest.mark.route("GET /projects/:id/pipelines/:pipeline_id/test_report")
@pytest.mark.parametrize("report", [b"no xml", b"<a>", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuites>&b;</testsuites>',
                                    b'<!DOCTYPE a [<!ENTITY l "lol">' + b"".join(
                                        b'<!ENTITY l%d "%s">' % (n, b"&l%s;" % (b"" if n == 1 else b"%d" % (n - 1)) * 10)
                                        for n in range(1, 12)) + b"]><testsuites><testsuite name=\"&l11;\"/></testsuites>"],
                         ids=["no-xml", "cut-off", "file-entity", "entity-bomb"])
def test_report_that_is_hostile(api, project_factory, report):
    project = project_factory({"art-ci.yml": CI})
    pipeline = project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    answer = job.upload(gzip.compress(report), name="junit.xml.gz", artifact_type="junit", artifact_format="gzip")
    assert answer.status_code in (201, 400), answer.text
    job.succeed()
    answer = api.get(f"{project.at}/pipelines/{pipeline['id']}/test_report")
    assert answer.status_code == 200, answer.text
    assert "root:" not in answer.text
    assert len(answer.content) < 100_000


def test_anonymous_download_of_a_private_project(anonymous, made):
    answer = anonymous.get(made.path)
    assert answer.status_code in (401, 404)
    if answer.status_code == 401:
        assert_answer(answer, 401, UNAUTHORIZED)


def archive_of_one(project, archive):
    """The path of the files of a job that left this archive."""
    pipeline = project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    assert job.upload(archive, artifact_type="archive", artifact_format="zip").status_code == 201
    job.succeed()
    project.api.post(f"{project.at}/pipelines/{pipeline['id']}/cancel")
    return f"{project.at}/jobs/{job.id}/artifacts"


def test_limits_of_what_is_taken_out_of_an_archive():
    """The whole archive can be had all the same."""
    with Server("--max-archive-entry-bytes", "100000", "--max-archive-index-bytes", "2000") as server:
        project = make_project(server, {"art-ci.yml": CI})
        path = archive_of_one(project, zipped({"a.txt": "a", "bomb": bytes(100_001)}))
        assert server.api.get(f"{path}/a.txt").text == "a"
        answer = server.api.get(f"{path}/bomb")
        assert_answer(answer, 413, {"message": "413 Request Entity Too Large - max-archive-entry-bytes"})
        path = archive_of_one(project, zipped({f"file-{number}": "" for number in range(100)}))
        answer = server.api.get(f"{path}/file-1")
        assert_answer(answer, 413, {"message": "413 Request Entity Too Large - max-archive-index-bytes"})
        assert server.api.get(path).status_code == 200


def test_entry_that_is_larger_than_it_says_is_not_passed_for_whole(api, project_factory):
    archive = bytearray(zipped({"a.txt": "a" * 1000}))
    at = archive.rindex(b"PK\x01\x02")
    archive[at + 24:at + 28] = (10).to_bytes(4, "little")
    path = archive_of_one(project_factory({"art-ci.yml": CI}), bytes(archive))
    try:
        answer = api.get(f"{path}/a.txt")
    except requests.RequestException:
        return
    assert answer.status_code != 200 or len(answer.content) <= 10


def test_report_that_is_no_report_is_said_in_its_suite(api, project_factory):
    project = project_factory({"art-ci.yml": CI})
    pipeline = project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    two = gzip.compress(JUNIT.encode()) + gzip.compress(b"<testsuites>")
    assert job.upload(two, name="junit.xml.gz", artifact_type="junit", artifact_format="gzip").status_code == 201
    job.succeed()
    report = api.read(f"{project.at}/pipelines/{pipeline['id']}/test_report")
    suite, = report["test_suites"]
    assert (report["total_count"], suite["total_count"], suite["test_cases"]) == (0, 0, [])
    assert suite["suite_error"].startswith("JUnit XML parsing failed: 1:")


def test_jobs_of_a_parallel_job_are_one_suite(api, project_factory):
    project = project_factory({"par-ci.yml": """\
unit:
  script: [x]
  parallel: 2
  artifacts: {reports: {junit: junit.xml}}
"""})
    pipeline = project.trigger(file="par-ci.yml")
    ids = []
    for _ in range(2):
        job = project.runner.take()
        job.upload(gzip.compress(JUNIT.encode()), name="junit.xml.gz", artifact_type="junit", artifact_format="gzip")
        job.succeed()
        ids.append(job.id)
    summary = api.read(f"{project.at}/pipelines/{pipeline['id']}/test_report_summary")
    suite, = summary["test_suites"]
    assert (suite["name"], suite["total_count"], sorted(suite["build_ids"])) == ("unit", 4, sorted(ids))
    assert summary["total"] == {"time": 3.0, "count": 4, "success": 2, "failed": 2, "skipped": 0, "error": 0,
                                "suite_error": None}


def test_by_ref_a_job_of_a_child_pipeline_is_found(api, project_factory):
    project = project_factory({"up-ci.yml": "call:\n  trigger: {include: art-ci.yml, strategy: depend}\n", "art-ci.yml": CI})
    pipeline = project.trigger(file="up-ci.yml")
    job = project.runner.take("make")
    archive = zipped(FILES)
    assert job.upload(archive, artifact_type="archive", artifact_format="zip").status_code == 201
    job.succeed()
    project.runner.take("use").succeed()
    project.wait_for(pipeline["id"], "success")
    answer = api.get(f"{project.at}/jobs/artifacts/main/download", params={"job": "make"})
    assert (answer.status_code, answer.content) == (200, archive)


def test_by_ref_a_commit_is_no_ref(api, project_factory):
    project = project_factory({"art-ci.yml": CI})
    pipeline = project.trigger(ref=project.sha, file="art-ci.yml")
    job = project.runner.take("make")
    assert job.upload(zipped(FILES), artifact_type="archive", artifact_format="zip").status_code == 201
    job.succeed()
    project.runner.take("use").succeed()
    project.wait_for(pipeline["id"], "success")
    for ref in (project.sha, "HEAD"):
        answer = api.get(f"{project.at}/jobs/artifacts/{ref}/download", params={"job": "make"})
        assert_answer(answer, 404, {"message": "404 Not Found"})


@pytest.mark.parametrize("given, kept", [("results of main.zip", "results_of_main.zip"), ("a/b.zip", "b.zip"), ("..", "artifacts.zip"),
                                         ("x;y.zip", "x_y.zip")])
def test_archive_has_the_name_that_its_job_gave_it(api, project_factory, given, kept):
    project = project_factory({"art-ci.yml": CI})
    project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    assert job.upload(zipped(FILES), name=given, artifact_type="archive", artifact_format="zip").status_code == 201
    job.succeed()
    assert project.job(job.id)["artifacts_file"]["filename"] == kept
    disposition = api.get(f"{project.at}/jobs/{job.id}/artifacts").headers["Content-Disposition"]
    assert disposition == f'attachment; filename="{kept}"'


FORMATS = {
    "zip": "lsif",
    "gzip": "junit metrics metrics_referee network_referee dotenv cobertura jacoco cluster_applications cyclonedx annotations "
            "repository_xray",
    "raw": "sast secret_detection dependency_scanning container_scanning cluster_image_scanning dast license_scanning accessibility "
           "codequality performance browser_performance load_performance terraform requirements requirements_v2 coverage_fuzzing "
           "api_fuzzing sarif",
}


def test_every_type_of_report_is_kept_and_listed(api, project_factory):
    project = project_factory({"art-ci.yml": CI})
    project.trigger(file="art-ci.yml")
    job = project.runner.take("make")
    sent = {}
    for form, names in FORMATS.items():
        for name in names.split():
            data = gzip.compress(b"A=1") if form == "gzip" else b"content"
            answer = job.upload(data, name=f"file.{form}", artifact_type=name, artifact_format=form)
            assert answer.status_code == 201, (name, answer.text)
            sent[name] = (len(data), form)
            wrong = "raw" if form != "raw" else "gzip"
            assert job.upload(data, artifact_type=name, artifact_format=wrong).status_code == 400, name
    listed = {artifact["file_type"]: (artifact["size"], artifact["file_format"]) for artifact in project.job(job.id)["artifacts"]}
    assert listed == sent
