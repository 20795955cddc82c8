"""Groups and channels that a user manages from their private chat.

A message about a managed chat names the chat at the top, and the data of each button carries the id
of our row. An old button therefore acts on its own chat, even if the user manages another one now.
Typed text applies to the chat that the user manages now, and the answer to a question to the chat
that was asked. Managing ends by a tap, or after an hour without use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message

from bot.chat import callbacks as press
from bot.rendering.messages import MAX_UNITS, units
from bot.subscribers import groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram import Bot

    from bot.chat.administrators import Administrators
    from bot.rendering.messages import Button, Keyboard
    from bot.rendering.messages import Message as Rendered
    from bot.rendering.renderer import Renderer
    from bot.subscribers.groups import ManagedChat
    from bot.subscribers.users import CurrentUser
    from storage.db.engine import Storage

LINKED = frozenset({"email", "export", "feeds", "import", "settings", "sources"})
"""Commands that a link in a group may open in the private chat: all of them only show something."""

_LINK = re.compile(r"/start (?P<name>[a-z]+)-(?P<chat>[0-9]{1,18})")
_MARK = "@"
_MOST_BYTES = 64
_GAP = "\n\n"
_WITH_QUERY = (press.SubscribeQuery, press.TryWords, press.Widen, press.TurnSearch)


@dataclass(frozen=True, slots=True)
class Frame:
    """*banner*: the line above a message, and the button that leads back to the own chat."""

    chat_id: int
    banner: Rendered

    def around(self, message: Rendered) -> Rendered:
        if units(self.banner.text) + units(message.text) + len(_GAP) > MAX_UNITS:
            return replace(message, keyboard=self.keyboard(message.keyboard))
        shift = units(self.banner.text) + len(_GAP)
        entities = tuple(
            entity._replace(offset=entity.offset + shift) for entity in message.entities
        )
        return replace(
            message,
            text=self.banner.text + _GAP + message.text,
            entities=self.banner.entities + entities,
            keyboard=self.keyboard(message.keyboard),
        )

    def keyboard(self, keyboard: Keyboard) -> Keyboard:
        rows = (tuple(filter(None, map(self._button, row))) for row in keyboard)
        return (*(row for row in rows if row), *self.banner.keyboard)

    def _button(self, button: Button) -> Button | None:
        """Return the button with the chat in its data; None if that is too long."""
        if button.data is None:
            return button
        for data in (button.data, _without_query(button.data)):
            carried = f"{_MARK}{self.chat_id}|{data}"
            if data and len(carried.encode()) <= _MOST_BYTES:
                return button._replace(data=carried)
        return None


def carried_by(data: str | None) -> tuple[int, str] | None:
    """Return the chat in the data of a button, and the rest; None if there is no chat."""
    if not data or not data.startswith(_MARK):
        return None
    number, _, inner = data[len(_MARK) :].partition("|")
    is_number = number.isascii() and number.isdigit() and int(number) < 2**63
    return (int(number), inner) if is_number else None


def link_to(command: str, chat_id: int) -> str:
    """Return the start parameter of a link that opens the page of *command* about a chat.

    *command*: the text that the user sent. The link opens the settings if it is no command of
    `LINKED`, because a link that anybody may have made must not change anything.
    """
    name = command.partition(" ")[0].partition("@")[0].removeprefix("/")
    return f"{name if name in LINKED else 'settings'}-{chat_id}"


def linked_by(text: str | None) -> tuple[int, str] | None:
    """Return the chat in `/start email-12` and the command `/email`; None if it is no such text."""
    found = _LINK.fullmatch(text or "")
    if not found or found["name"] not in LINKED:
        return None
    return int(found["chat"]), f"/{found['name']}"


def buttons_on(message: Message) -> Iterator[tuple[int, str]]:
    """Yield the managed chat, 0 for none, and the other data of each button of *message*."""
    for row in message.reply_markup.inline_keyboard if message.reply_markup else ():
        for button in row:
            carried = carried_by(button.callback_data)
            yield carried or (0, button.callback_data or "")


def _without_query(data: str) -> str | None:
    """Return *data* without its query, which is then read from the message; None if it has none."""
    for kind in _WITH_QUERY:
        if data.startswith(f"{kind.__prefix__}{kind.__separator__}"):
            return kind.unpack(data).model_copy(update={"words": ""}).pack()
    return None


def without_target(event: Message | CallbackQuery) -> Message | CallbackQuery:
    """Return *event* as if its button or link carried no chat."""
    if isinstance(event, CallbackQuery):
        carried = carried_by(event.data)
        return event.model_copy(update={"data": carried[1]}) if carried else event
    linked = linked_by(event.text) if event.chat.type == ChatType.PRIVATE else None
    return event.model_copy(update={"text": linked[1], "entities": None}) if linked else event


async def manager_of(
    chat_id: int, user: CurrentUser, bot: Bot, storage: Storage, administrators: Administrators
) -> tuple[ManagedChat, CurrentUser] | None:
    """Return the chat, and *user* as its manager; None if they do not administer it."""
    found = await groups.as_manager(storage, user, chat_id)
    if found and await administrators.has(bot, found[0].telegram_id, user.user_id):
        return found
    if found:
        await groups.record_admin(storage, found[0].telegram_id, user.user_id, is_admin=False)
    if user.managing == chat_id:
        await groups.set_managed(storage, user.user_id, None)
    return None


def frame_of(managed: ManagedChat, renderer: Renderer) -> Frame:
    banner = renderer.message("chat/channels.html#banner", chat=managed, press=press)
    return Frame(managed.chat_id, banner)
