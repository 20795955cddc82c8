"""In groups and channels only those who run them change what comes there; reading is for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import Message

from bot.chat.permits import only_reads
from storage.words import ChatKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest


class Permitting(BaseMiddleware):
    """An inner middleware: what the found handler says of itself decides."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        guest: Guest = data["guest"]
        answers: Answers = data["answers"]
        # What a channel's readers press would be answered in private, to people who never asked.
        reads = guest.kind is not ChatKind.CHANNEL and only_reads(event, data, answers.renderer)
        if reads:
            return await handler(event, data)
        if guest.may_change:
            await self._note(event, guest, data["doors"])
            return await handler(event, data)
        await answers.toast("chat/groups/not_yours.html", guest=guest)
        return None

    async def _note(self, event: TelegramObject, guest: Guest, doors: Doors) -> None:
        """Let it be known who runs the place, to be told when it is shut to the bot."""
        is_anonymous = isinstance(event, Message) and event.sender_chat is not None
        if guest.kind is not ChatKind.PRIVATE and not is_anonymous:
            await doors.arrivals.chose(guest)
