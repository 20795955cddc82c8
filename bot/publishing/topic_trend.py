"""The trend of one topic over four weeks: its stories by day, as a picture and in words.

Stored matches are counted. Stored articles are searched too, because a query has matches only since
its first subscription. Days are those of the calendar in the chat's zone, up to today.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bot.matching.candidates import SearchLimits
from bot.matching.query import ParsedQuery
from bot.matching.search import find_stories
from bot.publishing.calendar import local_date, start_of
from bot.publishing.pictures import draw, has_letters
from bot.publishing.trends import DAYS, Band, Trend, is_writable, shortened, trend_of
from storage.articles import news_since
from storage.db.engine import Storage
from storage.matches import stories_by_day
from storage.queries import find_query

_WEEKS = 4
_DAYS = _WEEKS * DAYS


@dataclass(frozen=True, slots=True)
class TopicTrend:
    """The number of stories (*counts*) on each of the *days*, oldest first, up to *today*.

    *trend* compares the last two weeks; None if there is too little to compare. *png* is None if
    there is nothing to draw, or if drawing failed.
    """

    days: Sequence[date]
    counts: Sequence[int]
    trend: Trend | None
    today: date
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


async def topic_trend(
    storage: Storage,
    query: ParsedQuery,
    *,
    chat_id: int,
    zone: str,
    name: str,
    day_name: Callable[[date], str],
) -> TopicTrend:
    """Count by day the stories that *query* finds in the chat's sources.

    The picture shows *name*, and below it the *day_name* of every seventh day.
    """
    found = await find_stories(storage, query, SearchLimits(timedelta(days=_DAYS)), chat_id=chat_id)
    async with storage.reading() as tx:
        today = local_date(tx.now, zone)
        days = [today - timedelta(days=age) for age in range(_DAYS)]
        starts = [start_of(day, zone) for day in days]
        query_id = await find_query(tx, query.canonical)
        by_query = await stories_by_day(tx, chat_id, [query_id] if query_id else [], starts)
        news = await news_since(tx)
    matched = by_query.get(query_id or 0, {})
    searched = Counter((today - local_date(each.news_at, zone)).days for each in found.articles)
    # Matches and search find the same stories, but each may miss some.
    by_age = {age: max(matched.get(age, 0), searched[age]) for age in range(_DAYS)}
    tomorrow = start_of(today + timedelta(days=1), zone)
    trend = TopicTrend(
        days=days[::-1],
        counts=[by_age[age] for age in reversed(range(_DAYS))],
        trend=trend_of(by_age, starts[-1], tomorrow, news),
        today=today,
    )
    if not trend.total:
        return trend
    labels = [
        _label(day, day_name(day)) if place % DAYS == 0 else ""
        for place, day in enumerate(trend.days)
    ]
    label = shortened(name) if is_writable(name, has_letters) else ""
    png = await draw(labels, [Band(label, trend.counts, [0] * _DAYS)])
    return replace(trend, png=png)


def _label(day: date, name: str) -> str:
    return name if is_writable(name, has_letters) else f"{day.month}/{day.day}"
