"""The embedded runner from outside: jobs, log, cancel, artifacts, sandbox, and being alone."""
import gzip
import io
import os
import signal
import time
import zipfile

import pytest

from conftest import TOKEN, sandbox_works

needs_sandbox = pytest.mark.skipif(not sandbox_works(), reason="bubblewrap does not work here")


def is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_gone(pid, timeout=5):
    end = time.time() + timeout
    while is_alive(pid):
        assert time.time() < end, "process %d lives on" % pid
        time.sleep(0.02)


def pid_in(job, name):
    line = [x for x in job.text.splitlines() if x.startswith(name + "=")][0]
    return int(line.split("=")[1])


# Running

def test_a_job_is_confirmed_run_and_reported(coordinator, runner):
    job = coordinator.add(["echo hello", "echo world"])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    assert job.states[0]["state"] == "running"
    assert "exit_code" not in job.final and "failure_reason" not in job.final
    lines = job.text.splitlines()
    assert "\x1b[32;1m$ echo hello\x1b[0;m" in lines and "hello" in lines and "world" in lines
    assert lines[-1].endswith("\x1b[32;1mJob succeeded\x1b[0;m")


def test_the_request_announces_token_and_features(coordinator, runner):
    runner.start()
    coordinator.wait(lambda: coordinator.requests)
    request, header = coordinator.requests[0]
    assert request["token"] == header == TOKEN
    assert request["system_id"].startswith("r_") and len(request["system_id"]) == 14
    features = request["info"]["features"]
    for name in ("two_phase_job_commit", "cancel_gracefully", "cancelable", "trace_reset", "refspecs",
                 "masking", "raw_variables", "artifacts", "upload_multiple_artifacts"):
        assert features[name] is True


def test_a_failing_line_ends_the_script_with_its_code(coordinator, runner):
    job = coordinator.add(["echo before", "(exit 7)", "echo after-it"], after=["echo status $CI_JOB_STATUS"])
    runner.start()
    final = coordinator.finish(job)
    assert (final["state"], final["failure_reason"], final["exit_code"]) == ("failed", "script_failure", 7)
    assert "\nafter-it" not in job.text
    assert "status failed" in job.text
    assert "ERROR: Job failed: exit code 7" in job.text


def test_a_failing_pipe_fails_the_job(coordinator, runner):
    job = coordinator.add(["false | true"])
    runner.start()
    assert coordinator.finish(job)["exit_code"] == 1


def test_after_script_is_a_shell_of_its_own_and_changes_nothing(coordinator, runner):
    job = coordinator.add(["X=1"], after=["echo \"x=${X:-unset} $CI_JOB_STATUS\"", "exit 3"])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    assert "x=unset success" in job.text


def test_sections_are_marked(coordinator, runner):
    job = coordinator.add(["echo hi"])
    runner.start()
    coordinator.finish(job)
    for name in ("prepare_executor", "get_sources", "step_script"):
        assert ":%s\r\x1b[0K" % name in job.text.split("section_start", 1)[1]
        assert "section_end:" in job.text


def test_values_are_never_code(coordinator, runner):
    nasty = "a'b\"c$(touch /tmp/penstock-pwned)`id`\\ $X\n;exit 9\n"
    job = coordinator.add(["printf '%s' \"$NASTY\" | od -An -c | tr -d ' \\n'", "echo",
                           "cat \"$FILE\"", "echo \"$GREETING\""],
                          variables=[{"key": "NASTY", "value": nasty, "raw": True},
                                     {"key": "FILE", "value": "in a $file\n", "file": True, "raw": True},
                                     {"key": "UID", "value": "7"},
                                     {"key": "GREETING", "value": "hello ${CI_PROJECT_PATH} $$5 $NONE."}])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    assert not os.path.exists("/tmp/penstock-pwned")
    assert "$(touch/tmp/penstock-pwned)`id`" in job.text
    assert "in a $file\n" in job.text
    assert "hello data/flow $5 .\n" in job.text


def test_settings_of_the_house_are_not_in_the_environment(coordinator, runner):
    job = coordinator.add(["env"])
    runner.start(env={"PENSTOCK_ROOT_TOKEN": "root-token-of-the-house"})
    coordinator.finish(job)
    assert "root-token-of-the-house" not in job.text


