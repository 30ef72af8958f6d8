"""Logs: what a runner writes is what a reader gets, byte for byte; parts of it by Range."""

import pytest
from entities import check_entity
from errors import FORBIDDEN, NO_RECORD, UNAUTHORIZED, assert_answer

LOG = b"section_start:1700000000:prepare\r\x1b[0KPreparing\n\x1b[32mgreen\x1b[0m \xff\xfe \xe2\x82\xac\r\n"


@pytest.fixture
def job(project_factory):
    """A running job."""
    project = project_factory()
    project.trigger()
    job = project.runner.take("build")
    job.project = project
    job.path = f"{project.at}/jobs/{job.id}/trace"
    return job


def test_nothing_yet_is_an_empty_text(api, project):
    pipeline_id = project.trigger()["id"]
    for name in ("build", "unit", "release"):
        job_id = project.jobs(pipeline_id)[name]["id"]
        answer = api.get(f"{project.at}/jobs/{job_id}/trace")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["Content-Disposition"] == f'infile; filename="{job_id}.log"'


def test_bytes_come_back_as_they_were_sent(api, job):
    job.write(LOG)
    answer = api.get(job.path)
    assert answer.status_code == 200
    assert answer.content == LOG
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == f'infile; filename="{job.id}.log"'
    assert answer.headers["Content-Length"] == str(len(LOG))
    job.write(b"more")
    assert api.get(job.path).content == LOG + b"more"
    job.succeed()
    assert api.get(job.path).content == LOG + b"more"


def test_head(api, job):
    job.write(LOG)
    answer = api.head(job.path)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == str(len(LOG))


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("asked, start, end", [("bytes=0-4", 0, 5), ("bytes=5-", 5, None), ("bytes=-6", -6, None),
                                               ("bytes=3-3", 3, 4), ("bytes=0-999999", 0, None), ("bytes=10-19", 10, 20)])
def test_range(api, job, finished, asked, start, end):
    job.write(LOG)
    if finished:
        job.succeed()
    answer = api.get(job.path, headers={"Range": asked})
    assert answer.status_code == 206, answer.text
    assert answer.content == LOG[start:end]
    first = LOG.index(answer.content) if start < 0 else start
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(LOG)}"
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("finished", [False, True])
def test_range_beyond_the_end(api, job, finished):
    job.write(LOG)
    if finished:
        job.succeed()
    answer = api.get(job.path, headers={"Range": f"bytes={len(LOG)}-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(LOG)}"


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=x-y", "lines=1-2", "bytes=", "nonsense"])
def test_range_that_is_none_is_ignored(api, job, asked):
    job.write(LOG)
    answer = api.get(job.path, headers={"Range": asked})
    assert answer.status_code in (200, 416)
    if answer.status_code == 200:
        assert answer.content == LOG


def test_a_long_log_in_many_patches(api, job):
    pieces = [bytes([65 + number]) * 100_000 + b"\n" for number in range(20)]
    for piece in pieces:
        job.write(piece)
    whole = b"".join(pieces)
    assert api.get(job.path).content == whole
    job.succeed()
    assert api.get(job.path).content == whole
    answer = api.get(job.path, headers={"Range": "bytes=1000000-1000099"})
    assert answer.content == whole[1_000_000:1_000_100]


def test_patch_tells_the_size_and_the_status(job):
    answer = job.write(b"0123456789")
    assert answer.headers["Range"] == "0-10"
    assert answer.headers["Job-Status"] == "running"
    assert int(answer.headers["X-GitLab-Trace-Update-Interval"]) > 0
    assert job.write(b"abc").headers["Range"] == "0-13"


@pytest.mark.parametrize("start", [0, 5, 11, 1000])
def test_patch_at_a_wrong_offset(api, job, start):
    job.write(b"0123456789")
    answer = job.patch_trace(b"wrong", start=start)
    assert answer.status_code == 416
    assert answer.headers["Range"] == "0-10"
    assert api.get(job.path).content == b"0123456789"


def test_patch_that_was_already_taken(api, job):
    job.write(b"first ")
    assert job.patch_trace(b"first ", start=0).status_code == 416
    job.write(b"second")
    assert api.get(job.path).content == b"first second"


@pytest.mark.parametrize("value", [None, "nonsense", "-5", "5", "a-b", "0-", "99999999999999999999-99999999999999999999"])
def test_patch_without_a_sound_range(api, job, value):
    headers = {"JOB-TOKEN": job.token, "Content-Type": "text/plain"}
    if value is not None:
        headers["Content-Range"] = value
    answer = job.runner.api.patch(f"/jobs/{job.id}/trace", token=None, data=b"text", headers=headers)
    assert answer.status_code in ((400,) if value is None else (202, 400, 416)), answer.text
    if answer.status_code != 202:
        assert api.get(job.path).content == b""


def test_end_of_the_range_is_not_relied_on(api, job):
    answer = job.patch_trace(b"0123456789", **{"Content-Range": "0-10"})
    assert answer.status_code == 202
    assert api.get(job.path).content == b"0123456789"


@pytest.mark.parametrize("role, status", [("guest", 200), ("reporter", 200), ("developer", 200), ("outsider", 404), ("nobody", 401)])
def test_who_may_read(roles, project_factory, role, status):
    project = roles.join(project_factory())
    project.trigger()
    job = project.runner.take("build")
    job.write("text\n")
    assert roles[role].get(f"{project.at}/jobs/{job.id}/trace").status_code == status


def test_debug_log_is_for_developers(roles, project_factory):
    project = roles.join(project_factory())
    project.trigger()
    job = project.runner.take("build")
    answer = job.runner.api.patch(f"/jobs/{job.id}/trace?debug_trace=true", token=None, data=b"secret\n", headers={
        "JOB-TOKEN": job.token, "Content-Type": "text/plain", "Content-Range": "0-6"})
    assert answer.status_code == 202
    path = f"{project.at}/jobs/{job.id}/trace"
    assert_answer(roles["reporter"].get(path), 403, FORBIDDEN)
    assert_answer(roles["guest"].get(path), 403, FORBIDDEN)
    assert roles["developer"].get(path).text == "secret\n"


def test_errors(api, anonymous, job):
    assert_answer(anonymous.get(job.path), 401, UNAUTHORIZED)
    assert_answer(anonymous.get(job.path, headers={"JOB-TOKEN": job.token}), 401, UNAUTHORIZED)
    assert_answer(api.get(f"{job.project.at}/jobs/999999/trace"), 404, NO_RECORD)


def test_log_survives_a_crash():
    from penstock import Server
    from projects import make_project
    with Server() as server:
        project = make_project(server)
        project.trigger()
        job = project.runner.take("build")
        job.write(LOG)
        server.kill9()
        server.restart()
        job.write(b"after\n")
        assert server.api.get(f"{project.at}/jobs/{job.id}/trace").content == LOG + b"after\n"
        job.succeed()
        assert server.api.get(f"{project.at}/jobs/{job.id}/trace").content == LOG + b"after\n"
        check_entity("Job", server.api.read(f"{project.at}/jobs/{job.id}"))
        assert server.stop() == 0
