"""Logs of ended jobs are packed, and read as before."""

import random
import shutil
import subprocess

import pytest
import requests
from errors import assert_answer
from events import Events
from penstock import Server, wait_until

ERROR = {"message": "500 Internal Server Error"}
CUT_OFF = requests.exceptions.ChunkedEncodingError  # what requests makes of a body that breaks off
FRAME = 256 * 1024
SIZE = 3 * FRAME + 12_345


def make_log(size=SIZE):
    """Lines of which no two are alike, and which do not pack well."""
    source = random.Random(size)
    log = b"".join(b"%06d %s\n" % (i, source.randbytes(30).hex().encode()) for i in range(size // 68 + 1))
    return log[:size]


LOG = make_log()


@pytest.fixture(scope="module")
def server():
    with Server("--log-pack-after-s", "1") as running:
        yield running


def file_of(server, job_id, form):
    return server.data / "logs" / str(job_id // 1000) / f"{job_id}{form}"


def wait_until_packed(server, job_id):
    wait_until(lambda: file_of(server, job_id, ".log.zst").exists() and not file_of(server, job_id, ".log").exists(),
               "the log to be packed")


def end_job(server, project, log):
    project.trigger()
    job = project.runner.take("build")
    for start in range(0, len(log), 1_000_000):
        job.write(log[start:start + 1_000_000])
    job.succeed()
    job.project = project
    job.path = f"{project.at}/jobs/{job.id}/trace"
    wait_until_packed(server, job.id)
    return job


@pytest.fixture(scope="module")
def packed(server, project_factory):
    """An ended job with a log of several frames."""
    return end_job(server, project_factory(), LOG)


def test_whole(api, packed):
    answer = api.get(packed.path)
    assert (answer.status_code, answer.content) == (200, LOG)
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Content-Type"] == "text/plain"
    head = api.head(packed.path)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, str(SIZE), b"")
    job = api.read(f"{packed.project.at}/jobs/{packed.id}")
    assert [(file["file_type"], file["size"]) for file in job["artifacts"]] == [("trace", SIZE)]


@pytest.mark.parametrize("start, end", [(0, 1), (0, FRAME), (FRAME - 1, FRAME + 1), (FRAME, 2 * FRAME), (5, SIZE),
                                        (SIZE - 1, SIZE),
                                        (2 * FRAME - 100, 3 * FRAME + 100), (3 * FRAME, SIZE), (100_000, 100_100)])
def test_range_over_frames(api, packed, start, end):
    answer = api.get(packed.path, headers={"Range": f"bytes={start}-{end - 1}"})
    assert (answer.status_code, answer.content) == (206, LOG[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_range_of_the_end_and_beyond(api, packed):
    assert api.get(packed.path, headers={"Range": "bytes=-20000"}).content == LOG[-20000:]
    answer = api.get(packed.path, headers={"Range": f"bytes={SIZE}-"})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("lines", [1, 2, 500, 10_000])
def test_tail(api, packed, lines):
    answer = api.get(packed.path, params={"tail": lines})
    assert (answer.status_code, answer.content) == (206, b"".join(LOG.splitlines(keepends=True)[-lines:]))


def test_stream(api, packed):
    *pieces, end = Events(api, packed.path + "/stream").rest()
    assert "".join(data["text"] for _, _, data in pieces).encode() == LOG
    assert end == ("end", None, {"status": "success", "size": SIZE})
    (name, _, data), *_ = Events(api, packed.path + "/stream", headers={"Last-Event-ID": str(2 * FRAME - 3)}).rest()
    assert (name, data["offset"]) == ("log", 2 * FRAME - 3)
    assert LOG[2 * FRAME - 3:].startswith(data["text"].encode())


def test_search(api, packed):
    lines = LOG.decode().splitlines()
    for number in (0, 3855, 3856, len(lines) - 2):  # the second line of these goes over a frame's end
        answer = api.get(packed.path + "/search", params={"q": lines[number]}).json()
        assert [(match["line"], match["text"]) for match in answer["matches"]] == [(number + 1, lines[number])]
        assert LOG[answer["matches"][0]["offset"]:].startswith(lines[number].encode())


def test_a_slow_reader_gets_all_of_it(api, packed):
    answer = api.get(packed.path, stream=True)
    pieces = list(answer.iter_content(10_000))
    assert b"".join(pieces) == LOG


@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not installed")
def test_stock_tools_read_it(server, packed):
    run = subprocess.run(["zstd", "-dc", file_of(server, packed.id, ".log.zst")], stdout=subprocess.PIPE, check=True)
    assert run.stdout == LOG
    assert subprocess.run(["zstd", "-tq", file_of(server, packed.id, ".log.zst")]).returncode == 0


def test_a_late_patch_changes_nothing(api, packed):
    assert packed.patch_trace(b"late").status_code == 403
    assert api.get(packed.path).content == LOG


def test_running_and_silent_jobs_are_left_alone(server, api, project_factory):
    project = project_factory()
    project.trigger()
    silent = project.runner.take("build")
    silent.succeed()
    running = project.runner.take("unit")
    running.write(b"still at work\n")
    wait_until(lambda: server.database.sql(f"SELECT log_packed FROM jobs WHERE id = {silent.id}") == [("1",)],
               "a job without a log to be done with")
    assert not file_of(server, silent.id, ".log.zst").exists()
    assert file_of(server, running.id, ".log").exists()
    running.write(b"and on\n")
    assert api.get(f"{project.at}/jobs/{running.id}/trace").content == b"still at work\nand on\n"
    assert api.get(f"{project.at}/jobs/{silent.id}/trace").content == b""


def test_erased_logs_are_gone(server, api, project_factory):
    job = end_job(server, project_factory(), LOG)
    assert api.post(f"{job.project.at}/jobs/{job.id}/erase").status_code == 201
    assert not file_of(server, job.id, ".log.zst").exists()
    assert api.get(job.path).content == b""
    assert api.get(job.path + "/search", params={"q": "0"}).json()["matches"] == []


def test_logs_go_with_their_pipeline(server, api, project_factory):
    job = end_job(server, project_factory(), LOG)
    pipeline_id = api.read(f"{job.project.at}/jobs/{job.id}")["pipeline"]["id"]
    assert api.delete(f"{job.project.at}/pipelines/{pipeline_id}").status_code == 204
    assert not file_of(server, job.id, ".log.zst").exists()


def test_logs_go_with_their_project(server, api, project_factory):
    job = end_job(server, project_factory(), b"x\n")
    assert api.delete(job.project.at).status_code == 202
    wait_until(lambda: not file_of(server, job.id, ".log.zst").exists(), "the log to go")


def damage(path, at):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def test_a_damaged_frame_is_an_error_and_the_others_are_read(server, api, project_factory):
    job = end_job(server, project_factory(), LOG)
    path = file_of(server, job.id, ".log.zst")
    damage(path, 1000)  # the first frame
    assert_answer(api.get(job.path), 500, ERROR)
    wait_until(lambda: "a packed log is damaged in frame 1 of 4" in server.log(), "the reason to be logged")
    assert_answer(api.get(job.path, params={"tail": 10_000}), 500, ERROR)
    assert_answer(api.get(job.path + "/search", params={"q": "x"}), 500, ERROR)
    with pytest.raises(CUT_OFF):
        api.get(job.path + "/stream")
    assert api.get(job.path, headers={"Range": f"bytes={FRAME}-"}).content == LOG[FRAME:]
    assert api.get(job.path, params={"tail": 3}).content == b"".join(LOG.splitlines(keepends=True)[-3:])
    damage(path, 1000)
    assert api.get(job.path).content == LOG
    damage(path, path.stat().st_size // 2)  # behind what is already on its way
    answer = api.get(job.path)
    assert (answer.headers["Content-Length"], answer.content) == (str(SIZE), LOG[:len(answer.content)])
    assert len(answer.content) < SIZE, "the connection was cut"
    wait_until(lambda: "a log cannot be sent to its end" in server.log(), "the reason to be logged")


def test_a_cut_file_is_an_error(server, api, project_factory):
    job = end_job(server, project_factory(), b"one\n")
    path = file_of(server, job.id, ".log.zst")
    path.write_bytes(path.read_bytes()[:-1])
    assert_answer(api.get(job.path), 500, ERROR)
    wait_until(lambda: "its index is not whole" in server.log(), "the reason to be logged")


def test_logs_stay_plain_where_they_are_told_to(project_factory):
    from projects import make_project
    with Server("--log-pack-after-s", "0") as server:
        project = make_project(server)
        project.trigger()
        assert "build" in project.runner.run_all()
        assert server.stop() == 0
        assert list(server.data.glob("logs/*/*.log")) and not list(server.data.glob("logs/*/*.zst"))
