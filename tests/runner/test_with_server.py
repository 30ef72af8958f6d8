"""The real server and its embedded runner, in both executors: what a pipeline's author can count on."""
import io
import os
import re
import subprocess
import sys
import zipfile

import pytest

from conftest import sandbox_works

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from penstock import BINARY, Server, wait_until  # noqa: E402
from projects import make_project  # noqa: E402

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (00|01)O[ +]")


@pytest.fixture(scope="module", params=["shell", "sandbox"])
def server(request):
    if request.param == "sandbox" and not sandbox_works():
        pytest.skip("bubblewrap does not work on this machine")
    with Server("--executor", request.param, runners=2) as server:
        server.executor = request.param
        yield server


class Run:
    """A finished pipeline of a project."""

    def __init__(self, project, **parameters):
        self.project = project
        self.id = project.trigger(file="x-ci.yml", **parameters)["id"]
        self.status = project.api.wait_for_pipeline(project.id, self.id)["status"]
        self.jobs = project.jobs(self.id)

    def log(self, name="job"):
        return self.project.api.get(f"{self.project.at}/jobs/{self.jobs[name]['id']}/trace").text

    def said(self, name="job"):
        """The lines of the log that the scripts wrote, without the echoed ones."""
        return [line for line in self.log(name).splitlines() if "\x1b[32;1m$" not in line]

    def artifacts(self, name="job"):
        answer = self.project.api.get(f"{self.project.at}/jobs/{self.jobs[name]['id']}/artifacts")
        assert answer.status_code == 200, answer.text
        return zipfile.ZipFile(io.BytesIO(answer.content))


def run(server, yaml, files=None, **parameters):
    return Run(make_project(server, {"x-ci.yml": yaml, **(files or {})}), **parameters)


def run_ok(server, yaml, files=None, **parameters):
    done = run(server, yaml, files, **parameters)
    assert done.status == "success", "\n".join(done.log(name) for name in done.jobs)
    return done


# Caches

TWICE = """\
stages: [one, two]
variables: {GIT_STRATEGY: empty}
"""


def test_a_cache_is_kept_by_its_key(server):
    done = run_ok(server, TWICE + """\
write: {stage: one, cache: {key: "k-$CI_COMMIT_REF_SLUG", paths: [deps/]}, script: [mkdir deps, echo kept > deps/a]}
same:  {stage: two, cache: {key: k-main, paths: [deps/]}, script: [cat deps/a]}
other: {stage: two, cache: {key: k-other, paths: [deps/]}, script: [test ! -e deps]}
""")
    assert "kept" in done.said("same")
    assert "Created cache k-main-non_protected" in done.log("write")
    assert "No cache was found" in done.log("other")


def test_a_cache_follows_the_content_of_files(server):
    yaml = """\
stages: [one, two]
default: {cache: {key: {files: [lock], prefix: p}, paths: [deps/]}}
write: {stage: one, script: [mkdir -p deps, test ! -e deps/a, echo kept > deps/a]}
read: {stage: two, cache: {key: {files: [lock], prefix: p}, paths: [deps/], policy: pull}, script: [cat deps/a]}
"""
    project = make_project(server, {"x-ci.yml": yaml, "lock": "1\n"})
    assert Run(project).status == "success"
    project.push({"lock": "2\n"})
    assert Run(project).status == "success", "a changed file is another key"
    assert Run(project).status == "failed", "an unchanged one is the same"


def test_fallback_keys_are_tried_in_order(server):
    done = run_ok(server, TWICE + """\
b: {stage: one, cache: {key: b, paths: [f]}, script: [echo from-b > f]}
c: {stage: one, cache: {key: c, paths: [f]}, script: [echo from-c > f]}
read: {stage: two, cache: {key: a, fallback_keys: [none, c, b], paths: [f], policy: pull}, script: [cat f]}
last:
  stage: two
  variables: {CACHE_FALLBACK_KEY: b-non_protected}
  cache: {key: a, paths: [f], policy: pull}
  script: [cat f]
refused:
  stage: two
  variables: {CACHE_FALLBACK_KEY: b-protected}
  cache: {key: a, paths: [f], policy: pull}
  script: [test ! -e f]
""")
    assert "from-c" in done.said("read")
    assert "from-b" in done.said("last")
    assert "CACHE_FALLBACK_KEY may not end in -protected" in done.log("refused")


