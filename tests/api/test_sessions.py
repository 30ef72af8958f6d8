"""Signing in with a browser: passwords, tokens, links; the cookie and what it opens."""

import subprocess

import pytest
import requests
from errors import UNAUTHORIZED, assert_answer
from penstock import BINARY, Server, make_token, make_user, wait_until

PAGE = {"X-Penstock-Page": "1"}
PASSWORD = "correct horse battery"


class Browser:
    """Keeps cookies, and says in each request that it is the page."""

    def __init__(self, server):
        self.url = server.url
        self.session = requests.Session()
        self.session.trust_env = False

    def request(self, method, path, headers=PAGE, **arguments):
        return self.session.request(method, self.url + path, headers=headers, timeout=60, **arguments)

    def sign_in(self, **known):
        return self.request("POST", "/-/session", json=known)

    def who(self):
        answer = self.request("GET", "/api/v4/user")
        return answer.json()["username"] if answer.status_code == 200 else answer.status_code


@pytest.fixture
def browser(server):
    return Browser(server)


@pytest.fixture(scope="module")
def user(api):
    return make_user(api, "browsing", password=PASSWORD)


def run_user(server, *words, text=None):
    database = [word for word in server.database.options]
    return subprocess.run([BINARY, "user", *words, "--data", server.data, *database], input=text, text=True,
                          capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})


def test_by_password_and_out_again(browser, user):
    answer = browser.sign_in(username="Browsing", password=PASSWORD)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    signed = answer.json()
    assert signed["user"]["username"] == "browsing" and signed["current"] is True
    assert not signed["user"]["is_admin"]
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("penstock_session=") and "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "Secure" not in cookie and "Path=/" in cookie
    assert browser.session.cookies["penstock_session"] not in answer.text
    assert browser.who() == "browsing"
    assert browser.request("GET", "/-/session").json()["id"] == signed["id"]
    kept = browser.session.cookies["penstock_session"]
    answer = browser.request("DELETE", "/-/session")
    assert answer.status_code == 204 and "Max-Age=0" in answer.headers["Set-Cookie"]
    browser.session.cookies.set("penstock_session", kept)
    assert browser.who() == 401


def test_the_cookie_is_secure_behind_https():
    with Server("--external-url", "https://pipes.example.com") as server:
        cookie = Browser(server).sign_in(token=server.token).headers["Set-Cookie"]
    assert "; Secure" in cookie


