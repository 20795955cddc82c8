"""Messages about slow work: first that it is under way, then its result."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import AiogramError, TelegramBadRequest
from aiogram.types import Message as Received

from bot.chat import callbacks as press
from bot.chat.managed_chats import frame_of
from bot.chat.reply import Reply
from bot.sources.discovery.add import AddOutcome
from bot.subscribers import broadcasts
from bot.subscribers.errors import CardTooOld
from bot.subscribers.groups import ManagedChat
from bot.telegram import entities_of, markup_of
from storage.feeds_followed import ImportMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiogram import Bot

    from bot.rendering.messages import Message
    from bot.rendering.renderer import Renderer
    from bot.sources.discovery.add import Addition
    from bot.subscribers.feed_lists import ListProgress, Tried
    from storage.db.engine import Storage
    from storage.feeds_followed import ImportChat

log = structlog.get_logger(__name__)

EDIT_SECONDS = 2.0  # between two edits of one message
REASONS_SHOWN = 10  # further ones are sent in a file
_FILE = "not-added.txt"


@dataclass(slots=True)
class Progress:
    """A message about work; *message_id* is 0 if it may not have arrived, so a new one follows."""

    reply: Reply
    message_id: int

    @classmethod
    async def begin(cls, reply: Reply, template: str, **values: Any) -> Progress:
        """Say that the work is under way; if the update is handled again, edit that message."""
        progress = cls(reply, reply.progress_id)
        if progress.message_id:
            await progress.change(template, **values)
        else:
            message = reply.render(template, **values)
            progress.message_id = reply.progress_id = await reply.send_one(message)
        return progress

    @classmethod
    def on_pressed(cls, reply: Reply) -> Progress:
        """Use the message whose button was pressed."""
        pressed = reply.pressed.message if reply.pressed else None
        if not isinstance(pressed, Received):
            raise CardTooOld
        return cls(reply, pressed.message_id)

    @property
    def message(self) -> ImportMessage:
        return ImportMessage(self.reply.telegram_id, self.message_id)

    async def change(self, template: str, **values: Any) -> None:
        """Replace the message by the template, or send a new message if the old one is gone."""
        message = self.reply.render(template, **values)
        try:
            await self._edit(self.reply.framed(message))
        except TelegramBadRequest as refused:
            if "not modified" not in refused.message:
                await self.reply.send([message])

    async def _edit(self, message: Message) -> None:
        await self.reply.bot.edit_message_text(
            message.text,
            chat_id=self.reply.telegram_id,
            message_id=self.message_id,
            entities=entities_of(message),
            reply_markup=markup_of(message.keyboard),
        )


@dataclass(frozen=True, slots=True)
class FeedListReports:
    """Shows the progress of a list of feeds in the message whose button started it."""

    bot: Bot
    renderer: Renderer

    async def report(self, chat: ImportChat, progress: ListProgress) -> None:
        reply = Reply(self.bot, self.renderer.of(chat.language), chat.message.telegram_id)
        if chat.managed_as:
            kind, title = chat.managed_as
            managed = ManagedChat(chat.chat_id, 0, title, kind)
            reply.frame = frame_of(managed, reply.renderer)
        try:
            if progress.lines is None:
                shown = Progress(reply, chat.message.message_id)
                values = {"tried": progress.tried, "total": progress.total}
                await shown.change("chat/import.html#adding", **values)
            else:
                await _report_all(reply, chat, progress.lines)
        except AiogramError as error:
            log.info("the progress of a feed list was not shown", reason=str(error))


async def _report_all(reply: Reply, chat: ImportChat, lines: Sequence[Tried]) -> None:
    failed = [line for line in lines if line.outcome in {"refused", "too many"}]
    await Progress(reply, chat.message.message_id).change(
        "chat/import.html#added",
        import_id=chat.list_id,
        added=sum(line.outcome == "followed" for line in lines),
        known=sum(line.outcome == "there" for line in lines),
        failed=failed,
        shown=REASONS_SHOWN,
    )
    if len(failed) > REASONS_SHOWN:
        data = reply.renderer.text("chat/import.html#not_added_file", failed=failed).encode()
        await reply.send_file(_FILE, data, "chat/import.html#not_added", count=len(failed))


async def report_starters(
    progress: Progress,
    adding: Callable[[Callable[[Sequence[Addition], str], None]], Awaitable[Sequence[Addition]]],
    total: int,
    pause_seconds: float = EDIT_SECONDS,
) -> None:
    """Show how far *adding* is, then its result; a message that cannot be edited stops nothing."""
    now: dict[str, Any] = {"tried": 0, "name": ""}

    def trying(done: Sequence[Addition], name: str) -> None:
        now.update(tried=len(done), name=name)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(_awaited(adding(trying)))
        while not (await asyncio.wait((task,), timeout=pause_seconds))[0]:
            await _edit(progress, "chat/sources.html#adding_starters", total=total, **now)
    done = task.result()
    outcomes = [addition.outcome for addition in done]
    fine = {AddOutcome.ADDED, AddOutcome.THERE}
    await _edit(
        progress,
        "chat/sources.html#starters",
        added=outcomes.count(AddOutcome.ADDED),
        known=outcomes.count(AddOutcome.THERE),
        failed=[addition for addition in done if addition.outcome not in fine],
        shown=REASONS_SHOWN,
    )


async def _awaited(work: Awaitable[Sequence[Addition]]) -> Sequence[Addition]:
    return await work


async def _edit(progress: Progress, template: str, **values: Any) -> None:
    try:
        await progress.change(template, **values)
    except (AiogramError, OSError, TimeoutError) as error:
        log.info("the progress of the starter feeds was not shown", reason=str(error))


async def report_broadcasts(bot: Bot, renderer: Renderer, storage: Storage) -> int:
    """Edit the status messages that are due; the next round makes up for a failed edit."""
    for shown_in, status in await broadcasts.progress_due(storage):
        message = renderer.of(shown_in.language).message(
            "chat/admin/broadcasts.html#page", press=press, status=status
        )
        try:
            await bot.edit_message_text(
                message.text,
                chat_id=shown_in.telegram_id,
                message_id=shown_in.message_id,
                entities=entities_of(message),
                reply_markup=markup_of(message.keyboard),
            )
        except (AiogramError, OSError, TimeoutError) as error:
            log.info("the status of a broadcast was not edited", reason=str(error))
    return 0
