"""How much news topics have: a week beside the one before, in a word, in bars, and as a chart.

1. A day is 24 hours that end with the edition, so that days are equally long and the last is whole.
2. A chart shows the topics with the most stories, day by day, of two weeks; the others not at all.
3. A name is written in the picture where its font has the letters, and these stand one beside the
   other (Latin, Greek, Cyrillic). Any other is a letter there, explained beside the picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import ceil
from string import ascii_uppercase

from bot.publishing.selection import SelectedTopic

DAYS = 7
FORTNIGHT = 2 * DAYS
_BARS = "▁▂▃▄▅▆▇█"

_FEWEST = 4  # stories in a fortnight; of fewer a trend says nothing
_ALIKE = 0.15
_TWICE = (1.75, 2.5)
_HALF = (0.4, 0.6)
_FIRST_DAYS = 2


class TrendChange(StrEnum):
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


# The chart of several topics.


MOST_TOPICS = 6
_LONGEST_NAME = 32
_LAST_LETTER = 0x052F  # of Cyrillic
_MARKS = frozenset("\u2010\u2011\u2013\u2014\u2018\u2019\u201c\u201d\u2026")


@dataclass(frozen=True, slots=True)
class Band:
    """What is drawn of a topic: its *label*, the bars of *this_week*, the paler ones behind."""

    label: str
    this_week: Sequence[int]
    last_week: Sequence[int]


@dataclass(frozen=True, slots=True)
class Row:
    """One topic; *letter* stands for its name in the picture, "" where the name itself does."""

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
    """*days* are the dates under the bars, the oldest first."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]


def chart_of(
    topics: Sequence[tuple[SelectedTopic, Trend]], now: datetime, has_letters: Callable[[str], bool]
) -> Chart | None:
    """Return the chart at the local moment *now*; None without a topic to draw.

    *has_letters* says whether the font can write a text. A day of a trend is 24 hours, and bears
    the date of most of them.
    """
    busiest = sorted(topics, key=lambda one: -one[1].this_week)[:MOST_TOPICS]
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
    """Return whether *text* stands in a picture as a reader expects it."""
    return has_letters(text) and all(
        character in _MARKS or (ord(character) <= _LAST_LETTER and character.isprintable())
        for character in text
    )


def shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
