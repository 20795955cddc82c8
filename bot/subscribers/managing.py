"""Managing a chat from outside it: by a link, which may be older than the chat's end."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.mail.confirm import Mailboxes
from bot.subscribers import settings, topics, watching
from bot.subscribers.errors import NoSuchChat
from bot.subscribers.limits import MOST_LISTED, Limits
from bot.subscribers.settings import Settings
from bot.subscribers.topics import TopicSeen
from bot.subscribers.watching import Stopped
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState, DigestMedium, Mode


@dataclass(frozen=True, slots=True)
class Managed:
    topics: Sequence[TopicSeen]
    settings: Settings


@dataclass(frozen=True, slots=True)
class Managing:
    """Each verb raises NoSuchChat where the chat was erased, or became another."""

    storage: Storage
    limits: Limits
    mailboxes: Mailboxes

    async def show(self, chat_id: int) -> Managed:
        await self._find(chat_id)
        watched = await topics.subscribed(self.storage, chat_id, per_page=MOST_LISTED)
        return Managed(watched.items, await settings.get_settings(self.storage, chat_id))

    async def watch(self, chat_id: int, topic_id: int, mode: Mode) -> None:
        """Watch a topic, or watch it otherwise; NoSuchTopic if the chat cannot see it."""
        await self._find(chat_id)
        await watching.subscribe_to_topic(self.storage, chat_id, topic_id, mode, limits=self.limits)

    async def watch_words(self, chat_id: int, typed: str, mode: Mode) -> None:
        """Watch a query, as after a stop; QueryError if it is none."""
        await self._find(chat_id)
        await watching.subscribe(self.storage, chat_id, typed, mode, limits=self.limits)

    async def stop(self, chat_id: int, topic_id: int) -> Stopped:
        await self._find(chat_id)
        return await watching.unsubscribe(self.storage, chat_id, topic_id)

    async def pause(self, chat_id: int, *, is_paused: bool) -> None:
        await self._find(chat_id)
        await (settings.pause if is_paused else settings.resume)(self.storage, chat_id)

    async def set_reach(self, chat_id: int, reach: DigestMedium) -> None:
        """Let digests come as *reach* says; NoMailbox where no mail can go."""
        await self._find(chat_id)
        await self.mailboxes.set_reach(chat_id, reach)

    async def set_mailed_alerts(self, chat_id: int, *, wanted: bool) -> None:
        """Let alerts come by e-mail too, or not; NoMailbox where no mail can go."""
        await self._find(chat_id)
        await self.mailboxes.set_alerts(chat_id, wanted=wanted)

    async def _find(self, chat_id: int) -> None:
        async with self.storage.reading() as tx:
            chat = await tx.session.get(Chat, chat_id)
            if chat is None or chat.state in (ChatState.BANNED, ChatState.ERASED):
                raise NoSuchChat