def test_two_slots_run_two_jobs_at_once(coordinator, runner):
    one = coordinator.add(["touch one; until [ -e ../../../1/data/flow/two -o -e ../../../0/data/flow/two ]; do sleep 0.05; done"])
    two = coordinator.add(["touch two; until [ -e ../../../1/data/flow/one -o -e ../../../0/data/flow/one ]; do sleep 0.05; done"])
    runner.start("--slots", "2")
    assert coordinator.finish(one)["state"] == "success"
    assert coordinator.finish(two)["state"] == "success"


# Log

def test_masked_values_do_not_show_whatever_the_chunks(coordinator, runner):
    job = coordinator.add(["printf 'x top-'; sleep 0.3; printf 'secret-9'; sleep 0.3; echo ' y'",
                           "echo $CI_JOB_TOKEN", "echo glpat-abcdefgh and on"],
                          variables=[{"key": "P", "value": "top-secret-9", "masked": True}])
    runner.start()
    coordinator.finish(job)
    assert "x [MASKED] y" in job.text
    assert "top-secret-9" not in job.text and job.token not in job.text
    assert "\n[MASKED] and on" in job.text


def test_a_line_arrives_while_the_job_runs(coordinator, runner):
    job = coordinator.add(["echo early; while [ ! -e go ]; do sleep 0.05; done"])
    runner.start()
    coordinator.wait_text(job, "\nearly", timeout=5)
    assert job.final is None
    open(os.path.join(runner.build_dir(), "go"), "w").close()
    assert coordinator.finish(job)["state"] == "success"


def test_a_big_log_arrives_whole(coordinator, runner):
    job = coordinator.add(["seq 1 300000"])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    numbers = [x for x in job.text.splitlines() if x.isdigit()]
    assert numbers == [str(i) for i in range(1, 300001)]


def test_416_resumes_where_the_server_is(coordinator, runner):
    job = coordinator.add(["seq 1 1000", "sleep 0.5", "seq 1001 2000"])
    job.refuse_patches = 2
    job.fail_patches = 1
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    assert [x for x in job.text.splitlines() if x.isdigit()] == [str(i) for i in range(1, 2001)]


# Ending

def test_the_timeout_ends_the_job(coordinator, runner):
    job = coordinator.add(["sleep 60 & echo child=$!; wait"],
                          runner_info={"timeout": 2})
    runner.start()
    final = coordinator.finish(job)
    assert final["failure_reason"] == "job_execution_timeout"
    assert "execution took longer than 2 seconds" in job.text
    wait_gone(pid_in(job, "child"))


def test_a_script_limit_lets_after_script_run(coordinator, runner):
    job = coordinator.add(["sleep 60"], after=["echo now $CI_JOB_STATUS"],
                          variables=[{"key": "RUNNER_SCRIPT_TIMEOUT", "value": "1s"}])
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "job_execution_timeout"
    assert "now timedout" in job.text


def test_canceling_ends_the_script_and_runs_after_script(coordinator, runner):
    job = coordinator.add(["echo started; sleep 60"], after=["echo now $CI_JOB_STATUS"])
    runner.start()
    coordinator.wait_text(job, "\nstarted")
    with coordinator.lock:
        job.status = "canceling"
    final = coordinator.finish(job, timeout=20)
    assert (final["state"], final["failure_reason"]) == ("failed", "job_canceled")
    assert "now canceled" in job.text


def test_canceled_kills_at_once_without_after_script(coordinator, runner):
    job = coordinator.add(["echo child=$$; sleep 60"], after=["touch ran-after"])
    runner.start()
    coordinator.wait_text(job, "\nchild=")
    with coordinator.lock:
        job.status = "canceled"
    coordinator.finish(job, timeout=20)
    wait_gone(pid_in(job, "child"))
    assert not os.path.exists(os.path.join(runner.build_dir(), "ran-after"))


def test_nothing_a_job_started_outlives_it(coordinator, runner):
    job = coordinator.add(["setsid sleep 300 & echo one=$!",
                           "(setsid env -i /bin/sleep 300 & echo two=$!)", "echo done"])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    wait_gone(pid_in(job, "one"))
    wait_gone(pid_in(job, "two"))


def test_a_job_whose_confirmation_is_refused_does_not_run(coordinator, runner):
    job = coordinator.add(["touch ran"])
    with coordinator.lock:
        job.status = "canceled"
    other = coordinator.add(["echo other"])
    runner.start()
    assert coordinator.finish(other)["state"] == "success"
    assert not os.path.exists(os.path.join(runner.build_dir(), "ran"))
    assert job.trace == b""


