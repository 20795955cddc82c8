"""A process that sends as `dateline run` does, until nothing is in flight; tests kill it.

It reports the end of each call, so that a test can choose the moment.
"""

import asyncio
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from aiogram import Bot
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import func, select

from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.telegram import BOT_DEFAULTS
from storage.db.clock import database_clock
from storage.db.engine import SQLITE, Storage
from storage.db.leases import release_all_of_others
from storage.outbox import BLOCKING_SQL, Delivery
from tests.bot_api import PlainSession

TOKEN = "1:playground"
PER_SECOND = 200.0


def work(url: str, api: str, owner: str, ahead: int, answers: Connection) -> None:
    """Send all that waits, and report each response of Telegram's to *answers*.

    The clock is *ahead* by so many seconds, so that the leases of a killed process have expired.
    """
    asyncio.run(_work(url, api, owner, timedelta(seconds=ahead), answers))


async def _work(url: str, api: str, owner: str, ahead: timedelta, answers: Connection) -> None:

    async def later(connection: AsyncConnection) -> datetime:
        return await database_clock(connection) + ahead

    storage = Storage.open(url, clock=later)
    session = PlainSession(api)
    answered = asyncio.Event()
    try:
        if storage.dialect == SQLITE:
            async with storage.writing() as tx:
                await release_all_of_others(tx, Delivery, owner)
        async with Calls(on_done=lambda: report(answers, answered)) as calls:
            bot = Bot(TOKEN, session=session, default=BOT_DEFAULTS)
            sending = SendStage(storage, Telegram(bot), owner, calls, bot_key(TOKEN), PER_SECOND)
            while await left(storage):
                if not await sending.run_once():
                    await wait(answered)
    finally:
        await session.close()
        await storage.close()


def report(answers: Connection, answered: asyncio.Event) -> None:
    answers.send_bytes(b"answered")
    answered.set()


async def left(storage: Storage) -> int:
    async with storage.reading() as tx:
        on_its_way = select(func.count()).select_from(Delivery).where(text(BLOCKING_SQL))
        return await tx.one(on_its_way)


async def wait(answered: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(answered.wait(), timeout=0.2)
    except TimeoutError:
        return
    finally:
        answered.clear()
