"""The shapes of a day, hour by hour in UTC: time zones of users, news, digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HOURS: Final = 24
DIGEST_AT: Final = 8  # local
# Shares of the users by hours from UTC: the time zones of the day's people, halves rounded.
USERS: Final = {
    -8: 0.02, -6: 0.05, -5: 0.06, -4: 0.04, -3: 0.06,
    0: 0.05, 1: 0.14, 2: 0.06, 3: 0.14, 4: 0.02, 5: 0.18, 7: 0.08, 8: 0.07, 9: 0.03,
}  # fmt: skip
# Shares of a day's articles: Asia's morning, then Europe's, then America's.
NEWS: Final = (
    0.030, 0.032, 0.034, 0.036, 0.038, 0.042, 0.048, 0.054, 0.058, 0.058, 0.056, 0.054,
    0.054, 0.056, 0.056, 0.052, 0.048, 0.042, 0.036, 0.030, 0.026, 0.022, 0.018, 0.020,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scenario:
    """*hits_a_day*: of one query; *paged*: the share of articles whose page is fetched."""

    users: int = 10_000_000
    subscriptions: int = 50_000_000
    queries: int = 10_000_000
    feeds: int = 500_000
    polls_a_feed: int = 24
    articles: int = 5_000_000
    paged: float = 0.5
    hits_a_day: float = 20
    alerts_a_user: float = 2
    with_digest: float = 0.8
    window_hours: int = 1
    kept_days: int = 30


def digests_due(scenario: Scenario) -> Sequence[float]:
    """Return the digests due in each hour; each zone's are spread over its window."""
    due = [0.0] * HOURS
    for offset, share in USERS.items():
        for late in range(scenario.window_hours):
            hour = (DIGEST_AT - offset + late) % HOURS
            due[hour] += scenario.users * scenario.with_digest * share / scenario.window_hours
    return due


def alerts_due(scenario: Scenario) -> Sequence[float]:
    return [scenario.users * scenario.alerts_a_user * share for share in NEWS]


def articles_due(scenario: Scenario) -> Sequence[float]:
    return [scenario.articles * share for share in NEWS]
