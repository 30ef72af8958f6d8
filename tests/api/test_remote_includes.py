"""Includes from elsewhere: files by HTTP, and templates of the installation."""

import http.server
import threading
import time

import pytest
from penstock import Server
from projects import make_project

JOB = "there: {script: [echo there]}\n"
HANG = threading.Event()


class Site(http.server.BaseHTTPRequestHandler):
    """What the other server has."""

    def do_GET(self):  # noqa: N802
        if self.path == "/moved.yml":
            self.send_response(302)
            self.send_header("Location", "/job.yml")
            self.end_headers()
        elif self.path == "/slow.yml":
            time.sleep(3)
        elif self.path.startswith("/hang"):
            HANG.wait(30)
        elif self.path.startswith("/late"):
            time.sleep(0.4)
            self.answer(b".late: 1\n")
        elif self.path == "/job.yml":
            self.answer(JOB.encode())
        elif self.path == "/large.yml":
            self.answer(b"#" * 300_000)
        elif self.path == "/private.yml":
            self.answer(b"include: {project: root/hidden, file: secret.yml}\n")
        else:
            self.send_error(404)

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    HANG.set()
    listening.shutdown()


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    (folder / "Ours.gitlab-ci.yml").write_text(JOB)
    (folder.parent / "outside.gitlab-ci.yml").write_text(JOB)
    return folder


@pytest.fixture(scope="module")
def server(templates):
    """One that may reach this machine."""
    with Server("--allow-private-includes", "--remote-include-timeout-s", "1", "--max-yaml-bytes", "200000",
                "--template-dir", str(templates)) as running:
        yield running


def run(server, text):
    """Runs a project of this one file; the names of its jobs, or the error."""
    project = make_project(server, {"it-ci.yml": text})
    answer = server.api.post(f"{project.at}/pipeline", json={
        "ref": "main", "variables": [{"key": "_PIPELINE_FILE_NAME", "value": "it-ci.yml"}]})
    if answer.status_code != 201:
        return answer.json()["message"]["base"][0]
    jobs = server.api.get(f"{project.at}/pipelines/{answer.json()['id']}/jobs").json()
    return sorted(job["name"] for job in jobs)


@pytest.mark.parametrize("file", ["job.yml", "moved.yml"])
def test_a_remote_file_is_included(server, site, file):
    assert run(server, f"include: {site}/{file}\nhere: {{script: x}}\n") == ["here", "there"]


@pytest.mark.parametrize("file, why", [
    ("none.yml", "HTTP code `404` error"),
    ("slow.yml", "a timeout error"),
    ("large.yml", "larger than max-yaml-bytes"),
])
def test_a_remote_file_that_cannot_be_had_is_told(server, site, file, why):
    assert why in run(server, f"include: {{remote: '{site}/{file}'}}\nhere: {{script: x}}\n")


def test_a_remote_file_reads_no_private_project(server, site):
    make_project(server, {"secret.yml": JOB}, name="hidden", path="hidden")
    assert "not found" in run(server, f"include: {{remote: '{site}/private.yml'}}\nhere: {{script: x}}\n")
    assert run(server, "include: {project: root/hidden, file: secret.yml}\nhere: {script: x}\n") == ["here", "there"]


@pytest.fixture(scope="module")
def hurried():
    """One that gives all includes of a configuration a second, and each of them more."""
    with Server("--allow-private-includes", "--remote-include-timeout-s", "20", "--includes-timeout-s", "1") as running:
        yield running


@pytest.mark.parametrize("files", [["hang.yml"], [f"late{i}.yml" for i in range(20)]])
def test_all_includes_together_have_a_time(hurried, site, files):
    started = time.monotonic()
    includes = ", ".join(f"'{site}/{file}'" for file in files)
    assert run(hurried, f"include: [{includes}]\nhere: {{script: x}}\n") == (
        "Request timed out when fetching configuration files.")
    assert time.monotonic() - started < 10
    assert run(hurried, f"include: ['{site}/job.yml']\nhere: {{script: x}}\n") == ["here", "there"]


def test_our_own_network_is_not_reached_unless_it_may_be(site):
    with Server() as closed:
        message = run(closed, f"include: {{remote: '{site}/job.yml'}}\nhere: {{script: x}}\n")
        assert "Requests to the local network are not allowed" in message


def test_templates_come_from_the_users_folder_and_from_the_binary(server):
    assert run(server, "include: {template: Ours.gitlab-ci.yml}\n") == ["there"]
    assert run(server, "include: {template: Bash.gitlab-ci.yml}\n") == ["build", "deploy", "lint", "test"]
    assert run(server, "include: {template: Workflows/Branch-Pipelines.gitlab-ci.yml}\nhere: {script: x}\n") == ["here"]


@pytest.mark.parametrize("name", ["None.gitlab-ci.yml", "../outside.gitlab-ci.yml"])
def test_a_template_that_is_not_there_is_told(server, name):
    assert name in run(server, f"include: {{template: {name}}}\nhere: {{script: x}}\n")
