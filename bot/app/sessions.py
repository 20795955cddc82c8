"""Sessions to the Bot API: deliveries and the chat have one each; neither waits for the other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECTIONS = 100  # at once, to one Bot API


@asynccontextmanager
async def telegram_session(
    token: str, api: str, *, connections: int = CONNECTIONS
) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api), limit=connections)
    async with Bot(token, session=session) as bot:
        yield bot
