"""How the bot stands in a group or channel: whether it can write there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import (
    ChatMemberAdministrator,
    ChatMemberBanned,
    ChatMemberLeft,
    ChatMemberRestricted,
)

from storage.enums import ChatKind, ChatState

if TYPE_CHECKING:
    from aiogram.types import ChatMember


def standing(member: ChatMember, kind: ChatKind) -> ChatState:
    """ACTIVE: it can write; BLOCKED: it is there without the right to; KICKED: it is not there."""
    match member:
        case ChatMemberLeft() | ChatMemberBanned() | ChatMemberRestricted(is_member=False):
            return ChatState.KICKED
        case ChatMemberRestricted(can_send_messages=False):
            return ChatState.BLOCKED
        case ChatMemberAdministrator() if kind is ChatKind.CHANNEL and not member.can_post_messages:
            return ChatState.BLOCKED
        case _:
            return ChatState.ACTIVE


def may_manage_topics(member: ChatMember) -> bool:
    return isinstance(member, ChatMemberAdministrator) and bool(member.can_manage_topics)
