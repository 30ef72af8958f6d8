"""Schedules: create, read, list, change, hand over, play, and their variables."""

from datetime import datetime, timedelta, timezone

import pytest
from entities import check_entity, check_list
from errors import FORBIDDEN, NO_PROJECT, NO_SCHEDULE, assert_answer, bad_value, base, invalid, missing, model
from penstock import make_user, wait_until

NIGHTLY = {"description": "Nightly", "ref": "main", "cron": "0 1 * * *"}


def emptied(project):
    """The project for one test; its schedules go after it, since their number is limited."""
    yield project
    for schedule in project.api.read(f"{project.at}/pipeline_schedules"):
        project.api.delete(f"{project.at}/pipeline_schedules/{schedule['id']}")


@pytest.fixture
def place(project):
    """A project without schedules."""
    yield from emptied(project)


@pytest.fixture(scope="module")
def joined_project(project_factory, roles):
    return roles.join(project_factory())


@pytest.fixture
def joined(joined_project):
    """A project without schedules in which every role has a member."""
    yield from emptied(joined_project)


@pytest.fixture
def fresh(project_factory):
    """A project of the test's own."""
    return project_factory()


def create(client, project, **changes):
    fields = {key: value for key, value in {**NIGHTLY, **changes}.items() if value is not None}
    return client.post(f"{project.at}/pipeline_schedules", json=fields)


def created(client, project, **changes):
    answer = create(client, project, **changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def at(project, schedule):
    return f"{project.at}/pipeline_schedules/{schedule['id']}"

# --- create


def test_create(api, place):
    schedule = check_entity("PipelineScheduleDetails", created(api, place))
    assert schedule["description"] == "Nightly"
    assert schedule["ref"] == "refs/heads/main"
    assert schedule["cron"] == "0 1 * * *"
    assert schedule["cron_timezone"] == "UTC"
    assert schedule["active"] is True
    assert schedule["owner"]["username"] == "root"
    assert schedule["last_pipeline"] is None
    assert schedule.get("variables", []) == []
    assert schedule["created_at"] == schedule["updated_at"]


def test_read_back(api, place):
    schedule = created(api, place)
    read = check_entity("PipelineScheduleDetails", api.read(at(place, schedule)))
    assert read == {"variables": [], **schedule} or read == schedule


def test_next_run_is_the_cron_s_own_next_time(api, place):
    now = datetime.now(timezone.utc)
    soon = (now + timedelta(minutes=90)).replace(second=0, microsecond=0)
    schedule = created(api, place, cron=f"{soon.minute} {soon.hour} * * *")
    assert schedule["next_run_at"] == soon.strftime("%Y-%m-%dT%H:%M:00.000Z")


def test_next_run_in_a_zone_is_given_in_utc(api, place):
    # Tokyo knows no daylight saving: 01:00 there is 16:00 UTC.
    assert created(api, place, cron_timezone="Asia/Tokyo")["next_run_at"].endswith("T16:00:00.000Z")


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Etc/UTC", "UTC", "America/St_Johns", "Pacific Time (US & Canada)"])
def test_zone_comes_back_as_given(api, place, zone):
    assert created(api, place, cron_timezone=zone)["cron_timezone"] == zone


@pytest.mark.parametrize("cron", ["* * * * *", "*/5 * * * *", "0 0 1,15 * *", "0 9-17/2 * * mon-fri", "0 0 L * *", "0 0 * jan sun",
                                  "0 0 29 2 *", "0 0 * * 7", "0 0 * * 1#1", "59 23 31 12 *", "0 0 13 * 5", "0 24 * * *"])
def test_crons_that_are_fine(api, place, cron):
    schedule = created(api, place, cron=cron)
    assert schedule["cron"] == cron
    assert schedule["next_run_at"] > schedule["created_at"]


def test_blanks_around_the_cron_are_stripped(api, place):
    assert created(api, place, cron="  0 1 * * *  ")["cron"] == "0 1 * * *"


@pytest.mark.parametrize("cron", ["61 * * * *", "0 0 31 2 *", "01 * * *", "", " ", "* * * *", "nonsense", "* * * * * * *", "0 25 * * *",
                                  "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "5-1/0 * * * *", "*/0 * * * *", "@", "1,,2 * * * *",
                                  "9999999999999999999 * * * *", "a" * 10_000])
def test_crons_that_are_not(api, place, cron):
    assert_answer(create(api, place, cron=cron), 400, model(cron="syntax is invalid"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime", "UTC+25", "x" * 1000])
def test_zones_that_are_not(api, place, zone):
    assert_answer(create(api, place, cron_timezone=zone), 400, model(cron_timezone="syntax is invalid"))


def test_bad_cron_and_bad_zone_are_told_together(api, place):
    answer = create(api, place, cron="61 * * * *", cron_timezone="Mars/Olympus")
    assert answer.status_code == 400
    assert set(answer.json()["message"]) == {"cron", "cron_timezone"}


@pytest.mark.parametrize("absent, error", [
    ("description", "description is missing"),
    ("ref", "ref is missing, ref is empty"),
    ("cron", "cron is missing"),
])
def test_missing_fields(api, place, absent, error):
    assert_answer(create(api, place, **{absent: None}), 400, {"error": error})


def test_empty_fields(api, place):
    assert_answer(create(api, place, ref=""), 400, {"error": "ref is empty"})
    assert_answer(create(api, place, description=""), 400, model(description="can't be blank"))
    assert_answer(create(api, place, description="   "), 400, model(description="can't be blank"))


def test_wrong_types(api, place):
    assert_answer(create(api, place, active="maybe"), 400, invalid("active"))
    assert_answer(create(api, place, description={"a": 1}), 400, invalid("description"))
    assert_answer(create(api, place, cron=["* * * * *"]), 400, invalid("cron"))


@pytest.mark.parametrize("ref", ["no-such", "refs/heads/no-such", "refs/tags/main", "../main", "main~1", "-"])
def test_ref_that_is_not_there(api, place, ref):
    assert_answer(create(api, place, ref=ref), 400, model(ref="is ambiguous"))


def test_ref_by_its_full_name(api, place):
    assert created(api, place, ref="refs/heads/main")["ref"] == "refs/heads/main"


def test_ref_that_is_a_tag(api, place):
    place.repository.push("HEAD:refs/tags/v1")
    assert created(api, place, ref="v1")["ref"] == "refs/tags/v1"


def test_ref_that_is_both(api, place):
    place.repository.push("HEAD:refs/heads/both", "HEAD:refs/tags/both")
    assert_answer(create(api, place, ref="both"), 400, model(ref="is ambiguous"))
    assert created(api, place, ref="refs/tags/both")["ref"] == "refs/tags/both"


def test_inactive_schedule_keeps_its_next_run(api, place):
    schedule = created(api, place, active=False)
    assert schedule["active"] is False
    assert schedule["next_run_at"]


def test_limit_for_a_project(api, place):
    for _ in range(10):
        created(api, place)
    answer = create(api, place)
    assert_answer(answer, 400, base("Maximum number of ci pipeline schedules (10) exceeded"))


def test_unknown_project(api):
    assert_answer(api.post("/projects/999999/pipeline_schedules", json=NIGHTLY), 404, NO_PROJECT)


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 201), ("maintainer", 201),
                                          ("owner", 201), ("outsider", 404), ("nobody", 401)])
