"""Users, chats, members, threads and messages: the data of the playground."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.playground.api.errors import bad_request

KEPT_MESSAGES = 2_000  # per chat; the oldest go first
STATUSES = ("creator", "administrator", "member", "restricted", "left", "kicked")

# The sender that the bot sees when an anonymous administrator writes for the group.
GROUP_ANONYMOUS_BOT = {
    "id": 1_087_968_824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}

_ADMINISTRATORS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories", "can_send_welcome_messages",
)  # fmt: skip
_OF_CHANNELS = ("can_post_messages", "can_edit_messages")
_OF_GROUPS = ("can_pin_messages", "can_manage_topics")
_RESTRICTED = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos",
    "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
    "can_send_other_messages", "can_add_web_page_previews", "can_react_to_messages",
    "can_edit_tag", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """*rights*: those of an administrator, or what is left to somebody restricted."""

    status: str = "member"
    rights: frozenset[str] = frozenset()
    is_anonymous: bool = False

    @property
    def is_in(self) -> bool:
        return self.status not in {"left", "kicked"}

    @property
    def is_admin(self) -> bool:
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """A creator may all, an administrator what was given, nobody else anything."""
        return self.status == "creator" or (self.is_admin and right in self.rights)

    @property
    def may_write(self) -> bool:
        """In a group; see `may` for channels."""
        return self.is_in and (self.status != "restricted" or "can_send_messages" in self.rights)

    def to_api(self, user: dict[str, Any], *, in_channel: bool = False) -> dict[str, Any]:
        shown = {"user": user, "status": self.status}
        match self.status:
            case "creator":
                return shown | {"is_anonymous": self.is_anonymous}
            case "administrator":
                names = _ADMINISTRATORS + (_OF_CHANNELS if in_channel else _OF_GROUPS)
                more = {"can_be_edited": False, "is_anonymous": self.is_anonymous}
                return shown | more | self._rights(names) | {"can_manage_chat": True}
            case "restricted":
                return shown | {"is_member": True, "until_date": 0} | self._rights(_RESTRICTED)
            case "kicked":
                return shown | {"until_date": 0}
            case _:
                return shown

    def _rights(self, names: Collection[str]) -> dict[str, bool]:
        return {name: name in self.rights for name in names}


def make_member(
    status: str, rights: Collection[str] | None = None, *, is_anonymous: bool = False
) -> Member:
    """Check the names; an administrator has every right unless *rights* say less."""
    if status not in STATUSES:
        raise bad_request(f"a member can be one of: {', '.join(STATUSES)}")
    known = {*_ADMINISTRATORS, *_OF_CHANNELS, *_OF_GROUPS, *_RESTRICTED}
    if unknown := set(rights or ()) - known:
        raise bad_request(f"no such right: {', '.join(sorted(unknown))}")
    all_of_them = known if status == "administrator" else ()
    given = all_of_them if rights is None else rights
    return Member(status, frozenset(given), is_anonymous)


class ChatType(StrEnum):
    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class User:
    id: int
    first_name: str
    username: str | None = None
    language_code: str | None = None

    def to_api(self) -> dict[str, Any]:
        user = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        return user | _given(username=self.username, language_code=self.language_code)


@dataclass(slots=True)
class PlaygroundMessage:
    """`content` holds what the message says (text and entities, or a document and its caption)."""

    message_id: int
    chat: "PlaygroundChat"
    sender: dict[str, Any]
    date: int
    content: dict[str, Any]
    reply_markup: dict[str, Any] | None = None
    edit_date: int | None = None
    reply_to: "PlaygroundMessage | None" = None
    extra: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    deleted: bool = False
    version: int = 0
    author: int | None = None  # the user who wrote it, None for the bot

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
        """What a user's screen shows: any kind of keyboard, silence, edits, deletion, version."""
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
    """A topic of a forum; *opening* is the service message that begins it."""

    name: str
    state: str = "open"  # or "closed"
    opening: PlaygroundMessage | None = None


@dataclass(slots=True)
class PlaygroundChat:
    """A private chat has its user's id. `own` is the bot's membership of a group or channel.

    In a private chat `blocked`: the user blocked the bot; `started`: the bot may write at all.
    """

    id: int
    type: ChatType
    title: str | None = None
    user: User | None = None
    username: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    own: Member = field(default_factory=Member)
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    is_forum: bool = False
    threads: dict[int, Thread] = field(default_factory=dict)
    messages: dict[int, PlaygroundMessage] = field(default_factory=dict)

    @property
    def is_channel(self) -> bool:
        return self.type is ChatType.CHANNEL

    def to_api(self) -> dict[str, Any]:
        name = {"first_name": self.user.first_name} if self.user else {"title": self.title}
        more = _given(username=self.username, is_forum=self.is_forum or None)
        return {"id": self.id, "type": self.type.value} | name | more

    def sender_of(self, user: User) -> dict[str, Any]:
        """Return the sender of what *user* writes here."""
        known = self.members.get(user.id)
        if known is not None and known.is_anonymous and not self.is_channel:
            return GROUP_ANONYMOUS_BOT
        return user.to_api()

    def keep(self, message: PlaygroundMessage) -> None:
        self.messages[message.message_id] = message
        if len(self.messages) > KEPT_MESSAGES:
            del self.messages[next(iter(self.messages))]


def bot_user(token: str) -> dict[str, Any]:
    """Return the bot as a user; its id is the number in its token."""
    return {
        "id": int(token.partition(":")[0]),
        "is_bot": True,
        "first_name": "Dateline",
        "username": "dateline_playground_bot",
    }


BOT = bot_user("1:playground")


def thread_fields(thread_id: int | None) -> dict[str, Any]:
    """Return what a message in a topic has beyond others."""
    return {} if thread_id is None else {"message_thread_id": thread_id, "is_topic_message": True}


def _given(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
