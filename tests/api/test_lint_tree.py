"""What `penstock lint` sees of the files around the one it is given."""

import os
import subprocess

import penstock
import pytest

JOB = "{name}: {{script: x}}\n"


def git(folder, *words):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
                   "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
                   "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com"}
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True, timeout=60)


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def lint(folder, *options, file="x-ci.yml"):
    return subprocess.run([penstock.BINARY, "lint", *options, file], cwd=folder, capture_output=True, text=True,
                          timeout=60)


def kept(done):
    """The jobs that --explain says are in."""
    return sorted(line.split(":")[0] for line in done.stdout.splitlines() if ": kept: " in line)


@pytest.fixture
def checkout(tmp_path):
    """A git work tree with tracked, untracked, ignored and deleted files."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, {"ci/tracked.yml": JOB.format(name="tracked"), "ci/deleted.yml": JOB.format(name="deleted"),
                     ".gitignore": "ignored*\n", "ci/.gitignore": "own.yml\n"})
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "Test")
    (tmp_path / "ci/deleted.yml").unlink()
    write(tmp_path, {"ci/untracked.yml": JOB.format(name="untracked"), "ci/own.yml": JOB.format(name="own"),
                     "ci/ignored.yml": JOB.format(name="ignored"), "ci/deep/new.yml": JOB.format(name="new")})
    (tmp_path / "ci/link.yml").symlink_to("tracked.yml")
    return tmp_path


def test_a_wildcard_finds_tracked_and_new_files_of_a_work_tree(checkout):
    write(checkout, {"x-ci.yml": "include: ci/*.yml\nhere: {script: x}\n"})
    done = lint(checkout, "--explain")
    assert (done.returncode, done.stderr) == (0, "")
    assert kept(done) == ["here", "tracked", "untracked"]


def test_two_stars_find_files_of_all_folders(checkout):
    write(checkout, {"x-ci.yml": "include: ci/**.yml\n"})
    assert kept(lint(checkout, "--explain")) == ["new", "tracked", "untracked"]


def test_a_wildcard_leaves_out_the_file_that_has_it(checkout):
    write(checkout, {"ci/x-ci.yml": "include: ci/*.yml\nhere: {script: x}\n"})
    for file in ("ci/x-ci.yml", "./ci/../ci/x-ci.yml", str(checkout / "ci/x-ci.yml")):
        done = lint(checkout, file=file)
        assert (done.returncode, done.stdout) == (0, f"{file}: valid, 3 jobs\n"), done.stderr


def test_the_same_paths_count_from_a_folder_below(checkout):
    write(checkout, {"sub/x-ci.yml": "include: ci/*.yml\n"})
    assert kept(lint(checkout / "sub", "--explain")) == ["tracked", "untracked"]


@pytest.mark.parametrize("path, there", [
    ("ci/tracked.yml", True), ("ci/untracked.yml", True), ("ci/ignored.yml", False), ("ci/deleted.yml", False),
    ("ci/deep/", True), ("**/new.yml", True), (".git/config", False), ("none/*", False),
])
def test_exists_sees_what_a_commit_of_all_would_hold(checkout, path, there):
    write(checkout, {"x-ci.yml": f"a: {{script: x, rules: [{{exists: ['{path}']}}]}}\n"
                                 f"include: {{local: ci/tracked.yml, rules: [{{exists: ['{path}']}}]}}\n"
                                 "b: {script: x}\n"})
    assert kept(lint(checkout, "--explain")) == (["a", "b", "tracked"] if there else ["b"])


def test_a_folder_without_git_is_walked(tmp_path):
    write(tmp_path, {"x-ci.yml": "include: 'ci/**.yml'\n", "ci/a.yml": JOB.format(name="a"),
                     "ci/b/b.yml": JOB.format(name="b")})
    (tmp_path / "ci/loop").symlink_to(tmp_path)
    assert kept(lint(tmp_path, "--explain")) == ["a", "b"]


def test_a_walk_has_an_end(tmp_path):
    deep = tmp_path / "/".join(["d"] * 70)
    deep.mkdir(parents=True)
    write(tmp_path, {"x-ci.yml": "include: 'ci/*.yml'\nhere: {script: x}\n"})
    done = lint(tmp_path)
    assert done.returncode == 0
    assert f"the files of {tmp_path} cannot be listed: its folders are deeper than 64" in done.stderr
    assert "warning: include `ci/*.yml` was not checked" in done.stderr


@pytest.mark.parametrize("make", [
    lambda path: path.symlink_to("/dev/zero"), os.mkfifo, lambda path: path.mkdir(),
    lambda path: path.symlink_to("x-ci.yml"),
])
def test_what_is_no_file_does_not_exist(tmp_path, make):
    write(tmp_path, {"x-ci.yml": "include: part.yml\nhere: {script: x}\n"})
    make(tmp_path / "part.yml")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "Local file `part.yml` does not exist!" in done.stderr


def test_an_endless_file_is_too_big(tmp_path):
    done = lint(tmp_path, file="/dev/zero")
    assert done.returncode == 1
    assert "The provided YAML is too big" in done.stderr


def test_templates_of_ours_are_read(tmp_path):
    write(tmp_path, {"x-ci.yml": "include: {template: Bash.gitlab-ci.yml}\n"})
    done = lint(tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "4 jobs" in done.stdout


def test_what_may_be_out_of_reach_is_named_with_its_place(tmp_path):
    write(tmp_path, {"x-ci.yml": """\
include: {project: group/other, file: part.yml}
a:
  extends: .base
b:
  script: [!reference [.base, script], x]
  stage: later
  needs: [c]
"""})
    done = lint(tmp_path)
    why = " was not checked: an include that cannot be reached from here may define it"
    assert done.returncode == 0, done.stderr
    assert done.stdout == "x-ci.yml: valid, 1 job\n"
    told = [line for line in done.stderr.splitlines() if ": warning: " in line]
    assert told == [
        "x-ci.yml:1:39: warning: include `part.yml` of `group/other` was not checked: it cannot be reached from here",
        f"x-ci.yml:3:12: warning: `.base`, which `a` extends,{why}",
        f"x-ci.yml:5:12: warning: !reference [\".base\", \"script\"]{why}",
        f"x-ci.yml:2:1: warning: what `a` runs{why}",
        f"x-ci.yml:5:3: warning: the stage `later` of `b`{why}",
        f"x-ci.yml:4:1: warning: the need `c` of `b`{why}",
    ]
