"""Pipeline files that are missing, elsewhere, empty, broken or hostile.

By trigger, an invalid file leaves a failed pipeline and answers 422; by POST pipeline it is 400 and
leaves nothing. A file that is not there leaves nothing by either way.
"""

import time

import pytest
from errors import assert_answer, base

DEEP = "a: " + "[" * 5000 + "]" * 5000 + "\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)) + "job:\n  script: *a11\n"

INVALID = {
    "empty-ci.yml": "",
    "blank-ci.yml": "   \n\n# nothing\n",
    "scalar-ci.yml": "just text\n",
    "list-ci.yml": "- a\n- b\n",
    "syntax-ci.yml": "job: {script: [\n",
    "tab-ci.yml": "job:\n\tscript: x\n",
    "binary-ci.yml": "\x00\x01\x02",
    "nojobs-ci.yml": "stages: [a]\nvariables: {A: b}\n",
    "hidden-ci.yml": ".job:\n  script: x\n",
    "noscript-ci.yml": "job:\n  stage: test\n",
    "script-ci.yml": "job:\n  script: 1\n",
    "stage-ci.yml": "job:\n  stage: moon\n  script: x\n",
    "unknown-ci.yml": "job:\n  script: x\n  colour: red\n",
    "needs-ci.yml": "job:\n  script: x\n  needs: [none]\n",
    "cycle-ci.yml": "a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}\n",
    "extends-ci.yml": "a: {script: x, extends: .none}\n",
    "loop-ci.yml": "a: {script: x, extends: b}\nb: {script: x, extends: a}\n",
    "include-ci.yml": "include: none.yml\na: {script: x}\n",
    "self-ci.yml": "include: self-ci.yml\na: {script: x}\n",
    "outside-ci.yml": "include: ../../secret.yml\na: {script: x}\n",
    "stranger-ci.yml": "include: {project: no/such, file: a.yml}\na: {script: x}\n",
    "alias-ci.yml": "a: *none\n",
    "bomb-ci.yml": BOMB,
    "deep-ci.yml": DEEP,
    "recursive-ci.yml": "a: &a\n  b: *a\njob: {script: x}\n",
    "large-ci.yml": "job:\n  script: x\n#" + "x" * (3 * 1024 * 1024) + "\n",
}

# What the reference says word for word.
MESSAGES = {
    "scalar-ci.yml": "Invalid configuration format",
    "list-ci.yml": "Invalid configuration format",
    "nojobs-ci.yml": "jobs config should contain at least one visible job",
    "hidden-ci.yml": "jobs config should contain at least one visible job",
    "noscript-ci.yml": "jobs job config should implement the script:, run:, or trigger: keyword",
    "script-ci.yml": "jobs:job:script config should be a string or a nested array of strings up to 10 levels deep",
    "stage-ci.yml": "job job: chosen stage moon does not exist; available stages are .pre, build, test, deploy, .post",
    "unknown-ci.yml": "jobs:job config contains unknown keys: colour",
    "needs-ci.yml": "job job: undefined need: none",
    "extends-ci.yml": "a: unknown keys in `extends` (.none)",
    "include-ci.yml": "Local file `none.yml` does not exist!",
    "self-ci.yml": "Maximum of 150 nested includes are allowed!",
    "stranger-ci.yml": "Project `no/such` not found or access denied! Make sure any includes in the pipeline configuration are correctly defined.",
    "large-ci.yml": "The provided YAML is too big",
    "bomb-ci.yml": "The parsed YAML is too big",
    "deep-ci.yml": "The parsed YAML is too big",
}

MOST_SECONDS = 10


@pytest.fixture(scope="module")
def place(project_factory):
    return project_factory({**INVALID, "full-ci.yml": "job:\n  script: x\n", "sub/pipe1-ci.yml": "job:\n  script: x\n",
                            "not-a-pipeline.yml": "job:\n  script: x\n"})


def total(project):
    return int(project.api.get(f"{project.at}/pipelines").headers["X-Total"])


def post_pipeline(project, file):
    return project.api.post(f"{project.at}/pipeline", json={
        "ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": file}]})


@pytest.mark.parametrize("file", list(INVALID))
def test_invalid_file_by_trigger_saves_a_failed_pipeline(place, file):
    before, started = total(place), time.monotonic()
    answer = place.post_trigger(file=file)
    assert time.monotonic() - started < MOST_SECONDS
    assert answer.status_code == 422, answer.text
    assert total(place) == before + 1
    pipeline = place.api.read(f"{place.at}/pipelines")[0]
    assert (pipeline["status"], pipeline["source"]) == ("failed", "trigger")
    whole = place.pipeline(pipeline["id"])
    assert whole["yaml_errors"]
    if file in MESSAGES:
        assert MESSAGES[file] in whole["yaml_errors"]
    assert place.jobs(pipeline["id"]) == {}


