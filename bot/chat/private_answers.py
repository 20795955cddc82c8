"""Answers to confidential requests in a group, which go to the private chat of who asked.

1. If the user has a private chat with the bot, the answer goes there, as about a managed chat, and
   what the user types there next is about the group too. The group learns only that it went there.
2. Otherwise, the group gets a link that opens the private chat. The link carries the command and
   our row of the group, and works for administrators only. Anonymous administrators always get
   the link, because Telegram does not tell the bot who they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.dispatcher.flags import get_flag
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import Message
from aiogram.utils.deep_linking import create_start_link

from bot.chat.managed_chats import frame_of, link_to
from bot.chat.permissions import Permission
from bot.subscribers import groups
from bot.subscribers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.chat.context import Context

    Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

_ANSWERED = "chat/groups.html#answered_in_private"
_OPEN = "chat/groups.html#open_private"


class PrivateAnswerMiddleware(BaseMiddleware):
    """Runs a confidential handler with a reply that goes to the private chat."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context: Context = data["context"]
        is_confidential = get_flag(data, "permission") is Permission.CONFIDENTIAL
        if not is_confidential or not context.is_seen_by_group:
            return await handler(event, data)
        text = (event.text or "") if isinstance(event, Message) else ""
        link = await create_start_link(context.reply.bot, link_to(text, context.chat_id))
        private = await _private(context)
        if private is not None:
            try:
                result = await handler(event, data | {"context": private, "reply": private.reply})
            except TelegramForbiddenError:
                private = None  # the user has just blocked the bot
            except UserError:  # answered in the group; the private chat shows no page of it
                await groups.set_managed(context.storage, context.user.user_id, None)
                raise
            else:
                await _say(context, _ANSWERED, link)
                return result
        await _say(context, _OPEN, link)
        return None


async def _private(context: Context) -> Context | None:
    """Return the context for an answer in the private chat; None if the bot cannot write there."""
    user = context.user
    language = await groups.manage_from_group(context.storage, user.user_id, context.chat_id)
    found = await groups.as_manager(context.storage, user, context.chat_id)
    if language is None or found is None:
        return None
    managed, manager = found
    reply = replace(context.reply, telegram_id=user.user_id, thread_id=0, pressed=None)
    reply.may_press = None
    reply.speak(language)
    reply.frame = frame_of(managed, reply.renderer)
    return replace(context, user=manager, reply=reply)


async def _say(context: Context, template: str, link: str) -> None:
    """Tell the group where the answer is; after a press, only the user who pressed learns it."""
    reply = context.reply
    if reply.pressed and template == _OPEN:
        await reply.open_link(link)
    elif reply.pressed:
        await reply.note(template, link=link)
    else:
        await reply.show(template, link=link)
