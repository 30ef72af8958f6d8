"""Real git clients against repo_serve(), through a small HTTP server that runs it as a CGI.

REPO_SERVE_HELPER names the built src/repo/serve_helper.c.
"""

import base64
import fcntl
import gzip
import http.server
import os
import re
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HELPER = os.environ.get("REPO_SERVE_HELPER", "")
pytestmark = pytest.mark.skipif(not HELPER, reason="REPO_SERVE_HELPER is not set")

PROJECT = "7"
GIT_SECONDS = 120
CHUNK = 65536
FLAT_KB = 64 * 1024  # what a push of 100 MB may cost our own process, sanitizers aside
SANITIZED = os.environ.get("REPO_SERVE_SANITIZED") == "1"

ENVIRONMENT = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C",
    "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
}


def git(folder, *arguments, check=True, **more):
    done = subprocess.run(["git", *arguments], cwd=folder, env={**ENVIRONMENT, **more},
                          capture_output=True, text=True, timeout=GIT_SECONDS)
    assert not check or done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
    return done


def commit(folder, name, content="x\n"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"Add {name}")
    return git(folder, "rev-parse", "HEAD").stdout.strip()


class Call:
    """What one run of the helper came to."""

    def __init__(self, arguments, encoding, status, errors):
        self.arguments, self.encoding = arguments, encoding
        self.status, self.errors = status, errors

    @property
    def resident_kb(self):
        return int(re.search(r"resident_kb (\d+)", self.errors).group(1))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        spool = tempfile.TemporaryFile()
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                spool.write(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers.get("Content-Length", 0))
            while left:
                piece = self.rfile.read(min(left, CHUNK))
                spool.write(piece)
                left -= len(piece)
        spool.seek(0)
        return spool

    def refuse(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, arguments, kind):
        site = self.server.site
        site.authorizations.append(self.headers.get("Authorization"))
        with self.body() as body:
            if site.redirect_to:
                return self.refuse(302, Location=site.redirect_to + self.path)
            if site.basic and self.headers.get("Authorization") != site.basic:
                return self.refuse(401, WWW_Authenticate='Basic realm="test"')
            if self.headers.get("Git-Protocol"):
                arguments += ["--protocol", self.headers["Git-Protocol"]]
            encoding = self.headers.get("Content-Encoding")
            if encoding == "gzip":
                arguments.append("--gzip")
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Connection", "close")
            self.end_headers()
            self.stream(site, arguments, encoding, body)

    def stream(self, site, arguments, encoding, body):
        with site.start([*arguments, *site.rules], body) as child:
            errors = []
            reader = threading.Thread(target=lambda: errors.append(child.stderr.read()))
            reader.start()
            while piece := child.stdout.read1(CHUNK):
                self.wfile.write(piece)
            reader.join()
            child.wait()
            site.calls.append(Call(arguments, encoding, child.returncode, errors[0].decode()))
        self.close_connection = True

    def do_GET(self):
        service = re.search(r"/info/refs\?service=git-(upload|receive)-pack$", self.path).group(1)
        push = ["--push"] if service == "receive" else []
        self.answer(["--advertise", *push], f"application/x-git-{service}-pack-advertisement")

    def do_POST(self):
        service = re.search(r"/git-(upload|receive)-pack$", self.path).group(1)
        push = ["--push"] if service == "receive" else []
        self.answer(push, f"application/x-git-{service}-pack-result")


