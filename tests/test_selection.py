"""`make test` runs all tests but the slow ones, with the same examples each time."""

import pytest
from hypothesis import settings

from tests.conftest import ON_BOTH_DATABASES, TESTS, _is_on_postgresql


@pytest.mark.parametrize("folder", ON_BOTH_DATABASES)
def test_a_folder_that_is_tested_on_both_databases_exists(folder: str):
    assert list((TESTS / folder).glob("test_*.py"))


def test_examples_are_the_same_each_time():
    fixed = settings.get_profile("dateline")

    assert (fixed.derandomize, fixed.database, fixed.deadline) == (True, None, None)


def test_a_test_on_postgresql_is_slow_elsewhere(request: pytest.FixtureRequest):
    on_it = [item for item in request.session.items if _is_on_postgresql(item)]
    elsewhere = [item for item in on_it if item.path.parent.name not in ON_BOTH_DATABASES]

    assert [item.nodeid for item in elsewhere if not item.get_closest_marker("slow")] == []
