"""Pauses and time-outs of hosts: whom they bind, for how long, and what ends them."""

from datetime import datetime, timedelta

import pytest

from bot.sources.drafts import url_hash
from bot.sources.fetch.response import Response
from bot.sources.parser_pool import DocumentReader
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from storage.sources import (
    HostPause,
    Source,
    change_source,
    delay_host,
    make_due,
    source_of,
)
from tests.fake_fetcher import FakeFetcher, time_out
from tests.sources.polled import add_sources, rows_of

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PUBLIC, PRIVATE = "https://news.example/public", "https://news.example/private"
BUSY = {"retry-after": str(6 * 24 * 3600)}


async def due_at(storage: Storage, url: str) -> datetime:
    async with storage.reading() as tx:
        source = await source_of(tx, url_hash(url))
    assert source
    return source.next_fetch_at


def poller(storage: Storage, web: FakeFetcher) -> SourcePoller:
    return SourcePoller(storage, web, DocumentReader(), owner="me", jitter=lambda: 0)


@pytest.mark.parametrize(
    "link", [PRIVATE, "https://mine.example/away"], ids=["on its host", "redirected there"]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_a_private_source_that_is_asked_to_wait_silences_no_public_one(
    storage, clock, link, status
):
    await add_sources(storage, link, public=False)
    web = FakeFetcher({link: Response(status, PRIVATE, BUSY)})
    await poller(storage, web).poll_due()
    await add_sources(storage, PUBLIC)
    clock.turn(timedelta(seconds=2))

    assert await poller(storage, web).poll_due() == 1

    assert web.urls == [link, PUBLIC]


async def test_a_private_pause_leaves_the_plan_of_a_public_source_alone(storage, clock):
    await add_sources(storage, PRIVATE, public=False)
    await add_sources(storage, PUBLIC)
    async with storage.writing() as tx:
        await change_source(tx, 2, {"next_fetch_at": clock.now + MINUTE})

    await poller(storage, FakeFetcher({PRIVATE: 429}, headers=BUSY)).poll_due()

    assert await due_at(storage, PUBLIC) == clock.now + MINUTE


async def test_a_private_pause_binds_the_private_sources_of_its_host_for_an_hour(storage, clock):
    await add_sources(storage, PRIVATE, public=False)
    web = FakeFetcher({PRIVATE: 429}, headers=BUSY)
    await poller(storage, web).poll_due()
    await add_sources(storage, f"{PRIVATE}/2", public=False)

    clock.turn(HOUR - MINUTE)
    assert await poller(storage, web).poll_due() == 0
    clock.turn(MINUTE)
    assert await poller(storage, web).poll_due() == 1
    assert await due_at(storage, PRIVATE) == clock.now - HOUR + 6 * DAY


async def test_a_public_source_heeds_its_own_answer_and_its_host_an_hour_of_it(storage, clock):
    await add_sources(storage, PUBLIC)
    web = FakeFetcher({PUBLIC: 429}, headers=BUSY)
    await poller(storage, web).poll_due()
    await add_sources(storage, f"{PUBLIC}/2")
    await add_sources(storage, PRIVATE, public=False)

    assert await due_at(storage, PUBLIC) == clock.now + 6 * DAY
    assert await poller(storage, web).poll_due() == 0
    clock.turn(HOUR)
    assert await poller(storage, web).poll_due() == 1
    clock.turn(timedelta(seconds=2))
    assert await poller(storage, web).poll_due() == 1
    assert web.urls == [PUBLIC, f"{PUBLIC}/2", PRIVATE]


async def test_a_source_that_is_made_due_by_hand_is_read_whatever_its_host_has_asked(
    storage, clock
):
    await add_sources(storage, PUBLIC)
    web = FakeFetcher({PUBLIC: 429}, headers=BUSY)
    await poller(storage, web).poll_due()
    web.replies.clear()
    clock.turn(2 * MINUTE)

    async with storage.writing() as tx:
        source = await source_of(tx, url_hash(PUBLIC))
        assert source
        await make_due(tx, source)

    assert await poller(storage, web).poll_due() == 1


async def test_a_pause_that_was_stored_while_a_clock_was_wrong_is_no_pause(storage, clock):
    await add_sources(storage, PUBLIC)
    async with storage.writing() as tx:
        await delay_host(tx, "news.example", tx.now + DAY, public=True)
        await change_source(tx, 1, {"next_fetch_at": tx.now})

    assert await poller(storage, FakeFetcher()).poll_due() == 1


def feeds(count: int, host: str = "slow.example") -> list[str]:
    return [f"https://{host}/{number}" for number in range(count)]


async def test_a_host_that_times_out_is_asked_for_one_source_in_a_minute_then_in_two(
    storage, clock
):
    urls = feeds(8)
    await add_sources(storage, *urls)
    web = FakeFetcher({url: time_out(url) for url in urls})

    asked = []
    for _ in range(8):
        await poller(storage, web).poll_due()
        asked.append(len(web.urls))
        clock.turn(MINUTE)

    # At minute 0, 1 and 3, then at 7: after each time-out twice as late.
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4]


async def test_a_host_that_keeps_timing_out_is_asked_every_hour(storage, clock):
    urls = feeds(30)
    await add_sources(storage, *urls)
    web = FakeFetcher({url: time_out(url) for url in urls})
    for _ in range(12):
        await poller(storage, web).poll_due()
        clock.turn(HOUR)
    (before,) = await rows_of(storage, HostPause)

    clock.turn(HOUR)
    await poller(storage, web).poll_due()

    (pause,) = await rows_of(storage, HostPause)
    assert (pause.until, pause.timeouts) == (clock.now + HOUR, before.timeouts + 1)


async def test_a_single_response_ends_the_back_off_of_its_host(storage, clock):
    urls = feeds(6)
    await add_sources(storage, *urls)
    web = FakeFetcher({url: time_out(url) for url in urls})
    for minutes in (1, 2):
        await poller(storage, web).poll_due()
        clock.turn(minutes * MINUTE)
    web.replies.clear()

    await poller(storage, web).poll_due()

    assert len(web.urls) == 6
    assert await rows_of(storage, HostPause) == []


async def test_a_private_feed_that_times_out_delays_no_public_source_of_its_host(storage, clock):
    await add_sources(storage, PRIVATE, public=False)
    web = FakeFetcher({PRIVATE: time_out(PRIVATE)})
    await poller(storage, web).poll_due()
    await add_sources(storage, PUBLIC)
    await add_sources(storage, f"{PRIVATE}/2", public=False)
    clock.turn(timedelta(seconds=2))

    assert await poller(storage, web).poll_due() == 1
    assert web.urls == [PRIVATE, PUBLIC]


async def test_sources_that_gave_way_are_leased_by_nobody(storage):
    urls = feeds(5)
    await add_sources(storage, *urls)

    await poller(storage, FakeFetcher({urls[0]: time_out(urls[0])})).poll_due()

    assert {source.owner for source in await rows_of(storage, Source)} == {None}
