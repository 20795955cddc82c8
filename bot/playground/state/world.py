"""The world of one bot: its users, chats, messages, updates, files and faults."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.playground.errors import bad_request, query_too_old
from bot.playground.modelroom.server import ModelRoom
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.state.chats import (
    ChatType,
    Member,
    PlaygroundChat,
    PlaygroundMessage,
    Thread,
    User,
    make_member,
    thread_fields,
)
from bot.playground.state.faults import Faults
from bot.playground.state.files import Files
from bot.playground.state.flood import Flood, FloodMode
from bot.playground.state.journal import Events, Journal
from bot.playground.state.updates import PendingUpdates

CALLBACK_LIFETIME = 60.0  # seconds in which the bot may answer
INLINE_LIFETIME = 30.0
KEPT = 10_000


@dataclass(slots=True)
class PendingQuery:
    """*asked_at*: Unix seconds; *chat_id*: the chat of the message whose button was pressed."""

    id: str
    asked_at: float
    user_id: int
    chat_id: int | None = None
    answer: dict[str, Any] | None = None


class Queries:
    """The newest `KEPT` queries of one kind; *lifetime* is how long the bot may answer one."""

    def __init__(self, clock: Callable[[], float], lifetime: float, first_id: int) -> None:
        self._clock = clock
        self._lifetime = lifetime
        self._queries: OrderedDict[str, PendingQuery] = OrderedDict()
        self._last_id = first_id

    def ask(self, user_id: int, chat_id: int | None = None) -> PendingQuery:
        self._last_id += 1
        query = PendingQuery(str(self._last_id), self._clock(), user_id, chat_id)
        self._queries[query.id] = query
        if len(self._queries) > KEPT:
            self._queries.popitem(last=False)
        return query

    def find(self, query_id: str) -> PendingQuery | None:
        return self._queries.get(query_id)

    def find_unanswered(self, query_id: str) -> PendingQuery:
        """Return the query to answer; raise if it is too old, unknown or answered already."""
        query = self._queries.get(query_id)
        if (
            query is None
            or query.answer is not None
            or self._clock() - query.asked_at > self._lifetime
        ):
            raise query_too_old()
        return query


Command = dict[str, str]


@dataclass(slots=True)
class Profile:
    """Commands by scope and language code, texts by kind and language code ("" is the default)."""

    commands: dict[tuple[str, str], list[Command]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int | None, dict[str, Any]] = field(default_factory=dict)

    def menu_button_of(self, chat_id: int | None) -> dict[str, Any]:
        """Return the chat's own menu button, or else the default of all chats."""
        default = self.menu_buttons.get(None, {"type": "default"})
        own = self.menu_buttons.get(chat_id, default)
        return default if own["type"] == "default" else own

    def commands_for(self, scopes: list[str], language: str) -> list[Command]:
        """Return the first list that is set; each scope's list in *language* before its default."""
        for scope in scopes:
            for code in (language, ""):
                if commands := self.commands.get((scope, code)):
                    return commands
        return []


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


_ICON_COLOR = 7322096
_NOTICES = {"closed": "forum_topic_closed", "open": "forum_topic_reopened"}

Facts = dict[str, Any]


def create_thread(
    world: World, forum: PlaygroundChat, name: str, sender: Facts
) -> PlaygroundMessage:
    """Return the message that opens the topic; its id is the thread's."""
    if forum.type is not ChatType.SUPERGROUP:
        raise bad_request("the chat is not a forum")
    forum.is_forum = True
    content = {"forum_topic_created": {"name": name, "icon_color": _ICON_COLOR}}
    opening = PlaygroundMessage(world.next_message_id(), forum, sender, world.now(), content)
    forum.threads[opening.message_id] = Thread(name, opening=opening)
    return _post_notice(world, opening, opening.message_id)


def change_thread(
    world: World, forum: PlaygroundChat, thread_id: int, state: str, sender: Facts
) -> None:
    """Close or reopen a topic with a service message, or delete it with all of its messages."""
    thread = forum.threads.get(thread_id)
    if thread is None:
        raise bad_request("TOPIC_ID_INVALID")
    if thread.state == state:
        raise bad_request("TOPIC_NOT_MODIFIED")
    if state == "deleted":
        del forum.threads[thread_id]
        for message in forum.messages.values():
            if message.extra.get("message_thread_id") == thread_id:
                message.deleted = True
                world.touch(message, "delete")
        world.events.publish("chat", chat_id=forum.id)
        return
    thread.state = state
    content: Facts = {_NOTICES[state]: {}}
    notice = PlaygroundMessage(world.next_message_id(), forum, sender, world.now(), content)
    _post_notice(world, notice, thread_id)


def _post_notice(world: World, notice: PlaygroundMessage, thread_id: int) -> PlaygroundMessage:
    """Post a service message; the bot receives it despite privacy mode."""
    notice.extra = thread_fields(thread_id)
    world.post(notice)
    world.events.publish("chat", chat_id=notice.chat.id)
    if notice.chat.own.is_in:
        world.updates.add("message", notice.to_api())
    return notice
