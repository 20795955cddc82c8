"""The trend of one topic over four weeks: its stories day by day, as a picture and in words.

What matched is counted as it came; for the time before the topic was watched the stored articles
are looked through. A day is 24 hours that end now.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from bot.matching.query import Query
from bot.publishing.charts import Band, drawn_day, one_band
from bot.publishing.trends import DAYS, Trend, trend_of
from bot.rendering.filters import local
from storage.db.engine import Storage
from storage.queries import find_query
from storage.search import stories_by_day

WEEKS = 4
_DAYS = WEEKS * DAYS


class Dated(Protocol):
    @property
    def news_at(self) -> datetime: ...


class Found(Protocol):
    @property
    def articles(self) -> Sequence[Dated]: ...


class Looks(Protocol):
    async def stories(
        self, query: Query, *, chat_id: int | None = None, days: int = 7
    ) -> Found: ...


class Draws(Protocol):
    async def draw(self, days: Sequence[str], bands: Sequence[Band]) -> bytes | None:
        """Return a PNG, or None where it could not be drawn."""


@dataclass(frozen=True, slots=True)
class TrendSeen:
    """*counts*: the stories of each of the *days*, the oldest first.

    *trend* compares the last two weeks, None where there is too little to compare; *png* is None
    where nothing could be drawn.
    """

    days: Sequence[date]
    counts: Sequence[int]
    trend: Trend | None
    png: bytes | None = field(default=None, repr=False)

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def weeks(self) -> Sequence[int]:
        return [sum(self.counts[start : start + DAYS]) for start in range(0, _DAYS, DAYS)]

    @property
    def busiest(self) -> tuple[date, int]:
        most = max(self.counts)
        return self.days[self.counts.index(most)], most


@dataclass(frozen=True, slots=True)
class Trending:
    storage: Storage
    past: Looks
    drawing: Draws | None

    async def trend(
        self, name: str, query: Query, *, chat_id: int, zone: str, named: Callable[[date], str]
    ) -> TrendSeen:
        """Return how much *query* found of what reaches the chat.

        *name* stands on the picture, and below a day how it is *named*.
        """
        looked = await self.past.stories(query, chat_id=chat_id, days=_DAYS)
        async with self.storage.reading() as tx:
            now = tx.now
            known = await find_query(tx, query.canonical)
            matched = await stories_by_day(tx, chat_id, [known] if known else [], _DAYS)
        by_age = _more_of(matched.get(known or 0, {}), _by_age(looked, now))
        seen = _seen(by_age, local(now, zone), now)
        if self.drawing is None or not seen.total:
            return seen
        days = [
            drawn_day(day, named(day)) if place % DAYS == 0 else ""
            for place, day in enumerate(seen.days)
        ]
        png = await self.drawing.draw(days, [one_band(name, seen.counts)])
        return TrendSeen(seen.days, seen.counts, seen.trend, png)


def _by_age(found: Found, now: datetime) -> Mapping[int, int]:
    return Counter((now - article.news_at).days for article in found.articles)


def _more_of(one: Mapping[int, int], other: Mapping[int, int]) -> Mapping[int, int]:
    """Both count the same stories, and each may miss some."""
    return {age: max(one.get(age, 0), other.get(age, 0)) for age in range(_DAYS)}


def _seen(by_age: Mapping[int, int], here: datetime, now: datetime) -> TrendSeen:
    ages = tuple(reversed(range(_DAYS)))
    last = here - timedelta(hours=12)  # a day bears the date of most of its hours
    return TrendSeen(
        days=tuple((last - timedelta(days=age)).date() for age in ages),
        counts=tuple(by_age.get(age, 0) for age in ages),
        trend=trend_of(by_age, now - timedelta(days=_DAYS), now),
    )
