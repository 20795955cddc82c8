"""Giving each handler its `reply`, and every button its end to spinning.

They speak the language of the client, until it is known who is there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware, Bot
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from bot.chat.reply import Reply
from bot.chat.senders import thread_of
from bot.subscribers.text import storable
from storage.enums import UpdateRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from bot.rendering.renderer import Renderer


_COMMAND = re.compile(r"\A/[A-Za-z_0-9]+")


class Answering(BaseMiddleware):
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        person = getattr(event, "from_user", None)
        renderer = self._renderer.of((person and person.language_code) or "")
        reply = self._answers(event, data["bot"], renderer)
        reply.once = UpdateRef(data["bot"].id, data["event_update"].update_id)
        try:
            result = await handler(_storable(event), data | {"reply": reply})
        except Exception:
            await reply.acknowledge()
            raise
        await reply.acknowledge()
        return result

    def _answers(self, event: TelegramObject, bot: Bot, renderer: Renderer) -> Reply:
        match event:
            case CallbackQuery():
                place = event.message.chat.id if event.message else event.from_user.id
                if event.message and event.message.chat.type == ChatType.CHANNEL:
                    person = event.from_user.id
                    return Reply(bot, self._renderer, person, pressed=event, is_public=True)
                thread = thread_of(event.message) if event.message else 0
                return Reply(bot, renderer, place, thread, pressed=event)
            case Message():
                return Reply(bot, renderer, event.chat.id, thread_of(event))
            case ChatMemberUpdated():
                return Reply(bot, renderer, event.chat.id)
            case _:
                raise TypeError(f"nothing to answer: {type(event).__name__}")


def _storable(event: TelegramObject) -> TelegramObject:
    """Return *event* with words that can be kept, whatever was sent."""
    if not isinstance(event, Message):
        return event
    said = {name: text for name in ("text", "caption") if (text := getattr(event, name))}
    words = {name: _with_small_command(storable(text)) for name, text in said.items()}
    return event.model_copy(update=words) if words != said else event


def _with_small_command(text: str) -> str:
    """Return *text* with its command in small letters: some keyboards write /Start."""
    return _COMMAND.sub(lambda found: found[0].lower(), text, count=1)
