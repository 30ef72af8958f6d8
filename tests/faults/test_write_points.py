"""A server that dies at each write point of each operation, or whose statement fails there; then the promises hold.

Nothing is lost, nothing is done twice, and no state is half written: whoever was told "done" finds it done, whoever was
not told finds it done or not begun, and asking again is safe.
"""

import subprocess
import time

import pytest
from fakerunner import FakeRunner
from penstock import wait_until
from projects import make_project
from writepoints import FAIL, FAIL_ON, KILL, MOST_POINTS, NEVER, FaultyServer, each_point

CI = """\
stages: [first, second]
workflow: {name: $MARK}
a: {stage: first, script: x}
b: {stage: second, script: x, needs: [a]}
c: {stage: second, script: x}
"""
JOBS = ["a", "b", "c"]
MODES = pytest.mark.parametrize("mode", [pytest.param(KILL, id="kill"), pytest.param(FAIL, id="fail")])
REFUSED = (500, 503)


@pytest.fixture(scope="module")
def server():
    with FaultyServer("--confirm-timeout-s", "1") as running:
        yield running


class World:
    """A project with a runner, and the questions that every check asks."""

    def __init__(self, server):
        self.server = server
        self.project = make_project(server, {"full-ci.yml": CI, ".gitlab-ci.yml": "on_push: {script: x}\n"},
                                    unprotect=False)
        for pipeline in self.pipelines():
            server.api.delete(f"{self.project.at}/pipelines/{pipeline['id']}")
        self.runner = FakeRunner(server.api, self.project.id, features=("two_phase_job_commit",))
        self.marks = 0
        assert self.project.trigger_token  # made before anything can break

    def pipelines(self, **more):
        return self.server.api.read(f"{self.project.at}/pipelines", per_page=100, **more)

    def mark(self):
        self.marks += 1
        return f"mark {self.marks}"

    def trigger(self):
        return self.project.trigger(MARK=self.mark())["id"]

    def attempts(self, pipeline_id):
        """{name: how many}"""
        jobs = self.server.api.read(f"{self.project.at}/pipelines/{pipeline_id}/jobs", per_page=100, include_retried=True)
        names = [job["name"] for job in jobs]
        return {name: names.count(name) for name in names}

    def take(self, name):
        """Takes and confirms it."""
        job = self.runner.take(name)
        answer = job.update("running")
        assert answer.status_code == 200, answer.text
        return job

    def run_to_the_end(self, pipeline_id, expected):
        """Runs what is left; exactly the `expected` names are handed out."""
        names = []
        while len(names) < len(expected):
            job = self.runner.take()
            assert job.update("running").status_code == 200
            names.append(job.name)
            job.succeed()
        assert sorted(names) == sorted(expected)
        assert self.runner.try_take() is None, "there is more to run than there should be"
        assert self.project.pipeline(pipeline_id)["status"] == "success"


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@MODES
def test_a_pipeline_is_created_whole_or_not_at_all(server, world, mode):
    def check(mark, answer):
        made = [pipeline["id"] for pipeline in world.pipelines(name=mark)]
        if answer is not None and answer.status_code == 201:
            assert made == [answer.json()["id"]]
        else:
            assert answer is None or answer.status_code in REFUSED, answer.text
            assert len(made) <= 1
            assert answer is None or not made, "an error was answered, and the pipeline was made"
        for pipeline_id in made:
            assert world.attempts(pipeline_id) == dict.fromkeys(JOBS, 1)
            world.run_to_the_end(pipeline_id, JOBS)

    assert each_point(server, mode, world.mark, lambda mark: world.project.post_trigger(MARK=mark), check) > 3


@MODES
def test_the_end_of_a_job_counts_once(server, world, mode):
    def prepare():
        pipeline_id = world.trigger()
        return pipeline_id, world.take("a")

    def check(subject, answer):
        pipeline_id, job = subject
        if answer is None or answer.status_code != 200:
            assert answer is None or answer.status_code in REFUSED, answer.text
            again = job.update("success")  # as runners do until they are answered
            assert again.status_code in (200, 403), again.text
        assert world.project.job(job.id)["status"] == "success"
        assert world.attempts(pipeline_id) == dict.fromkeys(JOBS, 1)
        world.run_to_the_end(pipeline_id, ["b", "c"])

    assert each_point(server, mode, prepare, lambda subject: subject[1].update("success"), check) > 3


@MODES
def test_a_job_is_handed_out_to_one_runner_in_the_end(server, world, mode):
    def check(pipeline_id, answer):
        """An offer that did not arrive is taken back when nobody confirms it."""
        if answer is not None and answer.status_code == 201:
            job = wait_until(lambda: world.project.job(answer.json()["id"]), "the job")
            assert job["name"] == "a"
        else:
            assert answer is None or answer.status_code in (204, *REFUSED), answer.text
        world.run_to_the_end(pipeline_id, JOBS)
        assert world.attempts(pipeline_id) == dict.fromkeys(JOBS, 1)

    assert each_point(server, mode, world.trigger, lambda _: world.runner.ask(), check) > 1


@MODES
def test_a_retry_makes_one_attempt(server, world, mode):
    def prepare():
        pipeline_id = world.trigger()
        job = world.take("a")
        job.fail()
        return pipeline_id, job.id

    def retry(subject):
        return server.api.post(f"{world.project.at}/jobs/{subject[1]}/retry")

    def check(subject, answer):
        attempts = world.attempts(subject[0])
        told = answer is not None and answer.status_code == 201
        assert told or answer is None or answer.status_code in REFUSED, answer.text
        assert attempts["a"] == 2 if told else attempts["a"] in ((1, 2) if answer is None else (1,)), attempts
        if attempts["a"] == 1:
            assert retry(subject).status_code == 201
        world.run_to_the_end(subject[0], JOBS)

    assert each_point(server, mode, prepare, retry, check) > 3


