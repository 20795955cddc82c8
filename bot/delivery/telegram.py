"""The Telegram channel: claims, sends and edits stored messages, and translates aiogram's errors.

- It never retries, because the outbox decides what to do with a message that may have arrived.
- Text is sent with `entities`, never with a parse mode; link previews are off but for a
  lead picture, which Telegram shows large above the text. A rich message is sent as Telegram's own
  HTML with the picture as its first block, and a chart with the text as its caption.
- A 429 pauses its chat, and the whole token if another chat is paused already (`pause_chat`).
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
from aiogram.types import BufferedInputFile, ReplyParameters
from aiohttp import ClientConnectionResetError, ClientConnectorError, ConnectionTimeoutError

from bot.delivery.channel import BEGINS_WITHIN_SECONDS, SendLimits
from bot.delivery.errors import (
    ChatMigrated,
    DeliveryError,
    FloodWait,
    GatewayFailed,
    NeverSent,
    Refused,
    Unknown,
    is_error_page,
    rejection,
)
from bot.delivery.outcomes import counts_for_pace, following_parts, is_rich_with_picture
from bot.delivery.pace import GROUPS_AHEAD, chat_interval
from bot.rendering.messages import Message
from bot.telegram import entities_of, markup_of, preview_of, rich_of
from storage.chats import lock_chats
from storage.enums import ChatKind, DeliveryKind, Medium
from storage.outbox import ClaimedDelivery, claim_deliveries, replace_with_fallback
from storage.pace import (
    advance_all,
    charge,
    count_flood_wait,
    lock_pace,
    pause,
    pause_chat,
)
from storage.pins import want_pins
from storage.states import Effect
from storage.suspension import lock_migration, migrate_chat, suspend_chat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aiogram import Bot
    from aiogram.types import Message as Sent

    from bot.delivery.channel import CallResponse
    from storage.db.engine import Transaction

# The time-out of a call; the outcome of a send that times out is unknown.
CALL_SECONDS = 30
ASK_SECONDS = 5
UNSTATED_WAIT = timedelta(seconds=5)  # the pause after a 429 that states none
# `response_seconds` is the rest of the call's lease, after its time-out and a late beginning.
LIMITS = SendLimits(
    Medium.TELEGRAM,
    claim_lease=timedelta(seconds=30),
    call_lease=timedelta(seconds=90),
    response_seconds=90 - CALL_SECONDS - BEGINS_WITHIN_SECONDS,
)

_CODES: dict[type[TelegramAPIError], int] = {
    TelegramBadRequest: HTTPStatus.BAD_REQUEST,
    TelegramUnauthorizedError: HTTPStatus.UNAUTHORIZED,
    TelegramForbiddenError: HTTPStatus.FORBIDDEN,
    TelegramNotFound: HTTPStatus.NOT_FOUND,
    TelegramConflictError: HTTPStatus.CONFLICT,
    TelegramEntityTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TelegramServerError: HTTPStatus.INTERNAL_SERVER_ERROR,
}


@dataclass(eq=False)
class Telegram:
    """The `Channel` for Telegram.

    *bot* has a session of its own, so that deliveries never queue behind replies to users.
    *most_topics*: how many topics a chat may have; see `migrate_chat`.
    """

    bot: Bot
    call_seconds: int = CALL_SECONDS
    limits: SendLimits = LIMITS
    most_topics: int | None = None

    async def claim(
        self, tx: Transaction, owner: str, permits: Sequence[datetime]
    ) -> list[ClaimedDelivery]:
        claimed = await claim_deliveries(
            tx,
            owner,
            limit=len(permits),
            lease=self.limits.claim_lease,
            groups_ahead=GROUPS_AHEAD,
        )
        calls = {
            delivery.pace_key: (permit, chat_interval(delivery.chat_kind))
            for delivery, permit in zip(claimed, permits, strict=False)
        }
        if calls:
            await charge(tx, calls)
        return claimed

    def paused_by(self, claimed: ClaimedDelivery) -> str:
        return claimed.pace_key

    async def call(self, claimed: ClaimedDelivery) -> int:
        try:
            message = Message.from_json(claimed.delivery.body)
        except (KeyError, TypeError) as error:
            raise Refused("the stored body cannot be read") from error
        if claimed.target_message_id is not None:
            return await self.edit(claimed.telegram_id, claimed.target_message_id, message)
        return await self.send(
            claimed.telegram_id,
            message,
            thread_id=claimed.thread_id,
            silent=claimed.delivery.silent,
            reply_to=claimed.reply_message_id,
        )

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int = 0,
        silent: bool = False,
        reply_to: int | None = None,
    ) -> int:
        """Send the message and return its id. *thread_id* 0: the chat itself.

        If the message *reply_to* was deleted, Telegram sends this one as a plain message.
        """
        reply = None
        if reply_to:
            reply = ReplyParameters(message_id=reply_to, allow_sending_without_reply=True)
        options: dict[str, Any] = {
            "chat_id": chat_id,
            "message_thread_id": thread_id or None,
            "reply_markup": markup_of(message.keyboard),
            "disable_notification": silent or None,
            "reply_parameters": reply,
            "request_timeout": self.call_seconds,
        }
        with _translated():
            sent = await self._sent(message, options)
        return sent.message_id

    async def _sent(self, message: Message, options: dict[str, Any]) -> Sent:
        entities = entities_of(message)
        if message.rich is not None:
            return await self.bot.send_rich_message(rich_message=rich_of(message), **options)
        if message.photo is not None:
            photo = BufferedInputFile(b64decode(message.photo), "digest.png")
            return await self.bot.send_photo(
                photo=photo,
                caption=message.text,
                caption_entities=entities,
                **options,
            )
        return await self.bot.send_message(
            text=message.text,
            entities=entities,
            **preview_of(message),
            **options,
        )

    async def edit(self, chat_id: int, message_id: int, message: Message) -> int:
        with _translated():
            await self.bot.edit_message_text(
                message.text,
                chat_id=chat_id,
                message_id=message_id,
                entities=entities_of(message),
                **preview_of(message),
                reply_markup=markup_of(message.keyboard),
                request_timeout=self.call_seconds,
            )
        return message_id

    async def pin(self, chat_id: int, message_id: int) -> None:
        """Pin the message without a sound. Raises a DeliveryError."""
        with _translated():
            await self.bot.pin_chat_message(
                chat_id, message_id, disable_notification=True, request_timeout=self.call_seconds
            )

    async def unpin(self, chat_id: int, message_id: int) -> None:
        with _translated():
            await self.bot.unpin_chat_message(
                chat_id, message_id=message_id, request_timeout=self.call_seconds
            )

    async def responds(self) -> bool:
        try:
            with _translated():
                await self.bot.get_me(request_timeout=ASK_SECONDS)
        except DeliveryError as error:
            return not error.doubts_channel
        return True

    async def before_responses(
        self, tx: Transaction, pace_key: str, responses: Sequence[CallResponse[ClaimedDelivery]]
    ) -> None:
        for response in responses:
            outcome, claimed = response.outcome, response.claimed
            if outcome.token_pause is not None:
                await pause(tx, pace_key, tx.now + outcome.token_pause)
            elif outcome.chat_pause is not None:
                await lock_pace(tx, pace_key)
            elif outcome.migrate_to:
                await lock_migration(tx, claimed.telegram_id, outcome.migrate_to)
            elif not response.is_plain:
                await lock_chats(tx, [claimed.delivery.chat_id])

    async def after_responses(
        self,
        tx: Transaction,
        pace_key: str,
        responses: Sequence[CallResponse[ClaimedDelivery]],
        ours: set[int],
    ) -> None:
        for response in responses:
            if response.claimed.id in ours:
                await self._apply_effects(tx, response)
            if (pause_time := response.outcome.chat_pause) is not None:
                await pause_chat(tx, pace_key, response.claimed.telegram_id, tx.now + pause_time)
                await count_flood_wait(tx)
        await want_pins(
            tx,
            {
                response.claimed.delivery.chat_id: response.message_id
                for response in responses
                if response.claimed.id in ours and _may_be_pinned(response) and response.message_id
            },
        )
        paces = {
            response.claimed.pace_key: tx.now + chat_interval(response.claimed.chat_kind)
            for response in responses
            if counts_for_pace(response.claimed.is_edit, response.error)
        }
        await advance_all(tx, paces)

    async def _apply_effects(
        self, tx: Transaction, response: CallResponse[ClaimedDelivery]
    ) -> None:
        outcome, claimed = response.outcome, response.claimed
        row = claimed.delivery
        if outcome.has(Effect.FALLBACK) and not is_rich_with_picture(row):
            await replace_with_fallback(tx, row, following_parts(row.fallback or {}))
        if outcome.suspend:
            await suspend_chat(tx, row.chat_id, outcome.suspend)
        if outcome.migrate_to:
            most = self.most_topics
            await migrate_chat(tx, claimed.telegram_id, outcome.migrate_to, most_topics=most)


def _may_be_pinned(response: CallResponse[ClaimedDelivery]) -> bool:
    """Return whether the first message of a group's or channel's digest was sent."""
    row = response.claimed.delivery
    is_first = row.kind is DeliveryKind.EDITION and row.part == 1
    is_sent = response.error is None
    return is_first and is_sent and response.claimed.chat_kind is not ChatKind.PRIVATE


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (TelegramAPIError, ClientDecodeError, UnicodeDecodeError) as error:
        raise translate(error) from error


def translate(error: Exception) -> DeliveryError:
    """Translate one of aiogram's errors into ours."""
    match error:
        case TelegramRetryAfter():
            return FloodWait(error.message, timedelta(seconds=error.retry_after))
        case TelegramMigrateToChat():
            return ChatMigrated(error.message, error.migrate_to_chat_id)
        case ClientDecodeError():
            kind = GatewayFailed if is_error_page(error.data) else Unknown
            return kind("the response is not JSON of the Bot API")
        case TelegramAPIError() if code := _code_of(error):
            return rejection(code, error.message)
        case TelegramNetworkError():
            return _network_error(error)
        case TelegramAPIError() if "too many requests" in error.message.lower():
            return FloodWait(error.message, UNSTATED_WAIT)
        case _:
            return Unknown(str(error) or type(error).__name__)


def _code_of(error: TelegramAPIError) -> int | None:
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), None)


def _network_error(error: TelegramNetworkError) -> DeliveryError:
    match error.__cause__:
        # `ClientConnectionResetError`: the connection was closed before the request was written.
        case ClientConnectorError() | ClientConnectionResetError() | ConnectionTimeoutError():
            return NeverSent(error.message)
        case asyncio.TimeoutError():
            return Unknown("no response in time")
        case _:
            return Unknown(error.message)
