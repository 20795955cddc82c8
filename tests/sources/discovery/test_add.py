from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.sources import store
from bot.sources.administration import (
    check_source,
    list_sources,
    remove_source,
    sources_as_opml,
)
from bot.sources.discovery.add import LEASE, AddOutcome, SourceAdder, SourceOptions
from bot.sources.discovery.discover import SampleSite
from bot.sources.discovery.opml import Outline, read_opml
from bot.sources.fetch.client import Fetcher
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.fetch.response import Response
from storage.articles import Article
from storage.enums import FullText
from storage.sources import Source
from tests.fake_fetcher import FakeFetcher, Request
from tests.sources.feeds_made import item, rss
from tests.sources.polled import poll_after, rows_of


def asking_inside(fetcher: Fetcher) -> FakeFetcher:
    """Return a fetcher that reaches the farm, which is on this machine, for everybody."""

    async def fetch_inside(request: Request) -> Response:
        return await fetcher.fetch(request.url, inside=True, public=request.public)

    return FakeFetcher(otherwise=fetch_inside)


async def test_a_source_is_added_once_however_its_address_is_written(storage, adding, farm):
    farm.serve("/feed.xml", rss([item(1)]))

    first = await adding.add(f"  {farm.url()}?b=2&a=1 ")
    again = await adding.add(f"{farm.url()}?a=1&b=2&utm_source=mail")

    assert (first.outcome, again.outcome) == (AddOutcome.ADDED, AddOutcome.THERE)
    assert again.source_id == first.source_id
    assert len(farm.asked) == 1


async def test_an_address_that_has_moved_for_good_is_added_where_it_is_now(storage, adding, farm):
    farm.serve("/old.xml", status=301, Location="/feed.xml")
    farm.serve("/feed.xml", rss([item(1)]))

    added = await adding.add(farm.url("/old.xml"))
    again = await adding.add(farm.url("/feed.xml"))

    assert added.url == farm.url("/feed.xml")
    assert again.outcome is AddOutcome.THERE


def test_an_adder_must_know_whether_its_sources_are_public(storage, fetcher, reader):
    with pytest.raises(TypeError, match="public"):
        SourceAdder(storage, fetcher, reader)  # type: ignore[call-arg]


async def test_a_user_cannot_add_a_source_in_the_own_network(storage, fetcher, reader, farm):
    farm.serve("/feed.xml", rss([item(1)]))
    adding = SourceAdder(storage, fetcher, reader, public=False)

    refused = await adding.add(farm.url())

    assert refused.outcome is AddOutcome.REFUSED
    assert refused.problem
    assert farm.asked == []
    assert await list_sources(storage) == []


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        pytest.param("", 404, Problem(ProblemCode.NOT_FOUND, {"status": 404}), id="missing"),
        pytest.param("", 200, Problem(ProblemCode.EMPTY), id="empty"),
        pytest.param("x", 500, Problem(ProblemCode.SERVER_ERROR, {"status": 500}), id="error"),
        pytest.param("\0\1\2\3\4" * 9, 200, Problem(ProblemCode.BINARY_FILE), id="binary"),
        pytest.param("x", 403, Problem(ProblemCode.FORBIDDEN, {"status": 403}), id="firewall"),
        pytest.param("<html></html>", 200, Problem(ProblemCode.NO_FEED_OR_ARTICLE), id="no text"),
    ],
)
async def test_unreadable_sources_are_refused_with_the_reason(
    storage, adding, farm, body, status, problem
):
    farm.serve("/feed.xml", body, status=status)

    refused = await adding.add(farm.url())

    assert (refused.outcome, refused.problem) == (AddOutcome.REFUSED, problem)
    assert await list_sources(storage) == []


@pytest.mark.parametrize(
    "url", ["", "hello", "file:///etc/passwd", "http://ann:pw@news.example/", "http://a.example:22"]
)
async def test_invalid_addresses_are_refused_with_the_reason(storage, adding, url):
    refused = await adding.add(url)

    assert refused.outcome is AddOutcome.REFUSED
    assert refused.problem


async def test_a_short_interval_is_for_the_own_network_only(
    storage, fetcher: Fetcher, reader, farm
):
    farm.serve("/feed.xml", rss([item(1)]))

    async def from_outside(request: Request) -> Response:
        response = await fetcher.fetch(request.url, inside=request.inside, public=request.public)
        return replace(response, own_network=False)

    outside = FakeFetcher(otherwise=from_outside)
    refused = await SourceAdder(storage, outside, reader, public=True).add(
        farm.url(), SourceOptions(every=timedelta(seconds=5))
    )

    assert refused.outcome is AddOutcome.REFUSED
    assert refused.problem == Problem(ProblemCode.INTERVAL_TOO_SHORT)


async def test_a_removed_source_can_be_added_again(storage, adding, added, farm):
    assert await remove_source(storage, farm.url())
    assert not await remove_source(storage, farm.url())
    assert (await adding.add(farm.url())).outcome is AddOutcome.ADDED


async def test_the_export_holds_the_operators_sources_with_titles_and_folders(
    storage, adding, fetcher, reader, farm
):
    for name in ("mine", "theirs"):
        farm.serve(f"/{name}.xml", rss([item(1)]))
    await adding.add(
        farm.url("/mine.xml"), SourceOptions(title="My wire", folder=("World", "Wires"))
    )
    theirs = SourceAdder(storage, asking_inside(fetcher), reader, public=False)
    await theirs.add(farm.url("/theirs.xml"))

    listed = read_opml(await sources_as_opml(storage))

    assert listed == (Outline(farm.url("/mine.xml"), "My wire", folder=("World", "Wires")),)


