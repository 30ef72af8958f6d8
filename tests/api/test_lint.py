"""What the lint endpoints say of a configuration."""

import pytest

INCLUDED = "variables: {FROM: file}\n.base: {script: [base]}\n"
OWN = """\
include: part.yml
stages: [build, test]
default: {tags: [linux]}
build:
  stage: build
  extends: .base
  when: manual
  allow_failure: false
unit:
  stage: test
  script: [check]
  needs: [build]
  rules:
    - if: $CI_COMMIT_TAG
    - if: $CI_COMMIT_BRANCH == "main"
"""
MERGED = """\
---
variables:
  FROM: file
".base":
  script:
  - base
stages:
- ".pre"
- build
- test
- ".post"
default:
  tags:
  - linux
build:
  script:
  - base
  stage: build
  extends: ".base"
  when: manual
  allow_failure: false
unit:
  stage: test
  script:
  - check
  needs:
  - build
  rules:
  - if: "$CI_COMMIT_TAG"
  - if: $CI_COMMIT_BRANCH == "main"
"""


@pytest.fixture(scope="module")
def linted(project_factory):
    return project_factory({".gitlab-ci.yml": OWN, "part.yml": INCLUDED}, visibility="public")


def post(project, content, **more):
    reply = project.api.post(f"{project.at}/ci/lint", json={"content": content, **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def get(project, **query):
    reply = project.api.get(f"{project.at}/ci/lint", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_a_valid_text_has_no_errors_and_its_merged_text(linted):
    found = post(linted, OWN)
    assert (found["valid"], found["errors"], found["warnings"]) == (True, [], [])
    assert found["merged_yaml"] == MERGED
    assert "jobs" not in found and "explain" not in found


def test_the_stored_file_is_linted_like_its_text(linted):
    assert get(linted) == post(linted, OWN)


def test_an_included_file_is_described(linted):
    included, = get(linted)["includes"]
    assert (included["type"], included["location"]) == ("local", "part.yml")
    assert included["blob"].endswith(f"/{linted.path}/-/blob/{linted.sha}/part.yml")
    assert included["raw"].endswith(f"/{linted.path}/-/raw/{linted.sha}/part.yml")
    assert included["extra"] == {}
    assert (included["context_project"], included["context_sha"]) == (linted.path, linted.sha)


def test_a_file_of_a_project_is_described_with_what_was_asked(linted):
    text = f"include: {{project: {linted.path}, ref: main, file: /part.yml}}\njob: {{script: x}}\n"
    included, = post(linted, text)["includes"]
    assert included["type"] == "file"
    assert included["extra"] == {"project": linted.path, "ref": "main"}


def test_an_invalid_text_is_answered_with_all_errors_and_its_merged_text(linted):
    found = post(linted, "a: {script: 1}\nb: {script: x, retry: 5}\n")
    assert found["valid"] is False
    assert len(found["errors"]) == 2
    assert found["merged_yaml"] == "---\na:\n  script: 1\nb:\n  script: x\n  retry: 5\n"
    assert found["includes"] == []


@pytest.mark.parametrize("text", [
    "a: [", "include: absent.yml\n", "a: {extends: b, script: x}\n", "a: {script: !reference [b, c]}\n", "[a]\n",
    "spec: {inputs: {a: }}\n---\na: {script: x}\n", "include: {local: part.yml, inputs: {a: 1}}\na: {script: x}\n"])
def test_what_cannot_be_loaded_has_no_merged_text(linted, text):
    found = post(linted, text)
    assert (found["valid"], found["merged_yaml"], found["includes"]) == (False, None, None)
    assert len(found["errors"]) == 1


def test_the_header_is_no_part_of_the_merged_text(linted):
    found = post(linted, "spec: {inputs: {a: {type: array, default: [1, 2]}}}\n---\na: {script: x, variables: {V: 1}}\n.x: $[[ inputs.a ]]\n")
    assert found["merged_yaml"] == '---\na:\n  script: x\n  variables:\n    V: 1\n".x":\n- 1\n- 2\n'


def warning(job):
    return (f"jobs:{job} may allow multiple pipelines to run for a single action due to `rules:when` clause with no "
            "`workflow:rules` - read more: https://docs.gitlab.com/ee/ci/jobs/job_troubleshooting.html"
            "#job-may-allow-multiple-pipelines-to-run-for-a-single-action-warning")


def test_a_warning_leaves_a_text_valid(linted):
    found = post(linted, "A: {script: x, rules: [{when: always}]}\nb: {script: x}\n")
    assert (found["valid"], found["errors"], found["warnings"]) == (True, [], [warning("A")])


def test_warnings_stand_beside_errors(linted):
    found = post(linted, "a: {script: x, rules: [{when: always}]}\nb: {script: 1}\n")
    assert (found["valid"], len(found["errors"]), found["warnings"]) == (False, 1, [warning("a")])


def test_twenty_five_warnings_are_the_most(linted):
    found = post(linted, "".join(f"j{n}: {{script: x, rules: [{{when: always}}]}}\n" for n in range(30)))
    assert found["warnings"] == [warning(f"j{n}") for n in range(25)]


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_is_asked_for(linted, text):
    assert post(linted, text)["errors"] == ["Please provide content of .gitlab-ci.yml"]


def test_content_is_required(linted):
    reply = linted.api.post(f"{linted.at}/ci/lint", json={})
    assert (reply.status_code, reply.json()) == (400, {"error": "content is missing"})


def test_all_jobs_are_listed_whatever_their_rules(linted):
    build, unit = post(linted, OWN, include_jobs=True)["jobs"]
    assert build == {
        "name": "build", "stage": "build", "before_script": [], "script": ["base"], "after_script": [],
        "tag_list": ["linux"], "only": {"refs": ["branches", "tags"]}, "except": None, "environment": None,
        "when": "manual", "allow_failure": False, "needs": None}
    assert unit["only"] is None
    assert unit["needs"] == [{"name": "build", "artifacts": True, "optional": False}]


def test_jobs_are_listed_in_the_order_of_their_stages(linted):
    text = "b: {script: [x, [y]], stage: deploy, environment: e, tags: [t]}\na: {script: x, parallel: 2, before_script: z}\n"
    jobs = post(linted, text, include_jobs=True)["jobs"]
    assert [(job["name"], job["stage"]) for job in jobs] == [("a 1/2", "test"), ("a 2/2", "test"), ("b", "deploy")]
    assert (jobs[2]["script"], jobs[2]["environment"], jobs[2]["tag_list"]) == (["x", "y"], "e", ["t"])
    assert jobs[0]["before_script"] == ["z"]


def test_an_invalid_text_lists_no_job(linted):
    assert post(linted, "a: {script: 1}\n", include_jobs=True)["jobs"] == []


def test_a_dry_run_lists_the_jobs_of_a_push(linted):
    text = "a: {script: x, rules: [{if: $CI_COMMIT_TAG}]}\nb: {script: x}\n"
    found = post(linted, text, dry_run=True, include_jobs=True)
    assert [job["name"] for job in found["jobs"]] == ["b"]
    assert "only" not in found["jobs"][0]
    assert found["merged_yaml"]


def test_a_dry_run_makes_no_pipeline(linted):
    before = linted.api.get(f"{linted.at}/pipelines").json()
    assert post(linted, "a: {script: x}\n", dry_run=True)["valid"] is True
    assert linted.api.get(f"{linted.at}/pipelines").json() == before


def test_a_dry_run_answers_what_the_creation_refuses(linted):
    assert post(linted, "a: {script: x}\n", dry_run=True, ref="absent")["errors"] == ["Reference not found"]
    found = post(linted, "a: {script: x, rules: [{when: never}]}\n", dry_run=True)
    assert found["valid"] is False and "would have been empty" in found["errors"][0]


def test_explain_names_the_rule_and_what_it_saw(linted):
    found = post(linted, OWN, explain=True)
    why = {entry["job"]: entry for entry in found["explain"]}
    assert (why["build"]["kept"], why["build"]["because"]) == (True, "only_met")
    first, second = why["unit"]["rules"]
    assert (first["matched"], second["matched"], second["line"]) == (False, True, 15)
    assert {"key": "CI_COMMIT_BRANCH", "value": "main"} in why["unit"]["variables"]
    assert {"key": "CI_COMMIT_TAG", "value": None} in why["unit"]["variables"]


def test_a_stored_file_may_be_read_by_all_who_see_the_code(linted, anonymous):
    reply = anonymous.get(f"{linted.at}/ci/lint")
    assert (reply.status_code, reply.json()["valid"]) == (200, True)


def test_explaining_takes_the_right_to_run(linted, anonymous):
    assert anonymous.get(f"{linted.at}/ci/lint", params={"explain": "true"}).status_code in (401, 403)


def test_a_dry_run_of_nobody_is_refused_in_its_errors(linted, anonymous):
    found = anonymous.get(f"{linted.at}/ci/lint", params={"dry_run": "true"}).json()
    assert found["errors"] == ["Insufficient permissions to create a new pipeline"]
    assert found["merged_yaml"] is None


def test_posting_takes_a_user(linted, anonymous):
    assert anonymous.post(f"{linted.at}/ci/lint", json={"content": "a: 1"}).status_code == 401


def test_a_commit_that_is_not_there_is_not_found(linted):
    reply = linted.api.get(f"{linted.at}/ci/lint", params={"content_ref": "absent"})
    assert (reply.status_code, reply.json()) == (404, {"message": "404 Commit Not Found"})


@pytest.mark.parametrize("name", ["content_ref", "sha"])
def test_a_commit_may_be_named_by_either_parameter(linted, name):
    assert get(linted, **{name: linted.sha})["valid"] is True
