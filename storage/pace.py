"""Pace: when the next message may be sent; one row per bot token, mail server and Telegram chat.

All processes count replies and deliveries to a chat in its one row. A transaction that locks two
rows locks the token's first.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    update,
)
from sqlmodel import Field, SQLModel, col, select

from storage.access import hashing_secret, keyed_hash, keyed_hash_of
from storage.db.engine import Transaction
from storage.db.sql import among, insert_new, upsert

log = structlog.get_logger(__name__)

TOO_FAR_AHEAD: Final = "a stored time lies too far ahead, as after a wrong clock; it counts as now"


class Pace(SQLModel, table=True):
    key: str = Field(primary_key=True, max_length=64)  # `bot:<hash>`, `chat:<hash>`
    tat: datetime  # theoretical arrival time (GCRA)
    paused_until: datetime | None = None
    paused_at: datetime | None = None  # when the pause was stored
    # Of a token: how often Telegram asked to slow down, on the last day (UTC) on which it did.
    flood_waits: int = 0
    flood_waits_on: date | None = None


# How far a `tat` may lie ahead: enough for a hundred replies at once, at one in three seconds. The
# `tat` of a paused chat is the end of its pause.
LONGEST_LEAD: Final = timedelta(minutes=5)

# Telegram was seen asking for half a day. It repeats its request if a pause was cut short.
LONGEST_PAUSE: Final = timedelta(days=1)

CHATS: Final = "chat:"
TOKENS: Final = "bot:"
_PURPOSE: Final = "pace"


async def chat_pace_key(tx: Transaction, telegram_id: int) -> str:
    """Return the key of the chat, which its threads share, because Telegram counts them together.

    The key is a hash with a secret, so that nobody can tell from the table who used the bot.
    Everybody who gets a reply has a row, even unauthorized and erased users.
    """
    return CHATS + keyed_hash(await hashing_secret(tx), _PURPOSE, str(telegram_id))


def pace_key_of(telegram_id: Any) -> ColumnElement[str]:
    """Build the SQL form of `chat_pace_key` for a column of Telegram ids.

    The statement takes the result of `hashing_secret` as its parameter "secret".
    """
    secret = bindparam("secret", type_=LargeBinary)
    hashed = keyed_hash_of(secret, _PURPOSE, telegram_id)
    return literal_column(f"'{CHATS}'").concat(hashed)


async def forget_pace(tx: Transaction, telegram_id: int) -> None:
    key = await chat_pace_key(tx, telegram_id)
    await tx.change(delete(Pace).where(col(Pace.key) == key))


def credible_tat(tat: datetime, now: datetime) -> datetime:
    """Return *tat*, or *now* if it lies so far ahead that a wrong clock must have set it."""
    return tat if tat <= now + LONGEST_LEAD else now


async def lock_pace(tx: Transaction, key: str) -> Pace:
    """Lock the row until the transaction ends, and return it; create it if it is missing."""
    locked = select(Pace).where(col(Pace.key) == key).with_for_update()
    row = await tx.first(locked)
    if row is None:
        await insert_new(tx, Pace, [{"key": key, "tat": tx.now}])
        return await tx.one(locked)
    is_paused = row.paused_until is not None and row.paused_until >= row.tat
    if not is_paused and credible_tat(row.tat, tx.now) != row.tat:
        log.warning(TOO_FAR_AHEAD, table="pace", column="tat", latest=row.tat.isoformat())
        row.tat = tx.now
    return row


async def advance(tx: Transaction, key: str, tat: datetime) -> None:
    await tx.change(update(Pace).where(col(Pace.key) == key).values(tat=tat))


async def advance_all(tx: Transaction, tats: Mapping[str, datetime]) -> None:
    """Move the `tat` of each key forward to the value in *tats*; a later `tat` stays."""
    # Always in the same order, so that two processes never wait for each other.
    rows = [{"key": key, "tat": tats[key]} for key in sorted(tats)]
    later = "tat = excluded.tat WHERE excluded.tat > pace.tat"
    await upsert(tx, Pace, rows, key="key", changes=later)


async def charge(tx: Transaction, calls: Mapping[str, tuple[datetime, timedelta]]) -> None:
    """Count calls: move each key's `tat` forward by the interval, at least from the time given."""
    locked = select(Pace.key, Pace.tat).where(among(col(Pace.key), calls)).order_by(col(Pace.key))
    tats = dict(await tx.rows(locked.with_for_update()))
    await advance_all(
        tx,
        {
            key: max(credible_tat(tats.get(key, called_at), tx.now), called_at) + interval
            for key, (called_at, interval) in calls.items()
        },
    )


async def pause(tx: Transaction, key: str, until: datetime) -> None:
    """Pause the row until *until*, but no longer than `LONGEST_PAUSE`."""
    row = await lock_pace(tx, key)
    if row.paused_until is None or row.paused_until < until:
        row.paused_until, row.paused_at = min(until, tx.now + LONGEST_PAUSE), tx.now
        await tx.flush()


async def pause_chat(tx: Transaction, token: str, telegram_id: int, until: datetime) -> bool:
    """Pause a chat until *until*; return whether the whole *token* was paused too.

    The token pauses if another chat is paused already, because then the bot as a whole is too fast.
    """
    await lock_pace(tx, token)  # of two chats refused at once, the second sees the first
    chat = await chat_pace_key(tx, telegram_id)
    others = select(Pace.key).where(
        col(Pace.key).startswith(CHATS), col(Pace.key) != chat, col(Pace.paused_until) > tx.now
    )
    is_for_all = await tx.first(others.limit(1)) is not None
    if is_for_all:
        await pause(tx, token, until)
    await pause(tx, chat, until)
    await advance_all(tx, {chat: until})
    return is_for_all


async def count_flood_wait(tx: Transaction) -> None:
    """Count a flood wait of today on the rows of all tokens; a pause has locked the current one.

    Former tokens count too, so that a new token does not restart the count.
    """
    today = tx.now.date()
    count = case((col(Pace.flood_waits_on) == today, col(Pace.flood_waits) + 1), else_=1)
    await tx.change(
        update(Pace)
        .where(col(Pace.key).startswith(TOKENS))
        .values(flood_waits=count, flood_waits_on=today)
    )


async def flood_waits_today(tx: Transaction) -> int:
    counts = select(func.max(Pace.flood_waits)).where(col(Pace.flood_waits_on) == tx.now.date())
    return await tx.one(counts) or 0


async def pauses_by_key(tx: Transaction, keys: Collection[str]) -> dict[str, datetime]:
    """Return when each pause ends, by key; leaves out keys that are not paused."""
    paused = select(Pace.key, Pace.paused_until).where(
        among(col(Pace.key), keys), col(Pace.paused_until) > tx.now
    )
    return {key: until for key, until in await tx.rows(paused) if until}


async def paused_until(tx: Transaction, key: str) -> datetime | None:
    """Return when the pause of *key* ends; None if it is not paused."""
    pause_ends = select(Pace.paused_until).where(
        col(Pace.key) == key, col(Pace.paused_until) > tx.now
    )
    until: datetime | None = await tx.first(pause_ends)
    return until