async def test_adding_again_changes_the_options_of_an_operators_source(storage, adding, farm):
    farm.serve("/feed.xml", rss([item(1)]))
    await adding.add(farm.url(), SourceOptions(full_text=FullText.NEVER))
    every = timedelta(minutes=7)

    again = await adding.add(
        farm.url(), SourceOptions(every=every, title="My wire", folder=("World",))
    )

    (source,) = await list_sources(storage)
    assert (again.outcome, again.title) == (AddOutcome.THERE, "My wire")
    assert (source.title, source.folder, source.every_seconds) == ("My wire", ["World"], 420)
    assert source.full_text is FullText.NEVER
    assert len(farm.asked) == 1


async def test_a_user_cannot_change_an_operators_source(storage, added, fetcher, reader, farm):
    (before,) = await list_sources(storage)
    options = SourceOptions(
        every=timedelta(hours=9), title="Theirs", folder=("Theirs",), full_text=FullText.ALWAYS
    )

    await SourceAdder(storage, fetcher, reader, public=False).add(farm.url(), options)

    assert await list_sources(storage) == [before]


async def test_a_check_changes_nothing(storage, adding, fetcher, reader, farm, clock):
    farm.serve("/feed.xml", rss([item(1)]), ETag='"one"')
    await adding.add(farm.url())
    (before,) = await list_sources(storage)

    checkup = await check_source(storage, fetcher, reader, farm.url())

    (after,) = await list_sources(storage)
    assert checkup.result.response
    assert checkup.result.document
    assert checkup.source
    assert checkup.result.response.etag == '"one"'
    assert checkup.result.document.title == "Sample Wire"
    assert checkup.source.url == farm.url()
    assert checkup.next_fetch_at == clock.now + timedelta(hours=1)
    assert after == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_in_the_playground_a_user_adds_a_feed_of_the_newsroom_for_everybody(
    storage, fetcher, reader, farm, host
):
    farm.serve("/news/wire.xml", rss([item(1)]))
    base = farm.url("/news/")
    newsroom = SampleSite(base, timedelta(seconds=2))
    adder = SourceAdder(storage, fetcher, reader, public=False, newsroom=newsroom)

    typed = f"{base}wire.xml".replace("127.0.0.1", host)
    added = await adder.for_account(typed, room=0)

    (source,) = await list_sources(storage)
    assert added.outcome is AddOutcome.ADDED
    assert (source.url, source.public, source.every_seconds) == (f"{base}wire.xml", True, 2)


async def test_in_the_playground_a_user_adds_nothing_beside_the_newsroom(
    storage, fetcher, reader, farm
):
    farm.serve("/control/feed.xml", rss([item(1)]))
    newsroom = SampleSite(farm.url("/news/"), timedelta(seconds=2))
    adder = SourceAdder(storage, fetcher, reader, public=False, newsroom=newsroom)

    added = await adder.add(farm.url("/news/../control/feed.xml"))

    assert added.outcome is AddOutcome.REFUSED
    assert await list_sources(storage) == []


@pytest.fixture
def long_backlog(farm, monkeypatch) -> list[str]:
    """Let the farm show five entries, of which a transaction stores two."""
    monkeypatch.setattr(store, "_MOST", 2)
    farm.serve("/feed.xml", rss(map(item, range(5))), ETag="mark")
    return [f"Sample news {number}" for number in range(5)]


async def test_a_long_backlog_is_stored_in_parts(storage, adding, farm, long_backlog):
    added = await adding.add(farm.url())

    assert added.articles == 5
    articles = await rows_of(storage, Article)
    assert sorted(each.title for each in articles) == long_backlog
    assert all(each.quiet for each in articles)
    (source,) = await rows_of(storage, Source)
    assert (source.owner, source.etag) == (None, "mark")
    assert source.first_read_at


async def test_a_long_backlog_that_was_not_stored_to_the_end_still_alerts_nobody(
    storage, adding, polling, farm, clock, long_backlog, monkeypatch
):
    class Killed(BaseException):
        pass

    async def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(SourceAdder, "_store_more", killed)
    with pytest.raises(Killed):
        await adding.add(farm.url())
    assert len(await rows_of(storage, Article)) == 2

    assert await poll_after(polling, clock, LEASE) == 1

    articles = await rows_of(storage, Article)
    assert sorted(each.title for each in articles) == long_backlog
    assert all(each.quiet for each in articles)


async def test_a_source_that_a_poller_reads_meanwhile_is_left_to_it(
    storage, adding, polling, farm, clock, long_backlog, monkeypatch
):
    """The process stood still between two transactions, for longer than its lease."""
    store_more = SourceAdder._store_more

    async def late(self: SourceAdder, *asked: Any) -> int:
        await poll_after(polling, clock, LEASE)
        return await store_more(self, *asked)

    monkeypatch.setattr(SourceAdder, "_store_more", late)

    await adding.add(farm.url())

    assert len(await rows_of(storage, Article)) == 5
    (source,) = await rows_of(storage, Source)
    assert source.fetches == 2
