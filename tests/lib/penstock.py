"""Starts the real server and talks to it: what every black-box test builds on.

    with Server() as server:
        server.api.get("/version").json()

PENSTOCK_BUILD names the folder of the binary (default: build/ of the repository). A server
listens on a free port of 127.0.0.1, keeps its data in a folder of its own and in a database of
its own (databases.py says of which kind), and its root token is known beforehand. Nothing here
waits for a fixed time: a wait ends with what it waits for, or fails at its deadline with what it
last saw.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import databases
import requests

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PENSTOCK_BUILD", REPOSITORY / "build")).resolve()
BINARY = BUILD / "penstock"

ROOT_TOKEN = "glpat-root-token-of-the-tests"
READY_LINE = re.compile(r"penstock: listening on (http://127\.0\.0\.1:(\d+))\s*$")

# Generous: a sanitized build on a busy machine must still make it.
READY_SECONDS = 60
STOP_SECONDS = 30
REQUEST_SECONDS = 60
WAIT_SECONDS = 60
POLL_SECONDS = 0.02

# What a sanitized build prints when it has found something.
SANITIZER_REPORTS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")

FINAL_STATUSES = {"success", "failed", "canceled", "skipped"}
# Final, or in need of a person.
RESTING_STATUSES = FINAL_STATUSES | {"manual"}


def wait_until(probe, what, seconds=WAIT_SECONDS):
    """Calls probe() until it answers something true, and answers that."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what}; last seen: {found!r}")
        time.sleep(POLL_SECONDS)


class Api:
    """A small client. Paths are below /api/v4, or whole URLs as they stand in Link headers."""

    def __init__(self, url, token=None):
        self.url = url
        self.token = token
        self.session = requests.Session()
        self.session.trust_env = False  # no proxies, no .netrc

    def request(self, method, path, token=..., headers=None, **arguments):
        """Any request. `token` replaces the client's own; None sends none."""
        token = self.token if token is ... else token
        headers = dict(headers or {})
        if token is not None:
            headers.setdefault("PRIVATE-TOKEN", token)
        url = path if path.startswith("http") else f"{self.url}/api/v4{path}"
        arguments.setdefault("timeout", REQUEST_SECONDS)
        arguments.setdefault("allow_redirects", False)
        return self.session.request(method, url, headers=headers, **arguments)

    def get(self, path, **arguments):
        return self.request("GET", path, **arguments)

    def head(self, path, **arguments):
        return self.request("HEAD", path, **arguments)

    def post(self, path, **arguments):
        return self.request("POST", path, **arguments)

    def put(self, path, **arguments):
        return self.request("PUT", path, **arguments)

    def patch(self, path, **arguments):
        return self.request("PATCH", path, **arguments)

    def delete(self, path, **arguments):
        return self.request("DELETE", path, **arguments)

    def make(self, path, /, **parameters):
        """POSTs JSON, insists on 201, and answers the entity."""
        answer = self.post(path, json=parameters)
        assert answer.status_code == 201, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def read(self, path, /, **parameters):
        """GETs, insists on 200, and answers the JSON."""
        answer = self.get(path, params=parameters)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def as_user(self, token):
        return Api(self.url, token)

    def wait_for_pipeline(self, project_id, pipeline_id, statuses=FINAL_STATUSES):
        """The pipeline, once its status is one of `statuses`."""
        def probe():
            pipeline = self.read(f"/projects/{project_id}/pipelines/{pipeline_id}")
            return pipeline if pipeline["status"] in statuses else None
        return wait_until(probe, f"pipeline {pipeline_id} to be one of {sorted(statuses)}")