class Site:
    def __init__(self, folder):
        self.folder = folder
        self.repositories = folder / "repositories"
        self.rules, self.calls, self.authorizations = [], [], []
        self.basic = self.redirect_to = None
        self.environment = dict(ENVIRONMENT)
        self.helper("create", PROJECT, "main")
        self.path = self.repositories / "07" / f"{PROJECT}.git"
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.site = self
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.url = self.origin + "/g/p.git"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def helper(self, call, *arguments, check=True):
        done = subprocess.run([HELPER, call, self.repositories, *arguments], env=self.environment,
                              capture_output=True, text=True, timeout=GIT_SECONDS)
        assert not check or done.returncode == 0, done.stderr
        return done

    def start(self, arguments, stdin):
        return subprocess.Popen([HELPER, "serve", self.repositories, PROJECT, *arguments],
                                env=self.environment, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def post(self, body, *arguments):
        """One request without a server: (exit status, output, stderr)."""
        with tempfile.TemporaryFile() as spool:
            spool.write(body)
            spool.seek(0)
            with self.start(arguments, spool) as child:
                output, errors = child.communicate(timeout=GIT_SECONDS)
            return child.returncode, output, errors.decode()

    def refs(self):
        lines = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)").stdout
        return dict(line.split() for line in lines.splitlines())

    def slow_hook(self, script):
        """Runs a shell script in the hook before the real one."""
        program = self.folder / "slow-hook"
        program.write_text(f'#!/bin/sh\n{script}\nexec "{HELPER}" "$@"\n')
        program.chmod(0o755)
        self.environment["REPO_HOOK_PROGRAM"] = str(program)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def work(site):
    folder = site.folder / "work"
    git(site.folder, "init", "--quiet", "--initial-branch", "main", folder)
    git(folder, "remote", "add", "origin", site.url)
    commit(folder, "a.txt")
    git(folder, "push", "--quiet", "origin", "main")
    return folder


def push(folder, *refspecs):
    return git(folder, "push", "origin", *refspecs, check=False)


def wait_until(claim, seconds=20):
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def git_processes_of(path):
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes()
        except OSError:
            continue
        if str(path).encode() in text and text.startswith(b"git"):
            found.append(entry.parent.name)
    return found


# --- fetching ------------------------------------------------------------------------------------

@pytest.mark.parametrize("version", ["0", "1", "2"])
@pytest.mark.parametrize("depth", [[], ["--depth", "1"]])
def test_clone_by_every_protocol(site, work, version, depth):
    second = commit(work, "b.txt")
    git(work, "push", "--quiet", "origin", "main")
    copy = site.folder / "copy"
    git(site.folder, "-c", f"protocol.version={version}", "clone", "--quiet", *depth, site.url,
        copy)
    assert git(copy, "rev-parse", "HEAD").stdout.strip() == second
    assert git(copy, "branch", "--show-current").stdout.strip() == "main"
    assert all(call.status == 0 for call in site.calls), [call.errors for call in site.calls]


def test_empty_repository_can_be_cloned(site):
    git(site.folder, "clone", "--quiet", site.url, site.folder / "copy")


def test_pipeline_ref_can_be_fetched_by_name_after_a_force_push(site, work):
    old = commit(work, "old.txt")
    push(work, "main")
    site.helper("keep", PROJECT, "900", old)
    git(work, "reset", "--hard", "--quiet", "HEAD~1")
    assert push(work, "+main").returncode == 0
    for version in ("0", "2"):
        copy = site.folder / f"copy{version}"
        git(site.folder, "init", "--quiet", copy)
        git(copy, "-c", f"protocol.version={version}", "fetch", "--quiet", "--depth", "20",
            site.url, "+refs/pipelines/900:refs/pipelines/900")
        assert git(copy, "rev-parse", "refs/pipelines/900").stdout.strip() == old


def test_commit_can_be_fetched_by_sha(site, work):
    old = commit(work, "old.txt")
    push(work, "main")
    git(work, "reset", "--hard", "--quiet", "HEAD~1")
    assert push(work, "+main").returncode == 0
    copy = site.folder / "copy"
    git(site.folder, "init", "--quiet", copy)
    git(copy, "fetch", "--quiet", site.url, old)
    assert git(copy, "rev-parse", "FETCH_HEAD").stdout.strip() == old


def test_keep_around_refs_are_not_shown(site, work):
    git(site.path, "update-ref", "refs/keep-around/x", "refs/heads/main")
    assert "keep-around" not in git(work, "ls-remote", "origin").stdout


def test_large_want_list_comes_gzipped(site, work):
    for i in range(60):
        git(work, "checkout", "--quiet", "--orphan", f"b{i}")
        commit(work, f"b{i}.txt")
    git(work, "push", "--quiet", "origin", "--all")
    site.calls.clear()
    git(site.folder, "-c", "protocol.version=0", "clone", "--quiet", site.url, "copy")
    assert any(call.encoding == "gzip" and call.status == 0 for call in site.calls)


