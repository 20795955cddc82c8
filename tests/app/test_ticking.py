import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.app.ticking import COLLECTED_AT_ONCE, keep_what_is_there, look_through_all


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def thawed() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("thawed")
async def test_the_collector_waits_for_more_than_one_message_makes():
    await keep_what_is_there()

    assert gc.get_threshold()[0] == COLLECTED_AT_ONCE


@pytest.mark.usefixtures("thawed")
async def test_a_circle_that_was_kept_while_in_use_is_found_in_the_end():
    circle = Circle()
    seen = weakref.ref(circle)
    await keep_what_is_there()
    del circle

    await keep_what_is_there()
    kept = seen() is not None
    await look_through_all()

    assert kept
    assert seen() is None