def test_policies_say_who_reads_and_who_writes(server):
    done = run_ok(server, """\
stages: [one, two, three]
variables: {GIT_STRATEGY: empty}
write: {stage: one, cache: {key: k, paths: [f], policy: push}, script: [test ! -e f, echo first > f]}
pull: {stage: two, cache: {key: k, paths: [f], policy: $HOW}, variables: {HOW: pull}, script: [cat f, echo second > f]}
read: {stage: three, cache: {key: k, paths: [f], policy: pull}, script: [cat f]}
""")
    assert "first" in done.said("read")
    assert "Creating cache" not in done.log("pull")
    assert "Checking cache" not in done.log("write")


def test_a_cache_of_a_failed_job_is_kept_if_asked_for(server):
    done = run(server, """\
stages: [one, two]
variables: {GIT_STRATEGY: empty}
.fails: {stage: one, allow_failure: true, script: ["echo kept > $CI_JOB_NAME", "false"]}
failed: {extends: .fails, cache: {key: failed, paths: [failed], when: on_failure}}
always: {extends: .fails, cache: {key: always, paths: [always], when: always}}
success: {extends: .fails, cache: {key: success, paths: [success]}}
read:
  stage: two
  cache:
  - {key: failed, paths: [failed]}
  - {key: always, paths: [always]}
  - {key: success, paths: [success]}
  script: [cat failed always, test ! -e success]
""")
    assert done.status == "success", done.log("read")


def test_untracked_files_are_cached_if_asked_for(server):
    done = run_ok(server, """\
stages: [one, two]
write: {stage: one, cache: {key: k, untracked: true}, script: [mkdir new, echo kept > new/file]}
read: {stage: two, variables: {GIT_STRATEGY: empty}, cache: {key: k, untracked: true}, script: [ls -R, cat new/file, test ! -e x-ci.yml]}
""")
    assert "kept" in done.said("read")


# Artifacts

def test_artifacts_go_up_and_come_down(server):
    done = run_ok(server, """\
stages: [one, two]
variables: {GIT_STRATEGY: empty}
one:
  stage: one
  script: [mkdir -p out/deep, echo 1 > out/deep/a.txt, echo 2 > out/b.log, echo 3 > left]
  artifacts: {name: "$CI_JOB_NAME-$CI_COMMIT_REF_SLUG", paths: [out/], exclude: ["**/*.log"], expire_in: 1 day}
also: {stage: one, script: [echo 4 > also], artifacts: {paths: [also]}}
all: {stage: two, script: [cat out/deep/a.txt also, test ! -e left -a ! -e out/b.log]}
some: {stage: two, dependencies: [also], script: [cat also, test ! -e out]}
none: {stage: two, dependencies: [], script: [test ! -e out -a ! -e also]}
need: {stage: two, needs: [{job: one, artifacts: true}, {job: also, artifacts: false}], script: [ls out, test ! -e also]}
""")
    assert done.artifacts("one").read("out/deep/a.txt") == b"1\n"
    assert done.jobs["one"]["artifacts_expire_at"]


def test_artifacts_of_a_failed_job_are_kept_by_when(server):
    done = run(server, """\
variables: {GIT_STRATEGY: empty}
.fails: {script: [echo 1 > f, exit 1]}
success: {extends: .fails, artifacts: {paths: [f]}}
failure: {extends: .fails, artifacts: {paths: [f], when: on_failure}}
always: {extends: .fails, artifacts: {paths: [f], when: always}}
""")
    kept = {name: "artifacts_file" in job for name, job in done.jobs.items()}
    assert kept == {"success": False, "failure": True, "always": True}


def test_dotenv_reports_become_variables_of_later_jobs(server):
    done = run_ok(server, """\
stages: [one, two]
variables: {GIT_STRATEGY: empty}
one: {stage: one, script: ["echo BUILD=7 > v.env", "echo 'TEXT=a b' >> v.env"], artifacts: {reports: {dotenv: v.env}}}
two: {stage: two, script: ['echo "$BUILD|$TEXT"']}
none: {stage: two, dependencies: [], script: ['echo "[$BUILD]"']}
""")
    assert "7|a b" in done.said("two")
    assert "[]" in done.said("none")


