"""Users, chats, members, threads and messages: the data of the playground."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.playground.errors import bad_request

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
    """*rights*: those of an administrator, or those that a restricted member still has."""

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
        """Return whether an administrator has *right*; a creator has every right."""
        return self.status == "creator" or (self.is_admin and right in self.rights)

    @property
    def may_write(self) -> bool:
        """Return whether the member may write in a group; see `may` for channels."""
        return self.is_in and (self.status != "restricted" or "can_send_messages" in self.rights)

    def to_api(self, user: dict[str, Any], *, in_channel: bool = False) -> dict[str, Any]:
        fields = {"user": user, "status": self.status}
        match self.status:
            case "creator":
                return fields | {"is_anonymous": self.is_anonymous}
            case "administrator":
                names = _ADMINISTRATORS + (_OF_CHANNELS if in_channel else _OF_GROUPS)
                more = {"can_be_edited": False, "is_anonymous": self.is_anonymous}
                return fields | more | self._rights(names) | {"can_manage_chat": True}
            case "restricted":
                return fields | {"is_member": True, "until_date": 0} | self._rights(_RESTRICTED)
            case "kicked":
                return fields | {"until_date": 0}
            case _:
                return fields

    def _rights(self, names: Collection[str]) -> dict[str, bool]:
        return {name: name in self.rights for name in names}


def make_member(
    status: str, rights: Collection[str] | None = None, *, is_anonymous: bool = False
) -> Member:
    """Return a member after checking the names; by default an administrator has every right."""
    if status not in STATUSES:
        raise bad_request(f"a member can be one of: {', '.join(STATUSES)}")
    known = {*_ADMINISTRATORS, *_OF_CHANNELS, *_OF_GROUPS, *_RESTRICTED}
    if unknown := set(rights or ()) - known:
        raise bad_request(f"no such right: {', '.join(sorted(unknown))}")
    if rights is None:
        rights = known if status == "administrator" else ()
    return Member(status, frozenset(rights), is_anonymous)


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
        return user | _without_none(username=self.username, language_code=self.language_code)


@dataclass(slots=True)
class PlaygroundMessage:
    """*content* is text and entities, or a document or photo and its caption."""

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
    author: int | None = None  # a user's id, None for the bot

    @property
    def is_from_bot(self) -> bool:
        return bool(self.sender["is_bot"]) and self.sender["id"] != GROUP_ANONYMOUS_BOT["id"]

    def to_api(self) -> dict[str, Any]:
        fields = {"message_id": self.message_id, "date": self.date, "chat": self.chat.to_api()}
        fields |= {} if self.chat.is_channel else {"from": self.sender}
        if self.chat.is_channel or self.sender["id"] == GROUP_ANONYMOUS_BOT["id"]:
            fields["sender_chat"] = self.chat.to_api()
        fields |= self.extra | self.content | _without_none(edit_date=self.edit_date)
        if self.reply_markup and "inline_keyboard" in self.reply_markup:
            fields["reply_markup"] = self.reply_markup
        if self.reply_to:
            fields["reply_to_message"] = self.reply_to.without_reply()
        return fields

    def without_reply(self) -> dict[str, Any]:
        fields = self.to_api()
        fields.pop("reply_to_message", None)
        return fields

    def to_page(self) -> dict[str, Any]:
        """Return the message for the chat page: keyboards of any kind, edits, deletion, version."""
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
    """A forum topic; *opening* is the service message that begins it."""

    name: str
    state: str = "open"  # or "closed"
    opening: PlaygroundMessage | None = None


@dataclass(slots=True)
class PlaygroundChat:
    """A private chat has its user's id. *own* is the bot's membership of a group or channel.

    A private chat is *blocked* if its user blocked the bot, and *started* once the bot may write.
    """

    id: int
    type: ChatType
    title: str | None = None
    user: User | None = None
    username: str | None = None
    description: str | None = None
    members: dict[int, Member] = field(default_factory=dict)
    own: Member = field(default_factory=Member)
    started: bool = True
    blocked: bool = False
    migrated_to: int | None = None
    is_forum: bool = False
    threads: dict[int, Thread] = field(default_factory=dict)
    messages: dict[int, PlaygroundMessage] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)  # ids of messages, the newest last

    @property
    def is_channel(self) -> bool:
        return self.type is ChatType.CHANNEL

    def to_api(self) -> dict[str, Any]:
        name = {"first_name": self.user.first_name} if self.user else {"title": self.title}
        more = _without_none(username=self.username, is_forum=self.is_forum or None)
        return {"id": self.id, "type": self.type.value} | name | more

    def sender_of(self, user: User) -> dict[str, Any]:
        """Return the sender that the bot sees when *user* writes here."""
        member = self.members.get(user.id)
        if member is not None and member.is_anonymous and not self.is_channel:
            return GROUP_ANONYMOUS_BOT
        return user.to_api()

    def add(self, message: PlaygroundMessage) -> None:
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
    """Return the fields that only messages in a forum topic have."""
    return {} if thread_id is None else {"message_thread_id": thread_id, "is_topic_message": True}


def _without_none(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
