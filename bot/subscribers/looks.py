"""How a chat's digests look: how much they say, and in which of Telegram's layouts."""

from dataclasses import dataclass

from storage.chats import Chat, lock_chat
from storage.db.engine import Storage
from storage.enums import Layout, Style


@dataclass(frozen=True, slots=True)
class Look:
    style: Style
    layout: Layout


async def get_layout(storage: Storage, chat_id: int) -> Look:
    async with storage.reading() as tx:
        return _look(await tx.session.get_one(Chat, chat_id))


async def set_style(storage: Storage, chat_id: int, style: Style) -> Look:
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.style = style
        return _look(chat)


async def set_layout(storage: Storage, chat_id: int, layout: Layout) -> Look:
    """Rich is tried again even where it was refused before."""
    async with storage.writing() as tx:
        chat = await lock_chat(tx, chat_id)
        chat.layout = layout
        return _look(chat)


def _look(chat: Chat) -> Look:
    return Look(chat.style, chat.layout)
