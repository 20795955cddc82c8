"""When digests come and what they look like."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class EmptyDay(StrEnum):
    """What a chat gets on a day without a story."""

    SKIP = "skip"
    LINE = "line"


class Style(StrEnum):
    """How much a digest says of each story, and how many it tells."""

    BRIEF = "brief"  # titles only, the fewest
    STANDARD = "standard"
    FULL = "full"  # longer excerpts, the most


class Layout(StrEnum):
    """How Telegram shows a chat its digests."""

    CLASSIC = "classic"  # text and entities, in parts where one message is not enough
    RICH = "rich"  # one message with headings, lists and folds
    REFUSED = "refused"  # rich was asked for and refused: classic, until it is asked for again


EVERY_DAY = 0b1111111
EIGHT_O_CLOCK = 8 * 60
MOST_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """When a digest comes: *minutes* after local midnight, on the *weekdays* whose bit is set.

    Bit 0 is Monday; at least one is set. *number* is 0 to 3, and names it in the keys of editions.
    """

    number: int = 0
    minutes: int = EIGHT_O_CLOCK
    weekdays: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a slot without a weekday is never due")

    @property
    def is_weekly(self) -> bool:
        return self.weekdays.bit_count() == 1

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


# Those of a chat that has chosen none.
USUAL_SLOTS = (Slot(),)

USUAL_ALERTS_AN_HOUR = 6


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From *start* to *end*, minutes after local midnight; over midnight where it ends earlier."""

    start: int
    end: int

    @property
    def nights(self) -> int:
        """How many midnights there are between: none or one."""
        return int(self.end <= self.start)
