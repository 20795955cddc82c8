"""Sessions to the Bot API. Deliveries and the chat have one each, so that neither waits."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import ClientDecodeError

from bot.telegram import BOT_DEFAULTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

CONNECTIONS = 100  # at once, to one Bot API


class UnreadableResponseError(ClientDecodeError):
    """A response cannot be read. The error omits its text, which users may have written."""

    def __str__(self) -> str:
        return self.message


class Session(AiohttpSession):
    """Aiogram's session, with one error for all responses that cannot be read."""

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109 - aiogram's
    ) -> TelegramType:
        try:
            return await super().make_request(bot, method, timeout)
        except UnicodeDecodeError as error:
            raise UnreadableResponseError("the response is not text", error, error.object) from None

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        try:
            return super().check_response(bot, method, status_code, content)
        except (ClientDecodeError, TypeError) as error:
            reason = f"a response with status {status_code} cannot be read"
            if isinstance(error, ClientDecodeError):
                raise UnreadableResponseError(reason, error.original, error.data) from None
            raise UnreadableResponseError(
                reason, error, ""
            ) from None  # a 5xx without a description


@asynccontextmanager
async def telegram_session(
    token: str, api: str, *, connections: int = CONNECTIONS
) -> AsyncIterator[Bot]:
    session = Session(api=TelegramAPIServer.from_base(api), limit=connections)
    async with Bot(token, session=session, default=BOT_DEFAULTS) as bot:
        yield bot
