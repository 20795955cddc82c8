"""Sessions to the Bot API: deliveries and the chat have one each; neither waits for the other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def telegram_session(token: str, api: str) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api))
    async with Bot(token, session=session) as bot:
        yield bot
