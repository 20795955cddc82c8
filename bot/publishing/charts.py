"""What the picture of a weekly digest shows: each topic's stories, day by day, of two weeks.

1. The topics with the most stories come first; of the others none is drawn.
2. A name is written in the picture where its font has the letters, and these stand one beside the
   other (Latin, Greek, Cyrillic). Any other is a letter there, explained beside the picture.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from string import ascii_uppercase

from bot.publishing.selection import Topic
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
    topics: Sequence[tuple[Topic, Trend]], now: datetime, has_letters: Callable[[str], bool]
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