def test_sigterm_reports_running_jobs_and_exits_0(coordinator, runner):
    job = coordinator.add(["echo started; sleep 60"], after=["echo never-said"])
    runner.start()
    coordinator.wait_text(job, "\nstarted")
    assert runner.stop() == 0
    assert job.final["failure_reason"] == "runner_system_failure"
    assert "\nnever-said" not in job.text


def test_a_script_that_ignores_sigterm_does_not_hold_up_the_end(coordinator, runner):
    job = coordinator.add(["trap '' TERM", "echo started; while true; do sleep 1; done"])
    runner.start()
    coordinator.wait_text(job, "\nstarted")
    started = time.time()
    assert runner.stop() == 0
    assert 7 < time.time() - started < 12
    assert job.final["failure_reason"] == "runner_system_failure"


def test_sigterm_ends_an_idle_runner_at_once(coordinator, runner):
    runner.start()
    coordinator.wait(lambda: coordinator.requests)
    started = time.time()
    assert runner.stop() == 0
    assert time.time() - started < 2


def test_an_image_is_refused(coordinator, runner):
    job = coordinator.add(["echo never"], image={"name": "debian:12"})
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "runner_system_failure"
    assert "This job names the image 'debian:12'; this executor has no images." in job.text
    assert "\nnever" not in job.text


def test_services_are_refused(coordinator, runner):
    job = coordinator.add(["echo never"], services=[{"name": "postgres:16"}])
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "runner_system_failure"


def test_ignore_image_says_so_and_goes_on(coordinator, runner):
    job = coordinator.add(["echo ran"], image={"name": "debian:12"})
    runner.start("--ignore-image")
    assert coordinator.finish(job)["state"] == "success"
    assert "going on without debian:12" in job.text


def test_a_payload_that_cannot_be_run_is_reported(coordinator, runner):
    job = coordinator.add(["true"], run='[{"name":"x"}]')
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "runner_system_failure"
    assert "the keyword 'run' is not supported" in job.text


# Alone

def test_a_server_away_for_two_seconds_costs_nothing(coordinator, runner):
    job = coordinator.add(["for i in $(seq 1 40); do echo line$i; sleep 0.1; done", "exit 4"])
    runner.start()
    coordinator.wait_text(job, "\nline3")
    coordinator.stop()
    time.sleep(2)  # this is the absence, not a wait for an event
    coordinator.start()
    assert coordinator.finish(job)["exit_code"] == 4
    lines = [x for x in job.text.splitlines() if x.startswith("line")]
    assert lines == ["line%d" % i for i in range(1, 41)]


def test_a_moved_server_is_found_by_its_address_file(coordinator, runner):
    address = os.path.join(runner.dir, "address")
    with open(address, "w") as out:
        out.write("127.0.0.1:%d\n" % coordinator.port)
    job = coordinator.add(["for i in $(seq 1 20); do echo line$i; sleep 0.1; done"])
    runner.start("--address-file", address, url=False)
    coordinator.wait_text(job, "\nline3")
    coordinator.stop()
    coordinator.port = 0
    coordinator.start()
    with open(address, "w") as out:
        out.write(coordinator.url + "\n")
    assert coordinator.finish(job)["state"] == "success"


def test_without_a_server_for_long_the_runner_kills_its_jobs_and_ends(coordinator, runner):
    job = coordinator.add(["echo child=$$; sleep 60"])
    runner.start("--orphan", "1")
    coordinator.wait_text(job, "\nchild=")
    coordinator.stop()
    assert runner.process.wait(20) == 0
    wait_gone(pid_in(job, "child"))


def test_a_killed_runner_leaves_nothing_that_the_next_does_not_end(coordinator, runner):
    job = coordinator.add(["setsid env -u X sleep 300 & echo stray=$!", "echo child=$$; sleep 60"])
    runner.start()
    coordinator.wait_text(job, "\nchild=")
    runner.kill()
    wait_gone(pid_in(job, "child"))
    assert os.path.exists(runner.build_dir() + ".tmp")
    runner.start()
    wait_gone(pid_in(job, "stray"))
    coordinator.wait(lambda: len(coordinator.requests) > 1)
    assert not os.path.exists(runner.build_dir() + ".tmp")


