"""Four weeks of a topic, on each database."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b

import pytest

from bot.matching.query import parse
from bot.publishing import pictures
from bot.publishing.topic_trend import topic_trend
from storage.queries import Query


@dataclass
class DatedArticle:
    news_at: datetime


@dataclass
class FoundStories:
    articles: list[DatedArticle] = field(default_factory=list)


@pytest.fixture
def found(monkeypatch):
    """The result of a search."""
    stories = FoundStories()

    async def search(*_args: object, **_facts: object) -> FoundStories:
        return stories

    monkeypatch.setattr("bot.publishing.topic_trend.find_stories", search)
    return stories


@pytest.fixture
def painted(monkeypatch):
    asked = []

    def paint(*what: object) -> bytes:
        asked.append(what)
        return b"png"

    monkeypatch.setattr(pictures, "paint", paint)
    return asked


async def test_days_are_counted_from_the_oldest(storage, clock, painted, found):
    found.articles = [
        DatedArticle(clock.now - timedelta(days=ago, hours=1)) for ago in (0, 0, 1, 8, 27, 28)
    ]

    seen = await topic_trend(
        storage,
        parse("taiwan"),
        chat_id=1,
        zone="UTC",
        name="Ties",
        day_name=lambda day: f"{day:%d %b}",
    )

    ((days, (band,)),) = painted
    assert (seen.total, list(seen.weeks)) == (5, [1, 0, 1, 3])
    assert seen.busiest[1] == 2
    assert len(seen.days) == len(band.this_week) == len(days) == 28
    assert [bool(name) for name in days] == [place % 7 == 0 for place in range(28)]
    assert (band.label, seen.png) == ("Ties", b"png")
    assert seen.today == seen.days[-1] == clock.now.date()


@pytest.mark.parametrize("is_matched", [True, False])
async def test_stories_count_on_the_days_of_the_chats_calendar(
    storage, newsroom, clock, painted, found, is_matched
):
    ages = [timedelta(hours=hours) for hours in (1, 20, 22, 46)]  # it is 21:00 in Tokyo
    if is_matched:
        source, query = await newsroom.source(), await newsroom.query("taiwan")
        canonical_hash = blake2b(b"taiwan", digest_size=16).hexdigest()
        await newsroom.change(Query, query, canonical_hash=canonical_hash)
        for ago in ages:
            await newsroom.article("Ties", query, source_id=source, ago=ago)
    else:
        found.articles = [DatedArticle(clock.now - ago) for ago in ages]

    seen = await topic_trend(
        storage,
        parse("taiwan"),
        chat_id=1,
        zone="Asia/Tokyo",
        name="Ties",
        day_name=date.isoformat,
    )

    assert list(seen.days[-3:]) == [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2)]
    assert list(seen.counts[-3:]) == [1, 1, 2]


async def test_a_trend_without_stories_has_no_picture(storage, painted, found):
    seen = await topic_trend(
        storage,
        parse("taiwan"),
        chat_id=1,
        zone="Asia/Tokyo",
        name="台湾",
        day_name=date.isoformat,
    )

    assert (seen.total, seen.trend, seen.png, painted) == (0, None, None, [])
