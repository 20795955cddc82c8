"""Finding out who it is: a guest with a chat of our own, or a stranger, who is told so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message

from bot.chat.callbacks import Dismiss, Erase
from bot.chat.managing import acting_for, bare, frame_of, meant_for
from bot.chat.visitors import visitor_of
from bot.subscribers.channels import Place
from storage.enums import ChatKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.administrators import Administrators
    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest, Visitor


class Arriving(BaseMiddleware):
    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        doors: Doors = data["doors"]
        answers: Answers = data["answers"]
        if not isinstance(event, Message | CallbackQuery):
            return None
        visitor = visitor_of(event)
        if visitor is None:
            return None
        may_change = await self._may_change(event, visitor, data)
        visitor = replace(visitor, may_change=may_change)
        guest = await doors.arrivals.welcome(visitor, is_leaving=_is_leaving(event))
        if guest is None:
            invites = doors.invites.are_taken
            person_id = visitor.person_id
            await answers.toast("chat/unauthorized.html", person_id=person_id, invites=invites)
            return None
        answers.speak(guest.language)
        if visitor.kind is ChatKind.CHANNEL:
            place = Place(guest.chat_id, visitor.telegram_id, visitor.title, visitor.kind)
            answers.frame = frame_of(place, answers.renderer)
        acting = await self._acting(event, guest, data)
        if acting is None:
            await answers.toast("chat/channels.html#not_yours")
            return None
        return await handler(bare(event), data | {"guest": acting})

    async def _acting(
        self, event: Message | CallbackQuery, guest: Guest, data: dict[str, Any]
    ) -> Guest | None:
        """Return *guest* as whoever acts for what *event* is meant for; None if they may not."""
        place = meant_for(event, guest)
        if place is None:
            return guest
        doors, answers = data["doors"], data["answers"]
        return await acting_for(place, guest, data["bot"], doors, answers, self._administrators)

    async def _may_change(
        self, event: Message | CallbackQuery, visitor: Visitor, data: dict[str, Any]
    ) -> bool:
        """Whoever writes as the group itself is one of its administrators, without a name."""
        if visitor.kind is ChatKind.PRIVATE:
            return True
        if isinstance(event, Message) and event.sender_chat:
            return event.sender_chat.id == event.chat.id
        return await self._administrators.has(data["bot"], visitor.telegram_id, visitor.person_id)


def _is_leaving(event: Message | CallbackQuery) -> bool:
    """Whether somebody wants all of theirs erased, or thinks better of it: for all to ask."""
    if isinstance(event, CallbackQuery):
        return event.data in {Erase().pack(), Dismiss().pack()}
    return event.text is not None and event.text.split(maxsplit=1)[:1] == ["/delete_me"]
