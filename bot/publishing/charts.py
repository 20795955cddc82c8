"""What the picture of a weekly digest shows: each topic's stories, day by day, of two weeks.

1. The topics with the most stories come first; of the others none is drawn.
2. A name is written in the picture where every system has letters for it (Latin, Greek, Cyrillic).
   Any other is a letter there, which the words beside the picture explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from string import ascii_uppercase

from bot.publishing.choice import Topic
from bot.publishing.trends import DAYS, Trend

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
        name = self.letter or self.name
        return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"

    @property
    def band(self) -> Band:
        return Band(self.label, self.trend.days[DAYS:], self.trend.days[:DAYS])


@dataclass(frozen=True, slots=True)
class Chart:
    """*days* are the dates under the bars, the oldest first."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]


def chart_of(topics: Sequence[tuple[Topic, Trend]], now: datetime) -> Chart | None:
    """Return the chart at the local moment *now*; None without a topic to draw.

    A day of a trend is 24 hours, and bears the date of most of them.
    """
    busiest = sorted(topics, key=lambda one: -one[1].this_week)[:MOST_TOPICS]
    if not busiest:
        return None
    letters = (ascii_uppercase[number] for number in count())
    rows = [
        Row(topic.name, "" if _is_writable(topic.name) else next(letters), trend)
        for topic, trend in busiest
    ]
    last = now - timedelta(hours=12)
    days = ((last - timedelta(days=ago)).date() for ago in reversed(range(DAYS)))
    return Chart(tuple(days), tuple(rows))


def drawn_day(day: date, name: str) -> str:
    """Return what a day is called in a picture: its *name*, where that can be written there."""
    return name if _is_writable(name) else f"{day.month}/{day.day}"


def one_band(name: str, counts: Sequence[int]) -> Band:
    """Return the only topic of a picture; a name that cannot be written there stands beside it."""
    label = name if _is_writable(name) else ""
    short = label if len(label) <= _LONGEST_NAME else f"{label[: _LONGEST_NAME - 1]}…"
    return Band(short, counts, [0] * len(counts))


def _is_writable(name: str) -> bool:
    return all(
        character in _MARKS or (ord(character) <= _LAST_LETTER and character.isprintable())
        for character in name
    )
