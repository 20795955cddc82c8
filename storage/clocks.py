"""Stored times that only a wrong clock can have written, and how they are mended.

A machine whose clock is hours ahead for a while stores leases, pauses and due times that nobody
would wait for. Each rule names a column, how far it may lie ahead, and the column that says when it
was learned, if there is one: what was learned later than now was learned by a wrong clock. A time
that breaks its rule counts as now. Mutes and pauses that users chose have no rule, because they may
last for years.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, ColumnElement, and_, func, inspect, or_, select, update
from sqlmodel import SQLModel

from storage.access import WrongGuesses
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
from storage.sources import AwaitedPage, HostPause, Source
from storage.states import LONGEST_PAUSE as LONGEST_RETRY
from storage.subscriptions import Subscription
from storage.tables import LEASED
from storage.websub import PushSubscription

# A clock that is set right by less did no harm.
TOLERANCE: Final = timedelta(minutes=1)

_NOT_AT_ALL: Final = timedelta()
_LEASE: Final = timedelta(minutes=15)  # of a row that rests after an error; others are shorter
_DAY: Final = timedelta(days=1)


class Rule(NamedTuple):
    """*longest*: how far ahead the column may lie; *only*: of which rows.

    *is_unique*: no two rows of a chat may have the same time.
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


def _rules() -> Iterator[Rule]:
    """A rule that depends on another column comes before or after that one's, as it must.

    A due time comes before the time when it was learned, and a pause before the pace.
    """
    pace, source, page = _columns(Pace), _columns(Source), _columns(AwaitedPage)
    is_no_pause = or_(pace.paused_until.is_(None), pace.paused_until < pace.tat)
    yield Rule(pace.paused_until, LONGEST_PAUSE, pace.paused_at)
    yield Rule(pace.tat, LONGEST_LEAD, only=is_no_pause)
    yield from _retries()
    yield Rule(_columns(Lease).lease_until, _LEASE)
    for table in LEASED:
        yield Rule(_columns(table).lease_until, _LEASE)
    yield Rule(_columns(HostPause).until, timedelta(hours=1))
    yield Rule(source.next_fetch_at, 60 * _DAY, source.fetched_at)  # an operator may want that
    yield Rule(page.due_at, _DAY, page.awaited_since)
    yield Rule(_columns(Article).ready_at, timedelta(minutes=1))
    yield Rule(_columns(Bundle).release_at, 3 * _DAY, is_unique=True)  # a day, and a night
    yield Rule(_columns(Chat).next_digest_at, 9 * _DAY)  # once a week, wherever that begins
    yield Rule(_columns(PushSubscription).due_at, 91 * _DAY)
    for when in (
        *(source.fetched_at, source.hinted_at, page.awaited_since),
        *(_columns(Alert).made_at, _columns(Edition).made_at, _columns(Subscription).created_at),
        *(_columns(Delivery).created_at, pace.paused_at),
        *(_columns(Mailbox).asked_at, _columns(WrongGuesses).since),
    ):
        yield Rule(when, _NOT_AT_ALL)


RULES: Final = tuple(_rules())


class PoisonedTime(NamedTuple):
    """A column, as `pace.tat`, with how many rows break its rule; *latest* is the farthest."""

    column: str
    rows: int
    latest: datetime


async def poisoned_times(tx: Transaction) -> list[PoisonedTime]:
    """Return which stored times break their rules; it reads whole tables."""
    connection = await tx.session.connection()
    found = []
    for rule in RULES:
        counted = select(func.count(), func.max(rule.column)).where(rule.broken(tx.now))
        rows, latest = (await connection.execute(counted)).one()
        if rows:
            found.append(PoisonedTime(rule.name, rows, latest))
    return found


async def mend_times(tx: Transaction, found: Sequence[PoisonedTime]) -> None:
    """Set the times that were found to now, with others of the same tables that depend on them."""
    connection = await tx.session.connection()
    tables = {each.column.partition(".")[0] for each in found}
    for rule in RULES:
        table = rule.column.table
        if table.name not in tables:
            continue
        mended = update(table).where(rule.broken(tx.now))
        if not rule.is_unique:
            await connection.execute(mended.values({rule.column.name: tx.now}))
            continue
        ids = (await connection.execute(select(table.c.id).where(rule.broken(tx.now)))).scalars()
        for place, number in enumerate(ids.all()):
            moment = {rule.column.name: tx.now + timedelta(microseconds=place)}
            await connection.execute(update(table).where(table.c.id == number).values(moment))
