"""What can befall the SQLite file: others' files, damage, no rights, no space, two servers."""

import errno
import os
import shutil
import sqlite3
import subprocess

import pytest
from databases import Sqlite
from fakerunner import FakeRunner
from load import ids_of
from penstock import Server, wait_until
from projects import make_project

# A server may answer with either where its own disk is at fault; what counts is that it says so.
NOT_DONE = (500, 503)


@pytest.fixture()
def used(tmp_path):
    """A stopped server that has a project with one pipeline; its database is whole."""
    with Server(data=tmp_path / "data") as server:
        project = make_project(server)
        project.made = project.trigger()
        assert server.stop() == 0
        server.project = project
        yield server
        project.repository.remove()


def file_of(server):
    return server.database.file


def still_has_its_pipeline(server):
    project = server.project
    project.api = server.restart().api
    assert project.pipeline(project.made["id"])["status"] == "pending"
    return True


def without_overrides():
    """Root without what lets it pass file modes by, so that they hold for it as for everybody."""
    if os.geteuid() != 0:
        return ()
    return "setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner", "--inh-caps", "-all", "--"


# Files that a server must not start on

def test_a_database_of_others_is_refused_and_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "penstock.db") as others:
        others.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY)")
    others.close()
    before = (tmp_path / "penstock.db").read_bytes()
    text = Server(data=tmp_path).start_in_vain()
    assert str(tmp_path / "penstock.db") in text and "not one of Penstock" in text
    assert (tmp_path / "penstock.db").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    (tmp_path / "penstock.db").write_text("Dear diary,\n" * 1000)
    text = Server(data=tmp_path).start_in_vain()
    assert str(tmp_path / "penstock.db") in text and "not a database" in text
    assert (tmp_path / "penstock.db").read_text() == "Dear diary,\n" * 1000


def test_a_database_of_a_newer_version_is_refused_and_left_alone(used):
    used.database.sql("INSERT INTO schema_migrations (version, name) VALUES (999, 'from-the-future')")
    text = used.start_in_vain()
    assert "999" in text and "newer version" in text
    used.database.sql("DELETE FROM schema_migrations WHERE version = 999")
    assert still_has_its_pipeline(used)


@pytest.mark.parametrize("how", ["first-page", "half-of-it"])
def test_a_damaged_database_is_refused_with_its_name(used, how):
    whole = file_of(used).read_bytes()
    damaged = whole[:len(whole) // 2] if how == "half-of-it" else whole[:100] + b"\xff" * 3996 + whole[4096:]
    file_of(used).write_bytes(damaged)
    text = used.start_in_vain()
    assert str(file_of(used)) in text and "damaged" in text
    file_of(used).write_bytes(whole)
    assert still_has_its_pipeline(used)


def test_a_read_only_file_is_refused_with_its_name(used):
    used.wrapper = without_overrides()
    file_of(used).chmod(0o400)
    text = used.start_in_vain()
    assert str(file_of(used)) in text and "Permission denied" in text
    file_of(used).chmod(0o600)
    assert still_has_its_pipeline(used)


def test_a_read_only_folder_is_refused_with_its_name(used):
    used.wrapper = without_overrides()
    modes = {path: path.stat().st_mode for path in [used.data, *used.data.iterdir()] if path.is_dir()}
    for path in modes:
        path.chmod(0o500)
    try:
        text = used.start_in_vain()
        assert str(used.data) in text and "cannot write" in text
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert still_has_its_pipeline(used)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "penstock.db").mkdir()
    assert str(tmp_path / "penstock.db") in Server(data=tmp_path).start_in_vain()


# Two servers

def test_a_second_server_on_the_same_data_is_refused_and_the_first_goes_on(used):
    assert still_has_its_pipeline(used)
    text = Server(data=used.data, database=used.database).start_in_vain()
    assert "another server uses" in text and str(used.data) in text
    assert used.project.trigger()["status"] in ("created", "pending")


def test_a_second_server_with_data_of_its_own_is_refused_too(used, tmp_path):
    assert still_has_its_pipeline(used)
    second = Server("--database", f"sqlite:{file_of(used)}", data=tmp_path / "second", database=used.database)
    assert "another server uses" in second.start_in_vain()
    assert used.project.trigger()["status"] in ("created", "pending")


# A full disk

class Disk:
    """A small disk of its own, to be filled up."""

    def __init__(self, folder):
        self.folder = folder
        self.filler = folder / "filler"

    def fill(self):
        with open(self.filler, "wb", buffering=0) as filler:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while True:
                        filler.write(b"\0" * size)
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def free(self):
        self.filler.unlink()


@pytest.fixture()
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_refuses_writes_serves_reads_and_loses_nothing(disk):
    data = disk.folder / "data"
    with Server(data=data) as server:
        project = make_project(server)
        done = [project.trigger()["id"] for _ in range(5)]
        disk.fill()

        refused = 0
        for number in range(2000):  # the log of SQLite has some room left, but not for that many
            answer = project.post_trigger(N=str(number) * 50)
            if answer.status_code == 201:
                done.append(answer.json()["id"])
                continue
            assert answer.status_code in NOT_DONE, answer.text
            refused += 1
            if refused == 5:
                break
        assert refused == 5, "the disk was never full"
        assert "full" in server.log().lower(), "the log names the reason"
        assert project.pipeline(done[-1])["id"] == done[-1], "reads go on"

        disk.free()
        done.append(wait_until(lambda: (answer := project.post_trigger()).status_code == 201 and answer.json()["id"],
                               "writes to work again"))
        assert ids_of(project) == sorted(done)

        server.kill9()
        project.api = server.restart().api
        assert ids_of(project) == sorted(done), "after a crash as well"
        project.repository.remove()


def test_a_log_on_a_full_disk_goes_on_where_it_stopped(disk):
    with Server(data=disk.folder / "data") as server:
        project = make_project(server, {"full-ci.yml": "one: {script: [make]}\n"})
        runner = FakeRunner(server.api, project.id)
        project.trigger()
        job = runner.take("one")
        job.write("before\n")
        disk.fill()
        part = b"x" * (1 << 20) + b"\n"
        answer = job.patch_trace(part)
        assert answer.status_code in NOT_DONE, answer.text
        disk.free()
        wait_until(lambda: job.patch_trace(part).status_code == 202, "the log to go on")
        job.written += part
        job.write("after\n")
        job.succeed()
        assert project.api.get(f"{project.at}/jobs/{job.id}/trace").content == job.written
        project.repository.remove()


def test_a_start_on_a_full_disk_is_refused_and_a_later_one_finds_all(disk, used):
    shutil.copytree(used.data, disk.folder / "data")
    with Server(data=disk.folder / "data", database=Sqlite(disk.folder / "data")) as server:
        server.stop()
        disk.fill()
        try:
            text = server.start_in_vain(expected=(1, 2))
            assert "space" in text or "full" in text
        finally:
            disk.free()
        assert server.restart().api.read("/projects")[0]["id"] == used.project.id
