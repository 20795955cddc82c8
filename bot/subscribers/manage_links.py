"""Managing a chat by a link: what its page shows, and whether the chat can still be managed."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.subscribers import settings, topics
from bot.subscribers.errors import NoSuchChat
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.settings import ChatSettings
from bot.subscribers.topics import ChatTopic
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState


@dataclass(frozen=True, slots=True)
class Managed:
    topics: Sequence[ChatTopic]
    settings: ChatSettings


async def get_managed(storage: Storage, chat_id: int) -> Managed:
    """Return the chat's topics and settings; raise NoSuchChat as `check_manageable` does."""
    await check_manageable(storage, chat_id)
    subscribed = await topics.subscribed(storage, chat_id, per_page=MOST_LISTED)
    return Managed(subscribed.items, await settings.get_settings(storage, chat_id))


async def check_manageable(storage: Storage, chat_id: int) -> None:
    """Raise NoSuchChat if the chat was deleted, is banned, or became another chat.

    A link outlives its chat: every request that comes by one is checked first.
    """
    async with storage.reading() as tx:
        chat = await tx.session.get(Chat, chat_id)
        if chat is None or chat.state in (ChatState.BANNED, ChatState.ERASED):
            raise NoSuchChat
