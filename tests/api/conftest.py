"""Fixtures for tests that see the server from outside. One server serves a module."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import penstock  # noqa: E402
import projects  # noqa: E402
import routes  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "route(name, ...): needs these routes; skipped while the server has them not")


def pytest_collection_modifyitems(items):
    """The one reason to skip: a test of a route that this version does not have."""
    for item in items:
        names = [name for marker in item.iter_markers("route") for name in marker.args]
        absent = [name for name in names if not routes.has_route(name)]
        if absent:
            item.add_marker(pytest.mark.skip(reason=f"this version has no {', '.join(absent)}"))


def pytest_make_parametrize_id(val):
    """Long values make no names of tests."""
    if isinstance(val, (str, bytes)) and len(val) > 80:
        return f"{val[:20]!r}-and-{len(val) - 20}-more"
    return None


@pytest.fixture(scope="module")
def server():
    with penstock.Server() as running:
        yield running


@pytest.fixture(scope="module")
def api(server):
    """Root's client."""
    return server.api


@pytest.fixture(scope="module")
def anonymous(server):
    return server.api.as_user(None)


@pytest.fixture(scope="module")
def project_factory(server):
    """make(files=None, **parameters of POST /projects): a project of the caller's own."""
    made = []

    def make(*arguments, **parameters):
        made.append(projects.make_project(server, *arguments, **parameters))
        return made[-1]
    yield make
    for project in made:
        project.repository.remove()


@pytest.fixture(scope="module")
def project(project_factory):
    """A project that the tests of a module share; they read it, or make pipelines in it."""
    return project_factory()


@pytest.fixture(scope="module")
def ran(project_factory):
    """A project with one pipeline at rest: build and unit passed, style failed, release waits."""
    project = project_factory()
    project.finished = project.trigger()
    assert project.runner.run_all({"style": "failed"}) == ["build", "unit", "style"]
    project.finished = project.pipeline(project.finished["id"])
    project.finished_jobs = project.jobs(project.finished["id"])
    return project


@pytest.fixture(scope="module")
def roles(server):
    return projects.Roles(server)
