"""The buttons under an alert, and /mutes: what is muted, each with a button that unmutes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command

from bot.chat import callbacks as press
from bot.chat.permissions import READS
from bot.subscribers import mutes, topics
from bot.subscribers.mutes import AlertPublisher, StorySubject, TopicSubject
from storage.enums import MuteKind

if TYPE_CHECKING:
    from bot.chat.context import Context
    from bot.subscribers.mutes import Subject

_MUTES = "chat/mutes.html"


async def menu_wanted(_: object, callback_data: press.OnAlert, context: Context) -> None:
    alert = await mutes.alert_menu(
        context.storage, context.chat_id, callback_data.story_id, is_open=True
    )
    await context.reply.change_buttons("chat/alert.html#menu", alert=alert)


async def back_wanted(_: object, callback_data: press.OnAlert, context: Context) -> None:
    await _show_buttons(callback_data.story_id, context)


async def muted(_: object, callback_data: press.OnAlert, context: Context) -> None:
    story_id = callback_data.story_id
    muted = await mutes.mute(
        context.storage, context.chat_id, _subject(callback_data), callback_data.duration,
        alert=story_id,
    )  # fmt: skip
    undo = press.UndoMute(story_id=story_id, mute_id=muted.mute_id).pack()
    await context.reply.change_buttons("chat/alert.html#undo", muted=muted, undo=undo)
    await context.reply.note("chat/alert.html#muted", muted=muted, **context.clock)


def _subject(pressed: press.OnAlert) -> Subject:
    match pressed.action:
        case press.AlertAction.TOPIC:
            return TopicSubject(pressed.topic_id)
        case press.AlertAction.STORY:
            return StorySubject(pressed.story_id)
        case press.AlertAction.LESS:
            return AlertPublisher(pressed.story_id, MuteKind.LESS)
        case _:
            return AlertPublisher(pressed.story_id, MuteKind.SOURCE)


async def undone(_: object, callback_data: press.UndoMute, context: Context) -> None:
    story_id = callback_data.story_id
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id, alert=story_id)
    await _show_buttons(story_id, context)
    await context.reply.note("chat/alert.html#undone")


async def _show_buttons(story_id: int, context: Context) -> None:
    """Show the alert's usual buttons again."""
    alert = await mutes.alert_menu(context.storage, context.chat_id, story_id, is_open=False)
    await context.reply.change_buttons(
        "alert/buttons.html", story_id=story_id, publisher=alert.publisher
    )


async def more_wanted(_: object, callback_data: press.OnAlert, context: Context) -> None:
    found = await topics.suggest_like(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.show("chat/alert.html#more_like_this", suggestions=found)


async def mutes_asked_for(_: object, context: Context) -> None:
    page = await mutes.list_mutes(context.storage, context.chat_id)
    await context.reply.show(_MUTES, page=page, **context.clock)


async def mutes_turned(_: object, callback_data: press.MutesPage, context: Context) -> None:
    page = await mutes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_MUTES, page=page, **context.clock)


async def unmuted(_: object, callback_data: press.Unmute, context: Context) -> None:
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id)
    page = await mutes.list_mutes(context.storage, context.chat_id, callback_data.page)
    await context.reply.change(_MUTES, page=page, **context.clock)


def make_router() -> Router:
    router = Router(name="alerts")
    actions = F.action
    likes = press.OnAlert.filter(actions == press.AlertAction.LIKE)
    router.callback_query.register(more_wanted, likes, flags=READS)
    router.callback_query.register(
        menu_wanted, press.OnAlert.filter(actions == press.AlertAction.MENU)
    )
    router.callback_query.register(
        back_wanted, press.OnAlert.filter(actions == press.AlertAction.BACK)
    )
    router.callback_query.register(muted, press.OnAlert.filter())
    router.callback_query.register(undone, press.UndoMute.filter())
    router.message.register(mutes_asked_for, Command("mutes"), flags=READS)
    router.callback_query.register(mutes_turned, press.MutesPage.filter(), flags=READS)
    router.callback_query.register(unmuted, press.Unmute.filter())
    return router
