"""Polling on an SQLite file, which needs no lease."""

import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

from aiogram import Dispatcher
from aiogram.types import Message
from sqlalchemy import make_url

from bot.app.chat import ChatRole
from bot.app.resources import ProcessContext
from bot.chat.updates import UpdateQueue
from bot.ops.health import Health
from storage.db.engine import Storage
from tests.chat.conftest import bot_on
from tests.database_errors import on_writer
from tests.local_playground import LocalPlayground
from tests.story.processes import PATIENCE


async def test_updates_are_handled_while_another_program_locks_the_file(sqlite_url: str):
    texts: asyncio.Queue[str | None] = asyncio.Queue()
    dispatcher, health, stopping = Dispatcher(disable_fsm=True), Health(), asyncio.Event()

    @dispatcher.message()
    async def on_message(message: Message) -> None:
        texts.put_nowait(message.text)

    storage: Any = Storage.open(sqlite_url)
    await on_writer(storage, "PRAGMA busy_timeout = 0")
    process = cast("ProcessContext", SimpleNamespace(storage=storage, owner="one"))
    async with LocalPlayground(flood="off") as playground, bot_on(playground) as bot:
        playground.send(playground.user("Ann"), "hello")
        with closing(sqlite3.connect(make_url(sqlite_url).database or "")) as other_program:
            other_program.execute("BEGIN EXCLUSIVE")
            role = ChatRole(process, bot, health)
            async with asyncio.TaskGroup() as group:
                group.create_task(role._poll(UpdateQueue(bot, dispatcher), stopping))
                async with asyncio.timeout(PATIENCE):
                    text = await texts.get()
                fails_for = health.polling_fails_for()
                stopping.set()
    await storage.close()

    assert text == "hello"
    assert fails_for == 0
