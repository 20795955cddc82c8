"""How long a reply to a user takes while thousands of digests are sent at 27 a second."""

import asyncio
import random
import time
from statistics import median

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.accepting_telegram import accepting_telegram
from benchmarks.deliver.outboxes import fill_outbox
from benchmarks.processes import TOKEN
from benchmarks.report import Row
from bot.delivery.pace import bot_key
from bot.delivery.replies import Replies
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from bot.stages import SEND, StageRunner
from storage.db.engine import Storage

WAITING = 10_000
REPLIES = 100
_SECONDS_BETWEEN = 0.3


async def replies_beside_digests(storage: Storage) -> Row:
    """Return how long a reply takes from the handler to Telegram's response."""
    await fill_outbox(storage, WAITING, 1)
    stopping, key = asyncio.Event(), bot_key(TOKEN)
    with accepting_telegram() as address:
        api = TelegramAPIServer.from_base(address)
        sender = Bot(TOKEN, session=AiohttpSession(api=api))
        chat = Bot(TOKEN, session=AiohttpSession(api=api))
        chat.session.middleware(Replies(storage, key))
        async with sender, chat, asyncio.TaskGroup() as group, Calls() as calls:
            stage = SendStage(storage, Telegram(sender), "me", calls, key)
            runner = StageRunner(SEND, stage.run_once)
            calls.on_done = runner.wake
            group.create_task(runner.run(stopping))
            seconds = [await _reply(chat, number) for number in range(REPLIES)]
            stopping.set()
    return {
        "waiting": WAITING,
        "replies": REPLIES,
        "median_ms": round(median(seconds) * 1e3),
        "worst_ms": round(max(seconds) * 1e3),
    }


async def _reply(chat: Bot, number: int) -> float:
    await asyncio.sleep(random.uniform(0, 2 * _SECONDS_BETWEEN))
    started = time.perf_counter()
    await chat.send_message(WAITING + 1 + number % 7, "Here you are.")
    return time.perf_counter() - started
