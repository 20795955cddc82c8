"""A push has its source read at once."""

from __future__ import annotations

from tests.sources.feeds_made import item, rss
from tests.sources.polled import DAY, HOUR, articles_of, only_source, poll_after
from tests.sources.pushes.conftest import MINUTE, NAMES_A_HUB, confirm, only_push, tell


async def test_a_push_has_the_source_read_at_once(
    storage, source, pushing, polling, farm, visitor, clock
):
    await pushing.ask_hubs()
    push = await only_push(storage)
    await confirm(visitor, push)
    farm.serve("/feed.xml", rss([item(2), item(1)]), **NAMES_A_HUB)

    assert await poll_after(polling, clock, 5 * MINUTE) == 0
    assert await tell(visitor, push) == 202
    assert await polling.poll_due() == 1

    assert "Sample news 2" in await articles_of(storage)
    assert (await only_push(storage)).pushed_at is None
    assert (await only_source(storage)).pushed_until == clock.now + 2 * DAY


async def test_many_pushes_are_one_reading(storage, source, pushing, polling, visitor, clock):
    await pushing.ask_hubs()
    push = await only_push(storage)
    await confirm(visitor, push)
    clock.turn(5 * MINUTE)

    await tell(visitor, push)
    await polling.poll_due()
    await tell(visitor, push)
    assert await polling.poll_due() == 0  # it was read just now

    clock.turn(MINUTE)
    await pushing.ask_hubs()
    assert await polling.poll_due() == 1
    await pushing.ask_hubs()
    assert await polling.poll_due() == 0


async def test_a_push_that_is_not_signed_well_is_ignored_without_a_word(
    storage, source, pushing, polling, visitor, clock
):
    await pushing.ask_hubs()
    push = await only_push(storage)
    await confirm(visitor, push)
    clock.turn(5 * MINUTE)

    assert await tell(visitor, push, secret="guessed") == 202
    assert (await visitor.post(f"/hub/{push.token}", data=b"news")).status == 202

    assert await polling.poll_due() == 0


async def test_a_source_in_trouble_is_not_hastened(
    storage, source, pushing, polling, farm, visitor, clock
):
    await pushing.ask_hubs()
    push = await only_push(storage)
    await confirm(visitor, push)
    farm.serve("/feed.xml", status=503, Retry_After="86400")
    await poll_after(polling, clock, HOUR)
    clock.turn(5 * MINUTE)

    await tell(visitor, push)

    assert await polling.poll_due() == 0
