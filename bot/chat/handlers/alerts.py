"""The buttons under an alert, /recent, which lists alerts, and /mutes, which lists mutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.subscribers import mutes, saved_stories, sent_stories, topics
from bot.subscribers.mutes import AlertPublisher, StorySubject, TopicSubject
from storage.enums import MuteKind

if TYPE_CHECKING:
    from bot.chat.context import Context
    from bot.subscribers.mutes import Subject


async def open_alert_menu(_: object, callback_data: press.OnAlert, context: Context) -> None:
    alert = await mutes.alert_menu(
        context.storage, context.chat_id, callback_data.story_id, is_open=True
    )
    await context.reply.change_buttons("chat/alert.html#menu", alert=alert)


async def close_alert_menu(
    _: object, callback_data: press.OnAlert | press.UndoMute | press.UndoSilence, context: Context
) -> None:
    """Show the alert's usual buttons again."""
    story_id = callback_data.story_id
    alert = await mutes.alert_menu(context.storage, context.chat_id, story_id, is_open=False)
    await context.reply.change_buttons(
        "alert/buttons.html", story_id=story_id, publisher=alert.publisher
    )


async def mute_from_alert(_: object, callback_data: press.OnAlert, context: Context) -> None:
    story_id = callback_data.story_id
    muted = await mutes.mute(
        context.storage,
        context.chat_id,
        _subject(callback_data),
        callback_data.duration,
        alert=story_id,
    )
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
        case press.AlertAction.SILENT:
            return AlertPublisher(pressed.story_id, MuteKind.SILENT)
        case _:
            return AlertPublisher(pressed.story_id, MuteKind.SOURCE)


async def silence_topic(_: object, callback_data: press.OnAlert, context: Context) -> None:
    story_id, topic_id = callback_data.story_id, callback_data.topic_id
    silenced = await mutes.silence_topic(context.storage, context.chat_id, topic_id, alert=story_id)
    undo = press.UndoSilence(story_id=story_id, topic_id=topic_id, before=silenced.before).pack()
    await context.reply.change_buttons("chat/alert.html#undo_silence", topic=silenced, undo=undo)
    await context.reply.note("chat/alert.html#hushed", topic=silenced)


async def undo_silence(_: object, callback_data: press.UndoSilence, context: Context) -> None:
    story_id, topic_id = callback_data.story_id, callback_data.topic_id
    await mutes.undo_silence(
        context.storage, context.chat_id, topic_id, callback_data.before, alert=story_id
    )
    await close_alert_menu(None, callback_data, context)
    await context.reply.note("chat/alert.html#undone")


async def undo_mute(_: object, callback_data: press.UndoMute, context: Context) -> None:
    story_id = callback_data.story_id
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id, alert=story_id)
    await close_alert_menu(None, callback_data, context)
    await context.reply.note("chat/alert.html#undone")


async def show_more_like_this(_: object, callback_data: press.OnAlert, context: Context) -> None:
    found = await topics.suggest_like(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.show("chat/alert.html#more_like_this", suggestions=found)


async def save_from_alert(_: object, callback_data: press.OnAlert, context: Context) -> None:
    await saved_stories.save(context.storage, context.chat_id, callback_data.story_id)
    await close_alert_menu(None, callback_data, context)
    await context.reply.note("chat/stories.html#saved_note")


async def show_recent_alerts(_: object, context: Context) -> None:
    found = await sent_stories.recent_alerts(context.storage, context.chat_id)
    await context.reply.show("chat/recent.html#list", alerts=found, **context.clock)


async def send_alert_again(_: object, callback_data: press.OpenAlert, context: Context) -> None:
    alert = await sent_stories.recent_alert(
        context.storage, context.chat_id, callback_data.story_id
    )
    await context.reply.show("chat/recent.html#alert", alert=alert, **context.clock)


async def show_mutes(
    _: object, context: Context, callback_data: press.MutesPage | press.Unmute | None = None
) -> None:
    number = callback_data.page if callback_data else 0
    page = await mutes.list_mutes(context.storage, context.chat_id, number)
    await context.reply.change("chat/mutes.html", page=page, **context.clock)


async def unmute(_: object, callback_data: press.Unmute, context: Context) -> None:
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id)
    await show_mutes(None, context, callback_data)


def make_router() -> Router:
    router = Router(name="alerts")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(show_recent_alerts, ChatCommand("recent"))
    on_message(show_mutes, ChatCommand("mutes"))
    on_press(send_alert_again, press.OpenAlert.filter(), flags=Permission.EVERYBODY.flags)
    like = press.OnAlert.filter(F.action == press.AlertAction.LIKE)
    menu = press.OnAlert.filter(F.action == press.AlertAction.MENU)
    save = press.OnAlert.filter(F.action == press.AlertAction.SAVE)
    back = press.OnAlert.filter(F.action == press.AlertAction.BACK)
    on_press(show_more_like_this, like, flags=Permission.EVERYBODY.flags)
    on_press(open_alert_menu, menu, flags=Permission.ADMINISTRATORS.flags)
    on_press(close_alert_menu, back, flags=Permission.ADMINISTRATORS.flags)
    on_press(save_from_alert, save, flags=Permission.ADMINISTRATORS.flags)
    hush = press.OnAlert.filter(F.action == press.AlertAction.HUSH)
    on_press(silence_topic, hush, flags=Permission.ADMINISTRATORS.flags)
    on_press(mute_from_alert, press.OnAlert.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(undo_silence, press.UndoSilence.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(undo_mute, press.UndoMute.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(show_mutes, press.MutesPage.filter(), flags=Permission.EVERYBODY.flags)
    on_press(unmute, press.Unmute.filter(), flags=Permission.ADMINISTRATORS.flags)
    return router
