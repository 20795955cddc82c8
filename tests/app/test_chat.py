"""Polling on an SQLite file, which needs no lease."""

import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import make_url

from bot.app.chat import ChatRole
from bot.app.resources import ProcessContext
from bot.chat.updates import UpdateQueue
from bot.ops.health import Health
from storage.db.engine import Storage
from tests.chat.receiving import Handler, bot_on
from tests.database_errors import on_writer
from tests.local_playground import LocalPlayground


async def test_updates_are_handled_while_another_program_locks_the_file(sqlite_url: str):
    handler, health, stopping = Handler(), Health(), asyncio.Event()
    storage: Any = Storage.open(sqlite_url)
    await on_writer(storage, "PRAGMA busy_timeout = 0")
    process = cast("ProcessContext", SimpleNamespace(storage=storage, owner="one"))
    async with LocalPlayground(flood="off") as playground, bot_on(playground) as bot:
        playground.send(playground.user("Ann"), "hello")
        with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as other_program:
            other_program.execute("BEGIN EXCLUSIVE")
            role = ChatRole(process, bot, health)
            async with asyncio.TaskGroup() as group:
                group.create_task(role._poll(UpdateQueue(bot, handler.dispatcher), stopping))
                texts = await handler.wait_for(1)
                fails_for = health.polling_fails_for()
                stopping.set()
    await storage.close()

    assert texts == ["hello"]
    assert fails_for == 0