def test_who_may_create(roles, joined, role, status):
    answer = create(roles[role], joined)
    assert answer.status_code == status, answer.text
    if status == 201:
        assert answer.json()["owner"]["id"] == roles.accounts[role].id
    if status == 403:
        assert_answer(answer, 403, FORBIDDEN)


def test_protected_ref_needs_the_right_to_push(api, roles, fresh):
    joined = roles.join(fresh)
    answer = api.post(f"{joined.at}/protected_branches", json={"name": "main", "push_access_level": 40, "merge_access_level": 40})
    assert answer.status_code == 201, answer.text
    assert_answer(create(roles["developer"], joined), 400,
                  base("The current user is not authorized to create the pipeline schedule"))
    assert create(roles["maintainer"], joined).status_code == 201

# --- list and read


def test_list(api, place):
    first, second = created(api, place), created(api, place, active=False, description="Off")
    schedules = check_list("PipelineSchedule", api.read(f"{place.at}/pipeline_schedules"))
    assert [schedule["id"] for schedule in schedules] == [second["id"], first["id"]]
    for scope, ids in (("active", [first["id"]]), ("inactive", [second["id"]])):
        assert [schedule["id"] for schedule in api.read(f"{place.at}/pipeline_schedules", scope=scope)] == ids
    assert_answer(api.get(f"{place.at}/pipeline_schedules", params={"scope": "all"}), 400, bad_value("scope"))


@pytest.mark.parametrize("method, path", [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/play"), ("POST", "/take_ownership"),
                                          ("GET", "/pipelines"), ("GET", "/variables/A"), ("DELETE", "/variables/A")])
def test_unknown_schedule(api, place, method, path):
    assert_answer(api.request(method, f"{place.at}/pipeline_schedules/999999{path}"), 404, NO_SCHEDULE)


def test_schedule_of_another_project(api, place, joined):
    schedule = created(api, place)
    assert_answer(api.get(f"{joined.at}/pipeline_schedules/{schedule['id']}"), 404, NO_SCHEDULE)
    assert_answer(api.delete(f"{joined.at}/pipeline_schedules/{schedule['id']}"), 404, NO_SCHEDULE)


@pytest.mark.parametrize("role, status", [("guest", 200), ("reporter", 200), ("developer", 200), ("outsider", 404), ("nobody", 401)])
def test_who_may_read(api, roles, joined, role, status):
    schedule = created(api, joined)
    assert roles[role].get(f"{joined.at}/pipeline_schedules").status_code == status
    assert roles[role].get(at(joined, schedule)).status_code == status


