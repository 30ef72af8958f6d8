"""How long artifacts are kept, who may have them, and what takes them away."""

import time

import pytest
from errors import FORBIDDEN, NOT_FOUND, assert_answer
from fakerunner import zipped
from penstock import wait_until

ACCESS_CI = """\
{name}:
  script: [x]
  artifacts: {{paths: [out], access: {name}}}
"""
ONE_CI = """\
make:
  script: [x]
  artifacts: {paths: [out]}
"""
ARCHIVE = zipped({"out/a.txt": "a\n"})


def leave(project, expire_in=None, end=True):
    """The next job with an archive, finished."""
    job = project.runner.take()
    more = {"expire_in": expire_in} if expire_in else {}
    assert job.upload(ARCHIVE, artifact_type="archive", artifact_format="zip", **more).status_code == 201
    if end:
        job.write("done\n")
        job.succeed()
    return job


def archive_of(project, job):
    return f"{project.at}/jobs/{job.id}/artifacts"


@pytest.mark.parametrize("access, least", [("developer", "developer"), ("maintainer", "maintainer"), ("none", None)])
def test_access_levels(roles, project_factory, access, least):
    project = roles.join(project_factory({"a-ci.yml": ACCESS_CI.format(name=access)}))
    project.trigger(file="a-ci.yml")
    path = archive_of(project, leave(project))
    ranks = ["guest", "reporter", "developer", "maintainer", "owner"]
    for role in ranks:
        allowed = least is not None and ranks.index(role) >= ranks.index(least)
        for end in ("", "/out/a.txt"):
            assert roles[role].get(path + end).status_code == (200 if allowed else 403), (role, end)


def test_without_expire_in_the_instance_says(project_factory):
    project = project_factory({"a-ci.yml": ONE_CI})
    for expire_in, kept in ((None, True), ("never", False)):
        project.trigger(file="a-ci.yml")
        job = project.job(leave(project, expire_in).id)
        assert bool(job["artifacts_expire_at"]) == kept


def test_newest_success_is_kept_past_its_time(api, project_factory):
    project = project_factory({"a-ci.yml": ONE_CI})
    assert api.read(project.at)["keep_latest_artifact"] is True
    project.trigger(file="a-ci.yml")
    old = leave(project, "1 sec")
    time.sleep(1.1)
    assert api.get(archive_of(project, old)).status_code == 200
    project.trigger(file="a-ci.yml")
    new = leave(project, "1 sec")
    wait_until(lambda: api.get(archive_of(project, old)).status_code == 404, "the older one to be gone")
    assert api.get(archive_of(project, new)).status_code == 200
    answer = api.put(project.at, json={"keep_latest_artifact": False})
    assert answer.json()["keep_latest_artifact"] is False
    wait_until(lambda: api.get(archive_of(project, new)).status_code == 404, "the newer one to be gone")


@pytest.mark.route("DELETE /projects/:id/artifacts")
def test_all_of_a_project(api, roles, project_factory):
    project = roles.join(project_factory({"a-ci.yml": ONE_CI}))
    project.trigger(file="a-ci.yml")
    old = leave(project)
    project.trigger(file="a-ci.yml")
    new = leave(project)
    assert_answer(roles["developer"].delete(f"{project.at}/artifacts"), 403, FORBIDDEN)
    assert_answer(roles["maintainer"].delete(f"{project.at}/artifacts"), 202, {"message": "202 Accepted"})
    assert_answer(api.get(archive_of(project, old)), 404, NOT_FOUND)
    assert api.get(archive_of(project, new)).status_code == 200, "the newest of its ref is kept"
    wait_until(lambda: "artifacts_file" not in project.job(old.id), "its row to be gone")


def test_developers_erase_their_own_jobs_where_nothing_is_protected(api, roles, project_factory):
    project = roles.join(project_factory({"a-ci.yml": ONE_CI}))
    mine = roles["developer"].make(f"{project.at}/pipeline", ref="main", variables=[
        {"key": "_PIPELINE_FILE_NAME", "value": "a-ci.yml"}])
    job = leave(project)
    project.trigger(file="a-ci.yml")
    theirs = leave(project)
    assert project.job(job.id)["pipeline"]["id"] == mine["id"]
    assert_answer(roles["developer"].post(f"{project.at}/jobs/{theirs.id}/erase"), 403, FORBIDDEN)
    assert roles["maintainer"].post(f"{project.at}/jobs/{theirs.id}/erase").status_code == 201
    api.make(f"{project.at}/protected_branches", name="main", push_access_level=30)
    assert_answer(roles["developer"].post(f"{project.at}/jobs/{job.id}/erase"), 403, FORBIDDEN)
    project.unprotect()
    answer = roles["developer"].post(f"{project.at}/jobs/{job.id}/erase")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["artifacts"], answer.json()["artifacts_expire_at"]) == ([], None)
    assert api.get(f"{project.at}/jobs/{job.id}/trace").text == ""
    assert_answer(api.get(archive_of(project, job)), 404, NOT_FOUND)


def test_job_that_left_nothing_is_not_erasable(api, project_factory):
    project = project_factory({"a-ci.yml": ONE_CI})
    project.trigger(file="a-ci.yml")
    job = project.runner.take()
    job.succeed()
    assert_answer(api.post(f"{project.at}/jobs/{job.id}/erase"), 403,
                  {"message": "403 Forbidden - Job is not erasable!"})


def test_deleted_pipeline_leaves_no_file(api, server, project_factory):
    project = project_factory({"a-ci.yml": "make:\n  parallel: 3\n  script: [x]\n  artifacts: {paths: [out]}\n"})
    pipeline = project.trigger(file="a-ci.yml")
    jobs = [leave(project), leave(project), leave(project, end=False)]
    files = [path for folder in ("logs", "blobs") for path in (server.data / folder).rglob("*") if path.is_file() and any(f"/{job.id}" in str(path) for job in jobs)]
    assert len(files) >= 5, files
    assert api.delete(f"{project.at}/pipelines/{pipeline['id']}").status_code == 204
    assert [path for path in files if path.exists()] == []
    for job in jobs:
        assert api.get(f"{project.at}/jobs/{job.id}").status_code == 404
    assert jobs[2].update("success").status_code == 403
    assert api.delete(f"{project.at}/pipelines/{pipeline['id']}").status_code == 404


def test_large_pipeline_is_deleted_in_parts(api, server, project_factory):
    """More jobs than one part has."""
    ci = "".join(f"{name}:\n  script: [x]\n  parallel: 130\n" for name in ("one", "two"))
    project = project_factory({"a-ci.yml": ci})
    other = project.trigger(file="a-ci.yml")["id"]
    pipeline = project.trigger(file="a-ci.yml")["id"]
    assert api.delete(f"{project.at}/pipelines/{pipeline}").status_code == 204
    for table in ("jobs", "job_specs", "stages"):
        counts = dict(server.database.sql(f"SELECT pipeline_id, COUNT(*) FROM {table} GROUP BY pipeline_id"))
        assert str(pipeline) not in counts and str(other) in counts, table
