"""Sending, copying and forwarding: everything that the flood accounting counts."""

from typing import Any

from bot.playground.access import check_may_send, check_thread, check_writable
from bot.playground.answers import bad_request
from bot.playground.bodies import Upload
from bot.playground.call import Call
from bot.playground.chats import Chat, Message
from bot.playground.files import StoredFile
from bot.playground.formatting import message_caption, message_text
from bot.playground.keyboards import check_markup
from bot.playground.pictures import picture_size
from bot.playground.rich_blocks import rich_message
from bot.playground.threads import marks


def send_message(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    content = message_text(
        call.params["text"], call.get("parse_mode", ""), call.get("entities", [])
    )
    if "link_preview_options" in call.params:
        content["link_preview_options"] = call.params["link_preview_options"]
    return _send(call, chat, content).to_api()


def send_rich_message(call: Call) -> dict[str, Any]:
    chat = _writable(call)
    given = call.params["rich_message"]
    if "html" not in given or {"blocks", "markdown", "media"} & set(given):
        raise bad_request("rich messages are HTML without media in this playground")
    shown = rich_message(given["html"], is_rtl=bool(given.get("is_rtl")))
    return _send(call, chat, shown).to_api()


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
    content = dict(original.content)
    if "caption" in call.params and "text" not in content:
        content = {
            name: part
            for name, part in content.items()
            if name not in {"caption", "caption_entities"}
        } | _caption(call)
    return {"message_id": _send(call, chat, content).message_id}


def forward_message(call: Call) -> dict[str, Any]:
    chat, original = _writable(call), _original(call, "message to forward not found")
    origin = {"type": "user", "sender_user": original.sender, "date": original.date}
    content = original.content | {"forward_origin": origin}
    return _send(call, chat, content).to_api()


def _original(call: Call, words: str) -> Message:
    chat = call.world.chat(call.params["from_chat_id"])
    return call.world.message(chat, call.params["message_id"], words)


def _writable(call: Call) -> Chat:
    chat = call.chat
    check_writable(chat)
    check_may_send(chat)
    check_thread(chat, call.get("message_thread_id"))
    return chat


def _file(call: Call, name: str, folder: str) -> StoredFile:
    given = call.params[name]
    if isinstance(given, Upload):
        if not given.content:
            raise bad_request("file must be non-empty")
        return call.world.files.store(given, folder)
    known = call.world.files.find(str(given))
    if known is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    return known


def _caption(call: Call) -> dict[str, Any]:
    return message_caption(
        call.get("caption", ""), call.get("parse_mode", ""), call.get("caption_entities", [])
    )


def _send(call: Call, chat: Chat, content: dict[str, Any]) -> Message:
    markup = check_markup(call.get("reply_markup"))
    reply_to = _reply_to(call, chat)
    call.world.flood.charge(call.token, chat.id)
    return call.world.post(
        Message(
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
    extra = marks(call.get("message_thread_id"))
    return extra | ({"has_protected_content": True} if call.get("protect_content") else {})


def _reply_to(call: Call, chat: Chat) -> Message | None:
    asked = call.get("reply_parameters")
    if not asked:
        return None
    place = call.world.chat(asked["chat_id"]) if "chat_id" in asked else chat
    message = place.messages.get(asked["message_id"])
    if message is not None and not message.deleted:
        return message
    if asked.get("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


METHODS = {
    "sendMessage": send_message,
    "sendRichMessage": send_rich_message,
    "sendDocument": send_document,
    "sendPhoto": send_photo,
    "copyMessage": copy_message,
    "forwardMessage": forward_message,
}
