"""Logs beyond GitLab: their last lines, as a stream of events while they grow, and what is found in them."""

import threading

import pytest
from events import Events


@pytest.fixture
def job(project_factory):
    """A running job."""
    project = project_factory()
    project.trigger()
    job = project.runner.take("build")
    job.project = project
    job.path = f"{project.at}/jobs/{job.id}/trace"
    return job


# --- the last lines -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("log, lines, expected", [
    (b"one\ntwo\nthree\n", 1, b"three\n"), (b"one\ntwo\nthree\n", 2, b"two\nthree\n"), (b"one\ntwo\nthree", 1, b"three"),
    (b"one\ntwo\nthree\n", 3, b"one\ntwo\nthree\n"), (b"one\ntwo\n", 100, b"one\ntwo\n"), (b"\n\n\n", 2, b"\n\n"),
    (b"x" * 70000 + b"\n" + b"y" * 70000 + b"\nz\n", 2, b"y" * 70000 + b"\nz\n")])
def test_tail_gives_the_last_lines(api, job, log, lines, expected):
    job.write(log)
    answer = api.get(job.path, params={"tail": lines})
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["Content-Range"] == f"bytes {len(log) - len(expected)}-{len(log) - 1}/{len(log)}"


def test_tail_of_very_long_lines_begins_at_a_line(api, job):
    for _ in range(3):
        job.write(b"a" * 2_500_000 + b"\n")
    answer = api.get(job.path, params={"tail": 10})
    assert answer.content == b"a" * 2_500_000 + b"\n", "the last 4 MiB hold one whole line"


@pytest.mark.parametrize("lines", ["0", "-1", "10001", "many"])
def test_tail_of_a_wrong_number_is_refused(api, job, lines):
    assert api.get(job.path, params={"tail": lines}).status_code == 400


def test_tail_of_nothing_is_empty(api, job):
    answer = api.get(job.path, params={"tail": 5})
    assert (answer.status_code, answer.content) == (200, b"")


# --- as it grows ----------------------------------------------------------------------------------------------------

def follow(api, job, **options):
    return Events(api, job.path + "/stream", **options)


def test_stream_gives_what_is_there_and_what_comes(api, job):
    job.write(b"first\n")
    events = follow(api, job)
    assert events.answer.status_code == 200
    assert events.answer.headers["Content-Type"] == "text/event-stream"
    assert events.next() == ("log", "6", {"offset": 0, "text": "first\n"})
    job.write(b"second\n")
    assert events.next() == ("log", "13", {"offset": 6, "text": "second\n"})
    job.succeed()
    assert events.rest() == [("end", None, {"status": "success", "size": 13})]


def test_stream_of_an_ended_job_is_whole_and_ends(api, job):
    log = "".join(f"line {i} \u20ac\n" for i in range(30_000)).encode()
    job.write(log)
    job.fail()
    events = follow(api, job).rest()
    assert events[-1] == ("end", None, {"status": "failed", "size": len(log)})
    assert "".join(data["text"] for _, _, data in events[:-1]).encode() == log
    assert len(events) > 3, "a long log comes in pieces"


@pytest.mark.parametrize("resume", [{"headers": {"Last-Event-ID": "6"}}, {"params": {"offset": 6}},
                                    {"params": {"offset": 2}, "headers": {"Last-Event-ID": "6"}}])
def test_stream_goes_on_where_the_client_was(api, job, resume):
    job.write(b"first\nsecond\n")
    job.succeed()
    assert follow(api, job, **resume).rest() == [("log", "13", {"offset": 6, "text": "second\n"}),
                                                      ("end", None, {"status": "success", "size": 13})]


def test_stream_keeps_characters_whole_that_come_in_two_patches(api, job):
    events = follow(api, job)
    job.write(b"a\xe2\x82")
    assert events.next() == ("log", "1", {"offset": 0, "text": "a"})
    job.write(b"\xac!\xff")
    assert events.next() == ("log", "6", {"offset": 1, "text": "\u20ac!\ufffd"})
    job.write(b"\xf0\x9f")
    job.succeed()
    assert events.rest() == [("log", "8", {"offset": 6, "text": "\ufffd\ufffd"}), ("end", None, {"status": "success", "size": 8})]


def test_stream_ends_when_the_job_is_canceled(api, job):
    events = follow(api, job)
    job.write(b"x")
    assert events.next()[0] == "log"
    assert api.post(f"{job.project.at}/jobs/{job.id}/cancel").status_code == 201
    job.update("failed")
    name, _, data = events.next()
    assert (name, data["status"]) == ("end", "canceled")


