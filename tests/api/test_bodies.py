"""Requests that are cut off, too large, or lie about their length: by raw sockets.

Each test ends by asking the server something ordinary: it must have gone on.
"""

import json
import socket
import time

import pytest
from errors import assert_answer

SOCKET_SECONDS = 30
LIE = 10_000_000_000


@pytest.fixture(autouse=True)
def the_server_goes_on(api, server):
    yield
    assert server.process.poll() is None, server.log()
    assert api.get("/version").status_code == 200


class Wire:
    """One connection; send what you like, read one answer."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=SOCKET_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused before it was all sent; the answer says why
        return self

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return self

    def read(self):
        """Status and body, or (None, b"") when the connection ends without an answer."""
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                piece = self.socket.recv(65536)
                if not piece:
                    break
                data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 "):
                return None, b""
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                           if line.lower().startswith(b"content-length:")), None)
            while length is None or len(body) < length:
                piece = self.socket.recv(65536)
                if not piece:
                    break
                body += piece
            return int(head.split()[1]), body
        except ConnectionResetError:
            return None, b""


def head(server, method, path, *lines, length=None):
    fields = [f"{method} /api/v4{path} HTTP/1.1", "Host: localhost", f"PRIVATE-TOKEN: {server.token}", *lines]
    if length is not None:
        fields.append(f"Content-Length: {length}")
    return "\r\n".join(fields) + "\r\n\r\n"


JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"
MULTIPART = "Content-Type: multipart/form-data; boundary=XX"


@pytest.mark.parametrize("kind, body", [(JSON, b'{"description":"d"'), (FORM, b"description=d"),
                                        (MULTIPART, b'--XX\r\nContent-Disposition: form-data; name="desc')])
def test_body_that_ends_early_changes_nothing(server, api, project, kind, body):
    before = api.get(f"{project.at}/triggers").headers["X-Total"]
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", kind, length=1000)).send(body).half_close()
        status, _ = wire.read()
        assert status is None or 400 <= status < 500
    assert api.get(f"{project.at}/triggers").headers["X-Total"] == before


@pytest.mark.parametrize("body", [
    b"",
    b"--XX",
    b"--XX\r\n\r\n",
    b'--XX\r\nContent-Disposition: form-data; name="description"\r\n\r\nd',
    b'--XX\r\nContent-Disposition: form-data\r\n\r\nd\r\n--XX--\r\n',
    b'--YY\r\nContent-Disposition: form-data; name="description"\r\n\r\nd\r\n--YY--\r\n',
    b'--XX\r\nContent-Disposition: form-data; name="' + b"a" * 100_000 + b'"\r\n\r\nd\r\n--XX--\r\n',
])
def test_multipart_that_is_not_whole(server, project, body):
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", MULTIPART, length=len(body))).send(body)
        status, _ = wire.read()
        assert status in (400, 413, None)


def test_multipart_without_a_boundary(api, project):
    answer = api.post(f"{project.at}/triggers", data=b"x", headers={"Content-Type": "multipart/form-data"})
    assert answer.status_code == 400, answer.text


def test_length_larger_than_any_limit_is_refused_at_once(server, project):
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", JSON, length=LIE)).send(b"{")
        started = time.monotonic()
        status, body = wire.read()
        assert status == 413, body
        assert time.monotonic() - started < 10
        message = json.loads(body)
        assert set(message) <= {"message", "error"}


@pytest.mark.parametrize("kind, start", [(JSON, b'{"description":"'), (FORM, b"description=")])
def test_body_that_is_really_too_large(server, api, project, kind, start):
    size = 200 * 1024 * 1024
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", kind, "Transfer-Encoding: chunked"))
        wire.send(f"{len(start):x}\r\n").send(start).send("\r\n")
        block = b"a" * (1024 * 1024)
        frame = f"{len(block):x}\r\n".encode() + block + b"\r\n"
        wire.socket.settimeout(SOCKET_SECONDS)
        sent = 0
        try:
            while sent < size:
                wire.socket.sendall(frame)
                sent += len(block)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        status, _ = wire.read()
        assert status in (413, None)
        assert sent < size, "it took all of it"


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999999999", "1, 2", "0x10", ""])
def test_length_that_is_no_number(server, project, length):
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", JSON, length=length)).send(b"{}").half_close()
        status, _ = wire.read()
        assert status is None or status >= 400


def test_two_lengths_or_length_and_chunks(server, api, project):
    before = api.get(f"{project.at}/triggers").headers["X-Total"]
    body = b"description=d"
    for lines in (("Content-Length: 5", "Content-Length: 13"), ("Transfer-Encoding: chunked", "Content-Length: 13")):
        with Wire(server) as wire:
            wire.send(head(server, "POST", f"{project.at}/triggers", FORM, *lines)).send(body).half_close()
            status, _ = wire.read()
            assert status is None or status >= 400
    assert api.get(f"{project.at}/triggers").headers["X-Total"] == before


def test_shorter_length_than_body_does_not_smuggle_a_request(server, api, project):
    before = api.get(f"{project.at}/triggers").headers["X-Total"]
    body = b"description=d"
    rest = head(server, "DELETE", f"{project.at}/triggers/999999").encode()
    with Wire(server) as wire:
        # The rest is a request of its own on the same connection: it carries its own token and is answered as such.
        wire.send(head(server, "POST", f"{project.at}/triggers", FORM, length=len(body)).encode() + body + rest)
        status, _ = wire.read()
        assert status == 201
    assert int(api.get(f"{project.at}/triggers").headers["X-Total"]) == int(before) + 1


def test_bad_chunks(server, project):
    for chunks in (b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhel", b"ffffffffffffffff\r\nx", b"-5\r\nhello\r\n0\r\n\r\n"):
        with Wire(server) as wire:
            wire.send(head(server, "POST", f"{project.at}/triggers", FORM, "Transfer-Encoding: chunked"))
            wire.send(chunks).half_close()
            status, _ = wire.read()
            assert status is None or status >= 400


def test_good_chunks(server, project):
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", FORM, "Transfer-Encoding: chunked"))
        for piece in (b"descri", b"ption=", b"in pieces"):
            wire.send(f"{len(piece):x}\r\n").send(piece).send(b"\r\n")
        wire.send(b"0\r\n\r\n")
        status, body = wire.read()
        assert status == 201, body
        assert json.loads(body)["description"] == "in pieces"


@pytest.mark.parametrize("data", [
    b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n",
    b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
])
def test_requests_that_are_none(server, data):
    with Wire(server) as wire:
        status, _ = wire.send(data).read()
        assert status is None or status >= 400


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n\r\n", b"\x00\x01\x02\xff\xfe", b"GET / HTTP/1.1\r\nHost:",
                                  b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_bytes_that_begin_no_request(server, data):
    """There is nothing to answer; the server goes on."""
    with Wire(server) as wire:
        wire.send(data).half_close()


def test_connections_that_say_nothing_do_not_stop_others(server, api):
    idle = [Wire(server) for _ in range(100)]
    try:
        for wire in idle[:50]:
            wire.send(b"GET /api/v4/version HTTP/1.1\r\nHost: x\r\nX-Slow:")
        assert api.get("/version").status_code == 200
    finally:
        for wire in idle:
            wire.socket.close()


def test_slow_body_does_not_stop_others(server, api, project):
    with Wire(server) as wire:
        wire.send(head(server, "POST", f"{project.at}/triggers", FORM, length=13)).send(b"descri")
        assert api.get(f"{project.at}/pipelines").status_code == 200
        wire.send(b"ption=d")
        status, body = wire.read()
        assert status == 201, body


def test_client_that_leaves_before_the_answer(server, api, project):
    for _ in range(20):
        with Wire(server) as wire:
            wire.send(head(server, "GET", f"{project.at}/jobs"))
    assert api.get(f"{project.at}/jobs").status_code == 200


def test_many_parameters(api, project):
    answer = api.post(f"{project.at}/triggers", data="&".join(f"k{n}=v" for n in range(100_000)),
                      headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize("name", ["variables" + "[a]" * 1000, "variables[", "variables]", "variables[a", "[a]", "variables[][][]",
                                  "variables[a]b", "variables[a][b]"])
def test_odd_brackets(api, project, name):
    answer = api.post(f"{project.at}/trigger/pipeline", data={name: "v", "token": project.trigger_token, "ref": "no-such"})
    assert answer.status_code == 400, answer.text


def test_hash_and_scalar_of_one_name(api, project):
    answer = api.post(f"{project.at}/trigger/pipeline", data="variables=x&variables[A]=b&ref=main&token=" + project.trigger_token,
                      headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("escape", ["%", "%z", "%zz", "%0", "+%", "%E0%A4%A"])
def test_broken_percent_escapes(server, api, project, escape):
    with Wire(server) as wire:
        wire.send(head(server, "GET", f"{project.at}/pipelines?ref={escape}"))
        status, _ = wire.read()
        assert status in (200, 400)


def test_percent_zero_in_a_path(server, project):
    with Wire(server) as wire:
        wire.send(head(server, "GET", "/projects/1%00/pipelines"))
        status, _ = wire.read()
        assert status in (400, 404)


def test_keep_alive_serves_many_requests(server, project):
    with Wire(server) as wire:
        for _ in range(50):
            wire.send(head(server, "GET", f"{project.at}/pipelines"))
            status, body = wire.read()
            assert status == 200
            json.loads(body)


def test_error_after_a_body_leaves_the_connection_usable(api, project):
    for _ in range(5):
        assert_answer(api.post(f"{project.at}/triggers", json={}), 400, {"error": "description is missing"})
        assert api.get(f"{project.at}/triggers").status_code == 200
