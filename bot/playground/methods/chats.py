"""Chats and who is in them."""

from typing import Any, Literal

from bot.playground.access import check_writable
from bot.playground.answers import bad_request
from bot.playground.call import Call
from bot.playground.chats import Chat, ChatType

_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip


def get_chat(call: Call) -> dict[str, Any]:
    chat = call.chat
    full = {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }
    return chat.to_api() | full


def send_chat_action(call: Call) -> Literal[True]:
    chat = call.chat
    check_writable(chat)
    if call.params["action"] not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.events.publish("chat_action", chat_id=chat.id, action=call.params["action"])
    return True


def get_chat_member(call: Call) -> dict[str, Any]:
    chat, user_id = call.chat, call.params["user_id"]
    if chat.type is not ChatType.PRIVATE:
        check_writable(chat)
    if user_id == call.bot["id"]:
        return _member(call.bot, "member" if chat.type is ChatType.PRIVATE else chat.bot_status)
    person = call.world.people.get(user_id)
    if person is None:
        raise bad_request("invalid user_id specified")
    status = "member" if chat.id == user_id else chat.members.get(user_id, "left")
    return _member(person.to_api(), status)


def get_chat_administrators(call: Call) -> list[dict[str, Any]]:
    chat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("there are no administrators in the private chat")
    check_writable(chat)
    admins = [
        _member(call.world.people[user_id].to_api(), status)
        for user_id, status in chat.members.items()
        if status in {"creator", "administrator"} and user_id in call.world.people
    ]
    own = [_member(call.bot, "administrator")] if chat.bot_status == "administrator" else []
    return admins + own


def get_chat_member_count(call: Call) -> int:
    chat = call.chat
    return 2 if chat.type is ChatType.PRIVATE else len(chat.members) + 1


def leave_chat(call: Call) -> Literal[True]:
    chat: Chat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("chat member status can't be changed in private chats")
    check_writable(chat)
    chat.bot_status = "left"
    call.world.events.publish("chat", chat_id=chat.id)
    return True


_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages",
    "can_manage_video_chats", "can_restrict_members", "can_promote_members", "can_change_info",
    "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip


def _member(user: dict[str, Any], status: str) -> dict[str, Any]:
    member = {"user": user, "status": status}
    match status:
        case "administrator":
            return member | dict.fromkeys(_RIGHTS, False) | {"can_manage_chat": True}
        case "creator":
            return member | {"is_anonymous": False}
        case "kicked":
            return member | {"until_date": 0}
        case _:
            return member


METHODS = {
    "getChat": get_chat,
    "sendChatAction": send_chat_action,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
}
