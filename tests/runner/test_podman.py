"""Jobs in containers of podman, by the real server and its embedded runner.

The image is made here, of Debian's busybox-static. Where podman, busybox or the kernel's permission to run containers is
missing, all this is skipped, and the message says which.
"""
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from conftest import sandbox_works
from test_with_server import Run, run, run_ok

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from penstock import Server, wait_until  # noqa: E402
from projects import make_project  # noqa: E402

IMAGE = "localhost/penstock-test-busybox"
APPLETS = ["sh", "cat", "cp", "echo", "env", "false", "grep", "hostname", "id", "ls", "mkdir", "nc", "printf", "ps", "sed",
           "sleep", "stat", "test", "touch", "tr", "true", "wc"]
# What a machine without all rights can do: no limits raised, no network of its own.
CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


def busybox():
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if os.path.exists(path) and b"statically linked" in subprocess.run(["file", path], capture_output=True).stdout:
            return path
    return shutil.which("busybox")


def make_root(folder):
    (folder / "bin").mkdir(parents=True)
    for name in ("tmp", "etc"):
        (folder / name).mkdir()
    shutil.copy(busybox(), folder / "bin" / "busybox")
    for name in APPLETS:
        (folder / "bin" / name).symlink_to("busybox")


def podman(environment, *arguments):
    return subprocess.run(["podman", *arguments], env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where podman is asked to keep to what works here; the image is there."""
    if not sandbox_works():
        pytest.skip("bubblewrap does not work on this machine")
    for program, package in (("podman", "podman"), ("busybox", "busybox-static")):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed (Debian: {package})")
    folder = tmp_path_factory.mktemp("podman")
    failure = ""
    for runtime in ("crun", "runc"):
        if not shutil.which(runtime):
            continue
        file = folder / f"{runtime}.conf"
        file.write_text(f'{CONFIGURATION}runtime = "{runtime}"\n')
        environment = {**os.environ, "CONTAINERS_CONF": str(file)}
        if podman(environment, "image", "exists", IMAGE).returncode != 0:
            make_root(folder / runtime)
            archive = folder / f"{runtime}.tar"
            subprocess.run(["tar", "-C", folder / runtime, "-cf", archive, "."], check=True)
            podman(environment, "import", str(archive), IMAGE)
        tried = podman(environment, "run", "--rm", IMAGE, "true")
        if tried.returncode == 0:
            return {"CONTAINERS_CONF": str(file)}
        failure = tried.stderr.strip()
    pytest.skip(f"podman runs no container on this machine: {failure}")


@pytest.fixture(scope="module")
def server(environment):
    with Server("--executor", "podman", runners=2, environment=environment) as server:
        yield server
        assert containers(server, environment) == []


def containers(server, environment):
    """Those that the server's runner has made and not removed."""
    folder = os.path.join(os.path.realpath(server.data), "runner")
    label = f"label=penstock.runner={hashlib.sha256(folder.encode()).hexdigest()[:16]}"
    return podman({**os.environ, **environment}, "ps", "-aq", "--filter", label).stdout.split()


def test_a_job_runs_in_its_image_with_the_projects_files(server):
    done = run_ok(server, f"""\
stages: [one, two]
one:
  stage: one
  image: {IMAGE}
  before_script: [X=1, touch /in-the-image]
  script:
  - echo "image $CI_JOB_IMAGE x=$X"
  - test ! -e /usr/bin/git
  - cat x-ci.yml | wc -l | tr -d ' '
  - echo made > made
  after_script: ['echo "after x=${{X:-unset}} $CI_JOB_STATUS"', ls /in-the-image]
  artifacts: {{paths: [made]}}
  cache: {{key: k, paths: [made]}}
two: {{stage: two, image: $WHICH, variables: {{WHICH: {IMAGE}}}, script: [cat made]}}
without: {{stage: two, script: [command -v git]}}
""")
    assert {f"image {IMAGE} x=1", "after x=unset success", "/in-the-image"} <= set(done.said("one"))
    assert "made" in done.said("two")
    assert "Created cache" in done.log("one")
    assert done.artifacts("one").read("made") == b"made\n"


def test_failures_keep_their_codes(server):
    done = run(server, f"""\
default: {{image: {IMAGE}}}
code: {{script: [sh -c 'exit 7', echo not-reached], allow_failure: {{exit_codes: 7}}, after_script: [echo now $CI_JOB_STATUS]}}
pipe: {{script: ["false | true"]}}
""")
    assert done.jobs["code"]["status"] == "failed" and "now failed" in done.said("code")
    assert "not-reached" not in done.said("code")
    assert done.jobs["pipe"]["failure_reason"] == "script_failure"


def test_an_image_that_is_not_to_be_had_is_its_own_failure(server):
    done = run(server, f"""\
never: {{image: {{name: localhost/penstock-none, pull_policy: never}}, script: ["true"]}}
option: {{image: --privileged, script: ["true"]}}
alone: {{services: [{IMAGE}], script: ["true"]}}
""")
    assert done.jobs["never"]["failure_reason"] == "image_pull_failure"
    assert "the image 'localhost/penstock-none' is not to be had" in done.log("never")
    assert done.jobs["option"]["status"] == "failed"
    assert "'--privileged' is not the name of an image" in done.log("option")
    assert "names services but no image" in done.log("alone")


def test_services_are_reached_by_their_names(server, environment):
    # Beside a network of its own a machine like this one has only none at all.
    with Server("--executor", "podman", "--no-network", runners=1, environment=environment) as closed:
        done = run_ok(closed, f"""\
job:
  image: {IMAGE}
  variables: {{GREETING: hello}}
  services:
  - name: {IMAGE}
    alias: first, other
    command: [sh, -c, 'while :; do echo "$GREETING $OWN" | nc -l -p 7070; done']
    variables: {{OWN: from-the-first}}
  - name: {IMAGE}
    alias: second
    entrypoint: [sh, -c]
    command: ['while :; do echo second | nc -l -p 7071; done']
  script:
  - until nc first 7070 </dev/null >answer && test -s answer; do sleep 0.1; done; cat answer
  - until nc second 7071 </dev/null >answer && test -s answer; do sleep 0.1; done; cat answer
  - grep -c 127.0.0.1.*localhost__penstock-test-busybox /etc/hosts
""")
        assert {"hello from-the-first", "second"} <= set(done.said())


def test_canceling_reaches_the_script_and_after_script_runs(server):
    project = make_project(server, {"x-ci.yml": f"""\
job:
  image: {IMAGE}
  script: ["trap 'echo got-term; exit 1' TERM; echo started; sleep 60 & wait"]
  after_script: [echo now $CI_JOB_STATUS]
"""})
    pipeline = project.trigger(file="x-ci.yml")
    job = project.jobs(pipeline["id"])["job"]["id"]

    def log():
        return project.api.get(f"{project.at}/jobs/{job}/trace").text.splitlines()
    wait_until(lambda: "started" in log(), "the script to run")
    started = time.monotonic()
    project.api.post(f"{project.at}/jobs/{job}/cancel")
    assert wait_until(lambda: project.job(job)["status"] == "canceled", "its end")
    assert "got-term" in log() and "now canceled" in log()
    assert time.monotonic() - started < 8, "it was asked, not killed"


def test_a_script_past_its_limit_is_ended_and_after_script_runs(server):
    done = run(server, f"""\
job:
  image: {IMAGE}
  variables: {{RUNNER_SCRIPT_TIMEOUT: 1s}}
  script: [sleep 60]
  after_script: [echo now $CI_JOB_STATUS]
""")
    assert done.jobs["job"]["failure_reason"] == "job_execution_timeout"
    assert "now timedout" in done.said()


def test_the_machine_is_out_of_reach(server):
    data = os.path.realpath(server.data)
    done = run_ok(server, f"""\
job:
  image: {IMAGE}
  script:
  - test ! -e {data}/secret.key
  - echo root $(ls / | tr '\\n' ' ')
  - ps | grep -c penstock | sed 's/^/server /' || true
""")
    root = next(line for line in done.said() if line.startswith("root "))
    assert "usr" not in root.split() and "home" not in root.split()


def test_a_killed_runner_leaves_no_container(environment):
    with Server("--executor", "podman", runners=1, environment=environment) as server:
        project = make_project(server, {"x-ci.yml": f"job: {{image: {IMAGE}, script: [echo started, sleep 300]}}\n"})
        pipeline = project.trigger(file="x-ci.yml")
        job = project.jobs(pipeline["id"])["job"]["id"]
        wait_until(lambda: "\nstarted" in project.api.get(f"{project.at}/jobs/{job}/trace").text, "the script to run")
        assert len(containers(server, environment)) == 1
        os.kill(int((server.data / "run" / "runner.lock").read_text()), signal.SIGKILL)
        assert wait_until(lambda: project.job(job)["status"] == "failed", "the job's end")
        wait_until(lambda: containers(server, environment) == [], "the container's end")


def test_without_podman_the_server_says_so(tmp_path):
    if not sandbox_works():
        pytest.skip("bubblewrap does not work on this machine")
    (tmp_path / "bwrap").symlink_to(shutil.which("bwrap"))
    said = Server("--executor", "podman", runners=1, environment={"PATH": str(tmp_path)}).start_in_vain_and_remove()
    assert "podman is not installed" in said