def test_many_streams_hold_no_worker(api, job):
    streams = [follow(api, job) for _ in range(40)]
    assert api.get(job.project.at).status_code == 200
    job.write(b"to all\n")
    heard = []
    threads = [threading.Thread(target=lambda events=events: heard.append(events.next())) for events in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == [("log", "7", {"offset": 0, "text": "to all\n"})] * 40
    for events in streams:
        events.close()


@pytest.mark.parametrize("last", ["x", "-1", "1.5"])
def test_stream_from_nowhere_is_refused(api, job, last):
    assert api.get(job.path + "/stream", headers={"Last-Event-ID": last}).status_code == 400


def test_stream_and_search_of_a_hidden_job_are_not_found(anonymous, job):
    for part in ("stream", "search?q=x"):
        assert anonymous.get(f"{job.path}/{part}").status_code in (401, 404)


# --- what is found in it --------------------------------------------------------------------------------------------

LOG = (b"section_start:1700000000:prepare[collapsed=true]\r\x1b[0KPreparing\n\x1b[32;1mAll is Green\x1b[0m\n"
       b"3 of 4 ERROR creating model a.b\n\nlast error")


def found(answer):
    assert answer.status_code == 200, answer.text
    return [(match["line"], match["offset"], match["text"]) for match in answer.json()["matches"]]


@pytest.mark.parametrize("query, lines", [
    ({"q": "error"}, [3, 5]), ({"q": "ERROR", "ignore_case": "false"}, [3]), ({"q": "preparing"}, [1]),
    ({"q": "all is green"}, [2]), ({"q": "[32;1m"}, []), ({"q": "section_start"}, []), ({"q": "a.b"}, [3]),
    ({"q": "m.del"}, []), ({"q": "m.del", "regex": "true"}, [3]), ({"q": "^$", "regex": "true"}, [4]),
    ({"q": r"^\d of \d", "regex": "true"}, [3])])
def test_search_sees_what_a_reader_sees(api, job, query, lines):
    job.write(LOG)
    assert [line for line, _, _ in found(api.get(job.path + "/search", params=query))] == lines


def test_search_tells_where_a_line_is(api, job):
    job.write(LOG)
    (line, offset, text), *rest = found(api.get(job.path + "/search", params={"q": "green"}))
    assert (line, text, rest) == (2, "All is Green", [])
    assert LOG[offset:].startswith(b"\x1b[32;1mAll is Green")


def test_search_goes_on_after_its_limit(api, job):
    job.write(b"".join(b"match %d\nother\n" % i for i in range(250)))
    lines, offset, calls = [], 0, 0
    while offset is not None:
        answer = api.get(job.path + "/search", params={"q": "match", "limit": 100, "offset": offset})
        lines += [line for line, _, _ in found(answer)]
        offset, calls = answer.json()["next_offset"], calls + 1
    assert lines == list(range(1, 500, 2))
    assert calls == 3


def test_search_finds_lines_across_blocks(api, job):
    filler = b"." * 1000 + b"\n"
    for _ in range(3):
        job.write(filler * 1000)
    job.write(b"here\n" + b"y" * 3_000_000 + b"needle\n")
    assert [line for line, _, _ in found(api.get(job.path + "/search", params={"q": "here"}))] == [3001]
    (line, _, text), = found(api.get(job.path + "/search", params={"q": "needle"}))
    assert line == 3002
    assert len(text) <= 2000


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "(", "regex": "true"}, {"q": "x", "limit": "0"},
                                   {"q": "x", "limit": "1001"}, {"q": "x", "offset": "-1"},
                                   {"q": "(((a{100}){100}){100})", "regex": "true"}])
def test_search_for_nothing_sensible_is_refused(api, job, query):
    job.write(LOG)
    assert api.get(job.path + "/search", params=query).status_code == 400


def test_search_of_an_erased_log_finds_nothing(api, job):
    job.write(LOG)
    job.succeed()
    assert api.post(f"{job.project.at}/jobs/{job.id}/erase").status_code == 201
    answer = api.get(job.path + "/search", params={"q": "error"})
    assert (answer.json()["matches"], answer.json()["size"]) == ([], 0)
    assert follow(api, job).rest() == [("end", None, {"status": "success", "size": 0})]