@MODES
def test_a_cancel_is_whole_or_can_be_asked_for_again(server, world, mode):
    def cancel(pipeline_id):
        return server.api.post(f"{world.project.at}/pipelines/{pipeline_id}/cancel")

    def check(pipeline_id, answer):
        told = answer is not None and answer.status_code == 200
        assert told or answer is None or answer.status_code in REFUSED, answer.text
        if not told:
            cancel(pipeline_id)
        assert world.project.pipeline(pipeline_id)["status"] == "canceled"
        assert {job["status"] for job in world.project.jobs(pipeline_id).values()} == {"canceled"}
        assert world.runner.try_take() is None

    assert each_point(server, mode, world.trigger, cancel, check) > 2


@MODES
def test_a_deleted_pipeline_is_gone_or_still_whole(server, world, mode):
    def check(pipeline_id, answer):
        told = answer is not None and answer.status_code == 204
        assert told or answer is None or answer.status_code in REFUSED, answer.text
        found = server.api.get(f"{world.project.at}/pipelines/{pipeline_id}").status_code
        assert found == 404 if told else found in (200, 404)
        if found == 200:
            assert server.api.delete(f"{world.project.at}/pipelines/{pipeline_id}").status_code == 204
        rows = server.database.sql(f"SELECT COUNT(*) FROM jobs WHERE pipeline_id = {pipeline_id}")
        assert rows == [("0",)]

    def delete(pipeline_id):
        return server.api.delete(f"{world.project.at}/pipelines/{pipeline_id}")

    assert each_point(server, mode, world.trigger, delete, check) > 1


@MODES
def test_a_push_makes_one_pipeline(server, world, mode):
    def bare():
        found = list((server.data / "repositories").rglob(f"{world.project.id}.git"))
        assert len(found) == 1
        return found[0]

    def pushed():
        return subprocess.check_output(["git", "-C", str(bare()), "rev-parse", "main"], text=True).strip()

    def prepare():
        return world.project.repository.commit({"README.md": world.mark()})

    def push(_):
        return world.project.repository.push("HEAD:refs/heads/main", check=False)

    def check(sha, answer):
        if pushed() != sha:
            assert answer.returncode != 0, "git says that it was pushed"
            assert world.pipelines(sha=sha) == []
            assert push(sha).returncode == 0
        made = wait_until(lambda: world.pipelines(sha=sha), "the pipeline of the push")
        assert [pipeline["source"] for pipeline in made] == ["push"]
        world.run_to_the_end(made[0]["id"], ["on_push"])

    def settled(sha):
        """The point may come after git has its answer."""
        answer = push(sha)
        if answer.returncode == 0 and not server.points.was_hit:
            wait_until(lambda: server.points.was_hit or world.pipelines(sha=sha), "the pipeline of the push")
        return answer

    assert each_point(server, mode, prepare, settled, check) > 2


def test_a_tick_is_kept_by_a_server_that_dies_over_it(server, world):
    """From the first write of a start to the last of the tick's pipeline."""
    row = server.api.make(f"{world.project.at}/pipeline_schedules", description="s", ref="main", cron="0 0 1 1 *")
    at = f"{world.project.at}/pipeline_schedules/{row['id']}"
    made = hits = 0
    first = int(time.time()) - 3600

    def settled():
        ticks = server.api.read(f"{at}/ticks", per_page=100)
        return len(ticks) == made and {tick["result"] for tick in ticks} == {"created"}

    while hits == made:
        made += 1
        server.kill9()
        server.database.sql(f"UPDATE pipeline_schedules SET next_run_at = {(first + made) * 1000000} "
                            f"WHERE id = {row['id']}")
        server.points.arm(made, KILL)
        try:
            server.restart()
            wait_until(lambda: server.points.was_hit or settled(), "the tick's pipeline")
        except Exception:
            assert server.points.was_hit
        hits += server.points.was_hit
        server.points.arm(NEVER, KILL)
        if hits == made:
            server.process.wait()
            server.restart()
        wait_until(settled, "the tick's pipeline")
        pipelines = server.api.read(f"{at}/pipelines", per_page=100)
        assert len(pipelines) == made
        world.run_to_the_end(pipelines[0]["id"], ["on_push"])
    assert hits > 4


def test_a_push_that_finds_the_database_full_has_its_pipeline_when_there_is_room(server, world):
    """Without a restart, and without another push."""
    sha = world.project.repository.commit({"README.md": world.mark()})
    for number in range(1, MOST_POINTS):
        pushed, hit = server.break_at(
            number, FAIL_ON, lambda: world.project.repository.push("HEAD:refs/heads/main", check=False))
        assert hit
        if pushed.returncode == 0:
            break  # that it is pushed could just be written
    assert world.pipelines(sha=sha) == []
    # As if it had been tried some time ago.
    server.database.sql("UPDATE open_pushes SET created_at = created_at - 1000000000")
    made = wait_until(lambda: world.pipelines(sha=sha), "the pipeline of the push")
    assert len(made) == 1
    world.run_to_the_end(made[0]["id"], ["on_push"])
    wait_until(lambda: server.database.sql("SELECT COUNT(*) FROM open_pushes") == [("0",)], "the end of the push")
