"""Includes from other projects of the server: files, and components by their versions."""

import pytest
from penstock import Server, make_user
from projects import make_project

COMPONENT = """\
spec:
  inputs: {word: {default: plain}}
  component: [name, sha, version, reference]
---
"$[[ component.name ]]-job":
  script:
    - echo %s $[[ inputs.word ]]
    - echo version=$[[ component.version ]] reference=$[[ component.reference ]] sha=$[[ component.sha ]]
"""
NO_CATALOG = "reference is not supported for non-catalog resources. Use a tag, branch, or commit SHA instead."


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def release(project, tag, files):
    """Commits files and tags them; the SHA."""
    sha = project.repository.commit(files, f"{tag}\n")
    project.repository.git("tag", "-f", tag)
    project.repository.push(f"refs/tags/{tag}")
    return sha


@pytest.fixture(scope="module")
def library(server):
    """A project whose component says at which commit it was found; its SHAs by tag in .shas."""
    project = make_project(server, {"README.md": "x\n"}, name="library")
    project.shas = {}
    for tag in ("0.9.0", "v1.0.0", "1.1.0", "1.1.1", "1.2.0-rc1", "2.0.0", "named"):
        project.shas[tag] = release(project, tag, {
            "templates/build.yml": COMPONENT % tag, "templates/deploy/template.yml": COMPONENT % f"deep-{tag}",
            "templates/both.yml": COMPONENT % f"flat-{tag}", "templates/both/template.yml": COMPONENT % f"deep-{tag}",
            "templates/nested.yml": "include: parts/part.yml\n", "parts/part.yml": "part: {script: [echo part]}\n",
            "templates/blank.yml": "\n"})
    project.push({"templates/build.yml": COMPONENT % "main"})
    project.repository.git("checkout", "-q", "-b", "topic")
    project.push({"templates/build.yml": COMPONENT % "topic"}, branch="topic")
    return project


@pytest.fixture(scope="module")
def bare(server):
    """A project with a component and no version."""
    project = make_project(server, {"templates/build.yml": COMPONENT % "bare"}, name="bare")
    project.repository.push("HEAD:refs/heads/7")
    release(project, "v3", {"README.md": "x\n"})
    release(project, "3.0.0-rc1", {"README.md": "y\n"})
    return project


@pytest.fixture(scope="module")
def user(server):
    return make_project(server, {"README.md": "x\n"}, name="user")


def host(server):
    return f"127.0.0.1:{server.port}"


def lint(project, text, api=None):
    answer = (api or project.api).post(f"{project.at}/ci/lint", json={"content": text, "include_jobs": True})
    assert answer.status_code == 200, answer.text
    return answer.json()


def scripts(project, include):
    """{job: script} of a file that includes this."""
    answer = lint(project, f"include: {include}\n")
    assert answer["errors"] == []
    return {job["name"]: job["script"] for job in answer["jobs"]}


def errors(project, include, api=None):
    return lint(project, f"include: {include}\nhere: {{script: x}}\n", api)["errors"]


@pytest.mark.parametrize("version, tag", [
    ("~latest", "2.0.0"), ("2", "2.0.0"), ("1", "1.1.1"), ("1.1", "1.1.1"), ("1.0", "v1.0.0"), ("0.9", "0.9.0"),
    ("1.1.0", "1.1.0"), ("v1.0.0", "v1.0.0"), ("1.2.0-rc1", "1.2.0-rc1"), ("named", "named"), ("main", "main"),
    ("topic", "topic"),
])
def test_a_version_names_a_commit(server, library, user, version, tag):
    for name in (host(server), "$CI_SERVER_FQDN"):
        found = scripts(user, f"{{component: {name}/{library.path}/build@{version}}}")
        assert found["build-job"][0] == f"echo {tag} plain"


def test_a_commit_is_a_version(library, user):
    sha = library.shas["1.1.0"]
    assert scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path}/build@{sha}}}")["build-job"] == [
        "echo 1.1.0 plain", f"echo version=null reference={sha} sha={sha}"]


def test_a_component_knows_itself_and_its_inputs(library, user):
    found = scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path}/build@1, inputs: {{word: given}}}}")
    assert found["build-job"] == [
        "echo 1.1.1 given", f"echo version=1.1.1 reference=1 sha={library.shas['1.1.1']}"]


@pytest.mark.parametrize("reference, version", [
    ("1.0", "v1.0.0"), ("~latest", "2.0.0"), ("1.1.0", "1.1.0"), ("v1.0.0", "v1.0.0"), ("named", "null"),
    ("main", "null"),
])
def test_a_component_knows_its_version(library, user, reference, version):
    found = scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path}/build@{reference}}}")
    assert found["build-job"][1].startswith(f"echo version={version} reference={reference} ")


def test_the_path_of_a_project_counts_in_any_case(library, user):
    assert "build-job" in scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path.upper()}/build@1}}")


