"""Four weeks of a topic, on each database."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.matching.query import parse
from bot.publishing.trending import Trending
from tests.publishing.test_picturing import FakeDrawing


@dataclass
class Article:
    news_at: datetime


@dataclass
class Past:
    articles: list[Article]

    async def stories(self, *_args, **_facts):
        return self


async def test_days_are_counted_from_the_oldest_and_every_week_is_named(storage, clock):
    past = Past([Article(clock.now - timedelta(days=ago, hours=1)) for ago in (0, 0, 1, 8, 27, 28)])
    drawing = FakeDrawing()

    seen = await Trending(storage, past, drawing).trend(
        "Ties", parse("taiwan"), chat_id=1, zone="UTC", named=lambda day: f"{day:%d %b}"
    )

    ((days, (band,)),) = drawing.asked
    assert (seen.total, list(seen.weeks)) == (5, [1, 0, 1, 3])
    assert seen.busiest[1] == 2
    assert len(seen.days) == len(band.this_week) == len(days) == 28
    assert [bool(name) for name in days] == [place % 7 == 0 for place in range(28)]
    assert band.label == "Ties"


async def test_where_nothing_was_told_nothing_is_drawn(storage):
    drawing = FakeDrawing()

    seen = await Trending(storage, Past([]), drawing).trend(
        "台湾", parse("taiwan"), chat_id=1, zone="Asia/Tokyo", named=date.isoformat
    )

    assert (seen.total, seen.trend, seen.png, drawing.asked) == (0, None, None, [])
