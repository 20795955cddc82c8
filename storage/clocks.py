"""Finds and repairs stored times that only a wrong clock can have written.

A machine whose clock runs hours ahead for a while stores leases, pauses and due times that would
block work for hours. Each rule names a column and how far ahead its times may lie. It may also name
the column with the time at which the row was written: if that lies in the future, the clock was
wrong. A time that breaks its rule is set to now. Mutes and pauses that users chose have no rule,
because they may last for years.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, and_, func, inspect, or_, select, update
from sqlmodel import SQLModel

from storage.access import WrongGuesses
from storage.admin_inbox import AccessRequest
from storage.alerts import Alert
from storage.articles import Article
from storage.bundles import Bundle
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.leases import Lease
from storage.editions import Edition
from storage.mailboxes import Mailbox
from storage.outbox import Delivery
from storage.pace import LONGEST_LEAD, LONGEST_PAUSE, Pace
from storage.schema import leased_tables
from storage.sources import AwaitedPage, HostPause, Source
from storage.states import LONGEST_RETRY
from storage.subscriptions import Subscription
from storage.websub import PushSubscription

# A smaller error of a clock does no harm.
TOLERANCE: Final = timedelta(minutes=1)

_NOT_AT_ALL: Final = timedelta()
_LEASE: Final = timedelta(
    minutes=15
)  # of a row that rests after an error; other leases are shorter
_DAY: Final = timedelta(days=1)


class Rule(NamedTuple):
    """A rule for the times of *column*, which may lie at most *longest* ahead.

    *learned*: the column with the time at which the row was written. *only*: the rows that the rule
    applies to. *is_unique*: no two rows of a chat may have the same time.
    """

    column: Column[datetime]
    longest: timedelta
    learned: Column[datetime] | None = None
    only: ColumnElement[bool] | None = None
    is_unique: bool = False

    @property
    def name(self) -> str:
        return f"{self.column.table.name}.{self.column.name}"

    def broken(self, now: datetime) -> ColumnElement[bool]:
        broken = self.column > now + self.longest + TOLERANCE
        if self.learned is not None:
            by_wrong_clock = and_(self.column > now, self.learned > now + TOLERANCE)
            broken = or_(broken, by_wrong_clock)
        return broken if self.only is None else and_(self.only, broken)


def _columns(table: type[SQLModel]) -> Any:
    return inspect(table).local_table.c


def _retries() -> Iterator[Rule]:
    row = _columns(Delivery)
    for medium, longest in LONGEST_RETRY.items():
        yield Rule(row.due_at, longest, row.created_at, row.medium == medium)


@cache
def clock_rules() -> tuple[Rule, ...]:
    """Return the rules in the order of their repair.

    A due time is repaired before its `learned` time, and a pause before the pace, because each
    repair must still see the wrong values that its rule compares.
    """
    return tuple(_rules())


def _rules() -> Iterator[Rule]:
    pace, source, page = _columns(Pace), _columns(Source), _columns(AwaitedPage)
    is_no_pause = or_(pace.paused_until.is_(None), pace.paused_until < pace.tat)
    yield Rule(pace.paused_until, LONGEST_PAUSE, pace.paused_at)
    yield Rule(pace.tat, LONGEST_LEAD, only=is_no_pause)
    yield from _retries()
    yield Rule(_columns(Lease).lease_until, _LEASE)
    for table in leased_tables():
        yield Rule(_columns(table).lease_until, _LEASE)
    yield Rule(_columns(HostPause).until, timedelta(hours=1))
    yield Rule(source.next_fetch_at, 60 * _DAY, source.fetched_at)  # an operator may want that
    yield Rule(page.due_at, _DAY, page.awaited_since)
    yield Rule(_columns(Article).ready_at, timedelta(minutes=1))
    yield Rule(_columns(Bundle).release_at, 3 * _DAY, is_unique=True)  # a day, and a night
    yield Rule(_columns(Chat).next_digest_at, 9 * _DAY)  # once a week, wherever that begins
    yield Rule(_columns(PushSubscription).due_at, 91 * _DAY)
    for learned_at in (
        *(source.fetched_at, source.hinted_at, page.awaited_since),
        *(_columns(Alert).made_at, _columns(Edition).made_at, _columns(Subscription).created_at),
        *(_columns(Delivery).created_at, pace.paused_at),
        *(_columns(Mailbox).asked_at, _columns(WrongGuesses).since),
        _columns(AccessRequest).made_at,
    ):
        yield Rule(learned_at, _NOT_AT_ALL)


class PoisonedTime(NamedTuple):
    """A column, such as `pace.tat`, with the number of rows that break its rule.

    *latest*: the latest time among all rows of the column that break the rule.
    """

    column: str
    rows: int
    latest: datetime


async def poisoned_times(tx: Transaction) -> list[PoisonedTime]:
    """Return the columns with times that break their rules. Reads whole tables."""
    poisoned = []
    for rule in clock_rules():
        rows, latest = await tx.one(
            select(func.count(), func.max(rule.column)).where(rule.broken(tx.now))
        )
        if rows:
            poisoned.append(PoisonedTime(rule.name, rows, latest))
    return poisoned


async def mend_times(tx: Transaction, poisoned: Sequence[PoisonedTime]) -> None:
    """Set to now all times that break a rule, in the tables of the *poisoned* columns."""
    tables = {time.column.partition(".")[0] for time in poisoned}
    for rule in clock_rules():
        table = rule.column.table
        if table.name not in tables:
            continue
        if not rule.is_unique:
            now = {rule.column.name: tx.now}
            await tx.change(update(table).where(rule.broken(tx.now)).values(now))
            continue
        ids = await tx.rows(select(table.c.id).where(rule.broken(tx.now)))
        for place, (row_id,) in enumerate(ids):
            about_now = {rule.column.name: tx.now + timedelta(microseconds=place)}
            await tx.change(update(table).where(table.c.id == row_id).values(about_now))