@pytest.mark.parametrize("file", list(INVALID))
def test_invalid_file_by_post_pipeline_saves_nothing(place, file):
    before = total(place)
    answer = post_pipeline(place, file)
    assert answer.status_code == 400, answer.text
    texts = answer.json()["message"]["base"]
    assert texts and all(isinstance(text, str) and text for text in texts)
    if file in MESSAGES:
        assert MESSAGES[file] in "\n".join(texts)
    assert total(place) == before


@pytest.mark.parametrize("file", ["none-ci.yml", "sub/none-ci.yml", "sub", "FULL-CI.YML"])
@pytest.mark.parametrize("way", ["trigger", "api"])
def test_missing_file_saves_nothing(place, file, way):
    before = total(place)
    answer = place.post_trigger(file=file) if way == "trigger" else post_pipeline(place, file)
    assert answer.status_code == 400, answer.text
    text, = answer.json()["message"]["base"]
    assert isinstance(text, str) and text
    assert total(place) == before


@pytest.mark.parametrize("file", ["../x-ci.yml", "sub/../../x-ci.yml", "/etc/x-ci.yml/../../../x-ci.yml", "..", "./../x-ci.yml",
                                  "sub/../../../../../../etc/passwd", "a\u0000b-ci.yml"])
@pytest.mark.parametrize("way", ["trigger", "api"])
def test_path_out_of_the_repository_is_refused(place, file, way):
    before = total(place)
    answer = place.post_trigger(file=file) if way == "trigger" else post_pipeline(place, file)
    assert answer.status_code == 400, answer.text
    assert "root:" not in answer.text
    assert total(place) == before


def test_default_file_is_missing(place):
    before = total(place)
    answer = place.post_trigger(file=None)
    assert answer.status_code == 400
    assert answer.json()["message"]["base"][0].startswith("Missing CI config file")
    assert total(place) == before


def test_file_in_a_folder(place):
    assert place.trigger(file="sub/pipe1-ci.yml")["status"] in ("created", "pending")


def test_rules_that_leave_nothing(project_factory):
    project = project_factory({
        "rules-ci.yml": "a:\n  script: x\n  rules: [{if: $NEVER}]\n",
        "flow-ci.yml": "workflow: {rules: [{if: $NEVER}]}\na:\n  script: x\n"})
    for file, text in (
            ("rules-ci.yml", "The resulting pipeline would have been empty. Review the rules configuration for the relevant jobs."),
            ("flow-ci.yml", "The pipeline did not run. Review the workflow:rules configuration for the pipeline.")):
        assert_answer(project.post_trigger(file=file), 400, base(text))
        assert_answer(post_pipeline(project, file), 400, base(text))
    assert total(project) == 0


def test_project_without_a_repository(project_factory):
    project = project_factory(files={})
    assert_answer(project.post_trigger(), 400, base("Reference not found"))
    assert_answer(post_pipeline(project, "full-ci.yml"), 400, base("Reference not found"))


def test_push_with_an_invalid_default_file(api, project_factory):
    project = project_factory({".gitlab-ci.yml": "job: {script: 1}\n"})
    pipeline, = api.read(f"{project.at}/pipelines")
    assert (pipeline["source"], pipeline["status"]) == ("push", "failed")


def test_push_names_a_file_in_its_message(api, project_factory):
    project = project_factory(files={})
    project.push({"full-ci.yml": "job: {script: x}\n"}, message="Add it [full-ci.yml ci]\n")
    pipeline, = api.read(f"{project.at}/pipelines")
    assert pipeline["source"] == "push"
    assert set(project.jobs(pipeline["id"])) == {"job"}
    project.push({"a": "a"}, message="Name one that is not there [none-ci.yml ci]\n")
    assert len(api.read(f"{project.at}/pipelines")) == 1


def test_push_that_skips(api, project_factory):
    project = project_factory({".gitlab-ci.yml": "job: {script: x}\n"})
    project.push({"a": "a"}, message="Nothing to see [skip ci]\n")
    assert [pipeline["status"] for pipeline in api.read(f"{project.at}/pipelines")] == ["skipped", "pending"]
    project.push({"a": "b"}, message="Fix [CI-Skip] thing\n")
    assert [pipeline["status"] for pipeline in api.read(f"{project.at}/pipelines")] == ["skipped", "skipped", "pending"]


def test_push_that_skips_is_not_compiled(api, project_factory):
    project = project_factory({"a": "a"})
    project.push({".gitlab-ci.yml": "job: ["}, message="Break it [skip_ci]\n")
    pipeline, = api.read(f"{project.at}/pipelines")
    assert (pipeline["status"], project.pipeline(pipeline["id"])["yaml_errors"]) == ("skipped", None)


def stored_errors(api, project):
    pipeline, = api.read(f"{project.at}/pipelines")
    assert pipeline["status"] == "failed"
    return project.pipeline(pipeline["id"])["yaml_errors"]


