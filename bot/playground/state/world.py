"""The world of one bot: its users, chats, messages, updates, files and faults."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.errors import bad_request
from bot.playground.modelroom.server import ModelRoom
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.state.chats import (
    ChatType,
    Member,
    PlaygroundChat,
    PlaygroundMessage,
    User,
    make_member,
)
from bot.playground.state.faults import Faults
from bot.playground.state.files import Files
from bot.playground.state.flood import Flood, FloodMode
from bot.playground.state.journal import Events, Journal
from bot.playground.state.profile import Profile
from bot.playground.state.queries import CALLBACK_LIFETIME, INLINE_LIFETIME, Queries
from bot.playground.state.updates import PendingUpdates

FIRST_USER = 1_001
FIRST_GROUP = -2_001
FIRST_SUPERGROUP = -1_001_000_000_001
_NUMBER = re.compile(r"-?[0-9]{1,19}")


class World:
    """*clock* gives Unix seconds and is the only clock; *newsroom_every*: see `Newsroom`."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        flood: FloodMode = FloodMode.NORMAL,
        size: int = 100_000,
        newsroom_every: timedelta | None = None,
    ) -> None:
        self.clock = clock
        self.users: dict[int, User] = {}
        self.chats: dict[int, PlaygroundChat] = {}
        self.events = Events(size)
        self.journal = Journal(size)
        self.updates = PendingUpdates(size)
        self.flood = Flood(clock, flood)
        self.faults = Faults()
        self.callbacks = Queries(clock, CALLBACK_LIFETIME, 700_000_000)
        self.inline = Queries(clock, INLINE_LIFETIME, 800_000_000)
        self.files = Files()
        self.profile = Profile()
        self.model = ModelRoom()
        self.newsroom = Newsroom(self.time, newsroom_every)
        self.token = "1:playground"  # noqa: S105 - the latest token used; it signs launch data
        self._last_message = 0

    def now(self) -> int:
        return int(self.clock())

    def time(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def next_message_id(self) -> int:
        self._last_message += 1
        return self._last_message

    def add_user(self, user: User, *, started: bool = True) -> PlaygroundChat:
        self.users[user.id] = user
        chat = PlaygroundChat(
            user.id, ChatType.PRIVATE, user=user, username=user.username, started=started
        )
        self.chats[chat.id] = chat
        self.events.publish("chat", chat_id=chat.id)
        return chat

    def add_chat(self, kind: ChatType, title: str, members: dict[int, Member]) -> PlaygroundChat:
        first = FIRST_GROUP if kind is ChatType.GROUP else FIRST_SUPERGROUP
        chat_id = first
        while chat_id in self.chats:
            chat_id -= 1
        chat = PlaygroundChat(chat_id, kind, title=title, members=members)
        if kind is ChatType.CHANNEL:
            chat.own = make_member("administrator")
        self.chats[chat_id] = chat
        self.events.publish("chat", chat_id=chat_id)
        return chat

    def next_user_id(self) -> int:
        return max(self.users, default=FIRST_USER - 1) + 1

    def sender(self, chat: PlaygroundChat, from_id: int | None) -> User:
        """Return user *from_id*; by default a private chat's user or a group's first member."""
        if from_id is None and chat.user is not None:
            return chat.user
        for number in chat.members if from_id is None else [from_id]:
            if number in self.users:
                return self.users[number]
        raise bad_request("no such user")

    def chat(self, name: Any) -> PlaygroundChat:
        """Return the chat with this id (a number or text) or @username; raise if there is none."""
        chat_id = self.chat_id(name)
        if chat_id not in self.chats:
            raise bad_request("chat not found")
        return self.chats[chat_id]

    def chat_id(self, name: Any) -> int | None:
        """Return the id in the `chat_id` of a call, even if there is no such chat."""
        if isinstance(name, int) and not isinstance(name, bool):
            return name
        if not isinstance(name, str):
            return None
        if name.startswith("@"):
            public = (chat for chat in self.chats.values() if chat.user is None and chat.username)
            username = name[1:].lower()
            ids = (chat.id for chat in public if str(chat.username).lower() == username)
            return next(ids, None)
        return int(name) if _NUMBER.fullmatch(name) else None

    def message(self, chat: PlaygroundChat, message_id: int, description: str) -> PlaygroundMessage:
        """Return a message that is not deleted; raise *description* if there is none."""
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(description)
        return message

    def post(self, message: PlaygroundMessage) -> PlaygroundMessage:
        """Add a new message to its chat, and publish an event."""
        message.chat.add(message)
        return self.touch(message, "message")

    def touch(self, message: PlaygroundMessage, kind: str) -> PlaygroundMessage:
        """Publish an event about *message*, whose number becomes the version of the message."""
        message.version = self.events.publish(
            kind, chat_id=message.chat.id, message_id=message.message_id
        )
        return message
