"""The size of the simulated world."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Numbers:
    """*articles_a_day*: of all feeds together, on a weekday; *actions_a_day*: of all users.

    *kept_days*: of articles, messages and editions. *listed*: entries of a feed, and how many of
    each feed and query the bot keeps whatever their age. *tick*: seconds between two checks for due
    work. *alert_within*: the longest delay of an alert, bundled or not.
    """

    days: float = 7.0
    feeds: int = 2_000
    chats: int = 5_000
    articles_a_day: int = 2_500
    actions_a_day: int = 300
    subjects: int = 1_500
    topics_each: int = 3
    kept_days: int = 2
    listed: int = 3
    tick: float = 120.0
    alert_within: timedelta = 2 * HOUR
    seed: int = 0
    # A Thursday; on the next Sunday Europe's clocks are set back.
    begins: datetime = datetime(2026, 10, 22, tzinfo=UTC)

    @property
    def duration(self) -> timedelta:
        return self.days * DAY

    @property
    def steady(self) -> int:
        """The number of chats that change nothing, whose stories are checked one by one."""
        return max(10, self.chats // 20)
