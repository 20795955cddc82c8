"""Usage: how much each account has used of its budgets, by day (UTC).

An account is a Telegram chat with all its threads. Rows name it by a keyed hash, so that erasing a
chat does not reset the day's counts, and the counts identify nobody. Rows are locked in the order
of their keys, and after rows of chats and sources.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Index, and_, delete, func, or_, update
from sqlmodel import Field, SQLModel, col, select

from storage.access import existing_signing_key, keyed_hash, signing_key
from storage.chats import Chat
from storage.db.engine import Transaction
from storage.db.sql import CLUSTERED, ROW_ID, among, enum_column, partial_index, upsert
from storage.enums import UsageKind
from storage.sources import Follow

# A source that more accounts than this follow counts against none, as if it were public.
MOST_PAYING: Final = 20

_KEPT_FOR: Final = timedelta(days=2)

Account = str  # the keyed hash of its Telegram id
Used = dict[Account, dict[UsageKind, int]]


class Usage(SQLModel, table=True):
    __table_args__ = (
        Index("ix_usage_chat_id", "chat_id", **partial_index("chat_id IS NOT NULL")),
        CLUSTERED,
    )

    account_hash: str = Field(primary_key=True, max_length=32)
    kind: UsageKind = Field(primary_key=True, sa_type=enum_column(UsageKind))
    day: date = Field(primary_key=True)
    used: int = Field(default=0, sa_type=BigInteger)
    # The chat to notify that the budget is used up; None before that and once it was notified.
    chat_id: int | None = Field(
        default=None, foreign_key="chat.id", ondelete="SET NULL", sa_type=ROW_ID
    )
    reported_at: datetime | None = None


class Payer(NamedTuple):
    """An account that follows a source, and its first chat (or thread) that does."""

    account: Account
    chat_id: int


async def account_of_chat(tx: Transaction, chat_id: int) -> Account:
    """Return the account that the chat belongs to."""
    telegram_id = await tx.one(select(Chat.telegram_id).where(col(Chat.id) == chat_id))
    return account_of(await _key(tx), telegram_id)


def account_of(key: bytes, telegram_id: int) -> Account:
    return keyed_hash(key, "account", str(telegram_id))


async def payers_of(tx: Transaction, source_ids: Collection[int]) -> dict[int, list[Payer]]:
    """Return the accounts that each private source counts against, sorted."""
    followed = (
        select(
            Follow.source_id,
            Chat.telegram_id,
            func.min(Chat.id).label("chat_id"),
            func.row_number()
            .over(partition_by=col(Follow.source_id), order_by=col(Chat.telegram_id))
            .label("place"),
        )
        .join(Chat, col(Chat.id) == Follow.chat_id)
        .where(among(col(Follow.source_id), source_ids))
        .group_by(col(Follow.source_id), col(Chat.telegram_id))
        .subquery()
    )
    rows = await tx.rows(
        select(followed.c.source_id, followed.c.telegram_id, followed.c.chat_id).where(
            followed.c.place <= MOST_PAYING + 1
        )
    )
    key = await _key(tx) if rows else b""
    payers: defaultdict[int, list[Payer]] = defaultdict(list)
    for source_id, telegram_id, chat_id in rows:
        payers[source_id].append(Payer(account_of(key, telegram_id), chat_id))
    return {
        source_id: sorted(accounts)
        for source_id, accounts in payers.items()
        if len(accounts) <= MOST_PAYING
    }


async def _key(tx: Transaction) -> bytes:
    """Return the key of the hashes. Without one, a writer creates it and a reader gets b""."""
    key = await existing_signing_key(tx)
    return key or (await signing_key(tx) if tx.is_writing else b"")


async def used_today(tx: Transaction, accounts: Collection[Account]) -> Used:
    """Return how much each account has used today."""
    today: Used = {account: {} for account in accounts}
    for account, kind, used in await tx.rows(
        select(Usage.account_hash, Usage.kind, Usage.used).where(
            among(col(Usage.account_hash), today), col(Usage.day) == tx.now.date()
        )
    ):
        today[account][UsageKind(kind)] = used
    return today


async def spend(tx: Transaction, amounts: Mapping[tuple[Account, UsageKind], int]) -> None:
    """Add *amounts* to the usage of today."""
    rows = [
        {"account_hash": account, "kind": kind, "day": tx.now.date(), "used": amount}
        for (account, kind), amount in sorted(amounts.items())
    ]
    changes = "used = usage.used + excluded.used"
    await upsert(tx, Usage, rows, key="account_hash, kind, day", changes=changes)


async def forget_usage(tx: Transaction) -> int:
    return await tx.change(delete(Usage).where(col(Usage.day) < (tx.now - _KEPT_FOR).date()))


# Notices to accounts that have used up a budget, one a day.


@dataclass(frozen=True, slots=True)
class Exhaustion:
    """An account whose budgets of these *kinds* are used up, and the chat to notify."""

    chat: Chat
    kinds: frozenset[UsageKind]


async def note_exhaustion(
    tx: Transaction, exhausted: Mapping[Payer, Collection[UsageKind]]
) -> None:
    """Mark these accounts to be notified, unless they were notified of the same budgets today."""
    for payer, kinds in sorted(exhausted.items()):
        await tx.change(
            update(Usage)
            .where(
                col(Usage.account_hash) == payer.account,
                col(Usage.kind).in_(sorted(kinds)),
                col(Usage.day) == tx.now.date(),
                col(Usage.chat_id).is_(None),
                col(Usage.reported_at).is_(None),
            )
            .values(chat_id=payer.chat_id)
        )


async def take_exhausted(tx: Transaction, limit: int) -> list[Exhaustion]:
    """Return up to *limit* accounts to notify, and record them as notified.

    An account is notified at most once a day, even if it uses up another budget.
    """
    rows = await tx.rows(
        select(Usage)
        .where(col(Usage.chat_id).is_not(None))
        .order_by(col(Usage.account_hash), col(Usage.kind), col(Usage.day))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    notified = await _notified_today(tx, {row.account_hash for row in rows})
    used_up: defaultdict[Account, list[Usage]] = defaultdict(list)
    for row in rows:
        if row.day == tx.now.date() and row.account_hash not in notified:
            used_up[row.account_hash].append(row)
    exhausted = []
    for account_rows in used_up.values():
        chat = await tx.get_one(Chat, account_rows[0].chat_id)
        exhausted.append(Exhaustion(chat, frozenset(row.kind for row in account_rows)))
    for row in rows:
        row.chat_id, row.reported_at = None, tx.now
    await tx.flush()
    return exhausted


async def _notified_today(tx: Transaction, accounts: Iterable[Account]) -> set[Account]:
    notified = select(Usage.account_hash).where(
        among(col(Usage.account_hash), accounts),
        col(Usage.day) == tx.now.date(),
        col(Usage.reported_at).is_not(None),
    )
    return set(await tx.rows(notified))


# For operators.


class UsageToday(NamedTuple):
    """Today's usage of one kind by all accounts, and how many accounts have used up the budget."""

    used: int
    exhausted: int


async def usage_today(
    tx: Transaction, limits: Mapping[UsageKind, int]
) -> dict[UsageKind, UsageToday]:
    rows = await tx.rows(
        select(Usage.kind, func.sum(Usage.used), func.count().filter(_is_exhausted(limits)))
        .where(col(Usage.day) == tx.now.date())
        .group_by(col(Usage.kind))
    )
    return {UsageKind(kind): UsageToday(int(used), exhausted) for kind, used, exhausted in rows}


async def count_exhausted(tx: Transaction, limits: Mapping[UsageKind, int]) -> int:
    """Return how many accounts have used up a budget today."""
    accounts = select(func.count(func.distinct(Usage.account_hash))).where(
        col(Usage.day) == tx.now.date(), _is_exhausted(limits)
    )
    return await tx.one(accounts)


def _is_exhausted(limits: Mapping[UsageKind, int]) -> ColumnElement[bool]:
    return or_(
        *(and_(col(Usage.kind) == kind, col(Usage.used) >= most) for kind, most in limits.items())
    )
