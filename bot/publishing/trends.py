"""Trends: the stories of a topic this week compared with last week, in words, bars and a chart.

1. A day is 24 hours and the last one ends with the edition, so that all days are equally long.
2. A chart shows two weeks by day, for the topics with the most stories.
3. The picture writes a name if a font has the letters, and they need no shaping or Pillow shapes
   them well (Hebrew, Arabic). Any other name becomes a capital letter, which is explained beside
   the picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from string import ascii_uppercase
from typing import NamedTuple

from bot.publishing.selection import SelectedTopic

DAYS = 7
FORTNIGHT = 2 * DAYS
_BARS = "▁▂▃▄▅▆▇█"

_FEWEST = 4  # stories in a fortnight; fewer make no trend
_ALIKE = 0.15
_TWICE = (1.75, 2.5)
_HALF = (0.4, 0.6)
_FIRST_DAYS = 2
_MUCH = 1.5  # times as many as last week


class TrendChange(StrEnum):
    """How this week compares with last week; the words are in templates."""

    UNKNOWN = "unknown"  # the topic or the bot is too new
    NEW = "new"  # no stories last week
    SAME = "same"
    TWICE = "twice"
    TIMES = "times"  # three times as much, or more
    HALF = "half"
    OTHER = "other"


class Trend(NamedTuple):
    """The number of stories on each of the *days* of a fortnight, oldest first."""

    days: tuple[int, ...]
    is_known: bool = True  # whether the first of the two weeks is known too

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
    def change(self) -> TrendChange:
        if not self.is_known:
            return TrendChange.UNKNOWN
        if not self.last_week:
            return TrendChange.NEW
        ratio = self.this_week / self.last_week
        if abs(ratio - 1) <= _ALIKE:
            return TrendChange.SAME
        if _TWICE[0] <= ratio < _TWICE[1]:
            return TrendChange.TWICE
        if ratio >= _TWICE[1]:
            return TrendChange.TIMES
        return TrendChange.HALF if _HALF[0] <= ratio <= _HALF[1] else TrendChange.OTHER


def trend_of(
    by_age: Mapping[int, int], subscribed_since: datetime, now: datetime, news_since: datetime
) -> Trend | None:
    """Return the trend of a topic, or None if it has too few stories.

    *by_age* counts its stories by age in whole days. A week is known if

    - the bot was reading news during all of it (since *news_since*), because feeds no longer list
      everything older, and
    - the topic existed during all of it, or has a story from the week's first two days or earlier.
    """
    days = tuple(by_age.get(age, 0) for age in reversed(range(FORTNIGHT)))
    if sum(days) < _FEWEST or not any(days[DAYS:]):
        return None

    def is_known(first: int) -> bool:
        start = now - timedelta(days=FORTNIGHT - first)
        existed = subscribed_since <= start or any(days[: first + _FIRST_DAYS])
        return news_since <= start and existed

    return Trend(days, is_known=is_known(0)) if is_known(DAYS) else None


def most_risen(trends: Mapping[int, Trend]) -> int | None:
    """Return the topic whose number of stories rose most since last week, None if none rose much.

    *trends* are by topic. Much is a half more, and at least `_FEWEST` stories more.
    """
    risen = {
        topic: trend.this_week - trend.last_week
        for topic, trend in trends.items()
        if trend.is_known and trend.this_week >= _MUCH * trend.last_week
    }
    topic = max(risen, key=lambda topic: risen[topic], default=None)
    return topic if topic is not None and risen[topic] >= _FEWEST else None


def sparkline(counts: tuple[int, ...]) -> str:
    """Return a bar for each of *counts*: full for the largest, the lowest for zero."""
    most = max(counts, default=0)
    steps = len(_BARS) - 1
    return "".join(_BARS[ceil(count / most * steps) if count else 0] for count in counts)


# The chart of several topics.


MOST_TOPICS = 6
_LONGEST_NAME = 32
_LAST_LETTER = 0x06FF  # of Latin, Greek, Cyrillic, Hebrew and Arabic
_EAST_ASIAN = ((0x3000, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xFF01, 0xFF9F))
_MARKS = frozenset("\u2010\u2011\u2013\u2014\u2018\u2019\u201c\u201d\u2026")


@dataclass(frozen=True, slots=True)
class Band:
    """A topic in the picture: its *label*, bars of *this_week*, and paler bars of *last_week*."""

    label: str
    this_week: Sequence[int]
    last_week: Sequence[int]


@dataclass(frozen=True, slots=True)
class Row:
    """A topic of the chart; *letter* replaces its name in the picture, "" if the name fits."""

    name: str
    letter: str
    trend: Trend

    @property
    def label(self) -> str:
        return shortened(self.letter or self.name)

    @property
    def band(self) -> Band:
        return Band(self.label, self.trend.days[DAYS:], self.trend.days[:DAYS])


@dataclass(frozen=True, slots=True)
class Chart:
    """The topics of a picture, and the dates under their bars, oldest first."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]


def chart_of(
    topics: Sequence[tuple[SelectedTopic, Trend]], now: datetime, has_letters: Callable[[str], bool]
) -> Chart | None:
    """Return the chart at the local time *now*, or None without a topic to draw.

    *has_letters* says whether the font can write a text. A day of a trend is labelled with the date
    of most of its hours.
    """
    busiest = sorted(topics, key=lambda pair: -pair[1].this_week)[:MOST_TOPICS]
    if not busiest:
        return None
    letters = iter(ascii_uppercase)

    def letter_of(name: str) -> str:
        return "" if is_writable(name, has_letters) else next(letters)

    rows = [Row(topic.name, letter_of(topic.name), trend) for topic, trend in busiest]
    last = now - timedelta(hours=12)
    days = ((last - timedelta(days=ago)).date() for ago in reversed(range(DAYS)))
    return Chart(tuple(days), tuple(rows))


def is_writable(text: str, has_letters: Callable[[str], bool]) -> bool:
    """Return whether a picture shows *text* correctly; *has_letters* says it of the fonts."""
    return has_letters(text) and all(map(_is_known, text))


def _is_known(character: str) -> bool:
    """Return whether the letter belongs to a script that pictures show correctly."""
    number = ord(character)
    is_east_asian = any(first <= number <= last for first, last in _EAST_ASIAN)
    return character in _MARKS or (
        (number <= _LAST_LETTER or is_east_asian) and character.isprintable()
    )


def shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
