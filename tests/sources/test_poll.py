import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from bot.sources.discovery.add import AddOutcome, SourceOptions
from bot.sources.drafts import awaiting_pages
from bot.sources.feeds.model import Item
from bot.sources.fetch.response import Response
from bot.sources.fulltext import PageStage
from bot.sources.poll import LEASE, OWN_HOST_CONCURRENCY, SourcePoller, handed_back
from bot.tasks import Slots
from storage import sources
from storage.articles import Article, Folded
from storage.db.engine import Storage
from storage.entries import Entry
from storage.enums import ArticleStage, FullText, SourceKind
from storage.sources import Source, change_source, make_source_public
from storage.stories import Story
from tests.conftest import MONDAY_NOON
from tests.fake_fetcher import FakeFetcher, Request
from tests.sources.drafts_made import drafts, store_drafts
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import (
    DAY,
    HOUR,
    add_sources,
    articles_of,
    only_source,
    poll_after,
    rows_of,
)


async def test_the_first_read_stores_the_backlog_and_alerts_nobody(storage, adding, farm):
    farm.serve("/feed.xml", rss(item(n, MONDAY_NOON - n * HOUR) for n in range(3)))

    added = await adding.add(farm.url())

    assert (added.outcome, added.title, added.articles) == (AddOutcome.ADDED, "Sample Wire", 3)
    assert len(farm.asked) == 1
    articles = await articles_of(storage)
    assert {article.quiet for article in articles.values()} == {True}
    assert {article.stage for article in articles.values()} == {ArticleStage.STORED}
    assert articles["Sample news 2"].news_at == MONDAY_NOON - 2 * HOUR
    assert articles["Sample news 2"].published_at == MONDAY_NOON - 2 * HOUR
    assert len({article.story_id for article in articles.values()}) == 3
    folded = {row.article_id: row for row in await rows_of(storage, Folded)}
    assert folded[articles["Sample news 0"].id].title.split() == ["sample", "news", "0"]


async def test_later_entries_are_news_unless_they_are_two_days_old(
    storage, adding, polling, farm, clock
):
    first, recent, old = MONDAY_NOON - HOUR, MONDAY_NOON + 23 * HOUR, MONDAY_NOON - 30 * HOUR
    farm.serve("/feed.xml", rss([item(1, first)]))
    await adding.add(farm.url())
    farm.serve("/feed.xml", rss([item(2, recent), item(3, old), item(1, first)]))

    assert await poll_after(polling, clock) == 1

    articles = await articles_of(storage)
    news = {title[-1]: (each.quiet, each.news_at) for title, each in articles.items()}
    assert news == {"1": (True, first), "2": (False, clock.now), "3": (True, old)}


async def test_an_unchanged_feed_is_neither_sent_nor_read_again(
    storage, adding, polling, farm, clock
):
    farm.serve_validated("/feed.xml", rss([item(1)]), etag='"one"')
    await adding.add(farm.url())

    await poll_after(polling, clock)
    await poll_after(polling, clock)

    source = await only_source(storage)
    assert farm.asked[-1][1]["If-None-Match"] == '"one"'
    assert (source.fetches, source.unchanged, source.etag) == (3, 2, '"one"')
    assert source.succeeded_at == clock.now


async def test_new_validators_are_kept_though_the_body_is_the_same(
    storage, adding, polling, farm, clock
):
    farm.serve("/feed.xml", rss([item(1)]), ETag='"one"')
    await adding.add(farm.url())
    farm.serve("/feed.xml", rss([item(1)]), ETag='"two"')

    await poll_after(polling, clock)

    source = await only_source(storage)
    assert (source.etag, source.unchanged) == ('"two"', 1)


async def test_one_article_in_two_sources_is_stored_once(storage, adding, farm):
    farm.serve("/a.xml", rss([item(1, link="https://news.example/x?utm_source=a")]))
    farm.serve("/b.xml", rss([item(7, link="https://news.example/x")]))

    await adding.add(farm.url("/a.xml"))
    await adding.add(farm.url("/b.xml"))

    (article,) = await rows_of(storage, Article)
    entries = await rows_of(storage, Entry)
    assert len({entry.source_id for entry in entries}) == 2
    assert {entry.article_id for entry in entries} == {article.id}
    assert len(await rows_of(storage, Story)) == 1


async def test_entries_without_guid_or_link_are_known_by_what_they_have(
    storage, adding, polling, farm, clock
):
    bare = "<item><title>Only a title</title></item>"
    farm.serve("/feed.xml", rss([bare, bare]))
    await adding.add(farm.url())
    farm.serve("/feed.xml", rss([bare], extra="<copyright>x</copyright>"))

    await poll_after(polling, clock)

    assert len(await rows_of(storage, Article)) == 1