# --- requests without a client -------------------------------------------------------------------

LIST_REFS = b"0014command=ls-refs\n0000"
PROTOCOL_2 = ("--protocol", "version=2")


def test_gzip_body_is_unpacked(site, work):
    plain = site.post(LIST_REFS, *PROTOCOL_2)
    packed = site.post(gzip.compress(LIST_REFS), "--gzip", *PROTOCOL_2)
    assert plain[0] == packed[0] == 0
    assert b"refs/heads/main" in plain[1] and plain[1] == packed[1]


@pytest.mark.parametrize("body", [gzip.compress(LIST_REFS)[:-9], LIST_REFS, b"", b"\x1f\x8b\x08"])
def test_broken_gzip_is_a_bad_request(site, work, body):
    status, _, errors = site.post(body, "--gzip", *PROTOCOL_2)
    assert status == 1 and "bad_request: the gzip stream" in errors


def test_gzip_bomb_stops_at_the_limit(site, work):
    packs = gzip.compress(b"0014command=ls-refs\n0001" + b"0016ref-prefix refs/x\n" * 4_000_000)
    status, _, errors = site.post(packs, "--gzip", "--max", "1000000", *PROTOCOL_2)
    assert status == 1 and "too_large" in errors


@pytest.mark.parametrize("arguments", [(), ("--push",), PROTOCOL_2])
@pytest.mark.parametrize("body", [b"garbage that is no packet line", b"ffff", b"0008xxxx0000"])
def test_garbage_is_a_bad_request(site, work, body, arguments):
    status, _, errors = site.post(body, *arguments)
    assert status == 1 and "bad_request" in errors, errors


def test_missing_commit_is_told_in_the_protocol(site, work):
    body = b"0011command=fetch0001" + b"0032want " + b"1" * 40 + b"\n" + b"0009done\n0000"
    status, output, _ = site.post(body, *PROTOCOL_2)
    assert status == 0 and b"ERR upload-pack: not our ref" in output


def test_odd_protocol_header_is_not_handed_on(site, work):
    status, output, _ = site.post(b"", "--advertise", "--protocol", "version=2\nX=1")
    assert status == 0 and output.startswith(b"001e# service=git-upload-pack\n0000")


def test_advertisement_names_the_service_except_in_protocol_2(site, work):
    assert site.post(b"", "--advertise", "--push", *PROTOCOL_2)[1].startswith(
        b"001f# service=git-receive-pack\n0000")
    assert site.post(b"", "--advertise", *PROTOCOL_2)[1].startswith(b"000eversion 2\n")


def test_absent_repository_is_not_found(site):
    done = site.helper("serve", "8", "--advertise", check=False)
    assert done.returncode == 1 and "not_found: Repository" in done.stderr


# --- pushing -------------------------------------------------------------------------------------

def test_push_arrives_with_tags(site, work):
    head = commit(work, "b.txt")
    git(work, "tag", "--annotate", "--message", "One", "v1")
    assert push(work, "main", "v1").returncode == 0
    assert site.refs()["refs/heads/main"] == head
    assert "refs/tags/v1" in site.refs()


def test_push_to_a_protected_ref_is_refused(site, work):
    before = site.refs()
    site.rules = ["--protect", "refs/heads/ma*"]
    commit(work, "b.txt")
    done = push(work, "main", "main:topic")
    assert done.returncode != 0
    assert ("remote: GitLab: You are not allowed to push code to protected branches on this "
            "project." in done.stderr)
    assert site.refs() == before
    assert not list(site.path.glob("objects/tmp_objdir*"))


def test_force_push_to_a_protected_branch_is_refused_and_forward_is_not(site, work):
    site.rules = ["--no-force", "refs/heads/main"]
    commit(work, "b.txt")
    assert push(work, "main").returncode == 0
    git(work, "reset", "--hard", "--quiet", "HEAD~1")
    commit(work, "c.txt")
    done = push(work, "+main")
    assert done.returncode != 0
    assert ("GitLab: You are not allowed to force push code to a protected branch on this project."
            in done.stderr)
    site.rules = []
    assert push(work, "+main").returncode == 0


