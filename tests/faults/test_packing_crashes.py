"""A server that dies while it packs logs: each is whole at any time, and packed in the end."""

import random
import subprocess
import time

import pytest
from penstock import Server, wait_until
from projects import make_project

JOBS = 24
SIZE = 3_000_000
ROUNDS = 20


@pytest.fixture()
def server():
    with Server("--log-pack-after-s", "0") as running:
        yield running


def restart_with_packing(server):
    if not server.killed:
        server.kill9()
    server.options[:2] = ["--log-pack-after-s", "1"]
    server.restart()


def end_jobs(server, count=JOBS):
    """The project, and {job id: its log} of ended jobs."""
    jobs = "".join(f"j{number}: {{script: x}}\n" for number in range(count))
    project = make_project(server, {"full-ci.yml": jobs})
    project.trigger()
    logs = {}
    for number in range(count):
        job = project.runner.take()
        logs[job.id] = random.Random(number).randbytes(SIZE // 2).hex().encode()
        job.write(logs[job.id])
        job.succeed()
    return project, logs


def files(server, form):
    return {int(path.name.split(".")[0]) for path in server.data.glob(f"logs/*/*{form}")}


def unpacked(server):
    return int(server.database.sql("SELECT COUNT(*) FROM jobs WHERE log_packed = 0")[0][0])


def assert_whole(server, project, logs):
    for job_id, log in logs.items():
        assert server.api.get(f"{project.at}/jobs/{job_id}/trace").content == log
        part = server.api.get(f"{project.at}/jobs/{job_id}/trace", headers={"Range": f"bytes={SIZE - 500_000}-"})
        assert part.content == log[-500_000:]


def test_logs_are_whole_whenever_the_server_dies(server):
    project, logs = end_jobs(server)
    delays = random.Random(6)
    deaths = 0
    restart_with_packing(server)
    while deaths == 0 or (deaths < ROUNDS and unpacked(server) > 0):
        time.sleep(delays.random() * 0.05)  # the moment is what is tried here
        server.kill9()
        deaths += 1
        assert files(server, ".log") | files(server, ".log.zst") == set(logs)
        server.restart()
    assert_whole(server, project, logs)  # while the rest is packed
    wait_until(lambda: unpacked(server) == 0, "all logs to be packed")
    assert (files(server, ".log"), files(server, ".log.zst"), files(server, ".part")) == (set(), set(logs), set())
    assert_whole(server, project, logs)


def test_what_a_crash_left_half_done_is_done_by_the_next_start(server):
    project, logs = end_jobs(server)
    restart_with_packing(server)
    wait_until(lambda: unpacked(server) == 0, "all logs to be packed")
    server.kill9()
    packed = sorted(server.data.glob("logs/*/*.log.zst"))
    both, half, alone, *_ = packed
    for path in (both, half):  # before the plain one was removed; before it had its name
        path.with_suffix("").write_bytes(logs[int(path.name.split(".")[0])])
    half.rename(half.with_suffix(".zst.part"))
    part = half.with_suffix(".zst.part")
    part.write_bytes(part.read_bytes()[:100_000])
    server.database.sql("UPDATE jobs SET log_packed = 0")  # alone: before the database knew
    assert alone.exists()
    server.restart()
    wait_until(lambda: unpacked(server) == 0, "all logs to be packed")
    assert (files(server, ".log"), files(server, ".log.zst"), files(server, ".part")) == (set(), set(logs), set())
    assert_whole(server, project, logs)


def test_a_log_that_cannot_be_packed_stays_plain_and_is_in_nobody_s_way(server):
    project, logs = end_jobs(server)
    first = min(logs)
    path, = server.data.glob(f"logs/*/{first}.log")
    path.with_suffix(".log.zst.part").mkdir()  # in the place of what is to be written
    restart_with_packing(server)
    wait_until(lambda: unpacked(server) == 1, "the others to be packed")
    wait_until(lambda: "its log cannot be packed" in server.log(), "the reason to be logged")
    assert files(server, ".log") == {first}
    assert_whole(server, project, logs)


@pytest.fixture()
def small_disk(server):
    """Where the logs are: room for one log and a third of it."""
    folder = server.data / "logs"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_leaves_a_log_plain_until_there_is_room(server, small_disk):
    project, logs = end_jobs(server, 1)
    restart_with_packing(server)
    wait_until(lambda: "its log cannot be packed" in server.log(), "the reason to be logged")
    assert "No space left on device" in server.log()
    assert (files(server, ".log"), files(server, ".log.zst"), files(server, ".part")) == (set(logs), set(), set())
    assert_whole(server, project, logs)
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    restart_with_packing(server)  # it would be tried again by itself, in some minutes
    wait_until(lambda: unpacked(server) == 0, "the log to be packed")
    assert files(server, ".log.zst") == set(logs)
    assert_whole(server, project, logs)
