"""Outboxes to send from, in a database of their own."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import col, func, select

from bot.rendering.messages import Message
from storage.chats import Chat
from storage.db.engine import DatabaseClock, Storage, database_clock
from storage.enums import ChatKind, DeliveryKind, DeliveryState
from storage.outbox import Delivery
from storage.schema import migrate

_AT_ONCE = 5_000
_NAME = "dateline_deliver"
_BODY = Message("Your digest\n" + "Taiwan: the consul-general arrived in Osaka. " * 20).to_json()


@asynccontextmanager
async def opened(url: str, clock: DatabaseClock = database_clock) -> AsyncIterator[Storage]:
    """Yield a storage on an empty database: *url* names a file, or a PostgreSQL server."""
    storage = Storage.open(await made(url), clock=clock)
    try:
        yield storage
    finally:
        await storage.close()


def server_or_skip(benchmark: str) -> str:
    """Return the URL of the PostgreSQL server for tests; end well where there is none."""
    if server := os.environ.get("DATELINE_TEST_POSTGRESQL"):
        return server
    print(f"{benchmark}: skipped, DATELINE_TEST_POSTGRESQL names no PostgreSQL server")
    raise SystemExit(0)


async def made(url: str, name: str = _NAME) -> str:
    """Return the URL of an empty database, migrated: the file that *url* names, or a server's.

    On a server it is called *name*, and made anew.
    """
    if not url.startswith("sqlite"):
        url = await emptied(url, name)
    await migrate(url)
    return url


async def emptied(server: str, name: str) -> str:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    await engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


async def fill(
    storage: Storage, chats: int, each: int, *, groups: int = 0, each_group: int = 0
) -> None:
    """Put *each* editions into the outbox for every chat, and *each_group* for every group."""
    async with storage.writing() as tx:
        people = [_chat(tx.now, n, ChatKind.PRIVATE) for n in range(1, chats + 1)]
        people += [_chat(tx.now, -n, ChatKind.GROUP) for n in range(1, groups + 1)]
        connection = await tx.session.connection()
        for start in range(0, len(people), _AT_ONCE):
            await connection.execute(insert(Chat), people[start : start + _AT_ONCE])
        rows = await tx.session.exec(select(col(Chat.id), Chat.kind).order_by(col(Chat.id)))
        due = [
            _delivery(tx.now, chat)
            for chat, kind in rows
            for _ in range(each if kind is ChatKind.PRIVATE else each_group)
        ]
        for start in range(0, len(due), _AT_ONCE):
            await connection.execute(insert(Delivery), due[start : start + _AT_ONCE])
    # As autovacuum does after some minutes.
    await storage.analyze((Chat, Delivery))


def _chat(now: object, telegram_id: int, kind: ChatKind) -> dict[str, object]:
    return {"telegram_id": telegram_id, "kind": kind, "state_since": now, "created_at": now}


def _delivery(now: object, chat_id: int | None) -> dict[str, object]:
    kind = DeliveryKind.EDITION
    return {
        "kind": kind,
        "chat_id": chat_id,
        "priority": kind.priority,
        "body": _BODY,
        "due_at": now,
        "created_at": now,
    }


async def sent(storage: Storage) -> int:
    async with storage.reading() as tx:
        is_sent = col(Delivery.state) == DeliveryState.SENT
        return (await tx.session.exec(select(func.count()).where(is_sent))).one()