def test_existing_protected_tag_cannot_move(site, work):
    site.rules = ["--no-force", "refs/tags/*"]
    git(work, "tag", "v1")
    assert push(work, "v1").returncode == 0
    commit(work, "b.txt")
    git(work, "tag", "--force", "v1")
    assert "change existing tags" in push(work, "+v1").stderr


def test_default_branch_cannot_be_deleted(site, work):
    push(work, "main:topic")
    done = push(work, ":main")
    assert done.returncode != 0
    assert "GitLab: The default branch of a project cannot be deleted." in done.stderr
    assert push(work, ":topic").returncode == 0
    assert list(site.refs()) == ["refs/heads/main"]


@pytest.mark.parametrize("ref", ["refs/pipelines/1", "refs/keep-around/x", "refs/notes/x",
                                 "refs/heads/" + "0123456789" * 4, "refs/tags/" + "a" * 64])
def test_other_refs_cannot_be_pushed(site, work, ref):
    done = push(work, f"main:{ref}")
    assert done.returncode != 0
    assert list(site.refs()) == ["refs/heads/main"]


def test_hidden_ref_can_neither_be_moved_nor_deleted(site, work):
    head = git(work, "rev-parse", "HEAD").stdout.strip()
    site.helper("keep", PROJECT, "900", head)
    before = site.refs()
    assert push(work, ":refs/pipelines/900").returncode != 0
    commit(work, "b.txt")
    assert push(work, "+main:refs/pipelines/900").returncode != 0
    assert site.refs() == before


def test_push_without_the_hook_is_refused(site, work):
    site.environment["REPO_HOOK_PROGRAM"] = str(site.folder / "absent")
    commit(work, "b.txt")
    before = site.refs()
    assert push(work, "main").returncode != 0
    assert "cannot run" in site.calls[-1].errors
    assert site.refs() == before


