"""The runner under test as a process, beside a coordinator of our own."""
import os
import signal
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from coordinator import Coordinator  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.join(ROOT, os.environ.get("PENSTOCK_BUILD", "build"))
RUNNER = os.environ.get("PENSTOCK_EXEC_TEST_RUNNER",
                        os.path.join(BUILD, "src", "exec", "test_exec_runner"))
TOKEN = "glrt-t1_abcdefghijkl"


def sandbox_works():
    return subprocess.run([RUNNER, "--check-sandbox"], capture_output=True).returncode == 0


class Runner:
    def __init__(self, tmp_path, coordinator):
        self.dir = str(tmp_path)
        self.work_dir = os.path.join(self.dir, "data", "runner")
        self.hidden = os.path.join(self.dir, "data")
        self.coordinator = coordinator
        self.process = None
        os.makedirs(self.hidden, exist_ok=True)
        with open(os.path.join(self.hidden, "secret.key"), "w") as out:
            out.write("key of the house\n")
        self.log = os.path.join(self.dir, "runner.log")

    def start(self, *flags, url=True, env=None):
        argv = [RUNNER, "--token", TOKEN, "--work-dir", self.work_dir, "--hidden-dir", self.hidden,
                "--lock-file", os.path.join(self.hidden, "runner.lock")]
        argv += ["--url", self.coordinator.url] if url else []
        # Jobs of the shell executor are login shells: nobody's profile has a say in these tests.
        home = os.path.join(self.work_dir, "home")
        os.makedirs(home, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(argv + list(flags), stderr=log, stdout=log,
                                            env=dict(os.environ, HOME=home, **(env or {})))
        return self

    def stop(self, timeout=20):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout) if self.process else 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def build_dir(self, slot=0):
        return os.path.join(self.work_dir, "builds", "abcdefghi", str(slot), "data", "flow")


@pytest.fixture
def coordinator(tmp_path):
    c = Coordinator(str(tmp_path / "repos"))
    yield c
    c.stop()


@pytest.fixture
def runner(tmp_path, coordinator):
    r = Runner(tmp_path, coordinator)
    yield r
    if r.process and r.process.poll() is None:
        r.kill()
    subprocess.run([RUNNER, "--kill-leftovers", r.work_dir])
    if os.path.exists(r.log):
        with open(r.log) as log:
            text = log.read()
        print(text)
        assert "ERROR: AddressSanitizer" not in text and "runtime error" not in text
        assert "LeakSanitizer" not in text
