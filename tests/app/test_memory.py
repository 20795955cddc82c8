import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.app.memory import (
    COLLECTED_AT_ONCE,
    collect_all,
    collect_recent,
    postpone_collection,
    start_collection,
)


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def thawed() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.enable()
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("thawed")
def test_the_collector_begins_after_the_start_and_waits_for_more_than_one_message_makes():
    postpone_collection()
    assert not gc.isenabled()

    start_collection()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == COLLECTED_AT_ONCE


@pytest.mark.usefixtures("thawed")
def test_what_the_start_has_made_is_not_looked_through():
    started = Cycle()
    seen = weakref.ref(started)
    del started

    start_collection()
    gc.collect()

    assert seen() is not None


@pytest.mark.usefixtures("thawed")
async def test_a_cycle_that_was_kept_while_in_use_is_found_in_the_end():
    cycle = Cycle()
    seen = weakref.ref(cycle)
    await collect_recent()
    del cycle

    await collect_recent()
    kept = seen() is not None
    await collect_all()

    assert kept
    assert seen() is None
