"""What pages draw, each in one answer."""

import pytest
from errors import FORBIDDEN, assert_answer
from penstock import make_user

NEEDS = """
stages: [one, two]
a: {stage: one, script: "true"}
b: {stage: one, script: "true", allow_failure: true}
c: {stage: two, script: "true", needs: [a]}
d: {stage: two, script: "true"}
e: {stage: two, script: "true", needs: []}
"""


@pytest.fixture(scope="module")
def drawn(project_factory):
    project = project_factory({"full-ci.yml": NEEDS})
    project.done = project.trigger()
    project.runner.run_all({"b": "failed"})
    return project


def test_a_graph_has_needs_by_id(drawn, api):
    graph = api.read(f"{drawn.at}/pipelines/{drawn.done['id']}/graph")
    assert graph["stages"] == ["one", "two"]
    jobs = {job["name"]: job for job in graph["jobs"]}
    assert set(jobs) == set("abcde")
    assert jobs["c"]["needs"] == [jobs["a"]["id"]]
    assert jobs["d"]["needs"] is None and jobs["e"]["needs"] == []
    assert jobs["b"]["status"] == "failed" and jobs["b"]["allow_failure"] is True
    assert jobs["b"]["usual_duration"] is None
    assert isinstance(jobs["a"]["usual_duration"], int)


def test_a_graph_of_another_project_is_none(drawn, project, api):
    assert api.get(f"{project.at}/pipelines/{drawn.done['id']}/graph").status_code == 404


def test_a_list_has_stages(drawn, api):
    row = api.read(f"{drawn.at}/pipelines", stages="true")[0]
    assert row["id"] == drawn.done["id"]
    assert row["stages"] == [{"name": "one", "status": "warning"}, {"name": "two", "status": "success"}]
    assert (row["failed_jobs"], row["warnings"]) == (0, 1)
    assert row["user"]["username"] == "root" and row["finished_at"] and row["duration"] is not None
    assert row["commit"]["short_id"] == row["sha"][:8] and row["commit"]["title"]
    assert row["config_path"] == "full-ci.yml"
    assert "stages" not in api.read(f"{drawn.at}/pipelines")[0]


def test_stages_take_the_right_to_read_jobs(project_factory, api):
    project = project_factory(visibility="public", public_jobs=False)
    project.trigger()
    stranger = make_user(api, "stage-stranger").api
    assert_answer(stranger.get(f"{project.at}/pipelines", params={"stages": "true"}), 403, FORBIDDEN)


def test_the_next_times_of_a_cron(api):
    ticks = api.read("/cron/next", cron=" 30 1 1 1 * ", timezone="Asia/Tokyo", count=3)["ticks"]
    assert len(ticks) == 3 and all(tick.endswith("-12-31T16:30:00.000Z") for tick in ticks)
    assert len(api.read("/cron/next", cron="* * * * *")["ticks"]) == 5


@pytest.mark.parametrize("given, named", [({"cron": "61 * * * *"}, "cron"), ({"cron": "* * * * *", "timezone": "Mars"}, "cron_timezone")])
def test_a_wrong_cron_says_what_is_wrong(api, given, named):
    answer = api.get("/cron/next", params=given)
    assert answer.status_code == 400 and named in answer.json()["message"]


def test_pipeline_types_say_what_they_are_for(project_factory, api):
    project = project_factory({"full-ci.yml": "# Loads all\n# there is\n\n# not this\na: {script: x}\n",
                               "more/daily-ci.yml": "a: {script: x}\n", "README.md": "# no\n"})
    answer = api.read(f"{project.at}/pipeline_types")
    assert answer["types"] == [{"file": "full-ci.yml", "comment": "Loads all there is"},
                               {"file": "more/daily-ci.yml", "comment": None}]
    assert api.read(f"{project.at}/pipeline_types", ref=answer["sha"]) == answer
    assert api.get(f"{project.at}/pipeline_types", params={"ref": "nothing"}).status_code == 404