def test_a_session_does_all_that_its_user_may(browser, server):
    assert browser.sign_in(token=server.token).status_code == 201
    answer = browser.request("POST", "/api/v4/projects", json={"name": "by the page"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("headers", [{}, PAGE | {"Sec-Fetch-Site": "cross-site"},
                                     PAGE | {"Sec-Fetch-Site": "same-site"}])
@pytest.mark.parametrize("method, path", [("POST", "/api/v4/projects"), ("DELETE", "/-/session"),
                                          ("POST", "/-/session"), ("DELETE", "/-/sessions/1")])
def test_other_sites_cannot_use_the_cookie_to_change_things(browser, server, headers, method, path):
    assert browser.sign_in(token=server.token).status_code == 201
    answer = browser.request(method, path, headers=headers, json={"name": "forged", "token": server.token})
    assert answer.status_code == 403, answer.text
    assert browser.who() == "root"


def test_other_sites_get_no_leave_to_send_the_cookie(browser):
    answer = browser.request("OPTIONS", "/api/v4/projects", headers={
        "Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-penstock-page"})
    assert "Access-Control-Allow-Credentials" not in answer.headers
    answer = browser.request("OPTIONS", "/-/session", headers={
        "Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST"})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("known", [
    {"username": "browsing", "password": "wrong horse battery"}, {"username": "nobody", "password": PASSWORD},
    {"token": "glpat-nobody-has-this-one"}, {"link": "nobody-has-this-link"},
])
def test_what_is_wrong_is_not_told(browser, user, known):
    assert_answer(browser.sign_in(**known), 401, UNAUTHORIZED)
    assert "penstock_session" not in browser.session.cookies


def test_nothing_said_is_a_bad_request(browser):
    assert browser.sign_in().status_code == 400
    assert browser.sign_in(username="browsing").status_code == 400


def test_a_token_wins_over_the_cookie(browser, server, user):
    assert browser.sign_in(token=server.token).status_code == 201
    answer = browser.request("GET", "/api/v4/user", headers={"PRIVATE-TOKEN": user.token})
    assert answer.json()["username"] == "browsing"


def test_a_session_may_no_more_than_its_token(browser, api, user):
    token = make_token(api, user.id, scopes=("read_api",))
    assert browser.sign_in(token=token).status_code == 201
    assert browser.who() == "browsing"
    answer = browser.request("POST", "/api/v4/projects", json={"name": "too much"})
    assert answer.status_code == 403 and answer.json()["error"] == "insufficient_scope"


def test_a_token_that_opens_no_api_opens_no_session(browser, api, user):
    token = make_token(api, user.id, scopes=("read_repository",))
    assert browser.sign_in(token=token).status_code == 401


def test_a_session_ends_with_its_token(browser, api, user):
    token = make_token(api, user.id)
    assert browser.sign_in(token=token).status_code == 201
    assert api.as_user(token).delete("/personal_access_tokens/self").status_code == 204
    assert browser.who() == 401


def test_sessions_are_listed_and_revoked(server, api):
    owner = make_user(api, "many-browsers", password=PASSWORD)
    here, there, other = Browser(server), Browser(server), Browser(server)
    here_id = here.sign_in(username="many-browsers", password=PASSWORD).json()["id"]
    there_id = there.sign_in(token=owner.token).json()["id"]
    other_id = other.sign_in(token=server.token).json()["id"]
    listed = here.request("GET", "/-/sessions").json()
    assert [(entry["id"], entry["current"]) for entry in listed] == [(there_id, False), (here_id, True)]
    assert here.request("DELETE", f"/-/sessions/{other_id}").status_code == 404
    assert here.request("DELETE", f"/-/sessions/{there_id}").status_code == 204
    assert there.who() == 401 and here.who() == "many-browsers" and other.who() == "root"


def test_a_new_password_and_a_block_end_sessions(server, api, browser):
    owner = make_user(api, "changing", password=PASSWORD)
    browser.sign_in(username="changing", password=PASSWORD)
    assert api.put(f"/users/{owner.id}", json={"name": "Changed"}).status_code == 200
    assert browser.who() == "changing"
    assert api.put(f"/users/{owner.id}", json={"password": "another horse"}).status_code == 200
    assert browser.who() == 401
    assert browser.sign_in(username="changing", password="another horse").status_code == 201
    assert api.post(f"/users/{owner.id}/block").status_code == 201
    assert browser.who() == 401
    assert browser.sign_in(username="changing", password="another horse").status_code == 401


def test_a_token_is_no_session(api):
    assert api.get(f"{api.url}/-/session").status_code == 401


def test_the_command_sets_a_password(server, api, browser, user):
    make_user(api, "commanded")
    assert run_user(server, "password", "commanded", text="from the shell\n").returncode == 0
    assert browser.sign_in(username="commanded", password="from the shell").status_code == 201
    short = run_user(server, "password", "commanded", text="short\n")
    assert short.returncode == 2 and "too short" in short.stderr
    absent = run_user(server, "password", "nobody-at-all", text="long enough\n")
    assert absent.returncode == 2 and "there is no user 'nobody-at-all'" in absent.stderr
    assert run_user(server, "password").returncode == 2
    assert run_user(server, "forget", "root").returncode == 2


def test_a_link_signs_in_once(server, browser, user):
    made = run_user(server, "link", "browsing")
    assert made.returncode == 0, made.stderr
    base, secret = made.stdout.strip().split("/-/sign_in#link=")
    assert base == server.url
    assert browser.sign_in(link=secret).status_code == 201
    assert browser.who() == "browsing"
    assert Browser(server).sign_in(link=secret).status_code == 401


def test_the_first_start_prints_a_link():
    with Server(environment={"PENSTOCK_ROOT_TOKEN": ""}) as server:
        line = next(line for line in server.log().splitlines() if "/-/sign_in#link=" in line)
        browser = Browser(server)
        assert browser.sign_in(link=line.split("#link=")[1]).status_code == 201
        assert browser.who() == "root"
        server.restart()
        assert browser.who() == "root"


def test_who_guesses_has_to_wait():
    with Server() as server:
        browser = Browser(server)
        for _ in range(10):
            assert browser.sign_in(username="root", password="a guess of many").status_code == 401
        answer = browser.sign_in(username="root", password="a guess of many")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 15
        wait_until(lambda: server.api.get("/user").status_code == 200, "the API to go on")
