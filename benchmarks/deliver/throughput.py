"""From the outbox to the last response, with the real stage and channel."""

import asyncio
import time
from datetime import timedelta

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from sqlmodel import col, func, select

from benchmarks.accepting_telegram import accepting_telegram
from benchmarks.deliver.outboxes import fill_outbox
from benchmarks.processes import TOKEN
from benchmarks.report import Row
from bot.delivery.pace import bot_key
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import Telegram
from storage.db.engine import Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery

PAID_PER_SECOND = 950.0
IN_FLIGHT = 200


async def throughput(storage: Storage, deliveries: int) -> Row:
    """Return how many messages a second are sent at the paid rate."""
    await fill_outbox(storage, deliveries, 1)
    with accepting_telegram() as address:
        session = AiohttpSession(api=TelegramAPIServer.from_base(address), limit=IN_FLIGHT)
        async with Bot(TOKEN, session=session) as bot:
            wall, cpu = time.perf_counter(), time.process_time()
            await _send_all(storage, bot, deliveries)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    async with storage.reading() as tx:
        is_sent = col(Delivery.state) == DeliveryState.SENT
        sent = await tx.one(select(func.count()).where(is_sent))
    if sent != deliveries:
        raise SystemExit(f"{deliveries} messages were due, but {sent} were sent")
    return {
        "deliveries": deliveries,
        "per_second": round(deliveries / wall),
        "cpu_ms_each": round(cpu / deliveries * 1e3, 2),
    }


async def _send_all(storage: Storage, bot: Bot, deliveries: int) -> None:
    one_ended = asyncio.Event()
    ended = 0

    def count() -> None:
        nonlocal ended
        ended += 1
        one_ended.set()

    async with Calls(IN_FLIGHT, timedelta(seconds=30), on_done=count) as calls:
        stage = SendStage(storage, Telegram(bot), "me", calls, bot_key(TOKEN), PAID_PER_SECOND)
        while ended < deliveries:
            one_ended.clear()
            if not await stage.run_once():
                await asyncio.wait_for(one_ended.wait(), 60)
