"""The Telegram channel: sends and edits frozen messages, and reads each refusal once.

It never retries: what may have arrived is the ledger's to decide. Text goes with `entities`, never
with a parse mode; link previews are off. A rich message has Telegram's own HTML, a picture the text
as its caption.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import BufferedInputFile, InputRichMessage, ReplyParameters
from aiohttp import ClientConnectionResetError, ClientConnectorError, ConnectionTimeoutError

from bot.delivery.errors import (
    ChatMigrated,
    DeliveryError,
    FloodWait,
    NeverSent,
    ServerTrouble,
    Unknown,
)
from bot.delivery.refusals import refusal, unreadable
from bot.telegram import NO_PREVIEW, entities_of, markup_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram import Bot
    from aiogram.types import Message as Sent

    from bot.delivery.channel import Address
    from bot.rendering.messages import Message

# A send that has no answer after this long counts as unknown.
CALL_SECONDS = 30
ASK_SECONDS = 5
UNTOLD_WAIT = timedelta(seconds=5)  # of a 429 that does not say how long


_CODES: dict[type[TelegramAPIError], int] = {
    TelegramBadRequest: HTTPStatus.BAD_REQUEST,
    TelegramUnauthorizedError: HTTPStatus.UNAUTHORIZED,
    TelegramForbiddenError: HTTPStatus.FORBIDDEN,
    TelegramNotFound: HTTPStatus.NOT_FOUND,
    TelegramConflictError: HTTPStatus.CONFLICT,
    TelegramEntityTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TelegramServerError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(frozen=True, slots=True)
class Telegram:
    """*bot* has a session of its own: deliveries never stand in line with people's replies."""

    bot: Bot
    call_seconds: int = CALL_SECONDS

    async def send(
        self,
        address: Address,
        message: Message,
        *,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        place: dict[str, Any] = {
            "chat_id": address.chat_id,
            "message_thread_id": address.thread_id or None,
            "reply_markup": markup_of(message.keyboard),
            "disable_notification": silent or None,
            "reply_parameters": _reply(reply_to) if reply_to else None,
            "request_timeout": self.call_seconds,
        }
        with _translated():
            sent = await self._sent(message, place)
        return sent.message_id

    async def _sent(self, message: Message, place: dict[str, Any]) -> Sent:
        entities = entities_of(message)
        if message.rich is not None:
            # What looks like a link or a hashtag in a headline is none of ours.
            rich = InputRichMessage(
                html=message.rich, is_rtl=message.is_rtl or None, skip_entity_detection=True
            )
            return await self.bot.send_rich_message(rich_message=rich, **place)
        if message.photo is not None:
            photo = BufferedInputFile(b64decode(message.photo), "digest.png")
            return await self.bot.send_photo(
                photo=photo,
                caption=message.text,
                caption_entities=entities,
                parse_mode=None,
                **place,
            )
        return await self.bot.send_message(
            text=message.text,
            entities=entities,
            link_preview_options=NO_PREVIEW,
            parse_mode=None,
            **place,
        )

    async def edit(self, address: Address, message_id: int, message: Message) -> int:
        with _translated():
            await self.bot.edit_message_text(
                message.text,
                chat_id=address.chat_id,
                message_id=message_id,
                entities=entities_of(message),
                reply_markup=markup_of(message.keyboard),
                link_preview_options=NO_PREVIEW,
                parse_mode=None,
                request_timeout=self.call_seconds,
            )
        return message_id

    async def answers(self) -> bool:
        try:
            with _translated():
                await self.bot.get_me(request_timeout=ASK_SECONDS)
        except (ServerTrouble, NeverSent, Unknown):
            return False
        except DeliveryError:
            return True
        return True


def _reply(message_id: int) -> ReplyParameters:
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (TelegramAPIError, ClientDecodeError, UnicodeDecodeError) as error:
        raise translate(error) from error


def translate(error: Exception) -> DeliveryError:  # noqa: PLR0911 - one case a kind
    """Return our error for one of aiogram's."""
    match error:
        case TelegramRetryAfter():
            return FloodWait(error.message, timedelta(seconds=error.retry_after))
        case TelegramMigrateToChat():
            return ChatMigrated(error.message, error.migrate_to_chat_id)
        case ClientDecodeError():
            kind = ServerTrouble if unreadable(error.data) else Unknown
            return kind("the answer is not JSON of the Bot API")
        case TelegramAPIError() if code := _code_of(error):
            return refusal(code, error.message)
        case TelegramNetworkError():
            return _network_trouble(error)
        case TelegramAPIError() if "too many requests" in error.message.lower():
            return FloodWait(error.message, UNTOLD_WAIT)
        case _:
            return Unknown(str(error) or type(error).__name__)


def _code_of(error: TelegramAPIError) -> int | None:
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)


def _network_trouble(error: TelegramNetworkError) -> DeliveryError:
    match error.__cause__:
        # The second is a request that was not written, since its connection was closed before.
        case ClientConnectorError() | ClientConnectionResetError() | ConnectionTimeoutError():
            return NeverSent(error.message)
        case asyncio.TimeoutError():
            return Unknown("no answer in time")
        case _:
            return Unknown(error.message)
