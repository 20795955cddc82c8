"""The methods that send, copy, forward, edit and delete messages."""

from typing import Any, Literal

from bot.playground.api.chats import check_may_send, check_thread, check_writable
from bot.playground.api.files import picture_size
from bot.playground.api.keyboards import check_markup
from bot.playground.api.parameters import Call
from bot.playground.errors import bad_request, not_modified
from bot.playground.state.chats import ChatType, PlaygroundChat, PlaygroundMessage, thread_fields
from bot.playground.state.files import StoredFile, Upload
from bot.playground.text.formatting import message_caption, message_text
from bot.playground.text.rich import rich_message

DELETABLE_SECONDS = 48 * 3600


def send_message(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    return _send(call, chat, _text(call)).to_api()


def send_rich_message(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    message = call.params["rich_message"]
    if "html" not in message or {"blocks", "markdown", "media"} & set(message):
        raise bad_request("rich messages are HTML without media in this playground")
    content = rich_message(message["html"], is_rtl=bool(message.get("is_rtl")))
    return _send(call, chat, content).to_api()


def send_document(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    file = _file(call, "document", "documents")
    document = file.to_api() | {
        "file_name": file.upload.name,
        "mime_type": file.upload.content_type,
    }
    return _send(call, chat, {"document": document} | _caption(call)).to_api()


def send_photo(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    file = _file(call, "photo", "photos")
    width, height = picture_size(file.upload.content)
    photo = [file.to_api() | {"width": width, "height": height}]
    return _send(call, chat, {"photo": photo} | _caption(call)).to_api()


def copy_message(call: Call) -> dict[str, Any]:
    chat, original = _writable(call), _original(call, "message to copy not found")
    content = original.content
    if "caption" in call.params and "text" not in content:
        content = _without_caption(content) | _caption(call)
    return {"message_id": _send(call, chat, content).message_id}


def forward_message(call: Call) -> dict[str, Any]:
    chat, original = _writable(call), _original(call, "message to forward not found")
    origin = {"type": "user", "sender_user": original.sender, "date": original.date}
    content = original.content | {"forward_origin": origin}
    return _send(call, chat, content).to_api()


def _original(call: Call, description: str) -> PlaygroundMessage:
    chat = call.world.chat(call.params["from_chat_id"])
    return call.world.message(chat, call.params["message_id"], description)


def _writable(call: Call) -> PlaygroundChat:
    chat = call.chat
    check_writable(chat)
    check_may_send(chat)
    check_thread(chat, call.get("message_thread_id"))
    return chat


def _file(call: Call, name: str, folder: str) -> StoredFile:
    value = call.params[name]
    if isinstance(value, Upload):
        if not value.content:
            raise bad_request("file must be non-empty")
        return call.world.files.store(value, folder)
    file = call.world.files.find(str(value))
    if file is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return file


def _text(call: Call) -> dict[str, Any]:
    content = message_text(
        call.get("text", ""), call.get("parse_mode", ""), call.get("entities", [])
    )
    if "link_preview_options" in call.params:
        content["link_preview_options"] = call.params["link_preview_options"]
    return content


def _without_caption(content: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in content.items() if not name.startswith("caption")}


def _caption(call: Call) -> dict[str, Any]:
    return message_caption(
        call.get("caption", ""), call.get("parse_mode", ""), call.get("caption_entities", [])
    )


def _send(call: Call, chat: PlaygroundChat, content: dict[str, Any]) -> PlaygroundMessage:
    markup = check_markup(call.get("reply_markup"))
    reply_to = _reply_to(call, chat)
    call.world.flood.charge(call.token, chat.id)
    return call.world.post(
        PlaygroundMessage(
            message_id=call.world.next_message_id(),
            chat=chat,
            sender=call.bot,
            date=call.world.now(),
            content=content,
            reply_markup=markup,
            reply_to=reply_to,
            extra=_extra(call),
            silent=call.get("disable_notification", False),
        )
    )


def _extra(call: Call) -> dict[str, Any]:
    extra = thread_fields(call.get("message_thread_id"))
    return extra | ({"has_protected_content": True} if call.get("protect_content") else {})


def _reply_to(call: Call, chat: PlaygroundChat) -> PlaygroundMessage | None:
    reply = call.get("reply_parameters")
    if not reply:
        return None
    other = call.world.chat(reply["chat_id"]) if "chat_id" in reply else chat
    message = other.messages.get(reply["message_id"])
    if message is not None and not message.deleted:
        return message
    if reply.get("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def edit_message_text(call: Call) -> dict[str, Any]:
    message = _editable(call)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _change(call, message, _text(call))


def edit_message_caption(call: Call) -> dict[str, Any]:
    message = _editable(call)
    if "text" in message.content:
        raise bad_request("there is no caption in the message to edit")
    kept = _without_caption(message.content)
    return _change(call, message, kept | _caption(call))


def edit_message_reply_markup(call: Call) -> dict[str, Any]:
    message = _editable(call)
    return _change(call, message, message.content)


def _editable(call: Call) -> PlaygroundMessage:
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


def _change(call: Call, message: PlaygroundMessage, content: dict[str, Any]) -> dict[str, Any]:
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
    """Skip, as Telegram does, messages that are deleted already or cannot be deleted."""
    chat = call.chat
    check_writable(chat)
    for message_id in call.params["message_ids"]:
        message = chat.messages.get(message_id)
        if message and not message.deleted and _is_deletable(call, chat, message):
            message.deleted = True
            call.world.touch(message, "delete")
    return True


def _is_deletable(call: Call, chat: PlaygroundChat, message: PlaygroundMessage) -> bool:
    is_recent = call.world.now() - message.date <= DELETABLE_SECONDS
    may_delete = chat.type is ChatType.PRIVATE or chat.own.is_admin
    return (message.is_from_bot or may_delete) and (is_recent or chat.own.is_admin)


def pin_chat_message(call: Call) -> Literal[True]:
    _check_may_pin(call.chat)
    message_id = call.params["message_id"]
    message = call.world.message(call.chat, message_id, "message to pin not found")
    if message.message_id not in call.chat.pinned:
        call.chat.pinned.append(message.message_id)
    return True


def unpin_chat_message(call: Call) -> Literal[True]:
    _check_may_pin(call.chat)
    message_id = call.params.get("message_id", 0)
    if message_id not in call.chat.pinned:
        raise bad_request("message to unpin not found")
    call.chat.pinned.remove(message_id)
    return True


def _check_may_pin(chat: PlaygroundChat) -> None:
    check_writable(chat)
    right = "can_edit_messages" if chat.is_channel else "can_pin_messages"
    if chat.type is not ChatType.PRIVATE and not chat.own.may(right):
        raise bad_request("not enough rights to manage pinned messages in the chat")


METHODS = {
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "sendMessage": send_message,
    "sendRichMessage": send_rich_message,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "copyMessage": copy_message,
    "forwardMessage": forward_message,
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
}
