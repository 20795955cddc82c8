"""The state of the playground, in memory and bounded: users, chats, messages, updates of a bot."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.api.errors import bad_request
from bot.playground.api.faults import Faults
from bot.playground.api.files import Files
from bot.playground.api.flood import Flood, FloodMode
from bot.playground.api.profile import Profile
from bot.playground.api.queries import CALLBACK_LIFETIME, INLINE_LIFETIME, Queries
from bot.playground.api.updates import PendingUpdates
from bot.playground.journal import Events, Journal
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.users.chats import (
    ChatType,
    Member,
    PlaygroundChat,
    PlaygroundMessage,
    User,
    make_member,
)

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
        self.newsroom = Newsroom(lambda: datetime.fromtimestamp(clock(), UTC), newsroom_every)
        self.token = "1:playground"  # noqa: S105 - the one used last, which signs launch data
        self._last_message = 0

    def now(self) -> int:
        return int(self.clock())

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
        """Return the user with that id, else a private chat's user or a group's first member."""
        if from_id is None and chat.user is not None:
            return chat.user
        for number in chat.members if from_id is None else [from_id]:
            if number in self.users:
                return self.users[number]
        raise bad_request("no such user")

    def chat(self, given: Any) -> PlaygroundChat:
        """Return the chat by its number, also as text, or @username; else "chat not found"."""
        chat_id = self.chat_id(given)
        if chat_id not in self.chats:
            raise bad_request("chat not found")
        return self.chats[chat_id]

    def chat_id(self, given: Any) -> int | None:
        """Return the number of the chat that a call names, be there one or not."""
        if isinstance(given, int) and not isinstance(given, bool):
            return given
        if not isinstance(given, str):
            return None
        if given.startswith("@"):
            named = (chat for chat in self.chats.values() if chat.user is None and chat.username)
            name = given[1:].lower()
            return next((chat.id for chat in named if str(chat.username).lower() == name), None)
        return int(given) if _NUMBER.fullmatch(given) else None

    def message(self, chat: PlaygroundChat, message_id: int, description: str) -> PlaygroundMessage:
        """Return a message that is still there; else the error *description*."""
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(description)
        return message

    def post(self, message: PlaygroundMessage) -> PlaygroundMessage:
        """Put a new message into its chat, with an event."""
        message.chat.keep(message)
        return self.touch(message, "message")

    def touch(self, message: PlaygroundMessage, kind: str) -> PlaygroundMessage:
        """Give a changed message a new version, and publish an event that names it."""
        message.version = self.events.publish(
            kind, chat_id=message.chat.id, message_id=message.message_id
        )
        return message