def test_stored_messages_keep_what_looks_like_a_tag(api, project_factory):
    project = project_factory({".gitlab-ci.yml": "job: {trigger: g/p, parallel: 2}\n"})
    assert stored_errors(api, project) == 'jobs:job:parallel config cannot use "parallel: <number>".'


def test_a_stored_message_is_the_first_of_those_of_lint(api, project_factory):
    project = project_factory({".gitlab-ci.yml": "a: {script: x, bad: 1}\nb: {script: x, worse: 1}\n"})
    linted = api.read(f"{project.at}/ci/lint")["errors"]
    assert linted == ["jobs:a config contains unknown keys: bad", "jobs:b config contains unknown keys: worse"]
    assert stored_errors(api, project) == linted[0]


def test_variables_of_a_schedule_are_those_of_its_pipeline(api, project_factory):
    project = project_factory({"full-ci.yml": "variables: {A: file}\njob: {script: x}\n"})
    api.make(f"{project.at}/variables", key="A", value="project")
    schedule = api.make(f"{project.at}/pipeline_schedules", description="d", ref="main", cron="0 1 * * *")
    at = f"{project.at}/pipeline_schedules/{schedule['id']}"
    api.make(f"{at}/variables", key="_PIPELINE_FILE_NAME", value="full-ci.yml")
    api.make(f"{at}/variables", key="A", value="schedule")
    assert api.post(f"{at}/play", json={"variables": [{"key": "A", "value": "play"}]}).status_code == 201
    assert project.runner.take("job").variable("A") == "schedule"


def test_setting_of_the_project_names_a_file(api, project_factory):
    project = project_factory({"other.yml": "job: {script: x}\n"})
    assert api.put(project.at, json={"ci_config_path": "other.yml"}).status_code == 200
    assert set(project.jobs(project.trigger(file=None)["id"])) == {"job"}


def test_tags_from_a_variable_and_an_icon(project_factory):
    project = project_factory({"tag-ci.yml": "variables: {AGENT: linux}\njob: {script: x, tags: [$AGENT, fast], icon: rocket}\n"})
    job = project.jobs(project.trigger(file="tag-ci.yml")["id"])["job"]
    assert job["tag_list"] == ["fast", "linux"]


def test_variables_refer_to_each_other(project_factory):
    project = project_factory({"var-ci.yml": """\
variables: {TOP: build, MIDDLE: $TOP/staged}
job:
  script: [x]
  variables: {FILE: "${MIDDLE}/a.csv", COPY: $FILE, UNKNOWN: $NO_SUCH/x}
"""})
    project.trigger(file="var-ci.yml")
    job = project.runner.take("job")
    assert (job.variable("FILE"), job.variable("COPY")) == ("build/staged/a.csv", "build/staged/a.csv")
    assert job.variable("UNKNOWN") == "$NO_SUCH/x"


def test_reference_project(project_factory):
    reference = project_factory({
        "base.yml": "include: /stages.yml\n.job:\n  script: [echo $WHAT]\n  tags: [$AGENT_TAG]\n  icon: rocket\n",
        "stages.yml": "stages: [one, two]\nvariables: {AGENT_TAG: farm, WHAT: reference}\n"})
    project = project_factory({
        "full-ci.yml": f"include:\n  - project: {reference.path}\n    ref: main\n    file: /base.yml\n"
                       "  - /more.yml\nfirst: {extends: .job, stage: one}\n",
        "more.yml": "variables: {WHAT: product}\nsecond: {extends: .job, stage: two}\n"})
    jobs = project.jobs(project.trigger()["id"])
    assert {name: (job["stage"], job["tag_list"]) for name, job in jobs.items()} == \
        {"first": ("one", ["farm"]), "second": ("two", ["farm"])}


def test_reference_project_that_the_user_may_not_see(api, project_factory):
    from penstock import make_user
    secret = project_factory({"base.yml": ".job: {script: secret-value}\n"})
    project = project_factory({"full-ci.yml": f"include: {{project: {secret.path}, file: base.yml}}\njob: {{extends: .job}}\n"})
    user = make_user(api, "includer")
    api.make(f"{project.at}/members", user_id=user.id, access_level=30)
    answer = user.api.post(f"{project.at}/pipeline", json={
        "ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "full-ci.yml"}]})
    assert_answer(answer, 400, base(f"Project `{secret.path}` not found or access denied! Make sure any includes in the "
                                    "pipeline configuration are correctly defined."))


def test_too_many_variables_or_too_long_ones_are_refused_or_kept(place):
    answer = place.post_trigger(**{f"V{n}": "x" for n in range(2000)})
    assert answer.status_code in (201, 400), answer.text
    answer = place.post_trigger(LONG="x" * 500_000)
    assert answer.status_code in (201, 400), answer.text
