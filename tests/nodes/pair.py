"""Two servers that share a database and a folder, and what is asked of one through the other."""

import copy
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import databases
from fakerunner import Job
from gitrepo import Repository
from penstock import Server


class Pair:
    """Servers a and b. `runners`: the embedded runners' slots, of a and of b."""

    def __init__(self, *options, runners=(0, 0)):
        self.shared = Path(tempfile.mkdtemp(prefix="penstock-shared-"))
        self.database = databases.Postgres()
        self.a, self.b = self.both = [
            Server("--shared", str(self.shared), *options, runners=slots, database=self.database)
            for slots in runners]

    def __enter__(self):
        """Both start at the same instant, on a database and a folder that are new."""
        try:
            at_once([server.start for server in self.both])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.a.close()
        finally:
            try:
                self.b.close()
            finally:
                shutil.rmtree(self.shared, ignore_errors=True)
                self.database.drop()


def at_once(functions):
    """Calls all of them at the same time; their results in order."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]


def runner_at(runner, server):
    """The same runner, as it talks to the other server."""
    other = copy.copy(runner)
    other.api = server.api.as_user(None)
    return other


def job_at(job, server):
    """The same job in the same runner's hands, as it is reported to the other server."""
    other = Job(runner_at(job.runner, server), job.payload)
    other.written = job.written
    return other


def repository_at(project, server):
    """A work tree of its own that pushes to, and fetches from, that server."""
    return Repository(f"http://root:{server.token}@127.0.0.1:{server.port}/{project.path}.git")


def trace(server, project, job_id):
    answer = server.api.get(f"{project.at}/jobs/{job_id}/trace")
    assert answer.status_code == 200, answer.text
    return answer.content
