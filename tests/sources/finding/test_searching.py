from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.sources.articles.completion import wants_page
from bot.sources.finding.searching import KEPT, Searching
from bot.sources.formats.records import Item
from bot.sources.listing import Listing
from storage.articles import Article
from storage.entries import Entry
from storage.enums import ChatState, FullText, Mode, SourceKind, SourceState
from storage.publishers import publisher_names, searchable_names, sources_named
from storage.sources import AwaitedPage, Source
from storage.subscriptions import Subscription
from tests.publishing.newsroom import Newsroom
from tests.sources.feeds_made import rss
from tests.sources.polled import HOUR, poll_after, rows_of


@pytest.fixture
def newsroom(storage) -> Newsroom:
    return Newsroom(storage)


@pytest.fixture
def searching(storage, farm) -> Searching:
    return Searching(storage, (farm.url("/search?q={query}"),), budget=9)


@pytest.fixture
async def watched(newsroom: Newsroom) -> int:
    """Return the chat that watches tea."""
    chat = await newsroom.chat()
    await newsroom.subscribe(chat, await newsroom.query("tea"), "Tea", Mode.BOTH)
    return chat


def found(farm, number: int, title: str, outlet: str, published="Mon, 02 Mar 2026 11:00:00 GMT"):
    """Return what a service finds: a link through itself, under a number that changes."""
    summary = f"&lt;a href='x'&gt;{title}&lt;/a&gt;&amp;nbsp;{outlet}"
    return (
        f"<item><title>{title} - {outlet}</title><link>{farm.url(f'/rss/articles/{number}')}</link>"
        f"<guid isPermaLink='false'>id-{number}</guid><pubDate>{published}</pubDate>"
        f"<description>{summary}</description><source "
        f"url='https://www.{outlet.lower()}.example'>{outlet}</source>"
        "</item>"
    )


async def test_what_is_watched_is_searched_for(storage, searching, watched, farm):
    assert await searching.follow_watched() == 1
    assert await searching.follow_watched() == 0

    (source,) = await rows_of(storage, Source)
    assert (source.url, source.kind) == (farm.url("/search?q=tea"), SourceKind.SEARCH)
    assert (source.public, source.title) == (True, "127.0.0.1")


