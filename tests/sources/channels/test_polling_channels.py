"""Channels through the poll: posts, edits, gaps, and the pace of their one host."""

from datetime import timedelta
from heapq import heapify, heappop, heappush

import pytest

from bot.playground.newsroom.pictures import picture_url
from bot.sources.channels.gaps import newest_known
from bot.sources.decide import source_changes
from bot.sources.discovery.add import AddOutcome, SourceAdder
from bot.sources.fetch.problems import ProblemCode
from bot.sources.fetch.response import Response
from bot.sources.fetch.source import FetchResult
from bot.sources.poll import LEASE, SourcePoller
from storage.articles import Article
from storage.enums import SourceKind
from storage.sources import (
    Source,
    claim_private_source,
    claim_public_sources,
    count_channels,
    finish_fetches,
)
from tests.conftest import MONDAY_NOON
from tests.fake_fetcher import FakeFetcher
from tests.rows import source_row
from tests.sources.channels_made import NAME, ORIGIN, URL, contact, page, page_of, post
from tests.sources.polled import HOUR, add_sources, only_source, poll_after, rows_of

OTHER = f"{ORIGIN}/s/other_quay"


@pytest.fixture
def preview() -> FakeFetcher:
    return FakeFetcher({URL: page_of(1, 2, 3)}, 404, {"content-type": "text/html"})


@pytest.fixture
def adding(storage, preview, reader) -> SourceAdder:
    return SourceAdder(storage, preview, reader, public=True)


@pytest.fixture
def polling(storage, preview, reader) -> SourcePoller:
    return SourcePoller(storage, preview, reader, owner="me", jitter=lambda: 0)


async def titles(storage) -> set[str]:
    return {article.title for article in await rows_of(storage, Article)}


@pytest.mark.parametrize("typed", [f"@{NAME}", f"t.me/{NAME}/2", f"{ORIGIN}/{NAME}"])
async def test_a_channel_is_added_with_its_newest_posts_as_backlog(storage, adding, preview, typed):
    added = await adding.add(typed)

    assert (added.outcome, added.title, added.articles) == (AddOutcome.ADDED, "Quay News", 3)
    source = await only_source(storage)
    assert (source.url, source.kind, source.host) == (URL, SourceKind.CHANNEL, "t.me")
    assert preview.urls == [URL]
    assert {article.quiet for article in await rows_of(storage, Article)} == {True}


async def test_a_channel_keeps_its_description_and_picture_and_follows_their_changes(
    storage, adding, polling, preview, clock
):
    await adding.add(URL)
    source = await only_source(storage)
    assert (source.description, source.picture) == ("Invented.", picture_url(NAME))

    later = page(post(1), post(2), post(3), about="All of the quay.")
    preview.replies[URL] = later.replace(picture_url(NAME), "https://cdn.example/quay.jpg")
    await poll_after(polling, clock)

    source = await only_source(storage)
    assert source.description == "All of the quay."
    assert source.picture == "https://cdn.example/quay.jpg"


async def test_a_page_with_other_counters_is_unchanged(storage, adding, polling, preview, clock):
    await adding.add(URL)
    preview.replies[URL] = page_of(1, 2, 3, views=77_000)

    await poll_after(polling, clock)

    source = await only_source(storage)
    assert (source.fetches, source.unchanged) == (2, 1)


async def test_an_edit_revises_the_article_of_its_post(storage, adding, polling, preview, clock):
    await adding.add(URL)
    text = "Ferry 3 to Kinmen is on time after all. Its passengers have left the quay."
    preview.replies[URL] = page(post(1), post(2), post(3, text=text))

    await poll_after(polling, clock)

    articles = {article.url: article for article in await rows_of(storage, Article)}
    assert len(articles) == 3
    assert articles[f"{ORIGIN}/{NAME}/3"].title == "Ferry 3 to Kinmen is on time after all."


async def test_older_pages_fill_a_gap(storage, adding, polling, preview, clock):
    await adding.add(URL)
    preview.replies[URL] = page_of(8, 9)
    preview.replies[f"{URL}?before=8"] = page_of(5, 6, 7)
    preview.replies[f"{URL}?before=5"] = page_of(2, 3, 4)

    await poll_after(polling, clock)

    assert preview.urls[1:] == [URL, f"{URL}?before=8", f"{URL}?before=5"]
    assert len(await titles(storage)) == 9
    assert newest_known((await only_source(storage)).fingerprints) == 9


async def test_a_gap_beyond_a_few_pages_is_given_up(storage, adding, polling, preview, clock):
    await adding.add(URL)
    preview.replies[URL] = page_of(99)
    preview.replies |= {f"{URL}?before={n}": page_of(n - 1) for n in range(50, 100)}

    await poll_after(polling, clock)

    assert len(preview.urls) == 1 + 1 + 4
    assert newest_known((await only_source(storage)).fingerprints) == 99


