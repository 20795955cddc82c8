"""Who is in a group or channel, and as what: creator, administrator, restricted, gone."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from bot.playground.answers import bad_request

STATUSES = ("creator", "administrator", "member", "restricted", "left", "kicked")

# Whoever writes as an anonymous administrator: to the bot it is this one, for the group.
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


def member_as(
    status: str, rights: Collection[str] | None = None, *, is_anonymous: bool = False
) -> Member:
    """A member by the names on the wire; an administrator may all unless *rights* say less."""
    if status not in STATUSES:
        raise bad_request(f"a member can be one of: {', '.join(STATUSES)}")
    known = {*_ADMINISTRATORS, *_OF_CHANNELS, *_OF_GROUPS, *_RESTRICTED}
    if unknown := set(rights or ()) - known:
        raise bad_request(f"no such right: {', '.join(sorted(unknown))}")
    all_of_them = known if status == "administrator" else ()
    given = all_of_them if rights is None else rights
    return Member(status, frozenset(given), is_anonymous)
