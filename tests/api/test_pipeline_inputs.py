"""Inputs that a new pipeline is given, by the API, by a trigger and for lint."""

import pytest
from errors import assert_answer, base

FILE = """\
spec:
  inputs:
    place: {options: [here, there], default: here}
    count: {type: number, default: 1}
    wet: {type: boolean, default: false}
    parts: {type: array, default: []}
    name: {default: nobody, regex: '^[a-z0-9.]+$'}
---
job:
  script: ['echo $[[ inputs.place ]] $[[ inputs.count ]] $[[ inputs.wet ]] $[[ inputs.parts ]] $[[ inputs.name ]]']
"""

REQUIRED = """\
spec: {inputs: {must: }}
---
job: {script: 'echo $[[ inputs.must ]]'}
"""

FILES = {"inputs-ci.yml": FILE, "required-ci.yml": REQUIRED, "plain-ci.yml": "job: {script: plain}\n"}


@pytest.fixture(scope="module")
def project(project_factory):
    return project_factory(FILES)


def run(project, file, **parameters):
    variables = [{"key": "_PIPELINE_FILE_NAME", "value": file}]
    return project.api.post(f"{project.at}/pipeline", json={"ref": "main", "variables": variables} | parameters)


def trigger_json(project, file, **parameters):
    return project.api.post(f"{project.at}/trigger/pipeline", token=None, json={
        "token": project.trigger_token, "ref": "main", "variables": {"_PIPELINE_FILE_NAME": file}} | parameters)


def trigger_form(project, file, inputs):
    return project.api.post(f"{project.at}/trigger/pipeline", token=None, data={
        "token": project.trigger_token, "ref": "main", "variables[_PIPELINE_FILE_NAME]": file} | {
        f"inputs[{name}]": value for name, value in inputs.items()})


def script_of(project, answer):
    assert answer.status_code == 201, answer.text
    job = project.runner.take("job")
    assert job.payload["job_info"]["pipeline_id"] == answer.json()["id"]
    job.succeed()
    return job.payload["steps"][0]["script"]


GIVEN = {"place": "there", "count": 2.5, "wet": True, "parts": ["a", "b"], "name": "7"}
SCRIPT = ['echo there 2.5 true ["a","b"] 7']


@pytest.mark.parametrize("start", [run, trigger_json])
def test_inputs_of_every_type_as_json(project, start):
    assert script_of(project, start(project, "inputs-ci.yml", inputs=GIVEN)) == SCRIPT


def test_inputs_of_every_type_as_a_form(project):
    texts = {"place": "there", "count": "2.5", "wet": "true", "parts": '["a", "b"]', "name": "7"}
    assert script_of(project, trigger_form(project, "inputs-ci.yml", texts)) == SCRIPT


def test_inputs_in_a_query(project):
    answer = project.api.post(f"{project.at}/pipeline?ref=main&inputs[count]=4&variables[][key]=_PIPELINE_FILE_NAME"
                              "&variables[][value]=inputs-ci.yml")
    assert script_of(project, answer) == ["echo here 4 false [] nobody"]


def test_nothing_and_null_mean_the_default(project):
    for inputs in ({}, {"place": None}):
        assert script_of(project, run(project, "inputs-ci.yml", inputs=inputs)) == ["echo here 1 false [] nobody"]


REFUSED = [
    ({"nothing": 1, "else": 2}, "`inputs-ci.yml`: unknown input arguments: nothing, else"),
    ({"count": "many"}, "`inputs-ci.yml`: `count` input: provided value is not a number"),
    ({"wet": 1}, "`inputs-ci.yml`: `wet` input: provided value is not a boolean"),
    ({"parts": "a"}, "`inputs-ci.yml`: `parts` input: provided value is not an array"),
    ({"name": ["a"]}, "`inputs-ci.yml`: `name` input: provided value is not a string"),
    ({"name": {"a": "b"}}, "`inputs-ci.yml`: `name` input: provided value is not a string"),
    ({"name": "UP"}, "`inputs-ci.yml`: `name` input: provided value does not match required RegEx pattern"),
    ({"place": "x"}, "`inputs-ci.yml`: `place` input: `x` cannot be used because it is not in the list of allowed options"),
]


@pytest.mark.parametrize("inputs, text", REFUSED)
def test_refused_values(project, inputs, text):
    assert_answer(run(project, "inputs-ci.yml", inputs=inputs), 400, base(text))
    assert_answer(trigger_json(project, "inputs-ci.yml", inputs=inputs), 422, base(text))


def test_a_required_input_is_missing(project):
    text = "`required-ci.yml`: `must` input: required value has not been provided"
    assert_answer(run(project, "required-ci.yml"), 400, base(text))
    assert script_of(project, run(project, "required-ci.yml", inputs={"must": "x"})) == ["echo x"]


def test_a_file_without_a_header_takes_none(project):
    text = "`plain-ci.yml`: Given inputs not defined in the `spec` section of the included configuration file"
    assert_answer(run(project, "plain-ci.yml", inputs={"a": "b"}), 400, base(text))


@pytest.mark.parametrize("start", [run, trigger_json])
def test_more_inputs_than_a_pipeline_takes(project, start):
    inputs = {f"i{n}": n for n in range(21)}
    assert_answer(start(project, "inputs-ci.yml", inputs=inputs), 400, base("There cannot be more than 20 inputs"))


@pytest.mark.parametrize("start", [run, trigger_json])
@pytest.mark.parametrize("inputs", [["a"], "a", 1])
def test_inputs_are_an_object(project, start, inputs):
    assert_answer(start(project, "inputs-ci.yml", inputs=inputs), 400, {"error": "inputs is invalid"})


def test_the_payload_of_a_trigger_shows_them(project):
    assert trigger_json(project, "inputs-ci.yml", inputs={"count": 3}).status_code == 201
    job = project.runner.take("job")
    assert '"inputs":{"count":3}' in job.variable("TRIGGER_PAYLOAD")
    job.succeed()


@pytest.mark.parametrize("dry_run", [False, True])
def test_lint_takes_them_too(project, dry_run):
    path = f"{project.at}/ci/lint"
    answer = project.api.post(path, json={"content": REQUIRED, "dry_run": dry_run, "inputs": {"must": "x"}}).json()
    assert (answer["valid"], answer["errors"]) == (True, [])
    assert "echo x" in answer["merged_yaml"]
    answer = project.api.post(path, json={"content": REQUIRED, "dry_run": dry_run}).json()
    assert answer["errors"] == ["`.gitlab-ci.yml`: `must` input: required value has not been provided"]
