"""Turning what goes wrong in a handler into a sentence: a refusal's own, or an apology.

A database that is away is asked again for a few seconds; for updates behind one that was given up
it is not. Then whoever waits for an answer is told to come back; what a chat tells of itself, which
nobody says twice, is the poller's to keep.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING, Any

import structlog
from aiogram import BaseMiddleware
from aiogram.exceptions import AiogramError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import ChatMemberUpdated

from bot.chat.floodgate import is_of_the_chat
from bot.chat.outages import log_outage
from bot.matching.query import QueryError
from bot.matching.query.errors import PHONE, WIDE_SPACE, pointer
from bot.subscribers import unanswered
from bot.subscribers.errors import Banned, UserError
from bot.telegram import MayHaveArrived
from storage.db.engine import DatabaseError, is_transient, is_unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiogram.types import TelegramObject

    from bot.chat.reply import Reply
    from bot.resources import Resources

log = structlog.get_logger(__name__)

# A server that restarts is back by then. Who waited for a lock in vain does not wait once more.
PAUSES_SECONDS = (0.1, 1.0, 3.0)
LONGEST_SECONDS = 5.0
# After an update was given up, those behind it do not wait for the same trouble anew.
KNOWN_SECONDS = 10.0


class Guarding(BaseMiddleware):
    def __init__(self, pauses_seconds: Sequence[float] = PAUSES_SECONDS) -> None:
        self._pauses = pauses_seconds
        self._known_until = 0.0

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        reply: Reply = data["reply"]
        try:
            return await self._or_user_error(handler, event, data)
        except TelegramRetryAfter as error:
            await _answer_later(reply, data["resources"], error)
        except (TelegramForbiddenError, MayHaveArrived) as error:
            log.info("could not answer", reason=error.message)
        except Exception as error:  # whatever it was, the next update is handled
            if is_transient(error) and not _is_waited_for(event):
                raise
            await _apologise(reply, data["resources"], error, data["event_update"].update_id)
        return None

    async def _or_user_error(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        reply: Reply = data["reply"]
        try:
            return await self._patiently(handler, event, data)
        except QueryError as error:
            place = pointer(error, room=PHONE, wide=WIDE_SPACE)
            await reply.show("chat/errors.html#query", error=error, place=place)
        except Banned as error:
            if error.is_first:
                await reply.toast(error.template)
        except UserError as error:
            await reply.toast(error.template, error=error)
        return None

    async def _patiently(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Handle it once more where the database was away; nothing is done twice by that."""
        now, pauses = asyncio.get_running_loop().time, iter(self._pauses)
        begun = now()
        while True:
            try:
                return await handler(event, data)
            except Exception as error:
                seconds = next(pauses, inf)
                is_known = now() < self._known_until
                if not is_transient(error) or is_known or now() - begun + seconds > LONGEST_SECONDS:
                    self._known_until = now() + KNOWN_SECONDS if is_unavailable(error) else 0.0
                    raise
            await asyncio.sleep(seconds)


def _is_waited_for(event: TelegramObject) -> bool:
    """Whether somebody waits for an answer, and will ask again if told to."""
    return not isinstance(event, ChatMemberUpdated) and not is_of_the_chat(event)


async def _apologise(reply: Reply, resources: Resources, error: Exception, update_id: int) -> None:
    try:
        if is_transient(error):
            log_outage("the database fails; somebody shall ask again", error, update=update_id)
            await reply.say("chat/errors.html#database_away")
        else:
            log.error("a handler failed", update=update_id, exc_info=error)
            await reply.show("chat/errors.html#internal_error")
    except TelegramRetryAfter as refused:
        await _answer_later(reply, resources, refused)
    except AiogramError as refused:
        log.warning("could not apologise", reason=str(refused))


async def _answer_later(reply: Reply, resources: Resources, refused: TelegramRetryAfter) -> None:
    """Say once that not all was answered: at once where that is seen, else after the pause."""
    log.info("could not answer in time", chat=reply.telegram_id, seconds=refused.retry_after)
    template = "chat/errors.html#unanswered"
    is_elsewhere = getattr(refused.method, "chat_id", reply.telegram_id) != reply.telegram_id
    try:
        if is_elsewhere or (reply.pressed and not reply.is_acknowledged):
            await reply.say(template)
            return
        message = reply.renderer.message(template)
        await unanswered.enqueue_apology(
            resources.storage, reply.telegram_id, reply.thread_id, message
        )
    except (AiogramError, DatabaseError, OSError) as error:
        log.warning("could not say so either", reason=str(error).partition("\n")[0])