def test_hook_of_the_repository_itself_is_not_run(site, work):
    marker = site.folder / "ran"
    hooks = site.path / "hooks"
    hooks.mkdir()
    for name in ("pre-receive", "update", "post-receive", "post-update"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{marker}'\n")
        (hooks / name).chmod(0o755)
    commit(work, "b.txt")
    assert push(work, "main").returncode == 0
    assert not marker.exists()


def test_large_push_keeps_our_memory_flat(site, work):
    commit(work, "large.bin", os.urandom(100 * 1000 * 1000))
    assert push(work, "main").returncode == 0
    pushed = [call for call in site.calls if call.arguments[:1] == ["--push"]]
    if not SANITIZED:
        assert max(call.resident_kb for call in pushed) < FLAT_KB
    assert site.refs()["refs/heads/main"] == git(work, "rev-parse", "HEAD").stdout.strip()


def test_push_past_the_limit_is_refused(site, work):
    site.rules = ["--max", "100000"]
    commit(work, "large.bin", os.urandom(1_000_000))
    before = site.refs()
    assert push(work, "main").returncode != 0
    assert site.refs() == before


def test_corrupt_object_is_refused(site, work):
    tree = subprocess.run(["git", "hash-object", "-w", "-t", "tree", "--stdin", "--literally"],
                          cwd=work, env=ENVIRONMENT, capture_output=True, check=True,
                          input=b"100644 .git\0" + b"\1" * 20).stdout.decode().strip()
    blob = git(work, "rev-parse", "HEAD:a.txt").stdout.strip()
    tree = subprocess.run(["git", "hash-object", "-w", "-t", "tree", "--stdin", "--literally"],
                          cwd=work, env=ENVIRONMENT, capture_output=True, check=True,
                          input=b"100644 .git\0" + bytes.fromhex(blob)).stdout.decode().strip()
    bad = git(work, "commit-tree", "-m", "bad", tree).stdout.strip()
    assert push(work, f"{bad}:refs/heads/bad").returncode != 0
    assert list(site.refs()) == ["refs/heads/main"]


def test_concurrent_pushes_all_arrive_one_after_the_other(site, work):
    journal = site.folder / "journal"
    site.slow_hook(f"echo begin >>'{journal}'; sleep 0.05; echo end >>'{journal}'")
    copies = []
    for i in range(5):
        copy = site.folder / f"copy{i}"
        git(site.folder, "clone", "--quiet", site.url, copy)
        commit(copy, f"{i}.txt")
        copies.append(copy)
    with ThreadPoolExecutor(len(copies)) as pool:
        done = list(pool.map(lambda copy: push(copy, f"HEAD:b{copy.name}"), copies))
    assert [one.returncode for one in done] == [0] * len(copies)
    assert len(site.refs()) == len(copies) + 1
    assert journal.read_text().split() == ["begin", "end"] * len(copies)


def test_reads_go_on_during_a_push(site, work):
    gate = site.folder / "gate"
    os.mkfifo(gate)
    site.slow_hook(f"cat '{gate}' >/dev/null")
    commit(work, "b.txt")
    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(push, work, "main")
        with open(gate, "w"):  # opens when the hook reads
            git(site.folder, "clone", "--quiet", site.url, "copy")
            assert not pushing.done()
        assert pushing.result().returncode == 0


# --- clients and servers that die ----------------------------------------------------------------

def test_git_ends_when_its_reader_is_gone(site, work):
    commit(work, "large.bin", os.urandom(20 * 1000 * 1000))
    assert push(work, "main").returncode == 0
    head = git(work, "rev-parse", "HEAD").stdout.strip()
    body = (b"0011command=fetch0001000fno-progress" + b"0032want " + head.encode() + b"\n"
            + b"0009done\n0000")
    with tempfile.TemporaryFile() as spool:
        spool.write(body)
        spool.seek(0)
        child = site.start(PROTOCOL_2, spool)
        assert child.stdout.read(100000)
        child.stdout.close()
        errors = child.stderr.read().decode()
        child.stderr.close()
        assert child.wait(GIT_SECONDS) == 1
    assert "went away" in errors
    wait_until(lambda: not git_processes_of(site.path))


def test_orphaned_push_keeps_the_lock_until_it_ends(site, work):
    gate, pids = site.folder / "gate", []
    os.mkfifo(gate)
    site.slow_hook(f"cat '{gate}' >/dev/null")
    started = site.start
    site.start = lambda *a: pids.append(started(*a)) or pids[-1]
    commit(work, "b.txt")
    with ThreadPoolExecutor(1) as pool, open(site.path / "push.lock", "w") as lock:
        pushing = pool.submit(push, work, "main")
        with open(gate, "w"):
            pids[-1].kill()
            pids[-1].wait()
            with pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert pushing.result().returncode != 0
    wait_until(lambda: not git_processes_of(site.path))
    git(site.path, "fsck", "--connectivity-only")


# --- importing -----------------------------------------------------------------------------------

def import_url(site, user):
    return site.origin.replace("http://", f"http://{user}@") + "/g/p.git"


def test_import_answers_a_challenge_with_the_urls_credentials(site, work):
    site.basic = "Basic " + base64.b64encode(b"ada:s3:cr/et").decode()
    site.helper("create", "8", "other")
    site.helper("import", "8", import_url(site, "ada:s3%3Acr%2Fet"))
    path = site.repositories / "08" / "8.git"
    assert git(path, "symbolic-ref", "HEAD").stdout.strip() == "refs/heads/main"
    assert git(path, "rev-parse", "main").stdout == git(work, "rev-parse", "main").stdout
    stored = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert b"s3:cr" not in stored and b"s3%3A" not in stored


def test_import_with_wrong_credentials_fails_without_telling_them(site, work):
    site.basic = "Basic x"
    site.helper("create", "8", "other")
    done = site.helper("import", "8", import_url(site, "ada:s3cret"), check=False)
    assert done.returncode == 1 and done.stderr.startswith("unprocessable: import from http://127")
    assert "s3cret" not in done.stderr and "ada" not in done.stderr


def test_import_credentials_do_not_follow_a_redirect(site, work, tmp_path_factory):
    other = Site(tmp_path_factory.mktemp("other"))
    other.basic = "Basic x"
    site.redirect_to = other.origin
    site.helper("create", "8", "other")
    done = site.helper("import", "8", import_url(site, "ada:s3cret"), check=False)
    other.close()
    assert done.returncode == 1
    assert other.authorizations and set(other.authorizations) == {None}
