"""Variables that jobs leave in dotenv reports to the jobs after them."""

import gzip

import pytest
from errors import assert_answer

CI = """\
stages: [make, use, late]
one:
  stage: make
  script: [x]
  artifacts: {reports: {dotenv: one.env}}
two:
  stage: make
  script: [x]
  artifacts: {reports: {dotenv: two.env}}
all:
  stage: use
  script: [x]
picky:
  stage: use
  script: [x]
  dependencies: [two]
none:
  stage: use
  script: [x]
  dependencies: []
by-needs:
  stage: late
  script: [x]
  needs: [one, {job: two, artifacts: false}]
given:
  stage: late
  script: [x]
  variables: {ONE: from the file}
"""


def leave(job, text):
    data = text if isinstance(text, bytes) else gzip.compress(text.encode())
    return job.upload(data, name=".env.gz", artifact_type="dotenv", artifact_format="gzip")


@pytest.fixture(scope="module")
def taken(project_factory):
    """{name: job} of all jobs after the first two, as the runner got them."""
    project = project_factory({"env-ci.yml": CI})
    project.trigger(file="env-ci.yml")
    texts = {"one": "ONE=1\nBOTH=one\nREF=$ONE and\n", "two": "TWO=2\nBOTH=two\n"}
    for _ in texts:
        job = project.runner.take()
        answer = leave(job, texts[job.name])
        assert answer.status_code == 201, answer.text
        assert leave(job, texts[job.name]).status_code == 201
        job.succeed()
    found = {}
    while job := project.runner.try_take():
        found[job.name] = job
        job.succeed()
    return found


@pytest.mark.parametrize("name, expected", [
    ("all", {"ONE": "1", "TWO": "2", "BOTH": "two", "REF": "1 and"}),
    ("picky", {"ONE": None, "TWO": "2", "BOTH": "two"}),
    ("none", {"ONE": None, "TWO": None, "BOTH": None}),
    ("by-needs", {"ONE": "1", "TWO": None, "BOTH": "one"}),
    ("given", {"ONE": "1", "TWO": "2"}),
])
def test_jobs_get_what_the_jobs_before_them_left(taken, name, expected):
    assert {key: taken[name].variable(key) for key in expected} == expected


def test_they_are_not_for_services(taken):
    variable, = (variable for variable in taken["all"].payload["variables"] if variable["key"] == "TWO")
    assert (variable["public"], variable["masked"]) == (False, False)


@pytest.mark.parametrize("text, message", [
    ("no pair\n", "Invalid Format"),
    (b"no gzip", "Invalid Format"),
    ("A-B=1\n", "Validation failed: Key can contain only letters, digits and '_'."),
    ("".join(f"V{number}=1\n" for number in range(21)), "Dotenv files cannot have more than 20 variables"),
    ("A=" + "x" * 6000, "Dotenv Artifact Too Big. Maximum Allowable Size: 5120"),
])
def test_wrong_report_is_no_artifact(project_factory, text, message):
    project = project_factory({"env-ci.yml": CI})
    project.trigger(file="env-ci.yml")
    job = project.runner.take()
    assert_answer(leave(job, text), 400, {"message": message})
    assert project.job(job.id)["artifacts"] == []
    assert leave(job, "GOOD=1\n").status_code == 201


def test_downstream_pipeline_gets_them_through_its_trigger_job(project_factory):
    project = project_factory({"up-ci.yml": """\
stages: [make, call]
make:
  stage: make
  script: [x]
  artifacts: {reports: {dotenv: one.env}}
call:
  stage: call
  variables: {GIVEN: "$LEFT"}
  trigger: {include: down-ci.yml}
""", "down-ci.yml": "below: {script: [x]}\n"})
    project.trigger(file="up-ci.yml")
    job = project.runner.take("make")
    assert leave(job, "LEFT=from a job\n").status_code == 201
    job.succeed()
    assert project.runner.take("below").variable("GIVEN") == "from a job"
