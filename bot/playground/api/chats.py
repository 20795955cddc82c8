"""The methods about chats, members and forum topics, and the checks of the bot's rights."""

from typing import Any, Literal

from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request, forbidden, upgraded
from bot.playground.state.chats import (
    ChatType,
    Member,
    PlaygroundChat,
)
from bot.playground.state.world import change_thread, create_thread

_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
    "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip
_STATES = {"close": "closed", "reopen": "open", "delete": "deleted"}


def check_writable(chat: PlaygroundChat) -> None:
    """Raise Telegram's error if a message, an edit or an action in *chat* is not possible."""
    if chat.migrated_to is not None:
        raise upgraded(chat.migrated_to)
    if chat.type is ChatType.PRIVATE:
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
    elif chat.own.status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.type.value} chat")
    elif chat.own.status == "left":
        raise forbidden(f"bot is not a member of the {chat.type.value} chat")


def check_may_send(chat: PlaygroundChat) -> None:
    """Raise Telegram's error if the bot lacks the right to send a new message."""
    if chat.is_channel and not chat.own.may("can_post_messages"):
        raise bad_request("need administrator rights in the channel chat")
    if not chat.is_channel and not chat.own.may_write:
        raise bad_request("not enough rights to send text messages to the chat")


def check_thread(chat: PlaygroundChat, thread_id: int | None) -> None:
    """Raise Telegram's error if there is no such topic, or if it is closed to the bot."""
    if thread_id is None:
        return
    if thread_id not in chat.threads:
        raise bad_request("message thread not found")
    if chat.threads[thread_id].state == "closed" and not chat.own.may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")


def get_chat(call: Call) -> dict[str, Any]:
    chat = call.chat
    full: dict[str, Any] = {
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
    if chat.description:
        full["description"] = chat.description
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
    user = call.world.users.get(user_id)
    if user is None:
        raise bad_request("invalid user_id specified")
    if chat.is_channel and not chat.own.is_admin:
        raise bad_request("CHAT_ADMIN_REQUIRED")
    member = Member() if chat.id == user_id else chat.members.get(user_id, Member("left"))
    return member.to_api(user.to_api(), in_channel=chat.is_channel)


def get_chat_administrators(call: Call) -> list[dict[str, Any]]:
    chat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("there are no administrators in the private chat")
    check_writable(chat)
    users = [
        member.to_api(call.world.users[user_id].to_api(), in_channel=chat.is_channel)
        for user_id, member in chat.members.items()
        if member.is_admin and user_id in call.world.users
    ]
    own = [chat.own.to_api(call.bot, in_channel=chat.is_channel)] if chat.own.is_admin else []
    return users + own


def get_chat_member_count(call: Call) -> int:
    chat = call.chat
    users = sum(member.is_in for member in chat.members.values())
    return 2 if chat.type is ChatType.PRIVATE else users + 1


def leave_chat(call: Call) -> Literal[True]:
    chat: PlaygroundChat = call.chat
    if chat.type is ChatType.PRIVATE:
        raise bad_request("chat member status can't be changed in private chats")
    check_writable(chat)
    chat.own = Member("left")
    call.world.events.publish("chat", chat_id=chat.id)
    return True


def create_forum_topic(call: Call) -> dict[str, Any]:
    opening = create_thread(call.world, _forum(call), call.params["name"], call.bot)
    return {"message_thread_id": opening.message_id, **opening.content["forum_topic_created"]}


def change_forum_topic(call: Call) -> Literal[True]:
    state = _STATES[call.method.removesuffix("forumtopic")]
    change_thread(call.world, _forum(call), call.params["message_thread_id"], state, call.bot)
    return True


def _forum(call: Call) -> PlaygroundChat:
    chat = call.chat
    check_writable(chat)
    if not chat.is_forum:
        raise bad_request("the chat is not a forum")
    if not chat.own.may("can_manage_topics"):
        raise bad_request("not enough rights to manage topics")
    return chat


METHODS = {
    "getChat": get_chat,
    "sendChatAction": send_chat_action,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "createForumTopic": create_forum_topic,
    "closeForumTopic": change_forum_topic,
    "reopenForumTopic": change_forum_topic,
    "deleteForumTopic": change_forum_topic,
}
