"""Schedules: when digests are sent, and when and how often alerts may be. Pure."""

from dataclasses import dataclass
from datetime import date

EVERY_DAY = 0b1111111

EIGHT_AM = 8 * 60

MAX_SCHEDULE_TIMES = 4


@dataclass(frozen=True, slots=True)
class ScheduleTime:
    """A digest is due *minutes* after local midnight, on the *weekdays* whose bits are set.

    Bit 0 is Monday; at least one bit is set. *number*, 0 to 3, identifies the time in the keys of
    editions. *most_covered*: list the most covered stories of the week; only if it is weekly.
    """

    number: int = 0
    minutes: int = EIGHT_AM
    weekdays: int = EVERY_DAY
    most_covered: bool = False

    def __post_init__(self) -> None:
        if not self.weekdays & EVERY_DAY:
            raise ValueError("a schedule time without a weekday is never due")

    @property
    def is_weekly(self) -> bool:
        return self.weekdays.bit_count() == 1

    @property
    def lists_most_covered(self) -> bool:
        return self.most_covered and self.is_weekly

    def has(self, day: date) -> bool:
        return bool(self.weekdays >> day.weekday() & 1)


# The schedule of a chat that has chosen none.
DEFAULT_SCHEDULE = (ScheduleTime(),)

DEFAULT_ALERTS_PER_HOUR = 6
MOST_ALERTS_PER_HOUR = 60  # of a chat, and also of a Telegram chat with all its threads


@dataclass(frozen=True, slots=True)
class QuietHours:
    """*start* and *end* are minutes after local midnight; an earlier *end* is on the next day."""

    start: int
    end: int

    @property
    def nights(self) -> int:
        """The number of midnights between start and end: 0 or 1."""
        return int(self.end <= self.start)
