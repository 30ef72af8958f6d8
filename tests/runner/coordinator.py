"""A coordinator made of http.server: hands out the jobs a test queues and records what comes back.

It knows nothing of projects or pipelines; git is served by git's own http-backend.
"""
import base64
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import zlib
from urllib.parse import parse_qs, urlsplit

POLL_S = 30


class Job:
    """What a queued job's runner has told so far."""

    def __init__(self, payload):
        self.payload = payload
        self.id = payload["id"]
        self.token = payload["token"]
        self.trace = b""
        self.states = []  # every PUT's body
        self.uploads = []  # (query, filename, bytes)
        self.status = "pending"  # what Job-Status says
        self.final = None  # the PUT that ended it
        self.confirmed_at = None
        self.refuse_patches = 0  # answer 416 to so many patches after storing them
        self.fail_patches = 0  # answer 500 to so many patches without storing them
        self.patches = 0

    @property
    def text(self):
        return self.trace.decode("utf-8", "replace")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], OSError):  # a runner that was killed is no error of ours
            super().handle_error(request, address)


class Coordinator:
    def __init__(self, repo_root):
        self.lock = threading.Condition()
        self.queue = []
        self.jobs = {}
        self.requests = []  # bodies of jobs/request
        self.downloads = {}  # job id -> bytes
        self.upload_answers = []  # statuses to give before 201
        self.seen_auth = []
        self.repo_root = repo_root
        self.next_id = 100
        self.server = None
        self.port = 0
        self.start()

    # Life

    def start(self):
        class Handler(_Handler):
            coordinator = self

        self.server = _Server(("127.0.0.1", self.port), Handler)
        self.server.connections = set()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Goes away as a killed server does: the port is closed, connections break."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.server.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.port

    # Jobs

    def make_repo(self, path, files):
        """A bare repository with one commit; answers the commit's hash."""
        work = os.path.join(self.repo_root, "work")
        bare = os.path.join(self.repo_root, path + ".git")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        env = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1")
        for name, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(work, name)) or work, exist_ok=True)
            with open(os.path.join(work, name), "w") as out:
                out.write(content)

        def git(*args):
            return subprocess.run(("git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@t") + args,
                                  check=True, env=env, capture_output=True, text=True).stdout.strip()

        git("init", "-q", "-b", "main")
        git("add", "-A")
        git("commit", "-q", "-m", "first")
        subprocess.run(("git", "clone", "-q", "--bare", work, bare), check=True, env=env,
                       capture_output=True)
        return git("rev-parse", "HEAD")

    def add(self, script, after=None, sha=None, variables=(), **more):
        """Queues a job of the shell lines @script; @more replaces keys of the payload."""
        with self.lock:
            job_id = self.next_id
            self.next_id += 1
        token = "glcbt-job%dtoken0123456789" % job_id
        steps = [{"name": "script", "script": list(script), "when": "on_success"}]
        if after:
            steps.append({"name": "after_script", "script": list(after), "when": "always"})
        host = self.url.split("//")[1]
        every = [
            {"key": "CI_JOB_ID", "value": str(job_id), "public": True},
            {"key": "CI_JOB_TOKEN", "value": token, "masked": True},
            {"key": "CI_PROJECT_PATH", "value": "data/flow", "public": True},
        ]
        if not sha:
            every.append({"key": "GIT_STRATEGY", "value": "none"})
        payload = {
            "id": job_id,
            "token": token,
            "allow_git_fetch": True,
            "job_info": {"name": "test job", "stage": "test", "project_id": 1},
            "git_info": {
                "repo_url": "http://gitlab-ci-token:%s@%s/data/flow.git" % (token, host),
                "ref": "main", "ref_type": "branch", "sha": sha or "0" * 40,
                "refspecs": ["+refs/heads/main:refs/remotes/origin/main"], "depth": 20,
            },
            "runner_info": {"timeout": 60},
            "variables": every + list(variables),
            "steps": steps,
            "features": {"trace_sections": True, "failure_reasons": ["job_canceled"]},
        }
        payload.update(more)
        job = Job(payload)
        with self.lock:
            self.jobs[job_id] = job
            self.queue.append(job)
            self.lock.notify_all()
        return job

    def wait(self, what, timeout=30):
        """Until what() is true; the state it looks at only changes under our lock."""
        with self.lock:
            if not self.lock.wait_for(what, timeout):
                raise AssertionError("waited %s s in vain" % timeout)

    def finish(self, job, timeout=30):
        try:
            self.wait(lambda: job.final, timeout)
        except AssertionError:
            raise AssertionError("job did not end; its log:\n" + job.text)
        return job.final

    def wait_text(self, job, text, timeout=30):
        try:
            self.wait(lambda: text in job.text, timeout)
        except AssertionError:
            raise AssertionError("no %r in the log:\n%s" % (text, job.text))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one segment: else each answer waits for a delayed ACK
    coordinator = None

    def log_message(self, *args):
        pass

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            out = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                out += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return out
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def job_of(self, path):
        found = re.match(r"/api/v4/jobs/(\d+)", path)
        job = self.coordinator.jobs.get(int(found.group(1))) if found else None
        return job if job and self.headers.get("JOB-TOKEN") == job.token else None

    def do_POST(self):
        path = urlsplit(self.path).path
        if ".git/" in path:
            return self.git()
        if path == "/api/v4/jobs/request":
            return self.request_job(json.loads(self.body()))
        return self.upload(path)

    def request_job(self, request):
        c = self.coordinator
        server = self.server
        with c.lock:
            c.requests.append((request, self.headers.get("RUNNER-TOKEN")))
            c.lock.notify_all()
            if not c.lock.wait_for(lambda: c.queue or c.server is not server, POLL_S) or not c.queue:
                return self.answer(204, X_GitLab_Last_Update="x")
            job = c.queue.pop(0)
        self.answer(201, json.dumps(job.payload).encode(), Content_Type="application/json",
                    X_GitLab_Last_Update="y")

    def upload(self, path):
        c, job, body = self.coordinator, self.job_of(path), self.body()
        if not job:
            return self.answer(403)
        head, _, rest = body.partition(b"\r\n\r\n")
        boundary = head.split(b"\r\n")[0]
        data = rest[:rest.rindex(b"\r\n" + boundary)]
        name = re.search(rb'filename="([^"]*)"', head).group(1).decode()
        assert b'name="file"' in head
        with c.lock:
            status = c.upload_answers.pop(0) if c.upload_answers else 201
            if status == 201:
                job.uploads.append((parse_qs(urlsplit(self.path).query), name, data))
        self.answer(status, str(status).encode())

    def do_PUT(self):
        c, job, update = self.coordinator, self.job_of(self.path), json.loads(self.body())
        if not job:
            return self.answer(403)
        with c.lock:
            if job.status in ("canceled", "failed"):
                c.lock.notify_all()
                job.final = job.final or update
                return self.answer(403, Job_Status=job.status)
            job.states.append(update)
            if update["state"] == "running":
                job.confirmed_at = job.confirmed_at or time.time()
                job.status = "running" if job.status == "pending" else job.status
            else:
                job.final = update
                size = update["output"].get("bytesize", 0)
                assert size == len(job.trace), (size, len(job.trace))
                assert update["output"].get("checksum", "crc32:%08x" % zlib.crc32(job.trace)) == \
                    "crc32:%08x" % zlib.crc32(job.trace)
            c.lock.notify_all()
        self.answer(200, b"200", Job_Status=job.status)

    def do_PATCH(self):
        c, job, body = self.coordinator, self.job_of(self.path), self.body()
        if not job:
            return self.answer(403)
        start = int(self.headers["Content-Range"].split("-")[0])
        with c.lock:
            job.patches += 1
            if job.status in ("canceled", "failed"):
                return self.answer(403, Job_Status=job.status)
            if job.fail_patches:
                job.fail_patches -= 1
                return self.answer(500)
            if start != len(job.trace):
                return self.answer(416, Range="0-%d" % len(job.trace), Job_Status=job.status)
            job.trace += body
            c.lock.notify_all()
            status = 202
            if job.refuse_patches:
                job.refuse_patches -= 1
                status = 416
            self.answer(status, Range="0-%d" % len(job.trace), Job_Status=job.status,
                        X_GitLab_Trace_Update_Interval=3)

    def do_GET(self):
        path = urlsplit(self.path).path
        if ".git/" in path:
            return self.git()
        found = re.match(r"/api/v4/jobs/(\d+)/artifacts$", path)
        data = self.coordinator.downloads.get(int(found.group(1))) if found else None
        if data is None:
            return self.answer(404)
        self.answer(200, data, Content_Type="application/zip")

    def git(self):
        c, parts, body = self.coordinator, urlsplit(self.path), self.body()
        login = self.headers.get("Authorization", "")
        c.seen_auth.append(login)
        user = base64.b64decode(login[6:]).decode() if login.startswith("Basic ") else ""
        if user.split(":")[-1] not in [job.token for job in c.jobs.values()]:
            return self.answer(401, WWW_Authenticate='Basic realm="git"')
        env = dict(os.environ, GIT_PROJECT_ROOT=c.repo_root, GIT_HTTP_EXPORT_ALL="1",
                   REQUEST_METHOD=self.command, PATH_INFO=parts.path, QUERY_STRING=parts.query,
                   CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""), REMOTE_USER="t",
                   REMOTE_ADDR="127.0.0.1", CONTENT_LENGTH=str(len(body)),
                   GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        headers, status = {}, 200
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers[name.replace("-", "_")] = value
        self.answer(status, data, **headers)
