"""What holds for every route alike, asked of each one that the server says it has."""

import pytest
from errors import FORBIDDEN, NO_PROJECT, UNAUTHORIZED, assert_answer
from penstock import make_user
from routes import api_routes

NOBODYS_TOKEN = "glpat-nobody-has-this-one"
UNKNOWN_PROJECT = 999_999
# The handler itself knows who calls, by a runner's, job's or trigger's token: no user's token is read.
READS_NO_TOKEN = "token"


def each(routes):
    return pytest.mark.parametrize("route", [pytest.param(route, id=route.name) for route in routes])


def ask(client, route, **names):
    """The request with a value for each required parameter, so that nothing is amiss but what is tested."""
    required = {name.removesuffix("*"): "1" for name in route.parameters if name.endswith("*")}
    fitting = {"access_level": "10", "before": "2026-01-01", "status": "success", "from": "2026-01-01", "to": "2026-01-02",
               "cron": "0 1 * * 5"}
    required |= {name: value for name, value in fitting.items() if name in required}
    return client.request(route.method, route.filled(**names), params=required)


@pytest.fixture(scope="module")
def outsider(api):
    """Signed in, and no more."""
    return make_user(api, "plain").api


def test_there_are_routes():
    """The tests below would pass without any."""
    routes = api_routes()
    assert len(routes) > 100
    assert {"user", "admin", "anyone", "token"} == {route.auth for route in routes}


@each([route for route in api_routes() if route.auth in ("user", "admin")])
def test_without_a_token_it_is_401(anonymous, route):
    assert_answer(ask(anonymous, route), 401, UNAUTHORIZED)


@each([route for route in api_routes() if route.auth != READS_NO_TOKEN])
def test_with_an_unknown_token_it_is_401(anonymous, route):
    assert_answer(ask(anonymous.as_user(NOBODYS_TOKEN), route), 401, UNAUTHORIZED)


@each([route for route in api_routes() if route.auth != READS_NO_TOKEN and route.path.startswith("/api/v4/projects/:id")])
def test_of_an_unknown_project_it_is_404(outsider, route):
    assert_answer(ask(outsider, route, id=UNKNOWN_PROJECT), 404, NO_PROJECT)


@each([route for route in api_routes() if route.auth == "admin"])
def test_for_administrators_alone_it_is_403(outsider, route):
    assert_answer(ask(outsider, route), 403, FORBIDDEN)