async def test_a_short_entry_is_stored_at_once_and_waits_for_the_words_of_its_page(
    storage, added, polling, completing, farm, clock
):
    farm.serve("/story", page("Sample news 2", [LONG, "An unheard-of word: brontosaurus."] * 2))
    short = item(2, link=farm.url("/story"), text="A taste.")
    farm.serve("/feed.xml", rss([short, item(1)]))
    await poll_after(polling, clock)
    before = (await articles_of(storage))["Sample news 2"]

    await completing.complete_due()

    article = (await articles_of(storage))["Sample news 2"]
    assert (before.text, before.ready_at) == ("A taste.", clock.now + timedelta(minutes=1))
    assert "brontosaurus" in article.text
    assert (article.summary, article.ready_at) == ("A taste.", None)
    (folded,) = [f for f in await rows_of(storage, Folded) if f.article_id == article.id]
    assert "brontosaurus" in folded.text


async def test_the_next_poll_is_a_row_that_a_restart_does_not_forget(
    storage, adding, polling, farm, clock
):
    farm.serve("/feed.xml", rss([item(1)], extra="<ttl>90</ttl>"))
    await adding.add(farm.url())

    assert (await only_source(storage)).next_fetch_at == clock.now + 1.5 * HOUR
    assert await poll_after(polling, clock, HOUR) == 0
    assert await poll_after(polling, clock, HOUR) == 1


async def test_hours_that_a_feed_skips_hold_on_a_304_too(storage, adding, polling, farm, clock):
    hours = "<skipHours><hour>13</hour><hour>14</hour></skipHours>"
    farm.serve_validated("/feed.xml", rss([item(1)], extra=hours), etag='"one"')
    await adding.add(farm.url())
    async with storage.writing() as tx:
        source = await tx.one(select(Source))
        source.own_network = False

    await poll_after(polling, clock)

    assert (await only_source(storage)).skip_hours == 1 << 13 | 1 << 14


async def test_an_operators_interval_holds_in_the_own_network(
    storage, adding, polling, farm, clock
):
    farm.serve("/feed.xml", rss([item(1)]), Cache_Control="max-age=600")
    await adding.add(farm.url(), SourceOptions(every=timedelta(seconds=2)))

    await poll_after(polling, clock, timedelta(seconds=2))

    assert (await only_source(storage)).next_fetch_at == clock.now + timedelta(seconds=2)


async def test_two_pollers_share_the_work(storage, adding, fetcher, reader, farm, clock):
    for number in range(6):
        farm.serve(f"/{number}.xml", rss([item(number)]))
        await adding.add(farm.url(f"/{number}.xml"))
    farm.asked.clear()
    clock.turn(DAY)

    await asyncio.gather(
        *(SourcePoller(storage, fetcher, reader, owner=name).poll_due() for name in ("one", "two"))
    )

    assert sorted(farm.paths()) == [f"/{number}.xml" for number in range(6)]


async def test_a_poller_that_lost_its_lease_stores_nothing(storage, added, reader, clock):
    async def take_the_lease(_request: Request) -> None:
        async with storage.writing() as tx:
            source = await tx.one(select(Source))
            source.owner = "another"

    web = feeds_everywhere(item(2))
    web.before_reply = take_the_lease
    polling = SourcePoller(storage, web, reader, owner="me", jitter=lambda: 0)

    await poll_after(polling, clock)

    assert "Sample news 2" not in await articles_of(storage)
    assert (await only_source(storage)).owner == "another"


async def test_a_followed_source_never_leads_into_the_own_network(
    storage, added, polling, farm, clock
):
    async with storage.writing() as tx:
        (await tx.one(select(Source))).public = False
    farm.asked.clear()

    await poll_after(polling, clock)

    assert farm.asked == []
    assert (await only_source(storage)).error == "private_address"


async def test_articles_are_stored_in_the_order_of_publication(storage, adding, farm):
    farm.serve("/feed.xml", rss(item(n, MONDAY_NOON - n * HOUR) for n in range(5)))

    await adding.add(farm.url())

    async with storage.reading() as tx:
        titles = await tx.rows(select(Article.title).order_by(col(Article.id)))
    assert list(titles) == [f"Sample news {n}" for n in (4, 3, 2, 1, 0)]


