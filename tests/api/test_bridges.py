"""Jobs that start pipelines: children, other projects' pipelines, and what becomes of the job."""

import pytest
from entities import check_entity
from errors import NO_RECORD, assert_answer
from fakerunner import zipped
from penstock import Server, wait_until
from projects import make_project

CHILD = """\
inner:
  script: [echo inner]
"""


def parent(strategy=None, more=""):
    lines = ["start:", "  trigger:", "    include: child.yml"]
    if strategy:
        lines.append(f"    strategy: {strategy}")
    return "\n".join(lines) + "\n" + more


def bridges(place, pipeline_id, **parameters):
    """{name: bridge} of a pipeline."""
    return {bridge["name"]: bridge
            for bridge in place.api.read(f"{place.at}/pipelines/{pipeline_id}/bridges", **parameters)}


def bridge_in(place, pipeline_id, status, name="start"):
    """The bridge, once it has this status."""
    def probe():
        bridge = bridges(place, pipeline_id)[name]
        assert bridge["status"] == status or bridge["status"] in ("created", "pending", "running", "manual"), bridge
        return bridge if bridge["status"] == status else None
    return wait_until(probe, f"{name} to be {status}")


def started(place, pipeline_id, name="start"):
    """The pipeline that the bridge has started."""
    return wait_until(lambda: bridges(place, pipeline_id)[name]["downstream_pipeline"], f"the pipeline of {name}")


@pytest.fixture
def place(project_factory):
    return project_factory({"full-ci.yml": parent(), "child.yml": CHILD})


def test_a_child_pipeline_runs_on_its_parents_commit(api, place):
    pipeline = place.trigger()
    bridge = bridge_in(place, pipeline["id"], "success")
    child = bridge["downstream_pipeline"]
    assert (child["project_id"], child["sha"], child["ref"], child["source"]) == (
        place.id, place.sha, "main", "parent_pipeline")
    assert place.pipeline(pipeline["id"])["status"] == "success"
    assert set(place.jobs(child["id"])) == {"inner"}
    job = place.runner.take("inner")
    assert [job.variable(f"CI_{name}") for name in (
        "PIPELINE_SOURCE", "UPSTREAM_PROJECT_ID", "UPSTREAM_PIPELINE_ID", "UPSTREAM_JOB_ID")] == [
            "parent_pipeline", str(place.id), str(pipeline["id"]), str(bridge["id"])]
    # A child is in the list only where somebody asks for it.
    listed = [row["id"] for row in api.read(f"{place.at}/pipelines")]
    assert child["id"] not in listed and pipeline["id"] in listed
    assert [row["id"] for row in api.read(f"{place.at}/pipelines", source="parent_pipeline")] == [child["id"]]


def test_a_bridge_is_no_job(api, place):
    pipeline = place.trigger()
    bridge = bridge_in(place, pipeline["id"], "success")
    check_entity("Bridge", bridge)
    assert place.jobs(pipeline["id"]) == {}
    for path in ("", "/trace", "/artifacts"):
        assert api.get(f"{place.at}/jobs/{bridge['id']}{path}").status_code == 404
    for action in ("cancel", "erase"):
        assert_answer(api.post(f"{place.at}/jobs/{bridge['id']}/{action}"), 404, NO_RECORD)
    assert not {"artifacts", "runner", "tag_list"} & set(bridge)
    assert bridges(place, pipeline["id"], scope="failed") == {}
    assert list(bridges(place, pipeline["id"], **{"scope[]": ["success", "failed"]})) == ["start"]


@pytest.mark.parametrize(("strategy", "ends", "expected"), [
    ("depend", "succeed", "success"), ("depend", "fail", "failed"), ("mirror", "succeed", "success"),
    ("mirror", "fail", "failed")])
def test_a_bridge_that_waits_follows_its_pipeline(place, strategy, ends, expected):
    after = "after: {stage: deploy, script: [after]}\n"
    place.push({"full-ci.yml": parent(strategy, after), "child.yml": CHILD})
    pipeline = place.trigger()
    job = place.runner.take("inner")
    assert bridges(place, pipeline["id"])["start"]["status"] in ("pending", "running")
    getattr(job, ends)()
    bridge_in(place, pipeline["id"], expected)
    status = place.jobs(pipeline["id"])["after"]["status"]
    assert status == ("pending" if expected == "success" else "skipped")


