"""How much news a topic has: its stories on each of the last seven days, and the week before.

A day is 24 hours that end with the edition, so that days are equally long and the last is whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

DAYS = 7
FORTNIGHT = 2 * DAYS
_BARS = "▁▂▃▄▅▆▇█"

_FEWEST = 4  # stories in a fortnight; of fewer a trend says nothing
_ALIKE = 0.15
_TWICE = (1.75, 2.5)
_HALF = (0.4, 0.6)
_FIRST_DAYS = 2


class Change(StrEnum):
    """How this week compares with the last; templates have the words."""

    UNKNOWN = "unknown"  # the topic, or the bot, is not that old
    NEW = "new"  # there was nothing last week
    SAME = "same"
    TWICE = "twice"
    TIMES = "times"  # three times as much, or more
    HALF = "half"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Trend:
    """*days*: the stories of each day of a fortnight, the oldest first."""

    days: tuple[int, ...]
    is_known: bool = True  # the first of these weeks too

    @property
    def this_week(self) -> int:
        return sum(self.days[DAYS:])

    @property
    def last_week(self) -> int:
        return sum(self.days[:DAYS])

    @property
    def times(self) -> int:
        return round(self.this_week / self.last_week) if self.last_week else 0

    @property
    def bars(self) -> str:
        return sparkline(self.days[DAYS:])

    @property
    def change(self) -> Change:
        if not self.is_known:
            return Change.UNKNOWN
        if not self.last_week:
            return Change.NEW
        ratio = self.this_week / self.last_week
        if abs(ratio - 1) <= _ALIKE:
            return Change.SAME
        if _TWICE[0] <= ratio < _TWICE[1]:
            return Change.TWICE
        if ratio >= _TWICE[1]:
            return Change.TIMES
        return Change.HALF if _HALF[0] <= ratio <= _HALF[1] else Change.OTHER


def trend_of(
    by_age: Mapping[int, int], subscribed_since: datetime, now: datetime, news_since: datetime
) -> Trend | None:
    """Return the trend of a topic, None where there is too little to speak of one.

    *by_age* has its stories by how many whole days ago they came. A week counts as known if

    - the bot has read news in all of it, so since *news_since* (what a feed still has of the time
      before is not all that there was), and
    - the topic existed in all of it, or something came before the end of its first days.
    """
    days = tuple(by_age.get(age, 0) for age in reversed(range(FORTNIGHT)))
    if sum(days) < _FEWEST or not any(days[DAYS:]):
        return None

    def is_known(first: int) -> bool:
        start = now - timedelta(days=FORTNIGHT - first)
        existed = subscribed_since <= start or any(days[: first + _FIRST_DAYS])
        return news_since <= start and existed

    return Trend(days, is_known=is_known(0)) if is_known(DAYS) else None


def sparkline(counts: tuple[int, ...]) -> str:
    """Return a bar for each of *counts*, the largest full; the lowest bar is nothing."""
    most = max(counts, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[ceil(count / most * steps) if count else 0] for count in counts)