def test_guest_reads_nothing_without_public_jobs(api, roles, fresh):
    joined = roles.join(fresh)
    schedule = created(api, joined)
    assert api.put(joined.at, json={"public_jobs": False}).status_code == 200
    assert_answer(roles["guest"].get(f"{joined.at}/pipeline_schedules"), 403, FORBIDDEN)
    assert roles["guest"].get(at(joined, schedule)).status_code in (403, 404)
    assert roles["reporter"].get(at(joined, schedule)).status_code == 200


def test_variables_are_for_the_owner_and_maintainers(api, roles, joined):
    schedule = created(roles["developer"], joined)
    path = at(joined, schedule)
    assert roles["developer"].post(f"{path}/variables", json={"key": "A", "value": "secret"}).status_code == 201
    assert [variable["key"] for variable in roles["developer"].read(path)["variables"]] == ["A"]
    assert [variable["key"] for variable in roles["maintainer"].read(path)["variables"]] == ["A"]
    assert "variables" not in roles["reporter"].read(path)
    assert "variables" not in roles["guest"].read(path)


def test_role_that_was_taken_away_takes_the_schedule_s_secrets_with_it(api, fresh):
    owner = make_user(api, "schedule-owner")
    api.make(f"{fresh.at}/members", user_id=owner.id, access_level=30)
    path = at(fresh, created(owner.api, fresh))
    owner.api.make(f"{path}/variables", key="A", value="secret")
    assert api.put(f"{fresh.at}/members/{owner.id}", json={"access_level": 10}).status_code == 200
    assert "variables" not in owner.api.read(path)
    assert_answer(owner.api.get(f"{path}/variables/A"), 403, FORBIDDEN)
    assert_answer(owner.api.delete(f"{path}/variables/A"), 403, FORBIDDEN)
    assert_answer(owner.api.post(f"{path}/take_ownership"), 403, FORBIDDEN)
    assert_answer(owner.api.delete(path), 403, FORBIDDEN)


# --- change


def test_update(api, place):
    schedule = created(api, place)
    answer = api.put(at(place, schedule), json={
        "description": "Weekly", "cron": "30 2 * * 0", "cron_timezone": "Asia/Tokyo", "active": False})
    assert answer.status_code == 200, answer.text
    changed = check_entity("PipelineScheduleDetails", answer.json())
    assert changed["description"] == "Weekly"
    assert changed["cron"] == "30 2 * * 0"
    assert changed["cron_timezone"] == "Asia/Tokyo"
    assert changed["active"] is False
    assert changed["next_run_at"].endswith("T17:30:00.000Z")
    assert changed["updated_at"] >= schedule["updated_at"]
    assert api.read(at(place, schedule))["description"] == "Weekly"


def test_bad_update_changes_nothing(api, place):
    schedule = created(api, place)
    path = at(place, schedule)
    assert_answer(api.put(path, json={"description": "New", "cron": "61 * * * *"}), 400, model(cron="syntax is invalid"))
    assert_answer(api.put(path, json={"cron_timezone": "Mars/Olympus"}), 400, model(cron_timezone="syntax is invalid"))
    assert_answer(api.put(path, json={"description": ""}), 400, model(description="can't be blank"))
    assert_answer(api.put(path, json={"ref": "no-such"}), 400, model(ref="is ambiguous"))
    assert_answer(api.put(path, json={"active": "maybe"}), 400, invalid("active"))
    assert api.read(path)["cron"] == "0 1 * * *"
    assert api.read(path)["description"] == "Nightly"


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 200), ("maintainer", 403), ("owner", 403),
                                          ("outsider", 404), ("nobody", 401)])
def test_only_the_owner_of_a_schedule_changes_it(roles, joined, role, status):
    schedule = created(roles["developer"], joined)
    answer = roles[role].put(at(joined, schedule), json={"description": "Mine"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 403), ("maintainer", 201), ("owner", 201),
                                          ("outsider", 404), ("nobody", 401)])
def test_who_may_take_over(api, roles, joined, role, status):
    schedule = created(api, joined)
    answer = roles[role].post(at(joined, schedule) + "/take_ownership")
    assert answer.status_code == status, answer.text
    if status == 201:
        assert check_entity("PipelineScheduleDetails", answer.json())["owner"]["id"] == roles.accounts[role].id
        assert roles[role].put(at(joined, schedule), json={"description": "Mine"}).status_code == 200


def test_taking_over_one_s_own_is_200(api, place):
    assert api.post(at(place, created(api, place)) + "/take_ownership").status_code == 200


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 403), ("maintainer", 204), ("owner", 204),
                                          ("outsider", 404), ("nobody", 401)])
def test_who_may_delete_another_s(api, roles, joined, role, status):
    schedule = created(api, joined)
    assert roles[role].delete(at(joined, schedule)).status_code == status
    assert api.get(at(joined, schedule)).status_code == (404 if status == 204 else 200)