def test_a_bridge_waits_again_when_its_pipeline_runs_again(api, place):
    place.push({"full-ci.yml": parent("depend", "after: {stage: deploy, script: [after]}\n"), "child.yml": CHILD})
    pipeline = place.trigger()
    job = place.runner.take("inner")
    job.fail()
    failed = bridge_in(place, pipeline["id"], "failed")
    api.make(f"{place.at}/jobs/{job.id}/retry")
    wait_until(lambda: bridges(place, pipeline["id"])["start"]["status"] == "pending", "the bridge to wait")
    place.runner.take("inner").succeed()
    again = bridge_in(place, pipeline["id"], "success")
    assert (again["id"], again["downstream_pipeline"]["id"]) == (failed["id"], failed["downstream_pipeline"]["id"])
    assert place.runner.take("after")


def test_cancel_reaches_children_of_children(api, place):
    place.push({"full-ci.yml": parent("depend"), "child.yml": parent("depend").replace("child.yml", "leaf.yml"),
                "leaf.yml": CHILD})
    pipeline = place.trigger()
    child = started(place, pipeline["id"])
    leaf = started(place, child["id"])
    assert api.post(f"{place.at}/pipelines/{pipeline['id']}/cancel").status_code == 200
    for each in (pipeline, child, leaf):
        place.wait_for(each["id"], "canceled")


def test_children_nest_two_levels_deep(place):
    place.push({f"{name}.yml": parent("depend").replace("child.yml", f"{below}.yml")
                for name, below in (("full-ci", "one"), ("one", "two"), ("two", "three"))} | {"three.yml": CHILD})
    pipeline = place.trigger()
    two = started(place, started(place, pipeline["id"])["id"])
    bridge = bridge_in(place, two["id"], "failed")
    assert (bridge["failure_reason"], bridge["downstream_pipeline"]) == ("reached_max_descendant_pipelines_depth", None)
    assert place.wait_for(pipeline["id"], "failed")


def test_a_child_that_cannot_be_compiled_fails_its_bridge(place):
    place.push({"full-ci.yml": parent(), "child.yml": "inner: {script: 1}\n"})
    pipeline = place.trigger()
    bridge = bridge_in(place, pipeline["id"], "failed")
    assert bridge["failure_reason"] == "downstream_pipeline_creation_failed"
    assert "inner" in bridge["failure_message"]
    assert bridge["downstream_pipeline"]["status"] == "failed"


def test_a_child_without_jobs_fails_its_bridge(place):
    place.push({"full-ci.yml": parent(), "child.yml": "inner: {script: [x], rules: [{when: never}]}\n"})
    bridge = bridge_in(place, place.trigger()["id"], "failed")
    assert (bridge["failure_reason"], bridge["downstream_pipeline"]) == ("downstream_pipeline_creation_failed", None)
    assert "rules" in bridge["failure_message"]


FORWARD = """\
variables: {GLOBAL: of $CI_PROJECT_NAME, BOTH: from the file}
start:
  variables: {OWN: "$GIVEN and $CI_PIPELINE_ID", RAW: {value: $GIVEN, expand: false}}
  trigger:
    include: child.yml
    forward: {FORWARD}
"""


@pytest.mark.parametrize(("forward", "expected"), [
    ("{}", {"OWN": "given and ID", "RAW": "$GIVEN", "GLOBAL": "of NAME", "GIVEN": None, "BOTH": "from the file"}),
    ("{pipeline_variables: true}", {"OWN": "given and ID", "GIVEN": "given", "BOTH": "from the trigger"}),
    ("{yaml_variables: false}", {"OWN": None, "GLOBAL": None, "GIVEN": None, "BOTH": None}),
    ("{yaml_variables: false, pipeline_variables: true}", {"OWN": None, "GIVEN": "given", "BOTH": "from the trigger"})])
def test_what_is_forwarded(place, forward, expected):
    place.push({"full-ci.yml": FORWARD.replace("{FORWARD}", forward),
                "child.yml": CHILD})
    pipeline = place.trigger(GIVEN="given", BOTH="from the trigger")
    job = place.runner.take("inner")
    known = {"ID": str(pipeline["id"]), "NAME": place.entity["path"]}
    for key, value in expected.items():
        for word, meaning in known.items():
            value = value and value.replace(word, meaning)
        assert (key, job.variable(key)) == (key, value)


