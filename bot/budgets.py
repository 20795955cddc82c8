"""Budgets: the daily limits (UTC) on the cost of an account's private feeds and requests.

An account is a Telegram chat with all its threads; in a private chat it is the user. Work beyond a
budget waits for the next day. An account with 50 feeds never reaches these limits, and they keep an
attacker from filling a disk; `docs/reference/limits.md` has the calculation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from storage.enums import UsageKind

Used = Mapping[UsageKind, int]

LONG_TEXT: Final = 4_000  # characters for each additional entry that a text counts as
_SPREAD: Final = timedelta(minutes=30)  # over which the polls that wait for midnight are spread

# An account that exceeds any of these budgets pays for no further polls.
STOPS_POLLS: Final = (
    UsageKind.REQUESTS,
    UsageKind.WAITING,
    UsageKind.BYTES,
    UsageKind.ENTRIES,
)
# An account gets a notice about these. Additions and searches are refused on the spot instead.
NOTICED: Final = (*STOPS_POLLS, UsageKind.PAGES, UsageKind.MATCHES)


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets of each account; see `UsageKind`."""

    requests: int = 10_000
    seconds: int = 3_600
    megabytes: int = 500
    entries: int = 5_000
    pages: int = 1_000
    matches: int = 20_000
    additions: int = 200
    searches: int = 500

    @property
    def limits(self) -> dict[UsageKind, int]:
        """The budget of each kind, in the unit in which it is counted."""
        return {
            UsageKind.REQUESTS: self.requests,
            UsageKind.WAITING: self.seconds * 1_000,
            UsageKind.BYTES: self.megabytes * 1_000_000,
            UsageKind.ENTRIES: self.entries,
            UsageKind.PAGES: self.pages,
            UsageKind.MATCHES: self.matches,
            UsageKind.ADDITIONS: self.additions,
            UsageKind.SEARCHES: self.searches,
        }

    def left(self, kind: UsageKind, used: Used) -> int:
        return max(self.limits[kind] - used.get(kind, 0), 0)

    def exceeded(self, used: Used) -> frozenset[UsageKind]:
        """Return the kinds with nothing left."""
        return frozenset(kind for kind in used if not self.left(kind, used))


USUAL: Final = Budgets()


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a fetch or a request; see `UsageKind`."""

    requests: int = 0
    seconds: float = 0.0  # of waiting
    received: int = 0  # bytes
    entries: int = 0
    pages: int = 0
    matches: int = 0
    additions: int = 0
    searches: int = 0

    @property
    def amounts(self) -> dict[UsageKind, int]:
        """The amount of each kind, without zeros."""
        amounts = {
            UsageKind.REQUESTS: self.requests,
            UsageKind.WAITING: round(self.seconds * 1_000),
            UsageKind.BYTES: self.received,
            UsageKind.ENTRIES: self.entries,
            UsageKind.PAGES: self.pages,
            UsageKind.MATCHES: self.matches,
            UsageKind.ADDITIONS: self.additions,
            UsageKind.SEARCHES: self.searches,
        }
        return {kind: amount for kind, amount in amounts.items() if amount > 0}


FREE: Final = Cost()


def weight(*texts: str) -> int:
    """Return how many entries an entry with *texts* counts as: 1, or more if it is long."""
    return 1 + sum(map(len, texts)) // LONG_TEXT


def room(budgets: Budgets, kind: UsageKind, followers: Iterable[Used]) -> int:
    """Return how much is left for a source: as much as the follower with most left can pay."""
    return max((budgets.left(kind, used) for used in followers), default=budgets.limits[kind])


def waits(budgets: Budgets, followers: Iterable[Used]) -> bool:
    """Return whether a source waits for tomorrow, because all its *followers* are over budget."""
    stopped = [not budgets.exceeded(used).isdisjoint(STOPS_POLLS) for used in followers]
    return bool(stopped) and all(stopped)


def next_day(now: datetime, jitter: float = -1.0) -> datetime:
    """Return the next midnight (UTC) plus up to half an hour, set by *jitter* in [-1, 1]."""
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return midnight + _SPREAD * (jitter + 1) / 2
