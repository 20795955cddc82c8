"""A chat's data and its feedback: /export, /import and files, /delete_me, /feedback."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import structlog
from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.chat.progress import Progress
from bot.chat.questions import AnswerTo, ask
from bot.sources.feeds.model import Unreadable
from bot.subscribers import (
    access,
    deletion,
    export,
    export_document,
    feed_lists,
    feedback,
    groups,
)
from bot.subscribers.errors import NoSuchList
from bot.text.spelling import spelled
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.filters import CommandObject
    from aiogram.types import Document

    from bot.chat.context import Context


log = structlog.get_logger(__name__)

LARGEST = export_document.LARGEST  # bytes of a file
_DOCUMENT, _FEEDS = "dateline.json", "dateline-feeds.opml"
_QUESTION_LASTS = timedelta(days=1)


async def send_export(_: object, context: Context) -> None:
    title = context.reply.renderer.line("chat/export.html#title")
    exported = await export.export_chat(context.storage, context.chat_id, title)
    chat = context.user.managed_title
    await context.reply.send_file(
        _DOCUMENT, exported.document, "chat/export.html#document", chat=chat
    )
    if exported.opml:
        await context.reply.send_file(_FEEDS, exported.opml, "chat/export.html#feeds")


async def explain_import(_: object, context: Context) -> None:
    await context.reply.show("chat/import.html#how")


async def import_file(message: Message, bot: Bot, context: Context) -> None:
    """Offer to import an export of ours, or to add the feeds of a list."""
    document = message.document
    if document is None or (document.file_size or 0) > LARGEST:
        await context.reply.show("chat/import.html#too_large")
        return
    await feed_lists.check_no_list_is_added(context.storage, context.chat_id)
    content = await _download(document, bot, context)
    is_export = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    try:
        if is_export:
            read = await export.read_export(content, reader=context.resources.upload_reader)
            await context.reply.answer(
                message.message_id, "chat/import.html#question", document=read
            )
        else:
            await _offer_list(content, context)
    except Unreadable as error:
        log.warning("a file could not be read", reason=error.reason, bytes=len(content))
        await context.reply.show("chat/import.html#unknown_file")


async def _download(document: Document, bot: Bot, context: Context) -> bytes:
    async with context.reply.typing():
        data = await bot.download(document, BytesIO())
    return data.read(LARGEST + 1) if data else b""


async def import_offered(pressed: CallbackQuery, bot: Bot, context: Context) -> None:
    """Import the file under which the question stands; Telegram keeps it, so we need not."""
    question = pressed.message
    file = question.reply_to_message if isinstance(question, Message) else None
    if file is None or file.document is None:
        raise NoSuchList
    await feed_lists.check_no_list_is_added(context.storage, context.chat_id)
    content = await _download(file.document, bot, context)
    document = await export.read_export(content, reader=context.resources.upload_reader)
    urls = [feed.url for feed in document.sources]
    list_id, total = await feed_lists.keep_list(context.storage, context.chat_id, urls)
    imported = await export.import_chat(
        context.storage, context.chat_id, document, limits=context.limits, import_id=list_id
    )
    await context.reply.change("chat/import.html#report", report=imported, import_id=list_id)
    if not imported.feeds:
        return
    progress = await Progress.begin(context.reply, "chat/import.html#adding", tried=0, total=total)
    await feed_lists.add_list(context.storage, context.chat_id, list_id, progress.message)


async def undo_import(_: object, callback_data: press.UndoImport, context: Context) -> None:
    taken = None
    if callback_data.after:
        taken = export.TakenSettings(**callback_data.model_dump(exclude={"import_id"}))
    undone = await export.undo_import(
        context.storage, context.chat_id, callback_data.import_id, taken
    )
    await context.reply.change("chat/import.html#undone", undone=undone)


async def _offer_list(content: bytes, context: Context) -> None:
    urls = await feed_lists.read_list(content, reader=context.resources.upload_reader)
    list_id, count = await feed_lists.keep_list(context.storage, context.chat_id, urls)
    await context.reply.show(
        "chat/import.html#list", list_id=list_id, count=count, left=len(urls) - count
    )


async def ask_to_delete(event: Message | CallbackQuery, context: Context) -> None:
    """Ask, and name what would be deleted: the user's own data, or those of a group or channel."""
    user, stored = context.user, await deletion.stored_data(context.storage, context.chat_id)
    way_back = None
    if user.kind is ChatKind.PRIVATE:
        way_back = await access.way_back(
            context.storage, user.user_id, access=context.resources.access
        )
    await context.reply.show(
        "chat/erase.html#question",
        user=user,
        way_back=way_back,
        stored=stored,
        name=_name_of_chat(event, context),
        managing=await groups.name_of(context.storage, user.managing),
        asked_at=int(user.now.timestamp()),
    )


