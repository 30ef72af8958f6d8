"""The routes of the server under test, as its own tables print them (list_routes.c)."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache

from penstock import BUILD

API = "/api/v4"


@dataclass(frozen=True)
class Route:
    method: str
    path: str       # whole: "/api/v4/projects/:id/jobs"
    auth: str       # "user", "anyone", "admin"; "token": the handler knows who calls
    ability: bool   # asks for a right in a project or group
    job_token: bool
    parameters: tuple

    @property
    def name(self):
        """As tests and the reference write it: without the prefix."""
        return f"{self.method} {self.path.removeprefix(API)}"

    def filled(self, **names):
        """The path below /api/v4, with a value for each name in it (default: 1)."""
        path = re.sub(r"[:*](\w+)", lambda part: str(names.get(part[1], 1)), self.path)
        return path.removeprefix(API)


@cache
def all_routes():
    program = BUILD / "tests" / "list-routes"
    assert program.exists(), f"{program} is missing: build it, or set PENSTOCK_BUILD"
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    routes = []
    for line in lines:
        method, path, auth, ability, job_token, parameters = line.split("\t")[:6]
        routes.append(Route(method, path, auth, ability == "1", job_token == "1", tuple(parameters.split())))
    return tuple(routes)


def api_routes():
    return [route for route in all_routes() if route.path.startswith(API + "/")]


def _shape(name):
    """Names of parameters do not matter: :key and :variable are the same place."""
    return re.sub(r":\w+", ":", re.sub(r"\*\w+", "*", name))


@cache
def _shapes():
    return frozenset(_shape(route.name) for route in all_routes())


def has_route(name):
    """Whether there is "GET /projects/:id/jobs"."""
    return _shape(name) in _shapes()
