"""Finding out who it is: a user with a chat of our own, or a stranger, who is told so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message

from bot.chat.callbacks import Dismiss, Erase
from bot.chat.context import Context
from bot.chat.managing import acting_for, bare, frame_of, meant_for
from bot.chat.senders import sender_of
from bot.subscribers import users
from bot.subscribers.channels import Place
from storage.enums import ChatKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.administrators import Administrators
    from bot.chat.reply import Reply
    from bot.resources import Resources
    from bot.subscribers.users import CurrentUser, Sender


class Arriving(BaseMiddleware):
    def __init__(self, administrators: Administrators) -> None:
        self._administrators = administrators

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        resources: Resources = data["resources"]
        reply: Reply = data["reply"]
        if not isinstance(event, Message | CallbackQuery):
            return None
        sender = sender_of(event)
        if sender is None:
            return None
        can_change = await self._may_change(event, sender, data)
        sender = replace(sender, can_change=can_change)
        user = await users.identify(
            resources.storage, sender, is_leaving=_is_leaving(event), access=resources.access
        )
        if user is None:
            invites = resources.access.invites
            user_id = sender.user_id
            await reply.toast("chat/unauthorized.html", user_id=user_id, invites=invites)
            return None
        reply.speak(user.language)
        if sender.kind is ChatKind.CHANNEL:
            place = Place(user.chat_id, sender.telegram_id, sender.title, sender.kind)
            reply.frame = frame_of(place, reply.renderer)
        acting = await self._acting(event, user, data)
        if acting is None:
            await reply.toast("chat/channels.html#not_yours")
            return None
        context = Context(resources, acting, reply)
        return await handler(bare(event), data | {"context": context})

    async def _acting(
        self, event: Message | CallbackQuery, user: CurrentUser, data: dict[str, Any]
    ) -> CurrentUser | None:
        """Return *user* as whoever acts for what *event* is meant for; None if they may not."""
        place = meant_for(event, user)
        if place is None:
            return user
        resources, reply = data["resources"], data["reply"]
        return await acting_for(place, user, data["bot"], resources, reply, self._administrators)

    async def _may_change(
        self, event: Message | CallbackQuery, sender: Sender, data: dict[str, Any]
    ) -> bool:
        """Whoever writes as the group itself is one of its administrators, without a name."""
        if sender.kind is ChatKind.PRIVATE:
            return True
        if isinstance(event, Message) and event.sender_chat:
            return event.sender_chat.id == event.chat.id
        return await self._administrators.has(data["bot"], sender.telegram_id, sender.user_id)


def _is_leaving(event: Message | CallbackQuery) -> bool:
    """Whether somebody wants all of theirs erased, or thinks better of it: for all to ask."""
    if isinstance(event, CallbackQuery):
        return event.data in {Erase().pack(), Dismiss().pack()}
    return event.text is not None and event.text.split(maxsplit=1)[:1] == ["/delete_me"]
