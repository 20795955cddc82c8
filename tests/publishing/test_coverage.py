"""Which reports of a story a chat's lead is chosen from, and that a digest shows it."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.publishing import coverage
from bot.publishing.contents import (
    load_digest_so_far,
    load_digests,
    load_made_digest,
    readers_of,
)
from bot.publishing.coverage import load_leads, load_reports
from bot.publishing.leads import ReportText
from storage.chats import Chat
from storage.enums import Mode, MuteKind, Style
from storage.feeds_followed import follow
from storage.mutes import MuteSubject, store_mute
from storage.reports import MOST_REPORTS, reports_of_stories

NEWS = "A strong earthquake hit the north coast of Japan on Tuesday, killing 12 people."
LATER = "Rescue workers in Sendai found three survivors on Wednesday under a school."
HOUR = timedelta(hours=1)
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)  # eight o'clock in Tokyo


@pytest.fixture
async def story(newsroom):
    """Store a story with a public report and a newer one of a private source, and a reader."""
    query = await newsroom.query("quake")
    public = await newsroom.source("Example Wire")
    private = await newsroom.source("My Letter", public=False)
    await newsroom.reader(query, name="Quakes", mode=Mode.DIGEST)
    await newsroom.article("Quake in Japan", query, source_id=public, ago=2 * HOUR, text=NEWS)
    newer = await newsroom.article("Quake", source_id=private, ago=HOUR, text=LATER)
    await newsroom.joins(newer, story_id=1)
    return private


async def test_everybody_sees_the_reports_of_public_sources(story, storage):
    async with storage.reading() as tx:
        reports = await load_reports(tx, [1])

    assert [(one.publisher, one.title, one.text) for one in reports[1]] == [
        ("Example Wire", "Quake in Japan", NEWS)
    ]


async def test_a_chat_sees_the_reports_of_its_own_sources_too(story, storage):
    async with storage.writing() as tx:
        await follow(tx, 1, story)
    async with storage.reading() as tx:
        mine = await load_reports(tx, [1], chat_id=1)
        others = await load_reports(tx, [1], chat_id=2)

    assert [one.publisher for one in mine[1]] == ["My Letter", "Example Wire"]
    assert [one.publisher for one in others[1]] == ["Example Wire"]


async def test_a_chat_sees_no_report_of_a_publisher_that_it_muted(story, storage):
    async with storage.writing() as tx:
        await store_mute(tx, 1, MuteSubject(MuteKind.SOURCE, 1), None)
    async with storage.reading() as tx:
        assert await load_reports(tx, [1], chat_id=1) == {}


async def test_at_most_twelve_reports_are_read_the_newest_first(story, newsroom, storage):
    for number in range(MOST_REPORTS + 2):
        article = await newsroom.article(
            f"Report {number}", source_id=1, ago=number * timedelta(minutes=1), text="x" * 9_000
        )
        await newsroom.joins(article, story_id=1)

    async with storage.reading() as tx:
        reports = (await reports_of_stories(tx, [1]))[1]

    assert [one.title for one in reports] == [f"Report {number}" for number in range(MOST_REPORTS)]
    assert {len(one.text) for one in reports} == {2_000}


async def test_the_article_shown_is_among_the_reports_however_old_it_is(story, newsroom, storage):
    for number in range(MOST_REPORTS):
        article = await newsroom.article(f"Report {number}", source_id=1)
        await newsroom.joins(article, story_id=1)

    async with storage.reading() as tx:
        newest = (await reports_of_stories(tx, [1]))[1]
        with_shown = (await reports_of_stories(tx, [1], also=[1]))[1]

    assert [one.article_id for one in with_shown] == [*(one.article_id for one in newest), 1]


async def test_the_lead_tells_the_headline_that_the_digest_shows(newsroom, storage):
    query, wire = await newsroom.query("strait"), await newsroom.source("Example Wire")
    await newsroom.reader(query, name="Strait", mode=Mode.DIGEST)
    before = "Envoys of both sides met in Geneva on Monday to prepare a third round of talks."
    now = "The navy closed the strait to ships for two days of exercises on Tuesday."
    times = await newsroom.source("Example Times")
    await newsroom.article("Envoys meet before talks", source_id=wire, ago=40 * HOUR, text=before)
    shown = await newsroom.article("Navy closes strait", query, source_id=times, ago=HOUR, text=now)
    await newsroom.joins(shown, story_id=1)

    page = await load_digest_so_far(storage, 1)

    (listed,) = page.choice.listed
    assert listed.title == "Navy closes strait"
    assert page.leads[listed.id].text == now


async def test_readers_who_are_shown_different_articles_of_a_story_get_excerpts_of_both(
    newsroom, storage
):
    wire = await newsroom.source("Example Wire")
    queries = [await newsroom.query("words"), await newsroom.query("report")]
    for number, query in enumerate(queries, 1):
        await newsroom.reader(query, number, mode=Mode.DIGEST, style=Style.FULL)
        text = f"Words of report {number} stand here."
        await newsroom.article(f"Report {number}", query, source_id=wire, ago=HOUR, text=text)
    await newsroom.joins(2, story_id=1)
    async with storage.reading() as tx:
        readers = await readers_of(tx, [await tx.get_one(Chat, number) for number in (1, 2)])
        pages = await load_digests(tx, readers)

    assert [pages[number].snippets[1].text for number in (1, 2)] == [
        "Words of report 1 stand here.",
        "Words of report 2 stand here.",
    ]


async def test_an_article_without_text_reports_its_summary(newsroom, storage):
    await newsroom.article("Quake", source_id=await newsroom.source(), text="", summary=NEWS)

    async with storage.reading() as tx:
        assert (await load_leads(tx, [(1, 1)]))[1, 1].text == NEWS


async def test_no_stories_have_no_leads(storage):
    async with storage.reading() as tx:
        assert await load_leads(tx, []) == {}


async def test_the_lead_of_equal_reports_is_chosen_once(story, storage, monkeypatch):
    async with storage.reading() as tx:
        first = await load_leads(tx, [(1, 1)])
        monkeypatch.setattr(coverage, "lead_of", lambda *_reports: None)
        again = await load_leads(tx, [(1, 1)])

    assert first == again
    assert first[1, 1].text == NEWS


@pytest.mark.parametrize("style", [Style.STANDARD, Style.FULL])
async def test_a_digest_shows_the_lead_of_a_story(story, newsroom, publishing, clock, style):
    await newsroom.change(Chat, 1, style=style, next_digest_at=DUE)
    clock.now = DUE

    await publishing.digests()

    (text,) = await newsroom.texts()
    assert NEWS in text


async def test_a_full_digest_reads_the_passage_that_a_lead_replaces_in_others(
    story, storage, newsroom
):
    found = {}
    for style in (Style.STANDARD, Style.FULL):
        async with storage.writing() as tx:
            (await tx.get_one(Chat, 1)).style = style
        page = await load_digest_so_far(storage, 1)
        found[style] = (bool(page.leads[1].text), bool(page.snippets[1].text))

    assert found == {Style.STANDARD: (True, False), Style.FULL: (True, True)}


def test_the_development_in_equal_reports_is_found_once(monkeypatch):
    found = []
    monkeypatch.setattr(coverage, "development_of", lambda *reports: found.append(reports))
    known = [
        ReportText(1, "Wire", "A quake that only this test tells", "https://wire.example/1", NEWS)
    ]
    newest = [ReportText(2, "Post", "Three found", "https://post.example/2", LATER)]

    coverage.development_in(known, newest)
    coverage.development_in(known, newest)
    coverage.development_in(newest, known)

    assert found == [(known, newest), (newest, known)]


async def test_a_made_digest_has_the_lead_too(story, newsroom, publishing, storage, clock):
    await newsroom.change(Chat, 1, next_digest_at=DUE)
    clock.now = DUE
    so_far = await load_digest_so_far(storage, 1)
    await publishing.digests()
    (edition,) = await newsroom.editions()

    made = await load_made_digest(storage, 1, edition.local_date, edition.schedule_number)

    assert made
    assert made.leads == so_far.leads
    assert made.leads[1].text == NEWS