def test_inputs_of_a_child(place):
    place.push({"full-ci.yml": """\
start:
  variables: {WHO: world}
  trigger:
    include: [{local: child.yml, inputs: {greeting: hello $WHO, times: 3}}]
""", "child.yml": """\
spec:
  inputs:
    greeting: {}
    times: {type: number}
---
inner:
  variables: {SAID: "$[[ inputs.greeting ]]", TIMES: "$[[ inputs.times ]]"}
  script: [echo]
"""})
    place.trigger()
    job = place.runner.take("inner")
    assert (job.variable("SAID"), job.variable("TIMES")) == ("hello world", "3")


GENERATED = """\
generate:
  stage: build
  script: [generate]
  artifacts: {paths: [generated]}
start:
  stage: test
  trigger:
    include: [{artifact: generated/child.yml, job: generate}]
"""


def generate(place, files):
    """The bridge of a pipeline whose first job leaves these files, once it has ended."""
    place.push({"full-ci.yml": GENERATED})
    pipeline = place.trigger()
    job = place.runner.take("generate")
    if files is not None:
        assert job.upload(zipped(files), artifact_format="zip", artifact_type="archive").status_code == 201
    job.succeed()
    return wait_until(lambda: next((bridge for bridge in bridges(place, pipeline["id"]).values()
                                    if bridge["status"] in ("success", "failed")), None), "the bridge to end")


def test_a_child_of_a_file_that_a_job_has_made(place):
    bridge = generate(place, {"generated/child.yml": "made: {script: [echo made]}\ninclude: child.yml\n"})
    assert set(place.jobs(bridge["downstream_pipeline"]["id"])) == {"made", "inner"}


@pytest.mark.parametrize(("files", "message"), [
    (None, "Job `generate` not found in parent pipeline or does not have artifacts!"),
    ({"generated/other.yml": "x"}, "Included file `generated/child.yml` is empty or does not exist!"),
    ({"generated/child.yml": " "}, "Included file `generated/child.yml` is empty or does not exist!"),
    ({"generated/child.yml": "made: 1\n"}, "jobs made config should implement the script:, run:, or trigger: keyword")])
def test_a_made_file_that_is_of_no_use(place, files, message):
    bridge = generate(place, files)
    assert (bridge["failure_reason"], bridge.get("failure_message")) == ("downstream_pipeline_creation_failed", message)