# Scripts

def test_before_script_and_script_share_a_shell_and_after_script_does_not(server):
    done = run_ok(server, """\
job:
  variables: {GIT_STRATEGY: none}
  before_script: [X=1, cd /]
  script: ['echo "script x=$X in $PWD"']
  after_script: ['echo "after x=${X:-unset} $CI_JOB_STATUS"', '[ "$PWD" = "$CI_PROJECT_DIR" ] && echo at-home', exit 1]
""")
    assert {"script x=1 in /", "after x=unset success", "at-home"} <= set(done.said())


def test_exit_codes_reach_allow_failure(server):
    done = run(server, """\
variables: {GIT_STRATEGY: none}
allowed: {script: [exit 42], allow_failure: {exit_codes: [41, 42]}}
""")
    assert done.status == "success"
    assert done.jobs["allowed"]["status"] == "failed" and done.jobs["allowed"]["allow_failure"]
    denied = run(server, """\
variables: {GIT_STRATEGY: none}
denied: {script: [exit 43], allow_failure: {exit_codes: [41, 42]}}
""")
    assert denied.status == "failed"


def test_a_job_past_its_timeout_ends_with_all_it_started(server):
    done = run(server, """\
job: {variables: {GIT_STRATEGY: none}, timeout: 1 second, script: ["sleep 7171 & sleep 7172"], after_script: [echo not-run]}
""")
    assert done.jobs["job"]["failure_reason"] == "job_execution_timeout"
    assert "not-run" not in done.said()


def test_limits_of_scripts_leave_time_for_after_script(server):
    done = run(server, """\
variables: {GIT_STRATEGY: none}
script: {variables: {RUNNER_SCRIPT_TIMEOUT: 1s}, script: [sleep 60], after_script: [echo now $CI_JOB_STATUS]}
after: {variables: {RUNNER_AFTER_SCRIPT_TIMEOUT: 1s}, script: ["true"], after_script: [sleep 60]}
""")
    assert done.jobs["script"]["failure_reason"] == "job_execution_timeout"
    assert "now timedout" in done.said("script")
    assert done.jobs["after"]["status"] == "success"
    assert "after_script failed, but the job goes on" in done.log("after")


def test_canceling_is_graceful(server):
    project = make_project(server, {"x-ci.yml": """\
job:
  variables: {GIT_STRATEGY: none}
  script: ["trap 'echo got-term; exit 1' TERM; echo started; sleep 60 & wait"]
  after_script: [echo now $CI_JOB_STATUS]
"""})
    pipeline = project.trigger(file="x-ci.yml")
    job = project.jobs(pipeline["id"])["job"]["id"]

    def log():
        return project.api.get(f"{project.at}/jobs/{job}/trace").text.splitlines()
    wait_until(lambda: "started" in log(), "the script to run")
    project.api.post(f"{project.at}/jobs/{job}/cancel")
    assert wait_until(lambda: project.job(job)["status"] in ("canceled", "failed", "success"), "its end")
    assert project.job(job)["status"] == "canceled"
    assert "got-term" in log() and "now canceled" in log()


# Sources

def test_each_git_strategy_leaves_what_it_should(server):
    project = make_project(server, {"x-ci.yml": """\
job:
  variables: {GIT_STRATEGY: $HOW}
  script: [ls -A | sort | xargs echo tree, touch left]
""", "file": "1\n"})

    def tree(how):
        done = Run(project, HOW=how)
        return next(line for line in done.said() if line.startswith("tree")).split()[1:]
    # Two slots have a folder each: which of them a job gets is left open here.
    assert tree("fetch") == [".git", "file", "x-ci.yml"]
    assert tree("clone") == [".git", "file", "x-ci.yml"]
    assert tree("empty") == []
    assert set(tree("none")) <= {".git", "file", "x-ci.yml", "left"}
    unknown = Run(project, HOW="guess")
    assert unknown.status == "failed" and "GIT_STRATEGY 'guess' is unknown" in unknown.log()


