"""A hub that keeps its word spares the source our questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sources.feeds_made import item, rss
from tests.sources.polled import DAY, HOUR, only_source
from tests.sources.pushes.conftest import MINUTE, NAMES_A_HUB, confirm, only_push, tell

if TYPE_CHECKING:
    from storage.websub import PushSubscription


async def a_kept_word(storage, pushing, polling, farm, visitor, clock) -> PushSubscription:
    """Have the hub tell of ten entries that came within minutes; return its push."""
    await pushing.ask_hubs()
    push = await only_push(storage)
    await confirm(visitor, push)
    clock.turn(5 * MINUTE)
    busy = [item(n, clock.now - n * MINUTE) for n in range(2, 12)]
    farm.serve("/feed.xml", rss(busy), **NAMES_A_HUB)
    await tell(visitor, push)
    await polling.poll_due()
    return push


async def test_a_hub_that_keeps_its_word_spares_the_source(
    storage, source, pushing, polling, farm, visitor, clock
):
    await a_kept_word(storage, pushing, polling, farm, visitor, clock)

    pushed = await only_source(storage)
    assert pushed.pushed_until == clock.now + 2 * DAY
    assert pushed.next_fetch_at == clock.now + HOUR


async def test_a_hub_that_keeps_news_to_itself_spares_it_no_more(
    storage, source, pushing, polling, farm, visitor, clock
):
    await a_kept_word(storage, pushing, polling, farm, visitor, clock)
    clock.turn(HOUR)
    farm.serve("/feed.xml", rss([item(20, clock.now - HOUR / 2)]), **NAMES_A_HUB)

    await polling.poll_due()

    assert (await only_source(storage)).pushed_until is None


async def test_news_that_is_minutes_old_may_still_be_on_its_way_from_the_hub(
    storage, source, pushing, polling, farm, visitor, clock
):
    await a_kept_word(storage, pushing, polling, farm, visitor, clock)
    clock.turn(HOUR)
    farm.serve("/feed.xml", rss([item(20, clock.now - MINUTE)]), **NAMES_A_HUB)

    await polling.poll_due()

    assert (await only_source(storage)).pushed_until


async def test_where_a_hub_called_in_vain_the_source_is_asked_again_before_long(
    storage, source, pushing, polling, farm, visitor, clock
):
    push = await a_kept_word(storage, pushing, polling, farm, visitor, clock)
    clock.turn(5 * MINUTE)

    await tell(visitor, push)
    await polling.poll_due()

    assert (await only_source(storage)).next_fetch_at == clock.now + 15 * MINUTE
