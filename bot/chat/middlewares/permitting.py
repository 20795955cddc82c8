"""In groups and channels only those who run them change what comes there; reading is for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware

from bot.chat.permits import only_reads
from storage.words import ChatKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.answers import Answers
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
        if guest.may_change or reads:
            return await handler(event, data)
        await answers.toast("chat/groups/not_yours.html", guest=guest)
        return None