def test_depth_checkout_and_clean_flags_are_heeded(server):
    project = make_project(server, {"x-ci.yml": """\
stages: [a, b]
job:
  stage: a
  variables: {GIT_STRATEGY: clone, GIT_DEPTH: $DEPTH, GIT_CHECKOUT: $CHECKOUT, GIT_CLEAN_FLAGS: -ffdx -e keep/}
  script: [echo commits $(git rev-list --count $CI_COMMIT_SHA), 'echo file ${CHECKOUT:+$(ls file || true)}.']
""", "file": "1\n"})
    project.push({"file": "2\n"})
    project.push({"file": "3\n"})
    assert "commits 2" in Run(project, DEPTH="2", CHECKOUT="true").said()
    assert "commits 3" in Run(project, DEPTH="0", CHECKOUT="true").said()
    without = Run(project, DEPTH="1", CHECKOUT="false")
    assert "file ." in without.said() and "Skipping Git checkout" in without.log()
    kept = Run(project, DEPTH="1", CHECKOUT="true")
    assert "file file." in kept.said()


def test_hooks_surround_the_checkout(server):
    done = run_ok(server, """\
job:
  hooks: {pre_get_sources_script: [echo before-it]}
  script: [echo script]
none:
  variables: {GIT_STRATEGY: none}
  hooks: {pre_get_sources_script: [echo before-it]}
  script: [echo script]
""")
    log = done.log()
    assert log.index("\nbefore-it") < log.index("Fetching changes") < log.index("\nscript")
    assert "before-it" not in done.log("none")


def add_submodule(project, path, url, sha):
    modules = project.repository.folder / ".gitmodules"
    text = modules.read_text() if modules.exists() else ""
    modules.write_text(f'{text}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n')
    project.repository.git("add", ".gitmodules")
    project.repository.git("update-index", "--add", "--cacheinfo", f"160000,{sha},{path}")
    (project.repository.folder / path).mkdir(exist_ok=True)  # else "add --all" takes it out again


@pytest.fixture
def nested(server):
    """A project with three submodules, one of which has another."""
    inner = make_project(server, {"inner.txt": "inner\n"})
    middle = make_project(server, {"middle.txt": "middle\n"})
    add_submodule(middle, "inner", f"../{inner.path.split('/')[-1]}.git", inner.sha)
    middle.repository.git("commit", "--quiet", "--message", "With a submodule")
    middle.sha = middle.repository.head()
    middle.repository.push("HEAD:refs/heads/main")
    outer = make_project(server, {"x-ci.yml": """\
job:
  variables: {GIT_SUBMODULE_STRATEGY: $HOW}
  script: [shopt -s nullglob; echo found */*.txt */*/*.txt]
"""})
    host = f"127.0.0.1:{server.port}"
    add_submodule(outer, "relative", f"../{middle.path.split('/')[-1]}.git", middle.sha)
    add_submodule(outer, "absolute", f"http://{host}/{inner.path}.git", inner.sha)
    outer.repository.git("commit", "--quiet", "--message", "With submodules")
    outer.repository.push("HEAD:refs/heads/main")
    return outer


def found(done):
    assert done.status == "success", done.log()
    return next(line for line in done.said() if line.startswith("found")).split()[1:]


def test_submodules_come_along_if_asked_for(nested):
    absolute, relative, deep = "absolute/inner.txt", "relative/middle.txt", "relative/inner/inner.txt"
    assert found(Run(nested, HOW="none")) == []
    assert found(Run(nested, HOW="normal")) == [absolute, relative]
    assert found(Run(nested, HOW="recursive")) == [absolute, relative, deep]
    # Again over what is there by now, in whichever slot's folder.
    assert found(Run(nested, HOW="recursive")) == [absolute, relative, deep]
    assert found(Run(nested, HOW="recursive", GIT_SUBMODULE_PATHS="absolute")) == [absolute]
    assert found(Run(nested, HOW="normal", GIT_SUBMODULE_PATHS=":(exclude)absolute")) == [relative]
    assert found(Run(nested, HOW="normal", GIT_SUBMODULE_DEPTH="1",
                     GIT_SUBMODULE_UPDATE_FLAGS="--jobs 2")) == [absolute, relative]


