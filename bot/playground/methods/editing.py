"""Changing and deleting messages that stand."""

from typing import Any, Literal

from bot.playground.access import check_writable
from bot.playground.answers import bad_request, not_modified
from bot.playground.call import Call
from bot.playground.chats import Chat, ChatType, Message
from bot.playground.formatting import message_caption, message_text
from bot.playground.keyboards import check_markup

DELETABLE_SECONDS = 48 * 3600


def edit_message_text(call: Call) -> dict[str, Any]:
    message = _editable(call)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    content = message_text(
        call.get("text", ""), call.get("parse_mode", ""), call.get("entities", [])
    )
    if "link_preview_options" in call.params:
        content["link_preview_options"] = call.params["link_preview_options"]
    return _change(call, message, content)


def edit_message_caption(call: Call) -> dict[str, Any]:
    message = _editable(call)
    if "text" in message.content:
        raise bad_request("there is no caption in the message to edit")
    kept = {name: part for name, part in message.content.items() if not name.startswith("caption")}
    caption = message_caption(
        call.get("caption", ""), call.get("parse_mode", ""), call.get("caption_entities", [])
    )
    return _change(call, message, kept | caption)


def edit_message_reply_markup(call: Call) -> dict[str, Any]:
    message = _editable(call)
    return _change(call, message, message.content)


def _editable(call: Call) -> Message:
    if "inline_message_id" in call.params:
        raise bad_request("inline messages are not implemented in this playground")
    if "chat_id" not in call.params:
        raise bad_request("chat_id is empty")
    if "message_id" not in call.params:
        raise bad_request("message identifier is not specified")
    chat = call.chat
    check_writable(chat)
    message = call.world.message(chat, call.params["message_id"], "message to edit not found")
    if not message.is_from_bot or "forward_origin" in message.content:
        raise bad_request("message can't be edited")
    return message


def _change(call: Call, message: Message, content: dict[str, Any]) -> dict[str, Any]:
    markup = check_markup(call.get("reply_markup"))
    if markup is not None and "inline_keyboard" not in markup:
        raise bad_request("inline keyboard expected")
    if message.reply_markup is not None and "inline_keyboard" not in message.reply_markup:
        raise bad_request("message can't be edited")
    if (content, markup) == (message.content, message.reply_markup):
        raise not_modified()
    message.content = content
    message.reply_markup = markup
    message.edit_date = call.world.now()
    return call.world.touch(message, "edit").to_api()


def delete_message(call: Call) -> Literal[True]:
    chat = call.chat
    check_writable(chat)
    message = call.world.message(chat, call.params["message_id"], "message to delete not found")
    if not _is_deletable(call, chat, message):
        raise bad_request("message can't be deleted")
    message.deleted = True
    call.world.touch(message, "delete")
    return True


def delete_messages(call: Call) -> Literal[True]:
    """Those that are gone or can't be deleted are skipped, as Telegram does."""
    chat = call.chat
    check_writable(chat)
    for message_id in call.params["message_ids"]:
        message = chat.messages.get(message_id)
        if message and not message.deleted and _is_deletable(call, chat, message):
            message.deleted = True
            call.world.touch(message, "delete")
    return True


def _is_deletable(call: Call, chat: Chat, message: Message) -> bool:
    young = call.world.now() - message.date <= DELETABLE_SECONDS
    rights = chat.type is ChatType.PRIVATE or chat.own.is_admin
    return (message.is_from_bot or rights) and (young or chat.own.is_admin)


METHODS = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
}
