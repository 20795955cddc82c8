"""Chats and who is in them."""

from typing import Any, Literal

from bot.playground.access import check_writable
from bot.playground.answers import bad_request
from bot.playground.call import Call
from bot.playground.chats import Chat, ChatType
from bot.playground.members import Member

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
        own = Member() if chat.type is ChatType.PRIVATE else chat.own
        return own.to_api(call.bot, in_channel=chat.is_channel)
    person = call.world.people.get(user_id)
    if person is None:
        raise bad_request("invalid user_id specified")
    if chat.is_channel and not chat.own.is_admin:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    known = Member() if chat.id == user_id else chat.members.get(user_id, Member("left"))
    return known.to_api(person.to_api(), in_channel=chat.is_channel)


def get_chat_administrators(call: Call) -> list[dict[str, Any]]:
    chat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("there are no administrators in the private chat")
    check_writable(chat)
    shown = [
        member.to_api(call.world.people[user_id].to_api(), in_channel=chat.is_channel)
        for user_id, member in chat.members.items()
        if member.is_admin and user_id in call.world.people
    ]
    own = [chat.own.to_api(call.bot, in_channel=chat.is_channel)] if chat.own.is_admin else []
    return shown + own


def get_chat_member_count(call: Call) -> int:
    chat = call.chat
    people = sum(member.is_in for member in chat.members.values())
    return 2 if chat.type is ChatType.PRIVATE else people + 1


def leave_chat(call: Call) -> Literal[True]:
    chat: Chat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("chat member status can't be changed in private chats")
    check_writable(chat)
    chat.own = Member("left")
    call.world.events.publish("chat", chat_id=chat.id)
    return True


METHODS = {
    "getChat": get_chat,
    "sendChatAction": send_chat_action,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
}
