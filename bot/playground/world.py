"""All that the playground remembers: one bot's world of people, chats, messages and updates.

It is in memory and bounded; nothing outlives the process.
"""

import time
from collections.abc import Callable
from typing import Any

from bot.playground.answers import Refusal, bad_request
from bot.playground.callbacks import Callbacks
from bot.playground.chats import Chat, ChatType, Message, Person
from bot.playground.events import Events
from bot.playground.faults import Faults
from bot.playground.files import Files
from bot.playground.flood import Flood, FloodMode
from bot.playground.inline import InlineQueries
from bot.playground.journal import Journal
from bot.playground.members import Member, member_as
from bot.playground.profile import Profile
from bot.playground.updates import UpdateQueue

FIRST_PERSON = 1_001
FIRST_GROUP = -2_001
FIRST_SUPERGROUP = -1_001_000_000_001


class World:
    """*clock* gives Unix seconds and is the only clock here."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        flood: FloodMode = FloodMode.NORMAL,
        size: int = 100_000,
    ) -> None:
        self.clock = clock
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.events = Events(size)
        self.journal = Journal(size)
        self.updates = UpdateQueue(size)
        self.flood = Flood(clock, flood)
        self.faults = Faults()
        self.callbacks = Callbacks(clock)
        self.inline = InlineQueries(clock)
        self.files = Files()
        self.profile = Profile()
        self.token = "1:playground"  # noqa: S105 - the one used last; it signs what apps are told
        self._last_message = 0

    def now(self) -> int:
        return int(self.clock())

    def next_message_id(self) -> int:
        self._last_message += 1
        return self._last_message

    def add_person(self, person: Person, *, started: bool = True) -> Chat:
        self.people[person.id] = person
        chat = Chat(
            person.id, ChatType.PRIVATE, person=person, username=person.username, started=started
        )
        self.chats[chat.id] = chat
        self.events.publish("chat", chat_id=chat.id)
        return chat

    def add_chat(self, kind: ChatType, title: str, members: dict[int, Member]) -> Chat:
        first = FIRST_GROUP if kind is ChatType.GROUP else FIRST_SUPERGROUP
        chat_id = first
        while chat_id in self.chats:
            chat_id -= 1
        chat = Chat(chat_id, kind, title=title, members=members)
        if kind is ChatType.CHANNEL:
            chat.own = member_as("administrator")
        self.chats[chat_id] = chat
        self.events.publish("chat", chat_id=chat_id)
        return chat

    def next_person_id(self) -> int:
        return max(self.people, default=FIRST_PERSON - 1) + 1

    def chat(self, asked: Any) -> Chat:
        """The chat by number, by its text, or by @username; raises "chat not found"."""
        if isinstance(asked, str) and asked.startswith("@"):
            return self._named(asked[1:].lower())
        try:
            return self.chats[int(asked)]
        except (TypeError, ValueError, KeyError):
            raise bad_request("chat not found") from None

    def _named(self, username: str) -> Chat:
        for chat in self.chats.values():
            if chat.person is None and (chat.username or "").lower() == username:
                return chat
        raise bad_request("chat not found")

    def message(self, chat: Chat, message_id: int, words: str) -> Message:
        """A message that is still there; else the refusal "*words*"."""
        message = chat.messages.get(message_id)
        if message is None or message.deleted:
            raise bad_request(words)
        return message

    def post(self, message: Message) -> Message:
        """Put a new message into its chat and tell who waits."""
        message.chat.keep(message)
        return self.touch(message, "message")

    def touch(self, message: Message, kind: str) -> Message:
        """A change of a message: a new version, and an event that names it."""
        message.version = self.events.publish(
            kind, chat_id=message.chat.id, message_id=message.message_id
        )
        return message

    def chat_of(self, asked: Any) -> int | None:
        """The number of the chat that a call speaks of, for the journal; None if there is none."""
        try:
            return self.chat(asked).id
        except Refusal:
            return int(asked) if str(asked).lstrip("-").isdigit() else None
