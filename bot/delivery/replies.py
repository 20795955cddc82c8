"""Replies to users: they take permits from the same pace as deliveries, and have precedence.

A middleware of the session of the bot that handles updates. Deliveries use another bot with a
session of its own. Only calls that send, copy or forward count as messages.

1. No call of a conversation is made while Telegram has paused its chat or the token. A call waits
   for the end of a short pause; during a long one it fails as if Telegram had refused it.
2. A call that certainly did not arrive is retried, and so is a call that does no harm when made
   twice. A message is retried once after a server or gateway error, so that it arrives twice at
   most. Any other call that may have arrived fails with `MayHaveArrived`, and the handler then
   sends no apology.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import AiogramError, TelegramRetryAfter

from bot.delivery.errors import GatewayFailed, NeverSent, ServerError, Unknown
from bot.delivery.pace import Pacer, Timer, reply_moment
from bot.delivery.telegram import translate
from bot.telegram import MayHaveArrived, is_database_silent, is_late
from storage.db.problems import DatabaseError
from storage.enums import ChatKind
from storage.pace import (
    advance_all,
    chat_pace_key,
    count_flood_wait,
    lock_pace,
    pause,
    pause_chat,
    pauses_by_key,
)

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

    from bot.delivery.errors import DeliveryError
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)

# How many permits replies take from the token's row at once. Unused permits are lost, so a single
# reply delays deliveries by a sixth of a second.
BLOCK = 5

# How many permits a reply may miss before it is sent without one.
TRIES = 3

# A call that would have to wait longer is not made. In a busy group the next permit may be 4.1
# seconds away. The answer to a button press is not a message and may come later.
LONGEST_WAIT_SECONDS = 5.0
PRESS_WAIT_SECONDS = 20.0

# The pauses before a failed call is tried again.
PAUSES_SECONDS = (0.5, 2.0)

_PRESS = "answerCallbackQuery"
_COUNTED = ("send", "copy", "forward")
_NOT_COUNTED = frozenset({"sendChatAction", "sendMessageDraft", "sendRichMessageDraft"})


def counts_as_message(method: str) -> bool:
    """Return whether Telegram counts the API method named *method* as a message."""
    return method.startswith(_COUNTED) and method not in _NOT_COUNTED


@dataclass(eq=False)
class Replies(BaseRequestMiddleware):
    """A middleware to register: `bot.session.middleware(Replies(storage, bot_key(token)))`."""

    storage: Storage
    pace_key: str
    per_second: float = 27.0
    timer: Timer = field(default_factory=Timer)
    _pacer: Pacer = field(init=False)
    _permits: deque[float] = field(default_factory=deque)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._pacer = Pacer(self.storage, self.timer, self.pace_key, self.per_second)

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        name, chat = method.__api_method__, _chat_of(method)
        if chat is None and not name.startswith(("answer", *_COUNTED)):
            return await make_request(
                bot, method
            )  # polling, profiles: the pace does not limit these
        for tried, seconds in enumerate((*PAUSES_SECONDS, None), 1):
            await self._wait_for_room(method, chat)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as refused:
                # Telegram refused the call, so a retry cannot send the message twice.
                await self._pause(chat, refused.retry_after)
                if seconds is None or refused.retry_after > _patience(name):
                    raise
                await self.timer.wait(refused.retry_after)
            except (AiogramError, OSError) as error:
                problem = translate(error)
                if seconds is None or not _is_tried_again(name, problem, error, tried):
                    if _may_have_arrived(method, problem):
                        raise MayHaveArrived(method, str(problem)) from error
                    raise
                log.info("a call is tried again", method=name, reason=str(problem))
                await self.timer.wait(seconds)
        raise AssertionError  # the last round returns or raises

    async def _wait_for_room(self, method: TelegramMethod[Any], chat: int | None) -> None:
        """Wait until the call may be made; raise `TelegramRetryAfter` if that takes too long."""
        try:
            if is_database_silent.get():
                log.debug("replying without a look at pauses", method=method.__api_method__)
            elif not counts_as_message(method.__api_method__):
                await self._wait_for_pauses(method, chat)
            elif is_late.get():
                raise _refused(method, 0)
            else:
                await self._wait_for_permit(method, chat)
        except (DatabaseError, OSError) as error:
            # Reply anyway, because the user waits, if only for the news that something is wrong.
            log.warning("replying without a permit; the database fails", error=str(error))

    async def _wait_for_pauses(self, method: TelegramMethod[Any], chat: int | None) -> None:
        async with self.storage.reading() as tx:
            seconds = await self._pause_left(tx, chat)
        if seconds > _patience(method.__api_method__):
            raise _refused(method, seconds)
        if seconds:
            await self.timer.wait(seconds)

    async def _pause_left(self, tx: Transaction, chat: int | None) -> float:
        keys = {self.pace_key}
        if chat is not None:
            keys.add(await chat_pace_key(tx, chat))
        until = max((await pauses_by_key(tx, keys)).values(), default=tx.now)
        return (until - tx.now).total_seconds()

    async def _wait_for_permit(self, method: TelegramMethod[Any], chat: int | None) -> None:
        seconds = await self._seconds_to_wait(chat)
        if seconds > LONGEST_WAIT_SECONDS:
            raise _refused(method, seconds)
        if seconds:
            await self._pacer.until(self.timer.now() + seconds)
        for _ in range(TRIES):
            moment = await self._permit()
            await self._pacer.until(moment)
            if not self._pacer.is_missed(moment):
                return

    async def _seconds_to_wait(self, chat: int | None) -> float:
        """Return how long until the chat may get another reply; count the reply if it is soon."""
        async with self._one_at_a_time, self._pacer.transaction() as tx:
            await self._ensure_permits(tx)
            paused = await self._pause_left(tx, chat)
            if chat is None or paused > LONGEST_WAIT_SECONDS:
                return paused
            row = await lock_pace(tx, await chat_pace_key(tx, chat))
            kind = ChatKind.PRIVATE if chat > 0 else ChatKind.GROUP
            moment, arrival = reply_moment(row.tat, tx.now, kind)
            seconds = max(paused, (moment - tx.now).total_seconds())
            if seconds <= LONGEST_WAIT_SECONDS:
                await advance_all(tx, {row.key: arrival})
            return seconds

    async def _permit(self) -> float:
        async with self._one_at_a_time:
            if not self._has_permits():
                async with self._pacer.transaction() as tx:
                    await self._ensure_permits(tx)
            return self._permits.popleft()

    async def _ensure_permits(self, tx: Transaction) -> None:
        if not self._has_permits():
            self._permits.extend(await self._pacer.block(tx, BLOCK))

    def _has_permits(self) -> bool:
        while self._permits and self._pacer.is_missed(self._permits[0]):
            self._permits.popleft()  # the reply could coincide with a message of another process
        return bool(self._permits)

    async def _pause(self, chat: int | None, seconds: int) -> None:
        """Pause the chat; pause the token if there is no chat or another chat is paused already."""
        log.warning("telegram asks to slow down", chat=chat, seconds=seconds)
        try:
            async with self.storage.writing() as tx:
                until = tx.now + timedelta(seconds=seconds)
                if chat is None:
                    await pause(tx, self.pace_key, until)
                else:
                    await pause_chat(tx, self.pace_key, chat, until)
                await count_flood_wait(tx)
        except (DatabaseError, OSError) as error:
            log.warning("a pause cannot be stored; the database fails", error=str(error))


def _chat_of(method: TelegramMethod[Any]) -> int | None:
    chat = getattr(method, "chat_id", None)
    return chat if isinstance(chat, int) else None


def _patience(name: str) -> float:
    return PRESS_WAIT_SECONDS if name == _PRESS else LONGEST_WAIT_SECONDS


def _refused(method: TelegramMethod[Any], seconds: float) -> TelegramRetryAfter:
    return TelegramRetryAfter(method, "no call is made into a pause", ceil(seconds))


def _is_tried_again(name: str, problem: DeliveryError, error: Exception, tried: int) -> bool:
    if isinstance(problem, NeverSent):
        return True
    if isinstance(problem, ServerError | GatewayFailed):
        return not counts_as_message(name) or tried == 1
    # An edit or the answer to a press may be repeated, but not after a time-out, because the user
    # has already waited that long once.
    timed_out = isinstance(error.__cause__, TimeoutError)
    return isinstance(problem, Unknown) and not counts_as_message(name) and not timed_out


def _may_have_arrived(method: TelegramMethod[Any], problem: DeliveryError) -> bool:
    """Return whether the call may have arrived, even if the server reports an error."""
    if isinstance(problem, ServerError):
        return counts_as_message(method.__api_method__)
    return isinstance(problem, Unknown)
