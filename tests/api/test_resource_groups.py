"""Resource groups: one job at a time, and whose turn is next."""

import pytest
from entities import check_entity, check_list
from errors import NO_RECORD, assert_answer

CI = """\
deploy:
  script: [deploy]
  resource_group: production/$TARGET
"""
KEY = "production%2Feast"
AT = f"/resource_groups/{KEY}"


@pytest.fixture
def place(project_factory):
    return project_factory({"full-ci.yml": CI})


def start(place, n):
    """n pipelines, and the id of each one's job."""
    pipelines = [place.trigger(TARGET="east") for _ in range(n)]
    return [place.jobs(pipeline["id"])["deploy"]["id"] for pipeline in pipelines]


def statuses(place, ids):
    return [place.job(job_id)["status"] for job_id in ids]


def test_one_job_of_a_group_at_a_time(place):
    ids = start(place, 3)
    assert statuses(place, ids) == ["pending", "waiting_for_resource", "waiting_for_resource"]
    first = place.runner.take("deploy")
    assert place.runner.try_take() is None
    first.succeed()
    assert statuses(place, ids) == ["success", "pending", "waiting_for_resource"]
    place.runner.take("deploy").fail()
    assert statuses(place, ids) == ["success", "failed", "pending"]


def test_keys_apart_do_not_wait_for_each_other(place):
    ids = start(place, 1)
    other = place.jobs(place.trigger(TARGET="west")["id"])["deploy"]["id"]
    assert statuses(place, [*ids, other]) == ["pending", "pending"]


@pytest.mark.parametrize(("mode", "expected"), [
    ("unordered", [1, 2, 3]), ("oldest_first", [1, 2, 3]), ("newest_first", [3, 2, 1]), ("newest_ready_first", [3, 2, 1])])
def test_whose_turn_is_next(api, place, mode, expected):
    ids = start(place, 4)
    answer = api.put(place.at + AT, json={"process_mode": mode})
    assert (answer.status_code, answer.json()["process_mode"]) == (200, mode)
    order = [job["id"] for job in check_list("JobBasic", api.read(f"{place.at}{AT}/upcoming_jobs"))]
    assert order == [ids[i] for i in expected]
    taken = [place.runner.take("deploy")]
    for _ in range(3):
        taken[-1].succeed()
        taken.append(place.runner.take("deploy"))
    assert [job.id for job in taken[1:]] == order


def test_cancel_and_retry_hand_the_resource_on(api, place):
    ids = start(place, 2)
    api.make(f"{place.at}/jobs/{ids[0]}/cancel")
    assert statuses(place, ids) == ["canceled", "pending"]
    again = api.make(f"{place.at}/jobs/{ids[0]}/retry")["id"]
    assert statuses(place, [again]) == ["waiting_for_resource"]
    place.runner.take("deploy").succeed()
    assert statuses(place, [again]) == ["pending"]


def test_the_end_of_a_pipeline_that_has_it(api, place):
    ids = start(place, 2)
    place.runner.take("deploy")
    assert api.delete(f"{place.at}/pipelines/{place.job(ids[0])['pipeline']['id']}").status_code == 204
    assert statuses(place, ids[1:]) == ["pending"]


def test_what_is_shown(api, place, roles):
    ids = start(place, 1)
    group = api.read(place.at + AT)
    assert set(group) == {"id", "key", "process_mode", "created_at", "updated_at"}
    assert (group["key"], group["process_mode"]) == ("production/east", "unordered")
    assert api.read(f"{place.at}/resource_groups") == [group]
    assert check_entity("JobBasic", api.read(f"{place.at}{AT}/current_job"))["id"] == ids[0]
    place.runner.take("deploy").succeed()
    assert api.get(f"{place.at}{AT}/current_job").status_code == 404
    assert_answer(api.get(f"{place.at}/resource_groups/none"), 404, NO_RECORD)
    roles.join(place)
    assert roles["reporter"].get(place.at + AT).status_code == 403
    assert roles["developer"].get(place.at + AT).status_code == 200
    assert api.put(place.at + AT, json={"process_mode": "odd"}).status_code == 400


def test_settings_of_the_project(api, place):
    assert api.read(place.at)["resource_group_default_process_mode"] == "unordered"
    assert api.read(place.at)["auto_cancel_pending_pipelines"] == "enabled"
    api.put(place.at, json={"resource_group_default_process_mode": "newest_first", "auto_cancel_pending_pipelines": "disabled"})
    start(place, 1)
    assert api.read(place.at + AT)["process_mode"] == "newest_first"
    assert api.read(place.at)["auto_cancel_pending_pipelines"] == "disabled"


def test_pages_of_groups_and_of_upcoming_jobs(api, project_factory):
    place = project_factory({"full-ci.yml": CI})
    for target in ("a", "b", "c"):
        place.trigger(TARGET=target)
    start(place, 4)
    answer = api.get(f"{place.at}/resource_groups", params={"per_page": 3, "page": 2})
    assert ([group["key"] for group in answer.json()], answer.headers["X-Total"]) == (["production/east"], "4")
    answer = api.get(f"{place.at}{AT}/upcoming_jobs", params={"per_page": 2, "page": 2})
    assert (len(answer.json()), answer.headers["X-Total"]) == (1, "3")
    assert api.read(f"{place.at}{AT}/upcoming_jobs") == api.read(f"{place.at}{AT}/upcoming_jobs", per_page=100)