async def test_a_round_that_takes_longer_than_its_lease_keeps_its_sources(
    storage, added, fetcher, reader, farm, clock
):
    renewed = asyncio.Event()
    found_by_others: list[int] = []

    async def pause(_seconds: float) -> None:
        if clock.now - begun >= LEASE * 1.5:
            renewed.set()
            await asyncio.Event().wait()
        clock.turn(LEASE * 0.75)

    class Slow:
        async def read(self, data: bytes, *, url: str = "", content_type: str = "", **asked):
            await renewed.wait()
            found_by_others.append(await SourcePoller(storage, fetcher, reader, "other").poll_due())
            return await reader.read(data, url=url, content_type=content_type, **asked)

    polling = SourcePoller(storage, fetcher, Slow(), owner="me", jitter=lambda: 0, pause=pause)
    clock.turn(DAY)
    begun = clock.now
    farm.serve("/feed.xml", rss([item(1), item(2)]))

    assert await polling.poll_due() == 1

    assert found_by_others == [0]
    assert "Sample news 2" in await articles_of(storage)


async def test_a_source_is_read_again_at_once_when_the_database_is_back(
    storage, added, polling, farm, clock, monkeypatch
):
    clock.turn(DAY)
    farm.serve("/feed.xml", rss([item(1), item(2)]))

    async def away(*_: object) -> None:
        raise DBAPIError("INSERT", {}, ConnectionResetError(), connection_invalidated=True)

    with monkeypatch.context() as trouble:
        trouble.setattr(sources, "finish_fetches", away)
        assert await polling.poll_due() == 1
    assert "Sample news 2" not in await articles_of(storage)

    assert await polling.poll_due() == 1
    assert "Sample news 2" in await articles_of(storage)


MINUTE = timedelta(minutes=1)


def feeds_everywhere(*items: str) -> FakeFetcher:
    """Return a fetcher that finds a feed of *items* at every URL."""
    return FakeFetcher(otherwise=rss(items or [item(1)]), headers={"content-type": "text/xml"})


def feeds_while(*others: SourcePoller | PageStage) -> FakeFetcher:
    """Return a fetcher that lets *others* work while a request is in flight."""

    async def let_others_work(_request: Request) -> None:
        for other in others:
            await (other.poll_due() if isinstance(other, SourcePoller) else other.complete_due())

    web = feeds_everywhere()
    web.before_reply = let_others_work
    return web


async def awaited(storage: Storage, *urls: str) -> None:
    """Store an article for each of *urls* that waits for its page."""
    (source_id,) = await add_sources(
        storage, "https://away.example/feed", next_fetch_at=MONDAY_NOON + 9 * MINUTE
    )
    async with storage.writing() as tx:
        items = [Item(url=url, title=url, text="A taste.") for url in urls]
        marked = awaiting_pages(drafts(items, tx.now), FullText.AUTO, SourceKind.FEED, None)
        await store_drafts(tx, source_id, marked, inside=False)


@pytest.mark.parametrize(
    ("own_network", "most"),
    [
        pytest.param(True, OWN_HOST_CONCURRENCY, id="in the own network: a few"),
        pytest.param(False, 1, id="elsewhere: one"),
    ],
)
async def test_how_many_sources_of_a_host_are_polled_at_once(
    storage, reader, clock, own_network, most
):
    urls = [f"http://feeds.lan/{number}.xml" for number in range(9)]
    await add_sources(storage, *urls, own_network=own_network)
    in_flight: set[str] = set()
    counts: list[int] = []

    async def count(request: Request) -> Response:
        in_flight.add(request.url)
        counts.append(len(in_flight))
        for _ in range(20):
            await asyncio.sleep(0)
        in_flight.remove(request.url)
        return Response(304, request.url, own_network=True)

    assert await SourcePoller(storage, FakeFetcher(otherwise=count), reader, "me").poll_due() == 9

    assert (len(counts), max(counts)) == (9, most)


async def test_one_process_at_a_time_asks_a_host(storage, reader, clock):
    urls = [f"https://one.example/{number}" for number in range(4)]
    await add_sources(storage, *urls, "https://two.example/1")
    theirs = feeds_everywhere()
    ours = feeds_while(SourcePoller(storage, theirs, reader, owner="another"))
    polling = SourcePoller(storage, ours, reader, owner="me", public=Slots(1))

    await polling.poll_due()

    assert ours.urls == urls[:1]
    assert theirs.urls == ["https://two.example/1"]


async def test_a_host_has_two_seconds_between_two_processes(storage, reader, clock):
    await add_sources(storage, "https://one.example/1", "https://one.example/2")
    ours, theirs = feeds_everywhere(), feeds_everywhere()
    another = SourcePoller(storage, theirs, reader, owner="another")

    await SourcePoller(storage, ours, reader, owner="me", public=Slots(1)).poll_due()

    assert await another.poll_due() == 0
    clock.turn(timedelta(seconds=2))
    assert await another.poll_due() == 1
    assert (ours.urls, theirs.urls) == (["https://one.example/1"], ["https://one.example/2"])


