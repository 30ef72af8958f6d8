"""Each server's own runner, the demo on both, and a server that dies in mid-run."""

from fakerunner import FakeRunner
from pair import Pair, trace
from penstock import REPOSITORY, wait_until
from projects import Project, make_project

EXAMPLES = REPOSITORY / "examples"
REFERENCE = "reference-template-projects/dataops-template/dataops-reference"


def make_demo(server):
    parent = None
    *groups, name = REFERENCE.split("/")
    for path in groups:
        parent = server.api.make("/groups", name=path, path=path, **({"parent_id": parent} if parent else {}))["id"]
    reference = Project(server, server.api.make("/projects", name=name, namespace_id=parent))
    product = Project(server, server.api.make("/projects", name="data-product"))
    for project, folder in ((reference, "data-reference"), (product, "data-product")):
        project.repository.add_tree(EXAMPLES / folder)
        project.push({}, message="Start [skip ci]\n")
    return product


def test_the_demo_is_worked_off_by_the_runners_of_both():
    with Pair("--ignore-image", runners=(1, 1)) as nodes:
        product = make_demo(nodes.a)
        pipeline = product.trigger()
        ended = nodes.b.api.wait_for_pipeline(product.id, pipeline["id"])
        jobs = product.jobs(pipeline["id"])
        assert ended["status"] == "success", {name: job["status"] for name, job in jobs.items()}
        runners = {job["runner"]["id"] for job in jobs.values() if job.get("runner")}
        assert len(runners) == 2, runners
        for name, job in jobs.items():
            if job["started_at"]:
                logs = [server.api.get(f"{product.at}/jobs/{job['id']}/trace").content for server in nodes.both]
                assert logs[0] and logs[0] == logs[1], name


LONG_CI = """\
long:
  script: [echo begun, sleep 600]
  retry: 1
"""
SHORT_CI = """\
short:
  script: [echo]
  tags: [other]
"""


def test_a_server_that_dies_takes_nothing_of_the_other_with_it():
    """A's job ends with the reason, is tried again once, as configured, and by A when it is back."""
    with Pair("--lost-runner-s", "10", "--runner-orphan-s", "2", "--poll-timeout-s", "0", "--executor", "shell",
              runners=(1, 0)) as nodes:
        project = make_project(nodes.b, {"full-ci.yml": LONG_CI, "short-ci.yml": SHORT_CI})
        pipeline = project.trigger()
        first = project.jobs(pipeline["id"])["long"]["id"]
        wait_until(lambda: b"begun" in trace(nodes.b, project, first), "the job to run")
        log = trace(nodes.b, project, first)
        nodes.a.kill9()

        other = project.trigger(file="short-ci.yml")
        FakeRunner(nodes.b.api, project.id, tags=["other"], run_untagged=False).take("short").succeed()
        assert nodes.b.api.wait_for_pipeline(project.id, other["id"])["status"] == "success"

        lost = wait_until(lambda: in_status(project, first, "failed"), "the lost job to fail")
        assert lost["failure_reason"] == "no_updates_running"
        assert trace(nodes.b, project, first).startswith(log)

        nodes.a.restart()
        second = project.jobs(pipeline["id"])["long"]["id"]
        again = wait_until(lambda: in_status(project, second, "running"), "A's runner to work again")
        assert again["runner"]["id"] == lost["runner"]["id"]
        attempts = project.api.read(f"{project.at}/pipelines/{pipeline['id']}/jobs", include_retried="true")
        assert sorted(job["id"] for job in attempts) == [first, second]
        project.api.post(f"{project.at}/pipelines/{pipeline['id']}/cancel")
        wait_until(lambda: in_status(project, second, "canceled"), "the job to end")


def in_status(project, job_id, status):
    job = project.job(job_id)
    return job if job["status"] == status else None
