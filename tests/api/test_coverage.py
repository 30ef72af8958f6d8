"""The coverage of a job and of its pipeline, out of logs."""

import pytest

CI = """\
first:
  script: [x]
  coverage: '/Total: (\\d+\\.\\d+)%/'
second:
  script: [x]
  coverage: '/covered \\d+/'
third:
  script: [x]
"""


@pytest.fixture(scope="module")
def covered(project_factory):
    return project_factory({"cov-ci.yml": CI})


def finish(project, pipeline, logs):
    """Runs all three jobs with these logs; {name: job} afterwards."""
    for _ in range(3):
        job = project.runner.take()
        job.write(logs[job.name])
        job.succeed()
    return project.jobs(pipeline["id"])


def test_last_match_of_the_log_counts(covered):
    pipeline = covered.trigger(file="cov-ci.yml")
    jobs = finish(covered, pipeline, {"first": "Total: 10.0%\nTotal: 81.5%\nend\n",
                                      "second": "\033[32mcovered\033[0m 60 of 100\n", "third": "Total: 5.0%\n"})
    assert {name: job["coverage"] for name, job in jobs.items()} == {"first": 81.5, "second": 60, "third": None}
    assert covered.pipeline(pipeline["id"])["coverage"] == "70.75"


def test_number_far_before_the_end_is_found(covered):
    pipeline = covered.trigger(file="cov-ci.yml")
    filler = "".join(f"line {number} of many\n" for number in range(20_000))
    jobs = finish(covered, pipeline, {"first": f"Total: 12.5%\n{filler}", "second": "y" * 300_000 + "\ncovered 7", "third": "x"})
    assert (jobs["first"]["coverage"], jobs["second"]["coverage"]) == (12.5, 7)


def test_without_a_match_there_is_none(covered):
    pipeline = covered.trigger(file="cov-ci.yml")
    jobs = finish(covered, pipeline, {"first": "nothing\n", "second": "covered nothing\n", "third": "x"})
    assert {job["coverage"] for job in jobs.values()} == {None}
    assert covered.pipeline(pipeline["id"])["coverage"] is None


def test_job_that_fails_has_coverage_too(covered):
    covered.trigger(file="cov-ci.yml")
    jobs = [covered.runner.take() for _ in range(3)]
    job = next(job for job in jobs if job.name == "first")
    job.write("Total: 3.5%")
    job.fail()
    assert covered.job(job.id)["coverage"] == 3.5
    for other in jobs:
        if other is not job:
            other.succeed()
