"""Channels and groups that are managed from a private chat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.subscribers.users import CurrentUser
from storage.chats import Chat, invited_chats, manage, other_chats
from storage.db.engine import Storage
from storage.enums import ChatKind, ChatState

# Telegram is asked of each who runs it: of all, as far as anybody has so many, that the person let
# the bot into, and of some where others did.
MOST_OWN, MOST_ASKED = 200, 30


@dataclass(frozen=True, slots=True)
class Place:
    """A group or channel: our row of it, Telegram's number, its title."""

    chat_id: int
    telegram_id: int
    title: str
    kind: ChatKind


async def managed_chats(storage: Storage, user_id: int) -> Sequence[Place]:
    """Return where the bot is, those first that the person let it into; not all, if many."""
    async with storage.reading() as tx:
        own = await invited_chats(tx, user_id, limit=MOST_OWN)
        others = await other_chats(tx, user_id, limit=MOST_ASKED)
    return [_place(chat) for chat in (*own, *others)]


async def acting_for(
    storage: Storage, user: CurrentUser, chat_id: int
) -> tuple[Place, CurrentUser] | None:
    """Return the place, and *user* as whoever acts for it; None where it is there no more."""
    async with storage.reading() as tx:
        chat = await tx.session.get(Chat, chat_id)
    if chat is None or chat.kind is ChatKind.PRIVATE:
        return None
    place = _place(chat)
    acting = replace(
        user,
        chat_id=chat_id,
        zone=chat.zone,
        kind=chat.kind,
        managed_title=place.title,
        telegram_id=chat.telegram_id,
        is_paused=chat.state is ChatState.PAUSED,
    )
    return place, acting


async def set_managed(storage: Storage, user_id: int, chat_id: int | None) -> None:
    """Let what the person types be meant for the place; None: for the person again."""
    async with storage.writing() as tx:
        await manage(tx, user_id, chat_id)


def _place(chat: Chat) -> Place:
    return Place(chat.id, chat.telegram_id, chat.name, chat.kind)