async def test_what_the_operator_reads_already_is_left_as_it_is(
    storage, searching, adding, watched, farm
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await adding.add(farm.url("/search?q=tea"))

    assert await searching.follow_watched() == 0

    (source,) = await rows_of(storage, Source)
    assert source.kind is SourceKind.FEED


async def test_two_processes_make_each_search_once(storage, searching, watched):
    await asyncio.gather(*(searching.follow_watched() for _ in range(4)))

    assert len(await rows_of(storage, Source)) == 1


@pytest.mark.parametrize(
    ("subscription", "chat"),
    [
        pytest.param({"paused": True}, {}, id="the subscription is paused"),
        pytest.param({}, {"state": ChatState.BLOCKED}, id="the chat has blocked us"),
    ],
)
async def test_what_nobody_waits_for_is_not(searching, newsroom, subscription, chat):
    chat_id = await newsroom.chat(**chat)
    await newsroom.subscribe(chat_id, await newsroom.query("tea"), "Tea", Mode.BOTH)
    await newsroom.change(Subscription, 1, **subscription)

    assert await searching.follow_watched() == 0


async def test_what_most_chats_watch_comes_first(storage, searching, newsroom, farm):
    rain, tea = await newsroom.query("rain"), await newsroom.query("tea")
    for telegram_id, queries in ((1, [rain, tea]), (2, [tea])):
        chat = await newsroom.chat(telegram_id)
        for query in queries:
            await newsroom.subscribe(chat, query, "Words", Mode.BOTH)

    await replace(searching, budget=1).follow_watched()

    assert [source.url for source in await rows_of(storage, Source)] == [farm.url("/search?q=tea")]


async def test_a_search_that_nobody_needs_rests_and_is_forgotten_in_the_end(
    storage, searching, newsroom, watched, clock
):
    await searching.follow_watched()
    await newsroom.change(Subscription, 1, paused=True)

    await searching.follow_watched()
    (resting,) = await rows_of(storage, Source)
    clock.turn(KEPT + HOUR)
    await searching.follow_watched()

    assert resting.state is SourceState.RETIRED
    assert await rows_of(storage, Source) == []


async def test_a_resting_search_is_not_polled_and_begins_anew_when_it_is_revived(
    storage, searching, polling, newsroom, watched, farm, clock
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await searching.follow_watched()
    await polling.poll_due()
    await newsroom.change(Subscription, 1, paused=True)
    await searching.follow_watched()
    assert await poll_after(polling, clock) == 0

    await newsroom.change(Subscription, 1, paused=False)
    farm.serve("/search", rss([found(farm, 2, "Tea is dried", "Post")]))
    await searching.follow_watched()
    await polling.poll_due()

    assert all(article.quiet for article in await rows_of(storage, Article))
    assert len(await rows_of(storage, Article)) == 2


async def test_without_the_setting_all_searches_rest(storage, searching, watched):
    await searching.follow_watched()

    assert await replace(searching, templates=()).follow_watched() == 1

    (source,) = await rows_of(storage, Source)
    assert source.state is SourceState.RETIRED


async def test_what_a_search_finds_is_told_by_its_outlets(
    storage, searching, polling, watched, farm, clock
):
    farm.serve("/search", rss([]))
    await searching.follow_watched()
    await polling.poll_due()
    items = [found(farm, 1, "Tea is picked", "Post"), found(farm, 2, "Tea is picked", "Times")]
    farm.serve("/search", rss(items))
    await poll_after(polling, clock, 2 * HOUR)

    stored = await rows_of(storage, Article)
    async with storage.reading() as tx:
        outlets = await publisher_names(tx, {article.story_id: article.id for article in stored})
        carriers = await searchable_names(tx, [article.id for article in stored])
    assert [article.title for article in stored] == ["Tea is picked"] * 2
    assert [article.text for article in stored] == [""] * 2
    assert sorted(tuple(names) for names in outlets.values()) == [("Post",), ("Times",)]
    assert {names[-2:] for names in carriers.values()} == {
        ("Post", "post.example"),
        ("Times", "times.example"),
    }
    assert await rows_of(storage, AwaitedPage) == []


async def test_what_comes_again_under_another_number_is_known(
    storage, searching, polling, watched, farm, clock
):
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await searching.follow_watched()
    await polling.poll_due()
    farm.serve("/search", rss([found(farm, 77, "Tea is picked", "Post")]))

    await poll_after(polling, clock, 2 * HOUR)

    assert len(await rows_of(storage, Article)) == 1
    assert len(await rows_of(storage, Entry)) == 1


async def test_two_searches_that_find_the_same_share_it(
    storage, searching, polling, newsroom, watched, farm, clock
):
    await newsroom.subscribe(watched, await newsroom.query("leaves"), "Leaves", Mode.BOTH)
    farm.serve("/search", rss([found(farm, 1, "Tea is picked", "Post")]))
    await searching.follow_watched()

    await poll_after(polling, clock, timedelta(minutes=1))

    (article,) = await rows_of(storage, Article)
    assert len(await rows_of(storage, Entry)) == 2
    async with storage.reading() as tx:
        assert await publisher_names(tx, {article.story_id: article.id}) == {
            article.story_id: ("Post",)
        }


async def test_a_search_is_polled_between_half_an_hour_and_two_hours(
    storage, searching, polling, watched, farm, clock
):
    farm.serve("/search", rss([found(farm, n, f"Tea {n}", "Post") for n in range(5)]))
    await searching.follow_watched()
    await polling.poll_due()
    (fresh,) = await rows_of(storage, Source)
    farm.serve("/search", rss([found(farm, 9, "Tea", "Post", "Sat, 03 Jan 2026 11:00:00 GMT")]))
    await poll_after(polling, clock, HOUR)
    (stale,) = await rows_of(storage, Source)

    assert fresh.next_fetch_at - (clock.now - HOUR) == timedelta(minutes=30)
    assert stale.next_fetch_at - clock.now == timedelta(hours=2)


async def test_a_search_is_known_as_one_and_given_to_no_other_reader(
    storage, searching, watched, farm
):
    await searching.follow_watched()
    listing = Listing(storage)

    assert await listing.is_search(farm.url("/search?q=tea"))
    assert not await listing.is_search(farm.url("/search?q=rain"))
    assert b"search" not in await listing.as_opml()


async def test_a_query_for_a_source_looks_into_searches_too(storage, searching, watched):
    await searching.follow_watched()

    async with storage.reading() as tx:
        assert len(await sources_named(tx, lambda _host, _title: False, watched)) == 1


def test_a_page_behind_a_detour_is_not_read():
    assert wants_page(Item(url="https://a.example/1"), FullText.AUTO)
    assert not wants_page(Item(url="https://a.example/1", is_detour=True), FullText.ALWAYS)
