"""How large the world is, and what befalls it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# A Thursday; on the Sunday after it Europe's clocks go back.
BEGINS = datetime(2026, 10, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Numbers:
    """*articles_a_day* by all feeds together, on a weekday; *acts_a_day* of people, in all.

    *kept_days*: of articles, messages and editions; *shown*: entries of a feed, and how many of
    each, and of each query, the bot keeps however old. *tick*: seconds between looks for what is
    due. *alert_within*: so long after its article an alert has arrived, bundled or not.
    """

    days: float = 7.0
    feeds: int = 2_000
    chats: int = 5_000
    articles_a_day: int = 2_500
    acts_a_day: int = 300
    subjects: int = 1_500
    topics_each: int = 3
    kept_days: int = 2
    shown: int = 3
    tick: float = 120.0
    alert_within: timedelta = 2 * HOUR
    seed: int = 0
    begins: datetime = BEGINS

    @property
    def lasts(self) -> timedelta:
        return self.days * DAY

    @property
    def steady(self) -> int:
        """So many chats change nothing, and are asked after one by one."""
        return max(10, self.chats // 20)