class Server:
    """One server process with its data. Usable as a context manager.

    `database` is one of databases.py; without it the server has one of the kind that is tested.
    """

    def __init__(self, *options, runners=0, environment=None, data=None, binary=BINARY, database=None,
                 wrapper=()):
        self.options = [*options, "--runners", str(runners)]
        self.environment = dict(environment or {})
        self.own_data = data is None
        self.data = Path(data or tempfile.mkdtemp(prefix="penstock-test-"))
        self.home = Path(f"{self.data}-home")
        self.binary = binary
        self.wrapper = wrapper  # a program with its arguments that runs the server in its own place
        self.own_database = database is None
        self.database = database or databases.make(databases.KIND, self.data)
        self.token = ROOT_TOKEN
        self.process = None
        self.killed = False
        self.port = 0
        self.url = None
        self.api = None
        self._lines = []
        self._reader = None

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def _spawn(self):
        """Starts the process; the event is set once it serves, or has ended."""
        assert self.binary.exists(), f"{self.binary} is missing: build it, or set PENSTOCK_BUILD"
        environment = {
            key: value for key, value in databases.clean_environment().items()
            if not key.startswith("PENSTOCK_") and key.lower() not in ("http_proxy", "https_proxy")
        }
        # Jobs of the shell executor are login shells: nobody's profile has a say in these tests.
        self.home.mkdir(exist_ok=True)
        environment |= {"PENSTOCK_ROOT_TOKEN": ROOT_TOKEN, "HOME": str(self.home), **self.environment}
        command = [*self.wrapper, str(self.binary), "serve", "--data", str(self.data),
                   "--listen", f"127.0.0.1:{self.port}", *self.database.options, *self.options]
        ready = threading.Event()  # this start's own: a killed server's reader may end later
        self.killed = False
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read_output, args=(self.process, ready), daemon=True)
        self._reader.start()
        return ready

    def start(self):
        """Starts the process and returns once it serves. A second start takes the same port."""
        ready = self._spawn()
        if not ready.wait(READY_SECONDS) or self.url is None:
            self.kill9()
            raise AssertionError(f"{' '.join(self.process.args)} did not become ready:\n{self.log()}")
        self.api = Api(self.url, self.token)
        return self

    def start_in_vain(self, expected=(2,)):
        """Starts the process, which has to refuse with such an exit status, and answers what it says."""
        before = len(self._lines)
        self.url = None
        self._spawn()
        self.killed = True  # its end is looked at here
        try:
            status = self.process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"it neither serves nor ends:\n{self.log()}") from None
        self._reader.join(STOP_SECONDS)
        text = "".join(self._lines[before:])
        assert self.url is None, f"it should not have started:\n{text}"
        assert status in expected, f"it ended with {status}, not {expected}:\n{text}"
        assert not any(word in text for word in SANITIZER_REPORTS), text
        return text

    def start_in_vain_and_remove(self):
        """The same for a server that is of no further use."""
        try:
            return self.start_in_vain()
        finally:
            self.close()

    def _read_output(self, process, ready):
        for line in process.stdout:
            self._lines.append(line)
            match = READY_LINE.match(line)
            if match:
                self.url, self.port = match[1], int(match[2])
                ready.set()
        ready.set()  # it ended: do not let start() wait

    def log(self):
        """All that the process has written so far, stdout and stderr together."""
        return "".join(self._lines)

    def stop(self):
        """SIGTERM, as a service manager does. Answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        return status

    def kill9(self):
        """The power goes out."""
        self.killed = True
        self.process.kill()
        self.process.wait(STOP_SECONDS)  # the embedded runner lives on, and holds the pipe that is read

    def restart(self):
        """Starts anew on the same data and port, after stop() or kill9()."""
        if self.process.poll() is None:
            self.stop()
        self.url = None
        return self.start()

    def check(self):
        """Fails if the process, now ended, ended badly or a sanitizer had something to say."""
        lines = self.log().splitlines()
        found = next((number for number, line in enumerate(lines)
                      if any(word in line for word in SANITIZER_REPORTS)), None)
        if found is not None:
            raise AssertionError("a sanitizer reports:\n" + "\n".join(lines[found:found + 80]))
        status = self.process.returncode if self.process else 0
        if status != 0 and not self.killed:
            raise AssertionError(f"the server ended with {status}, not 0:\n" + "\n".join(lines[-40:]))

    def close(self):
        """Ends the process in whatever state it is, checks how it ended, and removes the data made here."""
        try:
            if self.process and self.process.poll() is None:
                try:
                    self.stop()
                except subprocess.TimeoutExpired:
                    self.kill9()
                    raise AssertionError(f"the server did not stop on SIGTERM:\n{self.log()}") from None
            self.check()
        finally:
            shutil.rmtree(self.home, ignore_errors=True)
            if self.own_data:
                shutil.rmtree(self.data, ignore_errors=True)
            if self.own_database:
                self.database.drop()


class Account:
    """A user with a token, as made by make_user()."""

    def __init__(self, api, user, token):
        self.id = user["id"]
        self.username = user["username"]
        self.user = user
        self.token = token
        self.api = api.as_user(token)


def in_days(days):
    return (date.today() + timedelta(days=days)).isoformat()


def make_token(api, user_id, scopes=("api",), name="test", **more):
    answer = api.make(f"/users/{user_id}/personal_access_tokens",
                      name=name, scopes=list(scopes), expires_at=in_days(300), **more)
    return answer["token"]


def make_user(api, username, scopes=("api",), **more):
    """Creates a user and a token for it; `api` is an administrator's client."""
    user = api.make("/users", username=username, name=username.replace("-", " ").title(),
                    email=f"{username}@example.com", force_random_password=True,
                    skip_confirmation=True, **more)
    return Account(api, user, make_token(api, user["id"], scopes))