def test_owner_deletes(roles, joined):
    schedule = created(roles["developer"], joined)
    assert roles["developer"].delete(at(joined, schedule)).status_code == 204
    assert_answer(roles["developer"].get(at(joined, schedule)), 404, NO_SCHEDULE)

# --- variables


def test_variables(api, place):
    schedule = created(api, place)
    path = at(place, schedule) + "/variables"
    answer = api.post(path, json={"key": "A", "value": "one"})
    assert answer.status_code == 201, answer.text
    assert check_entity("Variable", answer.json()) == {"variable_type": "env_var", "key": "A", "value": "one", "raw": False}
    assert api.make(path, key="F", value="text", variable_type="file")["variable_type"] == "file"
    assert api.read(f"{path}/A")["value"] == "one"
    answer = api.put(f"{path}/A", json={"value": "two"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["value"] == "two"
    assert {variable["key"]: variable["value"] for variable in api.read(at(place, schedule))["variables"]} == {"A": "two", "F": "text"}
    answer = api.delete(f"{path}/A")
    assert_answer(answer, 202, {"variable_type": "env_var", "key": "A", "value": "two", "raw": False})
    assert_answer(api.get(f"{path}/A"), 404, {"message": "404 Pipeline Schedule Variable Not Found"})
    assert_answer(api.put(f"{path}/A", json={"value": "x"}), 404, {"message": "404 Pipeline Schedule Variable Not Found"})
    assert_answer(api.delete(f"{path}/A"), 404, {"message": "404 Pipeline Schedule Variable Not Found"})


def test_variables_that_are_refused(api, place):
    path = at(place, created(api, place)) + "/variables"
    assert_answer(api.post(path, json={}), 400, missing("key", "value"))
    assert_answer(api.post(path, json={"key": "not a key", "value": "x"}), 400,
                  model(key="can contain only letters, digits and '_'."))
    assert_answer(api.post(path, json={"key": "A", "value": "x", "variable_type": "secret"}), 400, bad_value("variable_type"))
    assert api.post(path, json={"key": "A", "value": ""}).status_code == 201
    assert api.post(path, json={"key": "A", "value": "again"}).status_code == 400


def test_who_may_set_variables(roles, joined):
    schedule = created(roles["developer"], joined)
    path = at(joined, schedule) + "/variables"
    for role, status in (("guest", 403), ("reporter", 403), ("maintainer", 403), ("outsider", 404), ("nobody", 401),
                         ("developer", 201)):
        assert roles[role].post(path, json={"key": "A", "value": "x"}).status_code == status, role
    assert roles["reporter"].get(f"{path}/A").status_code == 403
    assert roles["maintainer"].get(f"{path}/A").status_code == 200

# --- inputs

INPUTS_CI = """\
spec:
  inputs:
    place: {default: here}
    count: {type: number, default: 1}
    wet: {type: boolean, default: false}
    parts: {type: array, default: []}
---
only:
  script: ['echo $[[ inputs.place ]] $[[ inputs.count ]] $[[ inputs.wet ]] $[[ inputs.parts ]]']
  rules: [{if: $CI_SCHEDULE_TICK}]
"""

INPUTS = [{"name": "place", "value": "there"}, {"name": "count", "value": 7}, {"name": "wet", "value": True},
          {"name": "parts", "value": ["a", "b"]}]


def test_inputs_reach_the_pipeline(api, project_factory):
    project = project_factory({".gitlab-ci.yml": INPUTS_CI})
    schedule = check_entity("PipelineScheduleDetails", created(api, project, inputs=INPUTS))
    assert schedule["inputs"] == INPUTS
    assert check_list("PipelineSchedule", api.read(f"{project.at}/pipeline_schedules"))[0]["inputs"] == INPUTS
    play(api, project, schedule)
    assert project.runner.take("only").payload["steps"][0]["script"] == ['echo there 7 true ["a","b"]']


def test_inputs_by_a_form(api, project_factory):
    project = project_factory({".gitlab-ci.yml": INPUTS_CI})
    form = [*NIGHTLY.items(), ("inputs[][name]", "place"), ("inputs[][value]", "far"), ("inputs[][name]", "count"),
            ("inputs[][value]", "3")]
    answer = api.post(f"{project.at}/pipeline_schedules", data=form)
    assert answer.status_code == 201, answer.text
    play(api, project, answer.json())
    assert project.runner.take("only").payload["steps"][0]["script"] == ["echo far 3 false []"]


def test_inputs_are_changed_added_and_destroyed(api, place):
    path = at(place, created(api, place, inputs=INPUTS[:2]))
    answer = api.put(path, json={"inputs": [{"name": "place", "value": "far"}, {"name": "count", "destroy": True},
                                            {"name": "wet", "value": False}, {"name": "absent", "destroy": True}]})
    assert answer.status_code == 200, answer.text
    expected = [{"name": "place", "value": "far"}, {"name": "wet", "value": False}]
    assert answer.json()["inputs"] == api.read(path)["inputs"] == expected
    assert api.put(path, json={"description": "Other"}).json()["inputs"] == expected


@pytest.mark.parametrize("inputs, error", [
    ([{"value": 1}], missing("inputs[0][name]")),
    ([{"name": "a"}], missing("inputs[0][value]")),
    ([{"name": "a", "value": {"b": 1}}], invalid("inputs[0][value]")),
    ([{"name": "a", "value": None}], invalid("inputs[0][value]")),
    ("text", invalid("inputs")),
    ([{"name": "a", "value": 1}, {"name": "a", "value": 2}], model(inputs="have duplicate values (a)")),
    ([{"name": "", "value": 1}], model(**{"inputs.name": "can't be blank"})),
    ([{"name": "x" * 256, "value": 1}], model(**{"inputs.name": "is too long (maximum is 255 characters)"})),
    ([{"name": f"n{number}", "value": 1} for number in range(21)], model(inputs="exceeds the limit of 20.")),
])
def test_inputs_that_are_refused(api, place, inputs, error):
    assert_answer(create(api, place, inputs=inputs), 400, error)
    assert api.read(f"{place.at}/pipeline_schedules") == []


def test_inputs_added_bit_by_bit_have_the_same_limit(api, place):
    path = at(place, created(api, place, inputs=[{"name": f"n{number}", "value": 1} for number in range(20)]))
    assert_answer(api.put(path, json={"inputs": [{"name": "more", "value": 1}]}), 400, model(inputs="exceeds the limit of 20."))
    assert len(api.read(path)["inputs"]) == 20
    swap = [{"name": "n0", "destroy": True}, {"name": "more", "value": 1}]
    assert len(api.put(path, json={"inputs": swap}).json()["inputs"]) == 20


def test_inputs_are_for_those_who_may_read_the_variables(api, roles, joined):
    schedule = created(api, joined, inputs=INPUTS)
    for role, sees in (("guest", False), ("developer", False), ("maintainer", True)):
        assert ("inputs" in roles[role].read(at(joined, schedule))) is sees
        assert ("inputs" in roles[role].read(f"{joined.at}/pipeline_schedules")[0]) is sees


def test_inputs_that_the_file_does_not_take_fail_the_run(api, project_factory):
    project = project_factory({".gitlab-ci.yml": INPUTS_CI})
    schedule = created(api, project, inputs=[{"name": "count", "value": "many"}])
    pipeline = project.wait_for(play(api, project, schedule)["id"], "failed")
    assert "count" in pipeline["yaml_errors"]

# --- play


def pipelines_of(api, project, schedule):
    return api.read(f"{at(project, schedule)}/pipelines")


def play(api, project, schedule):
    """Plays a schedule and answers its new pipeline."""
    before = len(pipelines_of(api, project, schedule))
    answer = api.post(at(project, schedule) + "/play")
    assert_answer(answer, 201, {"message": "201 Created"})

    def probe():
        pipelines = pipelines_of(api, project, schedule)
        return pipelines[-1] if len(pipelines) > before else None
    return wait_until(probe, "the played schedule's pipeline")


def test_play_runs_the_file_that_the_variable_names(api, fresh):
    schedule = created(api, fresh)
    api.make(at(fresh, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    api.make(at(fresh, schedule) + "/variables", key="COLOR", value="blue")
    pipeline = check_entity("PipelineBasic", play(api, fresh, schedule))
    assert pipeline["source"] == "schedule"
    assert pipeline["ref"] == "main"
    assert pipeline["sha"] == fresh.sha
    whole = fresh.pipeline(pipeline["id"])
    assert whole["name"] == "full-ci.yml"
    assert whole["user"]["username"] == "root"
    assert set(fresh.jobs(pipeline["id"])) == {"build", "unit", "style", "release"}
    job = fresh.runner.take("build")
    assert job.variable("COLOR") == "blue"
    assert job.variable("CI_PIPELINE_SOURCE") == "schedule"
    last = api.read(at(fresh, schedule))["last_pipeline"]
    assert check_entity("PipelineBasic", last)["id"] == pipeline["id"]


def test_play_an_inactive_schedule(api, fresh):
    schedule = created(api, fresh, active=False)
    api.make(at(fresh, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    play(api, fresh, schedule)
    play(api, fresh, schedule)
    ids = [pipeline["id"] for pipeline in pipelines_of(api, fresh, schedule)]
    assert ids == sorted(ids) and len(ids) == 2
    assert api.read(at(fresh, schedule))["active"] is False


def test_pipelines_of_a_schedule_are_filtered_and_ordered(api, project_factory):
    project = project_factory({".gitlab-ci.yml": TICKING})
    schedule = created(api, project)
    ids = [play(api, project, schedule)["id"] for _ in range(3)]
    project.runner.take("only").succeed()
    path = f"{at(project, schedule)}/pipelines"

    def found(**asked):
        return [pipeline["id"] for pipeline in check_list("PipelineBasic", api.read(path, **asked))]
    assert found() == found(sort="asc") == ids
    assert found(sort="desc") == ids[::-1]
    assert found(status="success") == found(scope="finished") == [ids[0]]
    assert found(status="pending") == found(order_by="updated_at", scope="pending") == ids[1:]
    assert found(order_by="status", sort="desc") == [ids[0], *ids[:0:-1]]
    assert found(sort="desc", per_page=1, page=2) == [ids[1]]
    assert found(ref="other") == []
    assert found(created_after="2999-01-01T00:00:00Z") == []
    for name in ("sort", "status", "scope", "order_by"):
        assert_answer(api.get(path, params={name: "odd"}), 400, bad_value(name))


def test_play_with_a_broken_file_leaves_a_failed_pipeline(api, fresh):
    fresh.push({"broken-ci.yml": "job: {script: 1}\n"})
    schedule = created(api, fresh)
    api.make(at(fresh, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="broken-ci.yml")
    pipeline = fresh.wait_for(play(api, fresh, schedule)["id"], "failed")
    assert "script" in pipeline["yaml_errors"]


def test_play_that_makes_no_pipeline_is_accepted_all_the_same(api, fresh):
    schedule = created(api, fresh)
    api.make(at(fresh, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="none-ci.yml")
    assert_answer(api.post(at(fresh, schedule) + "/play"), 201, {"message": "201 Created"})
    assert pipelines_of(api, fresh, schedule) == []
    assert api.read(at(fresh, schedule))["last_pipeline"] is None


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 201), ("maintainer", 201), ("outsider", 404),
                                          ("nobody", 401)])
def test_who_may_play(api, roles, joined, role, status):
    schedule = created(api, joined)
    api.make(at(joined, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    assert roles[role].post(at(joined, schedule) + "/play").status_code == status


def test_deleted_schedule_leaves_its_pipelines(api, fresh):
    schedule = created(api, fresh)
    api.make(at(fresh, schedule) + "/variables", key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    pipeline = play(api, fresh, schedule)
    assert api.delete(at(fresh, schedule)).status_code == 204
    assert fresh.pipeline(pipeline["id"])["id"] == pipeline["id"]


# --- beyond GitLab: ticks and what becomes of late and overlapping ones -----------------------------------------------

TICKING = "only: {script: x, rules: [{if: '$CI_SCHEDULE_TICK && $CI_SCHEDULE_TICK_UTC'}]}\n"


def ticking(project_factory, **more):
    """A schedule that ticks every second, and where its ticks are read."""
    project = project_factory({".gitlab-ci.yml": TICKING})
    fields = {"description": "Each second", "ref": "main", "cron": "* * * * * *", "cron_timezone": "Asia/Tokyo"}
    row = project.api.make(f"{project.at}/pipeline_schedules", **fields, **more)
    return project, f"{project.at}/pipeline_schedules/{row['id']}"


def settled(api, at, result, at_least=1):
    def look():
        found = [tick for tick in api.get(f"{at}/ticks", params={"per_page": 100}).json() if tick["result"] == result]
        return found if len(found) >= at_least else None
    return wait_until(look, f"{at_least} ticks that are {result}")


def test_a_tick_leaves_its_row_and_gives_its_time_to_the_job(api, project_factory):
    project, at = ticking(project_factory)
    tick = settled(api, at, "created")[-1]
    api.put(at, json={"active": False})
    assert set(tick) == {"id", "tick_at", "result", "reason", "recorded_at", "settled_at", "backfill_id", "pipeline"}
    assert (tick["reason"], tick["pipeline"]["source"]) == (None, "schedule")
    job = project.runner.take("only")
    assert job.variable("CI_SCHEDULE_TICK_UTC") == tick["tick_at"][:19] + "Z"
    local = job.variable("CI_SCHEDULE_TICK")
    assert local.endswith("+09:00")
    assert datetime.fromisoformat(local).astimezone(timezone.utc).isoformat()[:19] == tick["tick_at"][:19]


def test_a_tick_that_makes_nothing_says_why(api, project_factory):
    project, at = ticking(project_factory)
    api.put(at, json={"active": False})
    project.repository.push("HEAD:refs/heads/other")
    api.put(project.at, json={"default_branch": "other"})
    project.repository.push(":refs/heads/main")
    api.put(at, json={"active": True})
    tick = settled(api, at, "failed")[0]
    api.put(at, json={"active": False})
    assert tick["pipeline"] is None and "Reference not found" in tick["reason"]


def test_overlapping_ticks_are_skipped(api, project_factory):
    project, at = ticking(project_factory, overlap_policy="skip")
    tick = settled(api, at, "skipped")[0]
    api.put(at, json={"active": False})
    assert tick["reason"] == "An earlier run of the schedule was at work"
    assert len(api.get(f"{at}/pipelines").json()) == 1


def test_overlapping_ticks_wait_for_their_turn(api, project_factory):
    project, at = ticking(project_factory, overlap_policy="queue")
    settled(api, at, "waiting", 2)
    api.put(at, json={"active": False})
    waiting = settled(api, at, "waiting", 2)
    assert len(api.get(f"{at}/pipelines").json()) == 1
    project.runner.take("only").succeed()
    wait_until(lambda: len(api.get(f"{at}/pipelines").json()) == 2, "the next in the queue")
    created = settled(api, at, "created", 2)
    assert created[0]["tick_at"] == waiting[-1]["tick_at"], "the oldest goes first"


def test_a_tick_cancels_the_run_before_it(api, project_factory):
    project, at = ticking(project_factory, overlap_policy="cancel_previous")
    settled(api, at, "created", 2)
    api.put(at, json={"active": False})
    statuses = [pipeline["status"] for pipeline in api.get(f"{at}/pipelines").json()]
    assert statuses[0] == "canceled" and statuses[-1] in ("pending", "canceled")


@pytest.mark.parametrize("given", [{"catch_up": "some"}, {"overlap_policy": "never"}, {"max_start_delay": -1}])
def test_policies_that_are_refused(api, project_factory, given):
    project = project_factory()
    fields = {"description": "x", "ref": "main", "cron": "0 1 * * *"}
    assert api.post(f"{project.at}/pipeline_schedules", json=fields | given).status_code == 400


def test_policies_are_kept_and_changed(api, project_factory):
    project = project_factory()
    row = api.make(f"{project.at}/pipeline_schedules", description="x", ref="main", cron="0 1 * * *", catch_up="all",
                   overlap_policy="queue", max_start_delay=300)
    assert (row["catch_up"], row["overlap_policy"], row["max_start_delay"]) == ("all", "queue", 300)
    row = api.put(f"{project.at}/pipeline_schedules/{row['id']}", json={"max_start_delay": 0}).json()
    assert (row["catch_up"], row["overlap_policy"], row["max_start_delay"]) == ("all", "queue", None)
    plain = api.make(f"{project.at}/pipeline_schedules", description="x", ref="main", cron="0 1 * * *")
    assert (plain["catch_up"], plain["overlap_policy"], plain["max_start_delay"]) == ("latest", "allow", None)

# --- beyond GitLab: backfills -----------------------------------------------------------------------------------------

DAILY = {"description": "Daily", "ref": "main", "cron": "30 1 * * *", "cron_timezone": "Asia/Tokyo"}
SPAN = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-05T23:59:59Z"}


@pytest.fixture
def daily(project_factory):
    """A project with a schedule that does not tick by itself, and where that is."""
    project = project_factory({".gitlab-ci.yml": TICKING})
    row = project.api.make(f"{project.at}/pipeline_schedules", active=False, **DAILY)
    return project, f"{project.at}/pipeline_schedules/{row['id']}"


def backfill(api, at, **given):
    answer = api.post(f"{at}/backfill", json=SPAN | given)
    assert answer.status_code == 201, answer.text
    return answer.json()


def wait_for_backfill(api, at, row, **expected):
    def look():
        found = api.read(f"{at}/backfills/{row['id']}")
        return found if all((found | found["ticks"])[key] == value for key, value in expected.items()) else None
    return wait_until(look, f"a backfill with {expected}")


def test_a_backfill_runs_past_ticks_oldest_first_with_their_own_time(api, daily):
    project, at = daily
    row = backfill(api, at, max_parallel=2)
    assert set(row) == {"id", "from", "to", "max_parallel", "status", "created_at", "finished_at", "user", "ticks"}
    assert (row["from"], row["to"], row["max_parallel"]) == ("2026-03-01T00:00:00.000Z", "2026-03-05T23:59:59.000Z", 2)
    assert row["status"] == "running" and row["finished_at"] is None and row["user"]["username"] == "root"
    assert sum(row["ticks"].values()) == 5
    seen = []
    for done in range(5):
        wait_for_backfill(api, at, row, created=min(done + 2, 5), due=0)
        assert len([each for each in pipelines_at(api, at) if each["status"] != "success"]) == min(2, 5 - done)
        job = project.runner.take("only")
        seen.append(job.variable("CI_SCHEDULE_TICK"))
        job.succeed()
    assert seen == [f"2026-03-0{day}T01:30:00+09:00" for day in (2, 3, 4, 5, 6)]
    ended = wait_for_backfill(api, at, row, status="finished")
    assert ended["finished_at"] and ended["ticks"] == {"due": 0, "created": 5, "failed": 0, "skipped": 0, "waiting": 0}
    ticks = api.read(f"{at}/ticks", backfill_id=row["id"])
    assert [tick["tick_at"] for tick in ticks] == [f"2026-03-0{day}T16:30:00.000Z" for day in (5, 4, 3, 2, 1)]
    assert {tick["backfill_id"] for tick in ticks} == {row["id"]}
    ids = [tick["pipeline"]["id"] for tick in ticks]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 5
    assert [each["id"] for each in api.read(f"{at}/backfills")] == [row["id"]]
    again = backfill(api, at)
    assert [each["id"] for each in api.read(f"{at}/backfills")] == [again["id"], row["id"]]


def pipelines_at(api, at):
    return api.read(f"{at}/pipelines", per_page=100)


def test_a_canceled_backfill_starts_no_more(api, daily):
    project, at = daily
    row = backfill(api, at)
    wait_for_backfill(api, at, row, created=1, due=0)
    answer = api.post(f"{at}/backfills/{row['id']}/cancel")
    assert answer.status_code == 200, answer.text
    ended = answer.json()
    assert ended["status"] == "canceled" and ended["finished_at"]
    assert ended["ticks"] == {"due": 0, "created": 1, "failed": 0, "skipped": 4, "waiting": 0}
    assert {tick["reason"] for tick in api.read(f"{at}/ticks")} == {None, "The backfill was canceled"}
    assert_answer(api.post(f"{at}/backfills/{row['id']}/cancel"), 409, {"message": "The backfill has ended"})
    project.runner.take("only").succeed()
    backfill(api, at)


def test_one_backfill_of_a_schedule_at_a_time(api, daily):
    _, at = daily
    backfill(api, at)
    assert_answer(api.post(f"{at}/backfill", json=SPAN), 409, {"message": "A backfill of this schedule is running"})


def test_a_backfill_whose_runs_cannot_be_made_says_why(api, daily):
    project, at = daily
    project.repository.push("HEAD:refs/heads/other")
    api.put(project.at, json={"default_branch": "other"})
    project.repository.push(":refs/heads/main")
    row = wait_for_backfill(api, at, backfill(api, at), status="finished")
    assert row["ticks"]["failed"] == 5
    assert all("Reference not found" in tick["reason"] for tick in api.read(f"{at}/ticks"))


def test_policies_hold_back_no_backfill_and_no_backfill_a_tick(api, project_factory):
    project, at = ticking(project_factory, overlap_policy="skip")
    api.put(at, json={"active": False})
    project.push({".gitlab-ci.yml": TICKING})
    for pipeline in pipelines_at(api, at):
        api.post(f"{project.at}/pipelines/{pipeline['id']}/cancel")
    span = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:02Z", "max_parallel": 3}
    row = wait_for_backfill(api, at, backfill(api, at, **span), created=3)
    before = len(pipelines_at(api, at))
    api.put(at, json={"active": True})
    wait_until(lambda: len(pipelines_at(api, at)) > before, "a run of the schedule's own")
    api.put(at, json={"active": False})
    assert row["status"] == "running"


@pytest.mark.parametrize("given, error", [
    ({"to": "2999-01-01T00:00:00Z"}, model(to="is in the future")),
    ({"from": "2026-03-06T00:00:00Z"}, model(**{"from": "is later than to"})),
    ({"to": "2026-03-01T00:00:01Z"}, base("There is no tick of the schedule in this time")),
    ({"from": "2000-01-01T00:00:00Z"}, base("Maximum number of ticks of a backfill (1000) exceeded (max-backfill-ticks)")),
    ({"from": "soon"}, invalid("from")),
    ({"max_parallel": "many"}, invalid("max_parallel")),
])
def test_backfills_that_are_refused(api, daily, given, error):
    _, at = daily
    assert_answer(api.post(f"{at}/backfill", json=SPAN | given), 400, error)
    assert api.read(f"{at}/backfills") == []


def test_a_backfill_needs_its_span_and_bounds(api, daily):
    _, at = daily
    assert_answer(api.post(f"{at}/backfill", json={}), 400, missing("from", "to"))
    for number in (0, 101, -1):
        assert api.post(f"{at}/backfill", json=SPAN | {"max_parallel": number}).status_code == 400


@pytest.mark.parametrize("role, status", [("guest", 403), ("reporter", 403), ("developer", 201), ("maintainer", 201),
                                          ("outsider", 404), ("nobody", 401)])
def test_who_may_backfill(api, roles, joined, role, status):
    at = f"{joined.at}/pipeline_schedules/{created(api, joined)['id']}"
    assert roles[role].post(f"{at}/backfill", json=SPAN).status_code == status
    if status == 201:
        assert roles["reporter"].read(f"{at}/backfills")[0]["user"]["id"] == roles.accounts[role].id


def test_who_may_cancel_a_backfill(api, roles, joined):
    at = f"{joined.at}/pipeline_schedules/{created(api, joined)['id']}"
    row = backfill(api, at)
    path = f"{at}/backfills/{row['id']}/cancel"
    for role, status in (("guest", 403), ("reporter", 403), ("developer", 403), ("outsider", 404), ("nobody", 401),
                         ("maintainer", 200)):
        assert roles[role].post(path).status_code == status, role
    row = backfill(roles["developer"], at)
    assert roles["developer"].post(f"{at}/backfills/{row['id']}/cancel").status_code == 200


def test_unknown_backfill(api, daily):
    _, at = daily
    for method, path in (("GET", ""), ("POST", "/cancel")):
        assert_answer(api.request(method, f"{at}/backfills/999999{path}"), 404, {"message": "404 Backfill Not Found"})