@pytest.mark.parametrize("name, first", [("deploy", "deep-2.0.0"), ("both", "flat-2.0.0")])
def test_a_component_has_a_file_or_a_folder(library, user, name, first):
    found = scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path}/{name}@2}}")
    assert found[f"{name}-job"][0] == f"echo {first} plain"


def test_local_in_a_component_is_of_its_project(library, user):
    assert scripts(user, f"{{component: $CI_SERVER_FQDN/{library.path}/nested@1}}") == {"part": ["echo part"]}


@pytest.mark.parametrize("rest, message", [
    ("none@1", "content not found"), ("build@none", "content not found"), ("blank@1", "content not found"),
    ("build@9", f"The partial semantic version {NO_CATALOG}"), ("build", "the component path is not supported"),
    ("build@", "the component path is not supported"),
])
def test_what_is_not_there_is_told(library, user, server, rest, message):
    address = f"{host(server)}/{library.path}/{rest}"
    assert errors(user, f"{{component: {address}}}") == [f"Component '{address}' - {message}"]


@pytest.mark.parametrize("version, message", [
    ("~latest", f"The ~latest version {NO_CATALOG}"), ("1", f"The partial semantic version {NO_CATALOG}"),
    ("3.0", f"The partial semantic version {NO_CATALOG}"), ("v1", "content not found"),
])
def test_without_versions_there_is_no_newest(bare, user, server, version, message):
    address = f"{host(server)}/{bare.path}/build@{version}"
    assert errors(user, f"{{component: {address}}}") == [f"Component '{address}' - {message}"]


@pytest.mark.parametrize("version", ["7", "v3"])
def test_a_ref_may_look_like_a_version(bare, user, version):
    assert "build-job" in scripts(user, f"{{component: $CI_SERVER_FQDN/{bare.path}/build@{version}}}")


def test_a_component_of_another_server_is_not_supported(library, user):
    address = f"example.com/{library.path}/build@1"
    assert errors(user, f"{{component: {address}}}") == [
        f"Component '{address}' - the component path is not supported"]


# --- include: project -------------------------------------------------------------------------------


def test_files_of_a_project_come_from_its_ref(server, user):
    other = make_project(server, {"a.yml": "a: {script: [main]}\n", "b.yml": "b: {script: [main]}\n"}, name="other")
    release(other, "old", {"a.yml": "a: {script: [old]}\n"})
    sha = other.push({"a.yml": "a: {script: [new]}\n"}, branch="new")
    one = f"{{project: {other.path}, file: a.yml, ref: %s}}"
    assert scripts(user, f"{{project: {other.path}, file: [a.yml, /b.yml]}}") == {"a": ["main"], "b": ["main"]}
    assert scripts(user, one % "old") == {"a": ["old"]}
    assert scripts(user, one % "new") == scripts(user, one % sha) == {"a": ["new"]}
    assert scripts(user, f"{{project: {other.path.upper()}, file: a.yml}}") == {"a": ["main"]}


@pytest.mark.parametrize("rest, message", [
    ("file: none.yml", "Project `root/user` file `none.yml` does not exist!"),
    ("file: [README.yml, blank.yml]", "Project `root/user` file `README.yml` does not exist!"),
    ("file: blank.yml", "Project `root/user` file `blank.yml` is empty!"),
    ("file: blank.yml, ref: none", "Project `root/user` reference `none` does not exist!"),
    ("file: ../x.yml", "Project `root/user` file `../x.yml` does not exist!"),
])
def test_what_a_project_has_not_is_told(user, rest, message):
    user.push({"blank.yml": "\n"})
    assert errors(user, f"{{project: root/user, {rest}}}") == [message]


def test_a_hidden_project_is_as_good_as_missing(server, library):
    account = make_user(server.api, "stranger")
    mine = account.api.make("/projects", name="mine")

    def told(include):
        answer = account.api.post(f"/projects/{mine['id']}/ci/lint", json={
            "content": f"include: {include}\nhere: {{script: x}}\n"})
        return answer.json()["errors"]

    for path in (library.path, "root/none", "none/none"):
        assert told(f"{{project: {path}, file: a.yml}}") == [
            f"Project `{path}` not found or access denied! Make sure any includes in the pipeline configuration are "
            "correctly defined."]
        address = f"{host(server)}/{path}/build@1"
        assert told(f"{{component: {address}}}") == [
            f"Component '{address}' - project does not exist or you don't have sufficient permissions"]


def test_a_pipeline_runs_what_it_includes(library, user):
    user.push({"it-ci.yml": f"include: {{component: $CI_SERVER_FQDN/{library.path}/build@~latest}}\n"})
    pipeline = user.trigger(file="it-ci.yml")
    assert list(user.jobs(pipeline["id"])) == ["build-job"]