def test_one_lock_one_runner(coordinator, runner):
    runner.start()
    coordinator.wait(lambda: coordinator.requests)
    with open(os.path.join(runner.hidden, "runner.lock")) as lock:
        assert int(lock.read()) == runner.process.pid
    first = runner.process
    assert runner.start().process.wait(10) == 2
    runner.process = first


# Sources

def test_sources_are_checked_out_and_cleaned_without_leaving_the_token(coordinator, runner):
    sha = coordinator.make_repo("data/flow", {"file.txt": "in the tree\n", "dir/x": "x"})
    first = coordinator.add(["cat file.txt", "touch untracked", "echo changed > file.txt",
                             "git log -1 --format=%H", "git fetch origin && echo fetched",
                             "git remote get-url origin"], sha=sha)
    runner.start()
    assert coordinator.finish(first)["state"] == "success", first.text
    assert "in the tree" in first.text and sha in first.text and "fetched" in first.text
    assert "Checking out %s as detached HEAD (ref is main)" % sha[:8] in first.text
    second = coordinator.add(["cat file.txt", "ls"], sha=sha)
    assert coordinator.finish(second)["state"] == "success"
    assert "in the tree" in second.text and "\nuntracked" not in second.text.split("step_script")[-1]
    with open(os.path.join(runner.build_dir(), ".git", "config")) as config:
        text = config.read()
    assert first.token not in text and second.token not in text
    assert "[MASKED]" not in first.text.split("step_script")[-1]


def test_configuration_left_in_the_repository_is_not_executed(coordinator, runner):
    sha = coordinator.make_repo("data/flow", {"file.txt": "1\n"})
    mark = os.path.join(runner.dir, "ran-a-hook")
    plant = coordinator.add(["mkdir -p .git/hooks",
                             "printf '#!/bin/sh\\ntouch %s\\n' > .git/hooks/post-checkout" % mark,
                             "chmod +x .git/hooks/post-checkout",
                             "git config core.fsmonitor 'touch %s; false'" % mark], sha=sha)
    runner.start()
    assert coordinator.finish(plant)["state"] == "success"
    second = coordinator.add(["true"], sha=sha)
    assert coordinator.finish(second)["state"] == "success"
    assert not os.path.exists(mark)


def test_a_missing_commit_fails_as_a_system_failure(coordinator, runner):
    coordinator.make_repo("data/flow", {"file.txt": "1\n"})
    job = coordinator.add(["echo never"], sha="1" * 40)
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "runner_system_failure"
    assert "\nnever" not in job.text


# Artifacts

def test_artifacts_go_up_as_a_zip(coordinator, runner):
    job = coordinator.add(["mkdir -p out/a", "echo one > out/a/one.txt", "echo skip > out/x.tmp",
                           "ln -s a/one.txt out/link", "ln -s /etc/passwd out/bad",
                           "echo ü > out/grün.txt", "echo top > result.json"],
                          artifacts=[{"name": "res-$CI_JOB_ID", "paths": ["out/", "**/*.json"],
                                      "exclude": ["out/*.tmp"], "artifact_type": "archive",
                                      "artifact_format": "zip", "expire_in": "1 week"}])
    runner.start()
    assert coordinator.finish(job)["state"] == "success", job.text
    query, name, data = job.uploads[0]
    assert query == {"artifact_type": ["archive"], "artifact_format": ["zip"], "expire_in": ["1 week"]}
    assert name == "res-%d.zip" % job.id
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = sorted(archive.namelist())
        assert names == ["out/", "out/a/", "out/a/one.txt", "out/grün.txt", "out/link", "result.json"]
        assert archive.read("out/a/one.txt") == b"one\n"
        assert archive.testzip() is None
    assert "out/bad: a link to outside" in job.text


def test_reports_go_up_as_gzip_members_even_of_a_failed_job(coordinator, runner):
    job = coordinator.add(["echo '<a/>' > a.xml", "echo '<b/>' > b.xml", "false"],
                          artifacts=[{"name": "out", "paths": ["*.xml"], "when": "on_success",
                                      "artifact_type": "archive", "artifact_format": "zip"},
                                     {"name": "junit.xml", "paths": ["*.xml"], "when": "always",
                                      "artifact_type": "junit", "artifact_format": "gzip"}])
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "script_failure"
    assert len(job.uploads) == 1
    query, name, data = job.uploads[0]
    assert query["artifact_type"] == ["junit"] and name == "junit.xml.gz"
    assert gzip.decompress(data) == b"<a/>\n<b/>\n"


