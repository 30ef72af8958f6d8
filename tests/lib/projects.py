"""Projects with content, and people with roles in them."""

import itertools

from fakerunner import FakeRunner
from gitrepo import Repository
from penstock import make_user, wait_until

# Four jobs in three stages: one with tags, one allowed to fail, one for a person. The name is not
# .gitlab-ci.yml, so that a push alone starts nothing.
FULL_CI = """\
stages: [build, test, deploy]
workflow:
  name: $_PIPELINE_FILE_NAME
build:
  stage: build
  script: [make]
  tags: [linux, docker]
unit:
  stage: test
  script: [make check]
style:
  stage: test
  script: [make style]
  allow_failure: true
release:
  stage: deploy
  script: [make release]
  when: manual
"""

# One job that needs nothing.
ONE_JOB_CI = """\
only:
  script: [echo one]
"""

numbers = itertools.count(1)


class Project:
    """A project on the server, with its repository and the shortest ways to use both."""

    def __init__(self, server, entity):
        self.server = server
        self.api = server.api
        self.entity = entity
        self.id = entity["id"]
        self.path = entity["path_with_namespace"]
        self.at = f"/projects/{self.id}"
        self.repository = Repository(
            f"http://root:{server.token}@127.0.0.1:{server.port}/{self.path}.git")
        self.sha = None
        self._trigger = None
        self._runner = None

    def push(self, files, message="Test\n", branch="main"):
        self.sha = self.repository.commit(files, message)
        self.repository.push(f"HEAD:refs/heads/{branch}")
        return self.sha

    def unprotect(self, branch="main"):
        """Developers may then run pipelines on it."""
        answer = self.api.delete(f"{self.at}/protected_branches/{branch}")
        assert answer.status_code in (204, 404), answer.text

    @property
    def trigger_token(self):
        if self._trigger is None:
            self._trigger = self.api.make(f"{self.at}/triggers", description="tests")["token"]
        return self._trigger

    def post_trigger(self, ref="main", file="full-ci.yml", **variables):
        """POST trigger/pipeline as JSON, as the response."""
        if file:
            variables["_PIPELINE_FILE_NAME"] = file
        return self.api.post(f"{self.at}/trigger/pipeline", token=None,
                             json={"token": self.trigger_token, "ref": ref, "variables": variables})

    def trigger(self, ref="main", file="full-ci.yml", **variables):
        """Starts a pipeline and answers it."""
        answer = self.post_trigger(ref, file, **variables)
        assert answer.status_code == 201, f"{answer.status_code} {answer.text}"
        return answer.json()

    def pipeline(self, pipeline_id):
        return self.api.read(f"{self.at}/pipelines/{pipeline_id}")

    def jobs(self, pipeline_id, **parameters):
        """{name: job} of a pipeline, latest attempts only unless asked otherwise."""
        jobs = self.api.read(f"{self.at}/pipelines/{pipeline_id}/jobs", per_page=100, **parameters)
        return {job["name"]: job for job in jobs}

    def job(self, job_id):
        return self.api.read(f"{self.at}/jobs/{job_id}")

    @property
    def runner(self):
        """A runner of this project alone, with the tags of FULL_CI."""
        if self._runner is None:
            self._runner = FakeRunner(self.api, self.id, tags=("linux", "docker"))
        return self._runner

    def wait_for(self, pipeline_id, status):
        def probe():
            pipeline = self.pipeline(pipeline_id)
            return pipeline if pipeline["status"] == status else None
        return wait_until(probe, f"pipeline {pipeline_id} to be {status}")


def make_project(server, files=None, branch="main", unprotect=True, **parameters):
    """A private project in root's namespace (or as `parameters` say) with these files pushed."""
    parameters.setdefault("name", f"project-{next(numbers)}")
    project = Project(server, server.api.make("/projects", **parameters))
    if files is None:
        files = {"full-ci.yml": FULL_CI, "README.md": "# Test\n"}
    if files:
        project.push(files, branch=branch)
        if unprotect:
            project.unprotect(branch)
    return project


LEVELS = {"guest": 10, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}
# From the least to the most: nobody has no token, an outsider is signed in but no member.
EVERYBODY = ("nobody", "outsider", *LEVELS)


class Roles:
    """One user a role. roles["guest"] is a client; join() makes all of them members."""

    def __init__(self, server):
        self.server = server
        number = next(numbers)
        self.accounts = {name: make_user(server.api, f"{name}-{number}") for name in ("outsider", *LEVELS)}
        self.clients = {name: account.api for name, account in self.accounts.items()}
        self.clients["nobody"] = server.api.as_user(None)

    def __getitem__(self, name):
        return self.clients[name]

    def join(self, project, roles=LEVELS):
        for role in roles:
            self.server.api.make(f"{project.at}/members", user_id=self.accounts[role].id,
                                 access_level=LEVELS[role])
        return project
