"""From the outbox to the last yes: the real step, the real channel, a server that says yes."""

import asyncio
import time
from datetime import timedelta

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from benchmarks.delivering.outboxes import fill, sent
from benchmarks.delivering.yes import saying_yes
from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from storage.db.engine import Storage

TOKEN = "1:playground"
PER_SECOND = 950.0
IN_FLIGHT = 200


async def end_to_end(storage: Storage, deliveries: int) -> dict[str, object]:
    """Return how many a second pass, all in all, at the paid rate."""
    await fill(storage, deliveries, 1)
    with saying_yes() as address:
        session = AiohttpSession(api=TelegramAPIServer.from_base(address), limit=IN_FLIGHT)
        async with Bot(TOKEN, session=session) as bot:
            started = time.perf_counter()
            cpu = time.process_time()
            await _send_all(storage, bot, deliveries)
            took = time.perf_counter() - started
            cpu = time.process_time() - cpu
    if (arrived := await sent(storage)) != deliveries:
        raise SystemExit(f"{deliveries} were to be sent, but {arrived} were")
    return {
        "deliveries": deliveries,
        "per_second": round(deliveries / took),
        "cpu_ms_each": round(cpu / deliveries * 1e3, 2),
    }


async def _send_all(storage: Storage, bot: Bot, deliveries: int) -> None:
    woken = asyncio.Event()
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        woken.set()

    async with Calls(IN_FLIGHT, timedelta(seconds=30), on_done=count) as calls:
        sending = SendStage(storage, Telegram(bot), "me", calls, bot_key(TOKEN), PER_SECOND)
        while done < deliveries:
            woken.clear()
            if not await sending.run_once():
                await asyncio.wait_for(woken.wait(), 60)