def test_ssh_addresses_of_the_server_are_fetched_by_http_if_asked_for(server):
    inner = make_project(server, {"inner.txt": "inner\n"})
    outer = make_project(server, {"x-ci.yml": """\
job:
  variables: {GIT_SUBMODULE_STRATEGY: normal, GIT_SUBMODULE_FORCE_HTTPS: "true"}
  script: [ls */*.txt | xargs echo found]
"""})
    add_submodule(outer, "one", f"git@127.0.0.1:{inner.path}.git", inner.sha)
    add_submodule(outer, "two", f"ssh://git@127.0.0.1/{inner.path}.git", inner.sha)
    outer.repository.git("commit", "--quiet", "--message", "With submodules")
    outer.repository.push("HEAD:refs/heads/main")
    assert found(Run(outer)) == ["one/inner.txt", "two/inner.txt"]


def test_what_is_left_out_is_said(server):
    done = run_ok(server, "job: {script: [cat big.bin]}\n",
                  {".gitattributes": "*.bin filter=lfs\n", "big.bin": "a pointer\n"})
    assert "this runner does not fetch the files that Git LFS keeps" in done.log()
    path = run(server, "job: {variables: {GIT_CLONE_PATH: $CI_BUILDS_DIR/x}, script: ['true']}\n")
    assert path.status == "failed" and "GIT_CLONE_PATH is set" in path.log()
    image = run(server, "job: {image: debian:12, services: [redis], script: ['true']}\n")
    assert image.jobs["job"]["failure_reason"] == "runner_system_failure"
    assert "This job names the image 'debian:12'; this executor has no images." in image.log()


# Log

def test_each_line_has_a_time_if_asked_for(server):
    done = run_ok(server, """\
job:
  variables: {FF_TIMESTAMPS: "true", GIT_STRATEGY: none}
  script: [echo plain, "printf '5%%\\\\r9%%\\\\n'"]
""")
    lines = done.log().split("\n")
    assert lines.pop() == ""
    assert [line for line in lines if not STAMP.match(line)] == []
    assert [line[28:] for line in lines if line.endswith("plain") and "$" not in line] == ["01O plain"]


def test_sections_carry_the_names_of_the_stages(server):
    done = run_ok(server, """\
job:
  cache: {key: k, paths: [f]}
  script: [touch f]
  after_script: ["true"]
  artifacts: {paths: [f]}
""")
    names = re.findall(r"section_start:\d+:(\w+)", done.log())
    assert names == ["prepare_executor", "get_sources", "restore_cache", "step_script", "after_script",
                     "archive_cache", "upload_artifacts_on_success"]
    assert names == re.findall(r"section_end:\d+:(\w+)", done.log())


def test_secrets_are_masked_and_file_variables_are_files(server):
    project = make_project(server, {"x-ci.yml": """\
job:
  variables: {GIT_STRATEGY: none}
  script:
  - echo "m=$HIDDEN."
  - printf 'split masked-'; printf 'value-1.\\n'
  - cat "$FILE"; stat -c %a "$FILE"
  - echo "t=$CI_JOB_TOKEN. https://h.test/?private_token=abc&x=1 glpat-0123456789abcdefghij."
"""})
    project.api.make(f"{project.at}/variables", key="HIDDEN", value="masked-value-1", masked=True)
    project.api.make(f"{project.at}/variables", key="FILE", value="in a file\n", variable_type="file")
    done = Run(project)
    assert done.status == "success", done.log()
    assert {"m=[MASKED].", "split [MASKED].", "in a file", "600"} <= set(done.said())
    assert "t=[MASKED]. https://h.test/?private_token=[MASKED]&x=1 [MASKED]" in done.log()
    assert "masked-value-1" not in done.log()


# Isolation

