"""How long people wait for a reply while thousands of digests go out at 27 a second."""

import asyncio
import random
import time
from statistics import median
from typing import Any

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.delivering.outboxes import fill
from benchmarks.delivering.sending import TOKEN
from benchmarks.delivering.yes import saying_yes
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.stages import SEND, StageRunner
from storage.db.engine import Storage

WAITING = 10_000
REPLIES = 100
_SECONDS_BETWEEN = 0.3


async def replies_beside(storage: Storage) -> dict[str, object]:
    """Return how long a reply takes from the handler to Telegram's yes."""
    await fill(storage, WAITING, 1)
    stopping = asyncio.Event()
    with saying_yes() as address:
        api = TelegramAPIServer.from_base(address)
        sender = Bot(TOKEN, session=AiohttpSession(api=api))
        chat = Bot(TOKEN, session=AiohttpSession(api=api))
        chat.session.middleware(Replies(storage, bot_key(TOKEN)))
        async with sender, chat, asyncio.TaskGroup() as group, Calls() as calls:
            runner = StageRunner(
                SEND, SendStage(storage, Telegram(sender), "me", calls, bot_key(TOKEN)).run_once
            )
            calls.on_done = runner.wake
            group.create_task(runner.run(stopping))
            took = [await _reply(chat, number) for number in range(REPLIES)]
            stopping.set()
    return {
        "waiting": WAITING,
        "replies": REPLIES,
        "median_ms": round(median(took) * 1e3),
        "worst_ms": round(max(took) * 1e3),
    }


async def _reply(chat: Bot, number: int) -> float:
    await asyncio.sleep(random.uniform(0, 2 * _SECONDS_BETWEEN))
    started = time.perf_counter()
    person: Any = WAITING + 1 + number % 7
    await chat.send_message(person, "Here you are.")
    return time.perf_counter() - started
