"""The web page as the server sends it: its files, their headers, and the addresses that are the page's."""

import gzip
import re

import pytest
import requests
from errors import assert_answer

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture(scope="module")
def ask(server):
    session = requests.Session()
    session.trust_env = False

    def get(path, method="GET", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return session.request(method, server.url + path, headers=BROWSER | headers, timeout=60, allow_redirects=False)
    return get


@pytest.fixture(scope="module")
def index(ask):
    answer = ask("/", Accept_Encoding="identity")
    if "without its web page" in answer.text:
        pytest.skip("built with -Dpage=false")
    return answer


@pytest.fixture(scope="module")
def scripts(index):
    found = re.findall(r'(?:src|href)="(/assets/[^"]+)"', index.text)
    assert found
    return found


def test_the_page_comes_with_a_strict_policy(index):
    assert index.status_code == 200
    assert index.headers["Content-Type"] == "text/html; charset=utf-8"
    assert index.headers["Cache-Control"] == "no-store"
    policy = dict(part.strip().split(" ", 1) for part in index.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert index.headers["X-Content-Type-Options"] == "nosniff"
    assert index.headers["X-Frame-Options"] == "DENY"


def test_the_page_keeps_its_own_policy(index):
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", index.text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", index.text))


@pytest.mark.parametrize("path", ["/-/sign_in", "/group/project", "/group/sub/project/-/pipelines/17",
                                  "/group/project/-/jobs/3?line=4", "/group"])
def test_addresses_that_people_open_are_the_page(ask, index, path):
    answer = ask(path, Accept_Encoding="identity")
    assert answer.status_code == 200
    assert answer.text == index.text


@pytest.mark.parametrize("path", ["/api/v4/nothing", "/assets/nothing.js", "/assets/%2e%2e/index.html"])
def test_what_the_api_or_the_files_have_not_is_not_the_page(ask, path):
    answer = ask(path)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"


def test_for_programs_there_is_no_page(ask):
    assert_answer(ask("/group/nothing", Accept="*/*"), 404, {"error": "404 Not Found"})
    assert ask("/group/nothing", method="POST").status_code == 404


def test_git_is_asked_for_its_password_all_the_same(ask, server):
    assert ask("/group/project.git/info/refs?service=git-upload-pack").status_code == 401


def test_hashed_files_are_kept_for_ever(ask, scripts):
    for path in scripts:
        answer = ask(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        tag = answer.headers["ETag"]
        again = ask(path, If_None_Match=tag)
        assert again.status_code == 304 and again.content == b"" and again.headers["ETag"] == tag


def test_files_come_as_small_as_the_browser_takes_them(ask, scripts, server):
    script = next(path for path in scripts if path.endswith(".js"))
    plain = ask(script, Accept_Encoding="identity")
    assert "Content-Encoding" not in plain.headers and plain.headers["Vary"] == "Accept-Encoding"
    sizes = {None: len(plain.content)}
    for accept, coding in (("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0, gzip", "gzip")):
        with requests.get(server.url + script, headers={"Accept-Encoding": accept}, stream=True, timeout=60) as answer:
            raw = answer.raw.read(decode_content=False)
        assert answer.headers["Content-Encoding"] == coding
        assert answer.headers["ETag"] != plain.headers["ETag"]
        sizes[coding] = len(raw)
        if coding == "gzip":
            assert gzip.decompress(raw) == plain.content
    assert sizes["br"] < sizes["gzip"] < sizes[None]


def test_heads_are_answered(ask, scripts):
    answer = ask(scripts[0], method="HEAD")
    assert answer.status_code == 200 and answer.content == b""
