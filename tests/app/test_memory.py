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
def test_the_collector_starts_after_the_start_and_not_for_a_single_message():
    postpone_collection()
    assert not gc.isenabled()

    start_collection()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == COLLECTED_AT_ONCE


@pytest.mark.usefixtures("thawed")
def test_objects_of_the_start_are_exempt_from_collections():
    started = Cycle()
    seen = weakref.ref(started)
    del started

    start_collection()
    gc.collect()

    assert seen() is not None


@pytest.mark.usefixtures("thawed")
async def test_an_exempt_cycle_is_collected_in_the_end():
    cycle = Cycle()
    seen = weakref.ref(cycle)
    await collect_recent()
    del cycle

    await collect_recent()
    kept = seen() is not None
    await collect_all()

    assert kept
    assert seen() is None