def test_uploads_are_repeated_and_a_refusal_fails_the_job(coordinator, runner):
    entry = {"name": "a", "paths": ["f"], "artifact_type": "archive", "artifact_format": "zip"}
    coordinator.upload_answers = [500, 503]
    first = coordinator.add(["echo 1 > f"], artifacts=[entry])
    runner.start()
    assert coordinator.finish(first)["state"] == "success"
    assert len(first.uploads) == 1
    coordinator.upload_answers = [413]
    second = coordinator.add(["echo 1 > f"], artifacts=[entry])
    assert coordinator.finish(second)["failure_reason"] == "runner_system_failure"
    assert "it is too large" in second.text


def test_untracked_files_are_artifacts_if_asked_for(coordinator, runner):
    sha = coordinator.make_repo("data/flow", {"file.txt": "1\n"})
    job = coordinator.add(["echo new > 'new file'"], sha=sha,
                          artifacts=[{"untracked": True, "artifact_type": "archive"}])
    runner.start()
    assert coordinator.finish(job)["state"] == "success"
    with zipfile.ZipFile(io.BytesIO(job.uploads[0][2])) as archive:
        assert archive.namelist() == ["new file"]


def zip_of(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            link = content.startswith("->")
            info.external_attr = (0o120777 if link else 0o100755) << 16
            archive.writestr(info, content[2:] if link else content)
    return out.getvalue()


def test_dependencies_are_unpacked_before_the_script(coordinator, runner):
    coordinator.downloads[7] = zip_of([("bin/tool", "#!/bin/sh\necho tool ran\n"), ("l", "->bin/tool"),
                                       ("grün", "x")])
    job = coordinator.add(["./bin/tool", "./l", "ls"],
                          dependencies=[{"id": 7, "name": "build", "token": "t",
                                         "artifacts_file": {"filename": "a.zip", "size": 1}}])
    runner.start()
    assert coordinator.finish(job)["state"] == "success", job.text
    assert job.text.count("tool ran") == 2 and "grün" in job.text


@pytest.mark.parametrize("entries", [[("../../evil", "x")], [("/evil-penstock", "x")],
                                     [("d", "->/tmp"), ("d/evil-penstock", "x")]])
def test_an_archive_cannot_write_outside(coordinator, runner, entries):
    coordinator.downloads[7] = zip_of(entries)
    job = coordinator.add(["true"],
                          dependencies=[{"id": 7, "name": "build", "token": "t",
                                         "artifacts_file": {"filename": "a.zip", "size": 1}}])
    runner.start()
    coordinator.finish(job)
    base = os.path.dirname(os.path.dirname(runner.build_dir()))
    for path in ("/tmp/evil-penstock", "/evil-penstock", os.path.join(base, "evil")):
        assert not os.path.exists(path)


def test_missing_dependencies_fail_the_job(coordinator, runner):
    job = coordinator.add(["echo never"],
                          dependencies=[{"id": 8, "name": "build", "token": "t",
                                         "artifacts_file": {"filename": "a.zip", "size": 1}}])
    runner.start()
    assert coordinator.finish(job)["failure_reason"] == "runner_system_failure"
    assert "\nnever" not in job.text


def test_a_cache_lasts_from_job_to_job(coordinator, runner):
    cache = [{"key": "k-$CI_PROJECT_PATH", "paths": ["deps/"], "policy": "pull-push"}]
    variables = [{"key": "GIT_STRATEGY", "value": "empty"}]
    first = coordinator.add(["ls deps || mkdir deps", "echo kept > deps/f"], cache=cache,
                            variables=variables)
    runner.start()
    assert coordinator.finish(first)["state"] == "success", first.text
    second = coordinator.add(["cat deps/f"], cache=cache, variables=variables)
    assert coordinator.finish(second)["state"] == "success", second.text


# Sandbox

@needs_sandbox
def test_the_sandbox_shows_no_data_and_writes_no_system(coordinator, runner):
    sha = coordinator.make_repo("data/flow", {"file.txt": "in the tree\n"})
    job = coordinator.add(["cat file.txt", "echo new > made", "echo x > /tmp/mine", "echo home=$HOME",
                           "touch ~/x", "ls %s" % runner.hidden,
                           "cat %s/secret.key || echo no-key" % runner.hidden,
                           "touch /usr/x || echo no-usr", "touch /etc/x || echo no-etc",
                           "mount -o remount,rw /usr 2>/dev/null || echo no-mount",
                           "cat /etc/shadow || echo no-shadow", "ls /root /home 2>/dev/null || echo no-homes",
                           "echo processes: $(ls -d /proc/[0-9]* | wc -l)"], sha=sha)
    runner.start("--sandbox")
    assert coordinator.finish(job)["state"] == "success", job.text
    for text in ("in the tree", "no-key", "no-usr", "no-etc", "no-mount", "no-shadow", "no-homes"):
        assert text in job.text.splitlines()
    assert "key of the house" not in job.text
    assert int(job.text.split("processes: ")[-1].split()[0]) < 10
    assert os.path.exists(os.path.join(runner.build_dir(), "made"))
    assert not os.path.exists("/tmp/mine")


def test_a_job_holds_nothing_open_of_the_runner(coordinator, runner):
    beside = coordinator.add(["echo beside; sleep 60"])
    runner.start("--slots", "2")
    coordinator.wait_text(beside, "beside")
    job = coordinator.add(["for fd in /proc/self/fd/*; do echo \"open: $(readlink $fd)\"; done", "echo listed"])
    assert coordinator.finish(job)["state"] == "success", job.text
    assert "listed" in job.text
    assert "open: socket:" not in job.text, job.text


def writable_by_owner(top):
    for folder, dirs, files in os.walk(top):
        dirs[:] = [d for d in dirs if folder != "/proc" or not (d.isdigit() or d == "self")]
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.lstat(path).st_mode & 0o200:
                    yield path
            except OSError:
                pass


@needs_sandbox
def test_no_file_of_the_kernel_can_be_opened_for_writing(coordinator, runner):
    # Opening changes nothing; what may be opened could be written.
    paths = [p for p in writable_by_owner("/proc") if "/task/" not in p and "/net/" not in p and
             "thread-self" not in p]
    assert "/proc/sys/kernel/core_pattern" in paths
    job = coordinator.add(["while read -r f; do if (exec 9>>\"$f\") 2>/dev/null; then echo \"open: $f\"; fi;"
                           " done < \"$PATHS\"", "echo checked"],
                          variables=[{"key": "PATHS", "value": "\n".join(paths) + "\n", "file": True,
                                      "raw": True}])
    runner.start("--sandbox")
    assert coordinator.finish(job)["state"] == "success", job.text
    assert "\nchecked" in job.text
    assert "\nopen: " not in job.text, job.text


@needs_sandbox
def test_the_sandbox_may_be_without_network_but_not_without_sources(coordinator, runner):
    sha = coordinator.make_repo("data/flow", {"file.txt": "in the tree\n"})
    job = coordinator.add(["cat file.txt", "cat /proc/net/dev"], sha=sha)
    runner.start("--sandbox", "--no-network")
    assert coordinator.finish(job)["state"] == "success", job.text
    assert "in the tree" in job.text
    assert "eth" not in job.text.split("/proc/net/dev")[-1]


@needs_sandbox
def test_canceling_in_the_sandbox_is_graceful(coordinator, runner):
    job = coordinator.add(["trap 'echo got-term; exit 1' TERM", "echo started; sleep 60 & wait"],
                          after=["echo now $CI_JOB_STATUS"])
    runner.start("--sandbox")
    coordinator.wait_text(job, "\nstarted")
    with coordinator.lock:
        job.status = "canceling"
    assert coordinator.finish(job, timeout=25)["failure_reason"] == "job_canceled"
    assert "got-term" in job.text.splitlines() and "now canceled" in job.text


@needs_sandbox
def test_a_killed_runner_takes_its_sandbox_along(coordinator, runner):
    job = coordinator.add(["echo started", "sleep 4242.%d" % os.getpid()])
    runner.start("--sandbox")
    coordinator.wait_text(job, "\nstarted")
    name = "4242.%d" % os.getpid()

    def sleeper():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as line:
                    if line.read().split(b"\0")[:2] == [b"sleep", name.encode()]:
                        return int(pid)
            except OSError:
                pass
        return None

    end = time.time() + 5
    while not sleeper() and time.time() < end:
        time.sleep(0.02)
    pid = sleeper()
    assert pid
    os.kill(runner.process.pid, signal.SIGKILL)
    wait_gone(pid)