async def test_a_gap_is_tried_again_if_the_host_was_busy(storage, adding, polling, preview, clock):
    await adding.add(URL)
    preview.replies[URL] = page_of(8, 9)
    older = f"{URL}?before=8"
    preview.replies[older] = Response(429, older, {"retry-after": "7200"})

    await poll_after(polling, clock)

    source = await only_source(storage)
    assert newest_known(source.fingerprints) == 3
    assert source.next_fetch_at >= clock.now + 2 * HOUR
    preview.replies[older] = page_of(2, 3, 4, 5, 6, 7)
    await poll_after(polling, clock)
    assert len(await titles(storage)) == 9


async def test_a_channel_that_hides_its_preview_becomes_unhealthy(
    storage, adding, polling, preview, clock
):
    await adding.add(URL)
    hidden = contact("Quay News", "12 subscribers").encode()
    preview.replies[URL] = Response(200, f"{ORIGIN}/{NAME}", preview.headers, hidden)

    await poll_after(polling, clock)

    source = await only_source(storage)
    assert (source.error, source.failures) == (ProblemCode.CHANNEL_WITHOUT_PREVIEW, 1)
    assert source.kind is SourceKind.CHANNEL


@pytest.mark.parametrize(
    ("typed", "problem", "requests"),
    [
        ("https://t.me/+secret", ProblemCode.TELEGRAM_INVITE, 0),
        ("@weather_bot", ProblemCode.TELEGRAM_BOT, 0),
        ("@nobody_here", ProblemCode.NO_SUCH_CHANNEL, 1),
    ],
)
async def test_a_name_without_a_channel_is_refused_without_a_search(
    adding, preview, typed, problem, requests
):
    preview.replies[f"{ORIGIN}/s/nobody_here"] = contact()

    added = await adding.add(typed)

    assert (added.outcome, added.problem.code) == (AddOutcome.REFUSED, problem)
    assert len(preview.requests) == requests


async def test_processes_share_the_pace_of_the_host(storage, clock):
    kind = SourceKind.CHANNEL
    (first,) = await add_sources(storage, URL, kind=kind)
    async with storage.writing() as tx:
        claimed = await claim_public_sources(tx, owner="one", limit=9, lease=LEASE)
    await add_sources(storage, OTHER, kind=kind)
    await add_sources(storage, f"{ORIGIN}/s/third_quay", kind=kind, public=False)

    async def claims() -> list[int]:
        async with storage.writing() as tx:
            public = await claim_public_sources(tx, owner="two", limit=9, lease=LEASE)
            private = await claim_private_source(tx, owner="two", lease=LEASE, busy=())
        return [each.id for each in (*public, *([private.source] if private else []))]

    assert [source.id for source in claimed] == [first]
    assert await claims() == []
    async with storage.writing() as tx:
        pause = {"lease_until": tx.now + timedelta(seconds=2), "next_fetch_at": tx.now + HOUR}
        await finish_fetches(tx, "one", {first: pause})
    assert await claims() == []
    clock.turn(timedelta(seconds=2.1))
    assert len(await claims()) == 1


async def test_retry_after_of_one_channel_holds_all_channels_in_all_processes(
    storage, adding, polling, preview, clock
):
    await adding.add(URL)
    preview.replies[URL] = Response(429, URL, {"retry-after": "1800"})
    await poll_after(polling, clock)
    asked = clock.now
    await add_sources(storage, OTHER, kind=SourceKind.CHANNEL)

    async def claimed_by_another() -> list[str]:
        async with storage.writing() as tx:
            claimed = await claim_public_sources(tx, owner="two", limit=9, lease=LEASE)
        return [source.url for source in claimed]

    clock.turn(timedelta(minutes=29))
    assert await claimed_by_another() == []
    clock.now = asked + timedelta(minutes=31)
    assert await claimed_by_another() == [OTHER]


async def test_a_public_channel_waits_while_a_private_one_is_read(storage):
    await add_sources(storage, URL, kind=SourceKind.CHANNEL, public=False)
    async with storage.writing() as tx:
        assert await claim_private_source(tx, owner="one", lease=LEASE, busy=())
    await add_sources(storage, OTHER, kind=SourceKind.CHANNEL)

    async with storage.writing() as tx:
        assert await claim_public_sources(tx, owner="two", limit=9, lease=LEASE) == []
        assert await count_channels(tx) == 2


@pytest.mark.parametrize("channels", [20, 100, 500, 2_000])
def test_reads_never_pile_up_however_many_channels_there_are(channels):
    turn = timedelta(seconds=2.5)  # a request and the pause after it
    row = source_row(URL, kind=SourceKind.CHANNEL, rhythm_seconds=10, newest_at=MONDAY_NOON)
    source = Source(**row)
    due = [(MONDAY_NOON, number) for number in range(channels)]
    heapify(due)
    now, busy, late = MONDAY_NOON, timedelta(), timedelta()
    settled = now + channels * turn + HOUR
    while now < settled + 6 * HOUR:
        at, number = heappop(due)
        now = max(now, at)
        if now >= settled:
            late = max(late, now - at)
            busy += turn
        changes = source_changes(source, FetchResult(), now, 0, channels=channels)
        heappush(due, (changes["next_fetch_at"], number))
        now += turn

    assert busy <= 0.85 * 6 * HOUR
    assert late <= timedelta(seconds=10)