def test_a_pipeline_by_job_token_knows_who_started_it(place, anonymous):
    place.push({"full-ci.yml": CHILD})
    place.trigger()
    job = place.runner.take("inner")
    answer = anonymous.post(f"{place.at}/trigger/pipeline", json={
        "token": job.token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": "full-ci.yml"}})
    assert (answer.status_code, answer.json()["source"]) == (201, "pipeline")
    started_job = place.runner.take("inner")
    assert started_job.variable("CI_UPSTREAM_JOB_ID") == str(job.id)
    assert started_job.variable("CI_UPSTREAM_PROJECT_ID") == str(place.id)


def test_the_end_of_a_pipeline_that_a_bridge_waits_for(api, place):
    place.push({"full-ci.yml": parent("depend"), "child.yml": CHILD})
    pipeline = place.trigger()
    child = started(place, pipeline["id"])
    assert api.delete(f"{place.at}/pipelines/{child['id']}").status_code == 204
    assert bridge_in(place, pipeline["id"], "canceled")["downstream_pipeline"] is None


# --- other projects ---

def across(target, more=""):
    return f"start:\n  trigger:\n    project: {target.path}\n{more}"


@pytest.fixture
def target(project_factory):
    return project_factory({"other.txt": "x", ".gitlab-ci.yml": "there: {script: [echo], rules: [{if: $CI_PIPELINE_SOURCE == 'pipeline'}]}\n"})


def test_another_projects_pipeline(place, target):
    place.push({"full-ci.yml": across(target, "    strategy: depend\n")})
    pipeline = place.trigger()
    made = started(place, pipeline["id"])
    assert (made["project_id"], made["source"], made["ref"]) == (target.id, "pipeline", "main")
    assert made["web_url"].endswith(f"/{target.path}/-/pipelines/{made['id']}")
    assert made["id"] in [row["id"] for row in target.api.read(f"{target.at}/pipelines")]
    job = target.runner.take("there")
    assert (job.variable("CI_UPSTREAM_PROJECT_ID"), job.variable("CI_PROJECT_ID")) == (str(place.id), str(target.id))
    job.succeed()
    bridge_in(place, pipeline["id"], "success")
    place.wait_for(pipeline["id"], "success")


def test_cancel_leaves_another_projects_pipeline(api, place, target):
    place.push({"full-ci.yml": across(target, "    strategy: depend\n")})
    pipeline = place.trigger()
    made = started(place, pipeline["id"])
    assert api.post(f"{place.at}/pipelines/{pipeline['id']}/cancel").status_code == 200
    place.wait_for(pipeline["id"], "canceled")
    assert target.pipeline(made["id"])["status"] == "pending"


def test_the_end_of_the_other_project(api, place, target):
    target.push({"full-ci.yml": CHILD})
    place.push({"full-ci.yml": across(target, "    strategy: depend\n") + f"shown: {{needs: {{pipeline: {target.path}}}}}\n"})
    target.trigger()
    pipeline = place.trigger()
    started(place, pipeline["id"])
    wait_until(lambda: bridges(place, pipeline["id"])["shown"]["status"] == "running"
               or bridges(place, pipeline["id"])["shown"]["started_at"], "the mirror to begin")
    assert api.delete(target.at).status_code == 202
    place.wait_for(pipeline["id"], "canceled")


def test_a_resource_is_held_until_the_started_pipeline_ends(place):
    place.push({"full-ci.yml": parent("depend", "  resource_group: one\n"), "child.yml": CHILD})
    first, second = place.trigger(), place.trigger()
    started(place, first["id"])
    assert bridges(place, second["id"])["start"]["status"] == "waiting_for_resource"
    place.runner.take("inner").succeed()
    bridge_in(place, first["id"], "success")
    assert started(place, second["id"])


@pytest.mark.parametrize(("path", "more", "reason", "message"), [
    ("nobody/nothing", "", "downstream_bridge_project_not_found", None),
    ("$NOWHERE", "", "downstream_bridge_project_not_found", None),
    ("$CI_PROJECT_PATH", "", "invalid_bridge_trigger", None),
    ("$TARGET", "    branch: nothing\n", "downstream_pipeline_creation_failed", "Reference not found")])
def test_why_another_projects_pipeline_is_not_made(place, target, path, more, reason, message):
    place.push({"full-ci.yml": f"start:\n  trigger:\n    project: {path}\n{more}"})
    bridge = bridge_in(place, place.trigger(TARGET=target.path)["id"], "failed")
    assert (bridge["failure_reason"], bridge.get("failure_message"), bridge["downstream_pipeline"]) == (
        reason, message, None)


def test_rights_in_the_other_project(place, target, roles):
    """What cannot be seen is not there; what can be seen but not run says so; so does a reply."""
    place.push({"full-ci.yml": across(target)})
    roles.join(place)
    developer = roles["developer"]

    def run():
        return developer.make(f"{place.at}/pipeline", ref="main",
                              variables=[{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}])["id"]
    assert bridge_in(place, run(), "failed")["failure_reason"] == "downstream_bridge_project_not_found"
    account = roles.accounts["developer"].id
    place.api.make(f"{target.at}/members", user_id=account, access_level=20)
    assert bridge_in(place, run(), "failed")["failure_reason"] == "insufficient_bridge_permissions"
    place.api.put(f"{target.at}/members/{account}", json={"access_level": 30})
    seen = run()
    assert bridge_in(place, seen, "success")["downstream_pipeline"]["project_id"] == target.id
    hidden = roles["maintainer"].read(f"{place.at}/pipelines/{seen}/bridges")
    assert [bridge["downstream_pipeline"] for bridge in hidden] == [None]


def test_inputs_of_another_projects_pipeline(place, target):
    target.push({".gitlab-ci.yml": "spec: {inputs: {who: {}}}\n---\nthere:\n  variables: {WHO: $[[ inputs.who ]]}\n  script: [x]\n"})
    place.push({"full-ci.yml": across(target, "    inputs: {who: $CI_PROJECT_NAME}\n")})
    place.trigger()
    assert target.runner.take("there").variable("WHO") == place.entity["path"]


def test_projects_that_start_each_other_end(place, target):
    for one, other in ((place, target), (target, place)):
        one.push({".gitlab-ci.yml": across(other)}, message="Start [skip ci]\n")
    pipeline = place.trigger(file=None)["id"]
    here, there = place, target
    for _ in range(5):
        made = bridge_in(here, pipeline, "success")["downstream_pipeline"]["id"]
        here, there, pipeline = there, here, made
    assert bridge_in(here, pipeline, "failed")["failure_reason"] == "pipeline_loop_detected"


# --- mirrors ---

def mirror(target):
    return f"shown: {{needs: {{pipeline: {target.path}}}}}\nafter: {{stage: deploy, script: [x]}}\n"


def test_a_mirror_shows_another_projects_newest_pipeline(api, place, target):
    target.push({"full-ci.yml": CHILD, ".gitlab-ci.yml": None})
    shown = target.trigger()
    place.push({"full-ci.yml": mirror(target)})
    pipeline = place.trigger()
    job = target.runner.take("inner")
    bridge = bridge_in(place, pipeline["id"], "running", "shown")
    assert bridge["downstream_pipeline"] is None
    job.fail()
    bridge_in(place, pipeline["id"], "failed", "shown")
    place.wait_for(pipeline["id"], "failed")
    # What it shows runs again, and so does the job.
    api.make(f"{target.at}/pipelines/{shown['id']}/retry")
    target.runner.take("inner").succeed()
    wait_until(lambda: bridges(place, pipeline["id"])["shown"]["status"] == "success", "the mirror to follow")


def test_a_mirror_of_what_has_ended_or_is_not_there(api, place, target, project_factory):
    empty = project_factory({"x": "x"})
    target.push({"full-ci.yml": CHILD, ".gitlab-ci.yml": None})
    target.trigger()
    target.runner.take("inner").succeed()
    for path, status, reason in ((target.path, "success", None), (empty.path, "failed", "upstream_bridge_project_not_found"),
                                 ("no/where", "failed", "upstream_bridge_project_not_found")):
        place.push({"full-ci.yml": f"shown: {{needs: {{pipeline: {path}}}}}\n"})
        bridge = bridge_in(place, place.trigger()["id"], status, "shown")
        assert bridge.get("failure_reason") == reason


# --- artifacts from elsewhere ---

def leave(job, files):
    assert job.upload(zipped(files), artifact_format="zip", artifact_type="archive").status_code == 201
    job.succeed()


def test_a_child_gets_artifacts_of_its_parent(place):
    place.push({"full-ci.yml": """\
make:
  stage: build
  script: [make]
  artifacts: {paths: [made]}
start:
  stage: test
  variables: {PARENT: $CI_PIPELINE_ID}
  trigger: {include: child.yml}
""", "child.yml": "inner: {script: [use], needs: [{pipeline: $PARENT, job: make}]}\n"})
    place.trigger()
    made = place.runner.take("make")
    leave(made, {"made/it.txt": "made"})
    job = place.runner.take("inner")
    dependency, = job.payload["dependencies"]
    assert (dependency["id"], dependency["name"], dependency["token"]) == (made.id, "make", job.token)
    answer = place.api.get(f"/jobs/{made.id}/artifacts", token=None, headers={"JOB-TOKEN": dependency["token"]})
    assert answer.status_code == 200


NEEDS = "inner: {script: [use], needs: [{NEED}]}\n"


@pytest.mark.parametrize("need", [
    "{pipeline: '$OTHER', job: inner}", "{pipeline: '999999', job: inner}", "{pipeline: nonsense, job: inner}",
    "{project: nobody/nothing, job: there, ref: main}", "{project: $TARGET, job: nothing, ref: main}"])
def test_needs_of_what_is_not_there_fail_the_job(place, target, need):
    """A pipeline of the same project that nobody of the same tree has started is none either."""
    place.push({"full-ci.yml": CHILD})
    other = place.trigger()
    place.runner.take("inner").succeed()
    place.push({"full-ci.yml": NEEDS.replace("{NEED}", need)})
    pipeline = place.trigger(OTHER=str(other["id"]), TARGET=target.path)
    assert place.runner.try_take() is None
    assert place.jobs(pipeline["id"])["inner"]["failure_reason"] == "missing_dependency_failure"


def test_artifacts_of_another_projects_newest_success(place, target):
    target.push({".gitlab-ci.yml": "there: {script: [x], artifacts: {paths: [x]}}\n"})
    first = target.runner.take("there")
    leave(first, {"x": "1"})
    target.trigger(file=None)
    target.runner.take("there").fail()
    place.push({"full-ci.yml": NEEDS.replace("{NEED}", f"{{project: {target.path}, job: there, ref: main}}")})
    place.trigger()
    dependency, = place.runner.take("inner").payload["dependencies"]
    assert dependency["id"] == first.id


def test_more_bridges_than_threads(place):
    text = "".join(f"start {number}: {{trigger: {{include: child.yml}}}}\n" for number in range(40))
    place.push({"full-ci.yml": text, "child.yml": CHILD})
    pipeline = place.trigger()
    def ended():
        rows = place.api.read(f"{place.at}/pipelines/{pipeline['id']}/bridges", per_page=100)
        return rows if all(row["status"] == "success" for row in rows) else None
    rows = wait_until(ended, "all bridges to end")
    assert len({row["downstream_pipeline"]["id"] for row in rows}) == 40


@pytest.mark.parametrize(("access", "reached"), [("all", True), ("none", False)])
def test_artifacts_that_are_not_for_everybody_stay_where_they_are(place, target, access, reached):
    target.push({".gitlab-ci.yml": f"there: {{script: [x], artifacts: {{paths: [x], access: {access}}}}}\n"})
    leave(target.runner.take("there"), {"x": "1"})
    place.push({"full-ci.yml": NEEDS.replace("{NEED}", f"{{project: {target.path}, job: there, ref: main}}")})
    pipeline = place.trigger()
    if reached:
        assert len(place.runner.take("inner").payload["dependencies"]) == 1
    else:
        assert place.runner.try_take() is None
        assert place.jobs(pipeline["id"])["inner"]["failure_reason"] == "missing_dependency_failure"


# --- by hand ---

def test_a_bridge_is_played_and_retried(api, place):
    place.push({"full-ci.yml": parent(more="  when: manual\n"), "child.yml": CHILD})
    pipeline = place.trigger()
    bridge = bridges(place, pipeline["id"])["start"]
    assert (bridge["status"], bridge["downstream_pipeline"]) == ("manual", None)
    answer = api.post(f"{place.at}/jobs/{bridge['id']}/play")
    assert answer.status_code == 200 and "downstream_pipeline" in answer.json(), answer.text
    first = bridge_in(place, pipeline["id"], "success")
    assert first["id"] == bridge["id"]
    answer = api.post(f"{place.at}/jobs/{bridge['id']}/retry")
    assert answer.status_code == 201 and "downstream_pipeline" in answer.json(), answer.text
    second = bridge_in(place, pipeline["id"], "success")
    assert second["id"] == answer.json()["id"] != first["id"]
    assert second["downstream_pipeline"]["id"] != first["downstream_pipeline"]["id"]


def test_the_time_of_what_it_started_counts(place):
    """The child's job runs for longer than a second, and no job of the pipeline itself does."""
    place.push({"full-ci.yml": parent("depend", "before: {stage: .pre, script: [x]}\n"), "child.yml": CHILD})
    pipeline = place.trigger()
    place.runner.take("before").succeed()
    job = place.runner.take("inner")
    wait_until(lambda: place.job(job.id)["duration"] > 1.1, "a second to pass")
    job.succeed()
    assert place.wait_for(pipeline["id"], "success")["duration"] >= 1


def test_a_tree_has_only_so_many_pipelines():
    with Server("--max-pipeline-tree", "3") as server:
        place = make_project(server, {"child.yml": CHILD, "full-ci.yml": "".join(
            f"start {number}: {{stage: {stage}, trigger: {{include: child.yml}}}}\n"
            for number, stage in enumerate(("build", "test", "deploy")))})
        pipeline = place.trigger()
        failed = bridge_in(place, pipeline["id"], "failed", "start 2")
        assert failed["failure_reason"] == "reached_max_pipeline_hierarchy_size"