@pytest.mark.parametrize("server", ["sandbox"], indirect=True)
def test_the_sandbox_has_no_way_to_the_servers_data(server):
    data = os.path.realpath(server.data)
    mark = f"planted-{os.path.basename(data)}"
    done = run_ok(server, f"""\
job:
  script:
  - echo data $(ls -A {data})
  - test ! -e {data}/secret.key
  - "! touch /usr/bin/{mark} 2>/dev/null"
  - "! touch /etc/{mark} 2>/dev/null"
  - echo tmp $(ls -A /tmp | grep -v "^{os.path.basename(data)}$")
  - touch /tmp/{mark}
  - echo server $(ps -eo comm | grep -c penstock)
""")
    assert {"data runner", "tmp", "server 0"} <= set(done.said())
    assert not os.path.exists(f"/tmp/{mark}")


def test_without_a_network_scripts_have_none_but_their_sources(tmp_path):
    if not sandbox_works():
        pytest.skip("bubblewrap does not work on this machine")
    with Server("--executor", "sandbox", "--no-network", runners=1) as server:
        done = run_ok(server, """\
job: {script: [cat x-ci.yml, "tail -n +3 /proc/net/dev | wc -l | xargs echo devices"], artifacts: {paths: [x-ci.yml]}}
""")
        assert "devices 1" in done.said()


def test_where_the_sandbox_cannot_run_nothing_runs(tmp_path):
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    said = Server(runners=1, environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).start_in_vain_and_remove()
    assert "No permissions to create new namespace" in said and "--executor shell" in said
    without = tmp_path / "without"
    without.mkdir()
    said = Server(runners=1, environment={"PATH": str(without)}).start_in_vain_and_remove()
    assert "apt-get install bubblewrap" in said


@pytest.mark.parametrize("server", ["sandbox"], indirect=True)
def test_the_sandbox_shows_nothing_of_etc_that_is_not_for_everybody(server):
    done = run_ok(server, """\
job: {script: ["find /etc ! -type l ! -perm -o=r -size +0 2>/dev/null | wc -l | xargs echo private", cat /etc/passwd]}
""")
    assert "private 0" in done.said()
    assert any(line.startswith("root:") for line in done.said())


# Alone

@pytest.mark.parametrize("executor", ["shell", "sandbox"])
def test_the_runner_works_alone_with_a_token_of_its_own(tmp_path, executor):
    if executor == "sandbox" and not sandbox_works():
        pytest.skip("bubblewrap does not work on this machine")
    with Server() as server:
        made = server.api.make("/user/runners", runner_type="instance_type", tag_list=["far"])
        project = make_project(server, {"x-ci.yml": "job: {tags: [far], script: [cat x-ci.yml]}\n"})
        token = tmp_path / "token"
        token.write_text(made["token"] + "\n")
        with open(tmp_path / "log", "w") as log:
            runner = subprocess.Popen(
                [BINARY, "runner", "--url", server.url, "--token-file", token, "--executor", executor,
                 "--work-dir", tmp_path / "work", "--slots", "1"],
                stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
        try:
            assert Run(project).status == "success"
        finally:
            runner.terminate()
            assert runner.wait(20) == 0, (tmp_path / "log").read_text()


# Restarts

def test_a_restart_of_the_server_costs_no_line_and_no_artifact(tmp_path):
    gate = tmp_path / "go"
    with Server("--executor", "shell", runners=1) as server:
        project = make_project(server, {"x-ci.yml": f"""\
job:
  variables: {{GIT_STRATEGY: none}}
  script:
  - for i in $(seq 1 200); do echo line$i; done
  - until [ -e {gate} ]; do sleep 0.02; done
  - for i in $(seq 201 400); do echo line$i; done
  - echo kept > f
  artifacts: {{paths: [f]}}
"""})
        pipeline = project.trigger(file="x-ci.yml")
        job = project.jobs(pipeline["id"])["job"]["id"]

        def log():
            return project.api.get(f"{project.at}/jobs/{job}/trace").text.splitlines()
        wait_until(lambda: "line200" in log(), "half of the log")
        server.kill9()
        gate.touch()
        server.restart()
        assert server.api.wait_for_pipeline(project.id, pipeline["id"])["status"] == "success"
        assert [line for line in log() if line.startswith("line")] == [f"line{i}" for i in range(1, 401)]
        answer = project.api.get(f"{project.at}/jobs/{job}/artifacts")
        assert zipfile.ZipFile(io.BytesIO(answer.content)).read("f") == b"kept\n"