def _name_of_chat(event: Message | CallbackQuery, context: Context) -> str:
    """Return the title of the group or channel that the request is about; "" for the user."""
    if context.user.kind is ChatKind.PRIVATE:
        return ""
    message = event.message if isinstance(event, CallbackQuery) else event
    return context.user.managed_title or (message and message.chat.title) or ""


async def delete_everything(
    pressed: CallbackQuery, callback_data: press.Erase, context: Context
) -> None:
    """Delete the chat's data, unless the question is so old that its counts may be wrong."""
    user, reply = context.user, context.reply
    age = user.now.timestamp() - callback_data.asked_at
    if age > _QUESTION_LASTS.total_seconds():
        await reply.change("chat/erase.html#expired")
    elif user.managed_title:
        await deletion.delete_managed_chat(context.storage, context.chat_id, user.user_id)
        await groups.set_managed(context.storage, user.user_id, None)
        reply.frame = None
        await reply.change("chat/erase.html#managed_done", name=user.managed_title)
    else:
        # Without the user id, so that an admin who deletes a group's data stays an admin.
        user_id = user.user_id if user.kind is ChatKind.PRIVATE else None
        await deletion.delete_chat(context.storage, context.chat_id, user_id)
        await reply.change("chat/erase.html#done", name=_name_of_chat(pressed, context))


async def keep_everything(pressed: CallbackQuery, context: Context) -> None:
    if pressed.message:
        await context.reply.delete(pressed.message.message_id)


async def send_feedback(_: object, command: CommandObject, context: Context) -> None:
    await _send_feedback(command.args or "", context)


async def ask_for_feedback(_: object, context: Context) -> None:
    await ask(context, press.Question.FEEDBACK)


async def send_typed_feedback(message: Message, context: Context) -> None:
    await _send_feedback(message.text or "", context)


async def _send_feedback(text: str, context: Context) -> None:
    if not spelled(text):
        await ask(context, press.Question.FEEDBACK)
        return
    is_sent = await feedback.send_feedback(
        context.storage,
        context.chat_id,
        text,
        once=context.reply.once,
        renderer=context.resources.renderer,
        admins=context.resources.access.admins,
    )
    await context.reply.show("chat/feedback.html#sent", is_sent=is_sent)


async def ask_for_reply(_: object, callback_data: press.AnswerFeedback, context: Context) -> None:
    number = callback_data.feedback_id
    await ask(context, press.Question.FEEDBACK_REPLY, subject=number, shown=str(number))


async def send_reply(message: Message, subject: int, context: Context) -> None:
    name = await feedback.reply_to_feedback(
        context.storage,
        subject,
        message.text or "",
        once=context.reply.once,
        renderer=context.resources.renderer,
    )
    await context.reply.show("chat/feedback.html#answered", name=name)


def make_router() -> Router:
    router = Router(name="account")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(send_export, ChatCommand("export"))
    on_message(explain_import, ChatCommand("import"))
    on_message(ask_to_delete, ChatCommand("delete_me"))
    on_message(send_feedback, ChatCommand("feedback", magic=F.args))
    on_message(ask_for_feedback, ChatCommand("feedback"))
    administrators, bot_admins = Permission.ADMINISTRATORS, Permission.BOT_ADMINS
    on_message(send_typed_feedback, AnswerTo(press.Question.FEEDBACK), flags=administrators.flags)
    on_message(send_reply, AnswerTo(press.Question.FEEDBACK_REPLY), flags=bot_admins.flags)
    on_press(send_export, press.ExportChat.filter(), flags=Permission.CONFIDENTIAL.flags)
    on_press(ask_to_delete, press.AskToErase.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(import_offered, press.ImportFile.filter(), flags=administrators.flags)
    on_press(undo_import, press.UndoImport.filter(), flags=administrators.flags)
    on_press(delete_everything, press.Erase.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(keep_everything, press.KeepData.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(ask_for_reply, press.AnswerFeedback.filter(), flags=Permission.BOT_ADMINS.flags)
    return router


def make_file_router() -> Router:
    """Return the router for files. It follows the commands, because a caption may be one."""
    router = Router(name="files")
    is_in_group = F.chat.type.in_({ChatType.GROUP, ChatType.SUPERGROUP})
    confidential = Permission.CONFIDENTIAL
    is_file = F.document & ~F.animation  # an animation is a document, too
    router.message.register(explain_import, is_file, is_in_group, flags=confidential.flags)
    router.message.register(import_file, is_file, flags=Permission.PRIVATE.flags)
    return router
