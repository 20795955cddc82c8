"""Schedules: when digests come, and when and how often alerts may. Pure."""

from dataclasses import dataclass
from datetime import date

EVERY_DAY = 0b1111111

EIGHT_AM = 8 * 60

MAX_SCHEDULE_TIMES = 4


@dataclass(frozen=True, slots=True)
class ScheduleTime:
    """A digest comes *minutes* after local midnight, on the *weekdays* whose bit is set.

    Bit 0 is Monday; at least one is set. *number*, 0 to 3, names the time in the keys of editions.
    """

    number: int = 0
    minutes: int = EIGHT_AM
    weekdays: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a schedule time without a weekday is never due")

    @property
    def is_weekly(self) -> bool:
        return self.weekdays.bit_count() == 1

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


# The schedule of a chat that has chosen none.
DEFAULT_SCHEDULE = (ScheduleTime(),)

DEFAULT_ALERTS_PER_HOUR = 6
MOST_ALERTS_PER_HOUR = 60  # of a Telegram chat with all its threads, too


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From *start* to *end*, minutes after local midnight; past midnight if *end* is earlier."""

    start: int
    end: int

    @property
    def nights(self) -> int:
        """The number of midnights between start and end: 0 or 1."""
        return int(self.end <= self.start)
