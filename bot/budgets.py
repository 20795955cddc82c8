"""Budgets: daily limits (UTC) on the cost of one account's private feeds and requests.

An account is a Telegram chat with all its threads; a private chat is its user. Work beyond a budget
waits for the next day. An account with 50 feeds never reaches these numbers, and an attacker cannot
fill a disk within them; `docs/reference/limits.md` has the arithmetic.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from storage.enums import UsageKind

Used = Mapping[UsageKind, int]

LONG_TEXT: Final = 4_000  # characters; a text counts as one more entry for each such length
_SPREAD: Final = timedelta(minutes=30)  # after midnight, over which the waiting polls are spread

# An account that has used up any of these budgets pays for no more polls.
STOPS_POLLS: Final = (
    UsageKind.REQUESTS,
    UsageKind.WAITING,
    UsageKind.BYTES,
    UsageKind.ENTRIES,
)
# An account is notified when these are used up. Additions and searches need no notice, because the
# user who asks for one is refused.
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
        """Return the kinds whose budget is used up."""
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
    """Return how many entries an entry with *texts* counts as; a long one is several."""
    return 1 + sum(map(len, texts)) // LONG_TEXT


def room(budgets: Budgets, kind: UsageKind, followers: Iterable[Used]) -> int:
    """Return what is left for a source: its follower with the most left pays for it."""
    return max((budgets.left(kind, used) for used in followers), default=budgets.limits[kind])


def waits(budgets: Budgets, followers: Iterable[Used]) -> bool:
    """Return whether a source waits for the next day, because all *followers* are over budget."""
    stopped = [not budgets.exceeded(used).isdisjoint(STOPS_POLLS) for used in followers]
    return bool(stopped) and all(stopped)


def next_day(now: datetime, jitter: float = -1.0) -> datetime:
    """Return the next midnight in UTC, or up to half an hour later; *jitter* is in [-1, 1]."""
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return midnight + _SPREAD * (jitter + 1) / 2