# On SQLite there is one process, whose fetcher gives turns to sources and pages alike.
where_processes_share = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@where_processes_share
async def test_a_page_is_not_asked_for_while_another_process_reads_a_source_of_its_host(
    storage, reader, clock
):
    await add_sources(storage, "https://one.example/feed")
    await awaited(storage, "https://one.example/story", "https://two.example/story")
    theirs = feeds_everywhere()
    ours = feeds_while(PageStage(storage, theirs, reader, "another"))

    await SourcePoller(storage, ours, reader, owner="me").poll_due()

    assert theirs.urls == ["https://two.example/story"]


@where_processes_share
async def test_a_source_is_not_asked_while_another_process_reads_a_page_of_its_host(
    storage, reader, clock
):
    await add_sources(storage, "https://one.example/feed", "https://two.example/feed")
    await awaited(storage, "https://one.example/story")
    theirs = feeds_everywhere()
    another = SourcePoller(storage, theirs, reader, owner="another")
    ours = feeds_while(another)

    await PageStage(storage, ours, reader, "me").complete_due()

    assert theirs.urls == ["https://two.example/feed"]
    assert await another.poll_due() == 0
    clock.turn(timedelta(seconds=2))
    assert await another.poll_due() == 1


def test_each_lease_is_handed_back_once():
    ids = {1, 2}

    with handed_back(ids) as mine, handed_back(ids) as others:
        ids.add(3)

    assert mine == {1, 2}
    assert not others
    assert ids == {3}


def test_leases_that_could_not_be_handed_back_are_kept():
    ids = {1, 2}

    def fail() -> None:
        with handed_back(ids):
            ids.add(3)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert ids == {1, 2, 3}


@pytest.fixture
def poll(storage, fetcher, reader, farm, clock) -> Callable[[str], Awaitable[int]]:
    """Return a function that polls a feed and counts the entries that were read as a whole."""

    class Counting:
        def __init__(self) -> None:
            self.read_whole = 0

        async def read(self, data: bytes, *, url: str = "", content_type: str = "", **asked):
            found = await reader.read(data, url=url, content_type=content_type, **asked)
            self.read_whole += len(found.items)
            return found

    async def poll(body: str) -> int:
        counting = Counting()
        farm.serve("/feed.xml", body)
        await poll_after(SourcePoller(storage, fetcher, counting, "me", jitter=lambda: 0), clock)
        return counting.read_whole

    return poll


async def test_only_new_entries_are_read_among_unchanged_ones(storage, added, poll):
    assert await poll(rss([item(3), item(2), item(1)])) == 3
    assert await poll(rss([item(4), item(3), item(2), item(1)])) == 1
    assert await poll(rss([item(4), item(3), item(1)])) == 0
    assert len(await articles_of(storage)) == 4


async def test_a_changed_entry_is_read_and_revised_beside_unchanged_ones(storage, added, poll):
    await poll(rss([item(2), item(1)]))

    assert await poll(rss([item(2, text=f"Now otherwise. {LONG}"), item(1)])) == 1

    articles = await articles_of(storage)
    assert articles["Sample news 2"].text.startswith("Now otherwise.")
    assert len(articles) == 2


async def test_a_new_entry_with_the_link_of_a_known_one_is_an_article_of_its_own(
    storage, adding, poll, farm
):
    live = "https://news.example/live"
    farm.serve("/feed.xml", rss([item(2, link=live), item(1, link=live)]))
    await adding.add(farm.url())
    await poll(rss([item(number, link=live) for number in (3, 2, 1)]))

    assert await poll(rss([item(number, link=live) for number in (4, 3, 2, 1)])) == 1
    assert len(await articles_of(storage)) == 4


async def test_a_number_that_changes_too_soon_is_looked_at_again(
    storage, added, polling, poll, farm, clock
):
    await poll(rss([item(2, text=f"It costs 1 euros. {LONG}")]))
    source = await only_source(storage)
    async with storage.writing() as tx:
        await change_source(tx, source.id, {"next_fetch_at": clock.now})
    farm.serve("/feed.xml", rss([item(2, text=f"It costs 2 euros. {LONG}")]))
    await polling.poll_due()
    assert (await articles_of(storage))["Sample news 2"].text.startswith("It costs 1")

    clock.turn(2 * HOUR)
    async with storage.writing() as tx:
        await change_source(tx, source.id, {"next_fetch_at": clock.now, "body_hash": None})
    await polling.poll_due()

    assert (await articles_of(storage))["Sample news 2"].text.startswith("It costs 2")


async def test_a_source_that_becomes_public_is_read_anew_as_a_whole(storage, added, poll):
    await poll(rss([item(2), item(1)]))
    assert (await only_source(storage)).fingerprints
    async with storage.writing() as tx:
        await make_source_public(tx, await only_source(storage), {})

    assert (await only_source(storage)).fingerprints == b""
