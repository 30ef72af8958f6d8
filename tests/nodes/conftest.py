"""Several servers on one PostgreSQL and one shared folder."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import databases  # noqa: E402


def pytest_collection_modifyitems(items):
    if databases.POSTGRES_URL:
        return
    for item in items:
        item.add_marker(pytest.mark.skip(
            reason="several servers need PostgreSQL: PENSTOCK_TEST_POSTGRES is not set"))


@pytest.fixture(scope="module")
def nodes():
    """Two servers without runners, whose polls for jobs are answered at once."""
    from pair import Pair
    with Pair("--poll-timeout-s", "0", "--max-schedules", "0") as pair:
        yield pair
