from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.sources import store
from bot.sources.entries import PreparedEntries, Stored, store_prepared
from bot.sources.fetch.problems import Problem, ProblemCode
from bot.sources.poll import LEASE, SourcePoller
from storage.articles import Article
from storage.db.engine import Transaction
from storage.enums import SourceState
from storage.sources import Source
from tests.sources.feeds_made import LONG, item, page, rss
from tests.sources.polled import DAY, HOUR, articles_of, only_source, poll_after, rows_of


async def test_one_bad_feed_does_not_stop_the_others(storage, adding, polling, farm, clock):
    for name in ("a", "b", "c"):
        farm.serve(f"/{name}.xml", rss([item(1, link=f"https://{name}.example/1")]))
        await adding.add(farm.url(f"/{name}.xml"))
    farm.serve("/a.xml", b"\x00\xff\x00 no feed at all \x00\x01\x02\x03\x04\x05\x06")
    farm.serve("/b.xml", status=500)
    farm.serve("/c.xml", rss([item(2, link="https://c.example/2")]))

    assert await poll_after(polling, clock) == 3

    assert "Sample news 2" in await articles_of(storage)
    states = {source.url[-5]: source for source in await rows_of(storage, Source)}
    assert states["a"].error == "binary_file"
    assert (states["b"].error, states["b"].failures) == ("server_error", 1)
    assert states["c"].error is None


async def test_a_crashing_reader_stops_one_source_only(
    storage, adding, fetcher, reader, farm, clock
):
    class Breaking:
        async def read(self, data: bytes, *, url: str = "", content_type: str = "", **asked):
            if url.endswith("a.xml"):
                raise ZeroDivisionError
            return await reader.read(data, url=url, content_type=content_type, **asked)

    for name in ("a", "b"):
        farm.serve(f"/{name}.xml", rss([item(1)]))
        await adding.add(farm.url(f"/{name}.xml"))
        farm.serve(f"/{name}.xml", rss([item(2)]))
    polling = SourcePoller(storage, fetcher, Breaking(), owner="me", jitter=lambda: 0)

    await poll_after(polling, clock)

    assert "Sample news 2" in await articles_of(storage)
    states = {source.url[-5]: source for source in await rows_of(storage, Source)}
    assert states["a"].error == ProblemCode.INTERNAL_ERROR
    assert states["a"].next_fetch_at > clock.now + LEASE
    assert states["b"].error is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(
            ValueError("a date that no database takes"),
            ProblemCode.INTERNAL_ERROR,
            id="of the document",
        ),
        pytest.param(ConnectionResetError(), None, id="of the database"),
    ],
)
async def test_a_result_that_cannot_be_stored_is_a_problem_unless_the_database_fails(
    storage, adding, polling, farm, clock, monkeypatch, error, code
):
    async def refuse(tx: Transaction, shown: Sequence[PreparedEntries]) -> Stored:
        if any(one.source_id == 1 for one in shown):
            raise error
        return await store_prepared(tx, shown)

    for name in ("a", "b"):
        farm.serve(f"/{name}.xml", rss([item(1)]))
        await adding.add(farm.url(f"/{name}.xml"))
        farm.serve(f"/{name}.xml", rss([item(2, link=f"https://{name}.example/2")]))
    monkeypatch.setattr(store, "store_prepared", refuse)

    await poll_after(polling, clock)

    first, second = sorted(await rows_of(storage, Source), key=lambda source: source.url)
    assert first.error == code
    assert (first.owner is None) is bool(code)
    assert (second.error, second.owner) == (None, None)


@pytest.mark.parametrize(
    ("status", "headers", "error", "failures", "waited"),
    [
        pytest.param(503, {}, "unavailable", 0, HOUR, id="busy"),
        pytest.param(
            429, {"Retry_After": "7200"}, "too_many_requests", 0, 2 * HOUR, id="slow down"
        ),
        pytest.param(404, {}, "not_found", 1, None, id="missing"),
        pytest.param(403, {}, "forbidden", 1, None, id="robot wall"),
        pytest.param(200, {}, "empty", 1, None, id="empty"),
    ],
)
async def test_a_problem_is_stored_and_ends_with_the_next_success(
    storage, added, polling, farm, clock, status, headers, error, failures, waited
):
    farm.serve("/feed.xml", status=status, **headers)

    await poll_after(polling, clock)

    source = await only_source(storage)
    assert (source.error, source.failures) == (error, failures)
    assert source.error_detail == ({} if status == 200 else {"status": status})
    assert source.error_since == clock.now
    assert waited is None or source.next_fetch_at == clock.now + waited

    farm.serve("/feed.xml", rss([item(1)]))
    await poll_after(polling, clock)

    source = await only_source(storage)
    assert (source.error, source.failures, source.error_since) == (None, 0, None)


async def test_a_gone_source_is_polled_again_only_when_the_operator_adds_it_again(
    storage, adding, added, polling, farm, clock
):
    farm.serve("/feed.xml", status=410)
    await poll_after(polling, clock)
    assert (await only_source(storage)).state is SourceState.GONE
    farm.serve("/feed.xml", rss([item(2)]))

    unauthorized = await replace(adding, public=False).add(farm.url())
    assert (unauthorized.problem, await poll_after(polling, clock, 9 * DAY)) == (None, 0)
    again = await adding.add(farm.url())

    assert again.problem == Problem(ProblemCode.ASKED_AGAIN)
    assert await polling.poll_due() == 1
    source = await only_source(storage)
    assert (source.state, source.error) == (SourceState.ACTIVE, None)
    assert "Sample news 2" in await articles_of(storage)


async def test_a_feed_that_became_a_page_has_a_problem(storage, added, polling, farm, clock):
    farm.serve("/feed.xml", page("We have moved", [LONG, LONG]), Content_Type="text/html")

    await poll_after(polling, clock)

    assert (await only_source(storage)).error == "html_page"
    assert len(await rows_of(storage, Article)) == 1


async def test_an_address_changes_after_ten_permanent_redirects(
    storage, added, polling, farm, clock
):
    farm.serve("/feed.xml", status=301, Location="/new.xml")
    farm.serve("/new.xml", rss([item(1)]))

    for _ in range(9):
        await poll_after(polling, clock)
    assert (await only_source(storage)).url == farm.url()
    await poll_after(polling, clock)

    assert (await only_source(storage)).url == farm.url("/new.xml")
    assert (await only_source(storage)).moved_to is None


async def test_an_address_never_changes_to_an_unreadable_one(storage, added, polling, farm, clock):
    farm.serve("/feed.xml", status=301, Location="/parking")
    farm.serve("/parking", page("This domain is for sale", [LONG]), Content_Type="text/html")

    for _ in range(12):
        await poll_after(polling, clock)

    assert (await only_source(storage)).url == farm.url()
