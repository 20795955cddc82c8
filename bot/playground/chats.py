"""People, chats and what stands in a chat."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.playground.members import GROUP_ANONYMOUS_BOT, Member

KEPT_MESSAGES = 2_000  # per chat; the oldest go first


class ChatType(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None

    def to_api(self) -> dict[str, Any]:
        user = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        return user | _given(username=self.username, language_code=self.language_code)


@dataclass(slots=True)
class Message:
    """`content` holds what the message says (text and entities, or a document and its caption)."""

    message_id: int
    chat: "Chat"
    sender: dict[str, Any]
    date: int
    content: dict[str, Any]
    reply_markup: dict[str, Any] | None = None
    edit_date: int | None = None
    reply_to: "Message | None" = None
    extra: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    deleted: bool = False
    version: int = 0
    author: int | None = None  # whoever wrote it, where it is not a bot

    @property
    def is_from_bot(self) -> bool:
        return bool(self.sender["is_bot"]) and self.sender["id"] != GROUP_ANONYMOUS_BOT["id"]

    def to_api(self) -> dict[str, Any]:
        shown = {"message_id": self.message_id, "date": self.date, "chat": self.chat.to_api()}
        shown |= {} if self.chat.is_channel else {"from": self.sender}
        if self.chat.is_channel or self.sender["id"] == GROUP_ANONYMOUS_BOT["id"]:
            shown["sender_chat"] = self.chat.to_api()
        shown |= self.extra | self.content | _given(edit_date=self.edit_date)
        if self.reply_markup and "inline_keyboard" in self.reply_markup:
            shown["reply_markup"] = self.reply_markup
        if self.reply_to:
            shown["reply_to_message"] = self.reply_to.without_reply()
        return shown

    def without_reply(self) -> dict[str, Any]:
        shown = self.to_api()
        shown.pop("reply_to_message", None)
        return shown

    def to_page(self) -> dict[str, Any]:
        """What a person's screen shows: any kind of keyboard, silence, edits, deletion, version."""
        return self.to_api() | {
            "from": self.sender | {"is_bot": self.is_from_bot},
            "author": self.author,
            "reply_markup": self.reply_markup,
            "entities": self.content.get("entities", []),
            "edited": self.edit_date is not None,
            "silent": self.silent,
            "deleted": self.deleted,
            "version": self.version,
        }


@dataclass(slots=True)
class Thread:
    """A topic of a forum; *opening* is the message that tells of it."""

    name: str
    state: str = "open"  # or "closed"
    opening: Message | None = None


@dataclass(slots=True)
class Chat:
    """A private chat carries its person's id. `own` is the bot's membership of a group.

    In a private chat `blocked` is the person's doing; `started` says that the bot may write at all.
    """

    id: int
    type: ChatType
    title: str | None = None
    person: Person | None = None
    username: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    own: Member = field(default_factory=Member)
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    is_forum: bool = False
    threads: dict[int, Thread] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def is_channel(self) -> bool:
        return self.type is ChatType.CHANNEL

    def to_api(self) -> dict[str, Any]:
        name = {"first_name": self.person.first_name} if self.person else {"title": self.title}
        more = _given(username=self.username, is_forum=self.is_forum or None)
        return {"id": self.id, "type": self.type.value} | name | more

    def keep(self, message: Message) -> None:
        self.messages[message.message_id] = message
        if len(self.messages) > KEPT_MESSAGES:
            del self.messages[next(iter(self.messages))]


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
