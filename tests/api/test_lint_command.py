"""`penstock lint`: errors with their places, and why a job is in or out."""

import subprocess

import penstock
import pytest


@pytest.fixture
def lint(tmp_path):
    """lint(text, *options, **other files): the finished process."""
    def run(text, *options, files=None):
        (tmp_path / ".git").mkdir()
        for name, content in {"x-ci.yml": text, **(files or {})}.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return subprocess.run([penstock.BINARY, "lint", *options, "x-ci.yml"], cwd=tmp_path,
                              capture_output=True, text=True, timeout=60)
    return run


def test_an_error_shows_its_place_and_line(lint):
    done = lint("build:\n  script: make\n  retry: 7\n")
    assert done.returncode == 1
    assert done.stderr == (
        "x-ci.yml:3:10: error: retry config must be less than or equal to 2\n  retry: 7\n         ^\n")


def test_the_column_counts_characters(lint):
    done = lint("é:\n  script: make\n  variables: {ä: 1, ü: []}\n")
    place, _, caret = done.stderr.splitlines()
    assert place.startswith("x-ci.yml:3:")
    assert caret.index("^") + 1 == int(place.split(":")[2])


def test_an_error_of_an_included_file_is_shown_there(lint):
    done = lint("include: part.yml\n", files={"part.yml": "a:\n  script: 1\n"})
    assert done.stderr.splitlines()[0].startswith("part.yml:2:11: error: jobs:a:script config should be")
    assert done.stderr.splitlines()[1:] == ["  script: 1", "          ^"]


@pytest.mark.parametrize("text", [
    "a: [\n", "", "a: {extends: b, script: x}\n", "a: {script: x, needs: [b]}\n", "a: {script: x, stage: y}\n",
    "include: absent.yml\n", "{}\n", "a: {script: x, needs: [a]}\n", "a: {}\n", "stages: 1\na: {script: x}\n",
    "a: {script: !reference [b, c]}\n",
])
def test_every_error_has_a_line_and_a_column(lint, text):
    done = lint(text)
    assert done.returncode == 1
    _, line, column, kind, _ = done.stderr.splitlines()[0].split(":", 4)
    assert int(line) > 0 and int(column) > 0 and kind == " error"


def test_a_long_line_is_shown_around_its_place(lint):
    done = lint("a: {variables: {X: '" + "x" * 100000 + "'}, retry: 7, script: x}\n")
    assert done.returncode == 1
    assert all(len(line) < 300 for line in done.stderr.splitlines())


def test_control_characters_do_not_reach_the_terminal(lint):
    done = lint(b"a: {script: x, retry: 7} # \xc2\x9b31m\n")
    assert "\x9b" not in done.stderr


@pytest.mark.parametrize("include", [
    "{project: group/other, file: part.yml}", "{remote: 'https://example.com/part.yml'}",
    "{template: Build.gitlab-ci.yml}",
])
def test_what_is_out_of_reach_is_a_warning_that_names_it(lint, include):
    done = lint(f"include: {include}\na: {{script: x}}\n")
    assert done.returncode == 0, done.stderr
    assert "x-ci.yml:1:" in done.stderr and ": warning: include `" in done.stderr
    assert "was not checked" in done.stderr


RULES = """\
a:
  script: x
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
    - if: $WANTED
      when: manual
"""


def test_explain_names_the_deciding_rule_and_the_values(lint):
    done = lint(RULES, "--explain", "--branch", "topic", "--var", "WANTED=yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "a: kept: a rule matched\n"
        "  x-ci.yml:4:7: rule 1 if $CI_COMMIT_BRANCH == \"main\": did not match (by if)\n"
        "  x-ci.yml:5:7: rule 2 if $WANTED: matched\n"
        "  $CI_COMMIT_BRANCH is \"topic\"\n"
        "  $WANTED is \"yes\"\n")


def test_explain_says_what_is_left_out(lint):
    done = lint(RULES, "--explain", "--branch=topic")
    assert "a: left out: none of its rules matched\n" in done.stdout
    assert "  $WANTED is not set\n" in done.stdout


@pytest.mark.parametrize("options", [["--var"], ["--var", "x"], ["--branch"]])
def test_wrong_options_are_wrong_use(lint, options):
    assert lint("a: {script: x}\n", *options).returncode == 2
