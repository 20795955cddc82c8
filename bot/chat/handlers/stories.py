"""The stories of a digest: save one, get more or less of its kind, and see why it came; /saved."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.subscribers import mutes, saved_stories, sent_stories, topics
from bot.subscribers.mutes import AlertPublisher, Duration, StorySubject, TopicSubject
from storage.enums import MuteKind

if TYPE_CHECKING:
    from bot.chat.context import Context
    from bot.subscribers.mutes import Subject

_LIST = "chat/stories.html#list"


async def list_stories(_: object, callback_data: press.ListStories, context: Context) -> None:
    day, number = press.day_of(callback_data.day) or date.min, callback_data.schedule_number
    page = await sent_stories.list_stories(context.storage, context.chat_id, day, number)
    await context.reply.show(_LIST, page=page, of=callback_data)


async def turn_stories(_: object, callback_data: press.TurnStories, context: Context) -> None:
    day, number = press.day_of(callback_data.day) or date.min, callback_data.schedule_number
    page = await sent_stories.list_stories(
        context.storage, context.chat_id, day, number, callback_data.page
    )
    await context.reply.change(_LIST, page=page, of=callback_data)


async def open_story(_: object, callback_data: press.OnStory, context: Context) -> None:
    story = await sent_stories.see_story(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.change(
        "chat/stories.html#story", story=story, of=callback_data, **context.clock
    )


async def save_story(_: object, callback_data: press.OnStory, context: Context) -> None:
    await saved_stories.save(context.storage, context.chat_id, callback_data.story_id)
    await open_story(None, callback_data, context)


async def unsave_story(_: object, callback_data: press.OnStory, context: Context) -> None:
    await saved_stories.unsave_story(context.storage, context.chat_id, callback_data.story_id)
    await open_story(None, callback_data, context)


async def show_more_like_story(_: object, callback_data: press.OnStory, context: Context) -> None:
    found = await topics.suggest_like(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.show("chat/alert.html#more_like_this", suggestions=found)


async def offer_less(_: object, callback_data: press.OnStory, context: Context) -> None:
    story = await sent_stories.see_story(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.change_buttons("chat/stories.html#less", story=story, of=callback_data)


async def explain_story(_: object, callback_data: press.OnStory, context: Context) -> None:
    why = await sent_stories.explain_story(context.storage, context.chat_id, callback_data.story_id)
    await context.reply.show("chat/stories.html#why", why=why)


async def mute_story(_: object, callback_data: press.MuteStory, context: Context) -> None:
    muted = await mutes.mute(
        context.storage, context.chat_id, _subject(callback_data), Duration.WEEK
    )
    undo = press.UnmuteStory(story_id=callback_data.story_id, mute_id=muted.mute_id).pack()
    await context.reply.change_buttons("chat/alert.html#undo", muted=muted, undo=undo)
    await context.reply.note("chat/alert.html#muted", muted=muted, **context.clock)


def _subject(pressed: press.MuteStory) -> Subject:
    match pressed.kind:
        case MuteKind.TOPIC:
            return TopicSubject(pressed.topic_id)
        case MuteKind.STORY:
            return StorySubject(pressed.story_id)
        case _:
            return AlertPublisher(pressed.story_id, MuteKind.LESS)


async def unmute_story(_: object, callback_data: press.UnmuteStory, context: Context) -> None:
    await mutes.unmute(context.storage, context.chat_id, callback_data.mute_id)
    story = press.OnStory(action=press.StoryAction.OPEN, story_id=callback_data.story_id)
    await open_story(None, story, context)


async def send_saved(_: object, context: Context) -> None:
    page = await saved_stories.list_saved(context.storage, context.chat_id)
    await context.reply.show("chat/stories.html#saved", page=page, **context.clock)


async def show_saved(
    _: object, callback_data: press.SavedPage | press.RemoveSaved, context: Context
) -> None:
    page = await saved_stories.list_saved(context.storage, context.chat_id, callback_data.page)
    await context.reply.change("chat/stories.html#saved", page=page, **context.clock)


async def remove_saved(_: object, callback_data: press.RemoveSaved, context: Context) -> None:
    await saved_stories.unsave(context.storage, context.chat_id, callback_data.saved_id)
    await show_saved(None, callback_data, context)


def make_router() -> Router:
    router = Router(name="stories")
    on_message, on_press = router.message.register, router.callback_query.register
    everybody, administrators = Permission.EVERYBODY.flags, Permission.ADMINISTRATORS.flags
    on_message(send_saved, ChatCommand("saved"))
    on_press(list_stories, press.ListStories.filter(), flags=everybody)
    on_press(turn_stories, press.TurnStories.filter(), flags=everybody)
    for action, handler, flags in (
        (press.StoryAction.OPEN, open_story, everybody),
        (press.StoryAction.LIKE, show_more_like_story, everybody),
        (press.StoryAction.WHY, explain_story, everybody),
        (press.StoryAction.SAVE, save_story, administrators),
        (press.StoryAction.UNSAVE, unsave_story, administrators),
        (press.StoryAction.LESS, offer_less, administrators),
    ):
        on_press(handler, press.OnStory.filter(F.action == action), flags=flags)
    on_press(mute_story, press.MuteStory.filter(), flags=administrators)
    on_press(unmute_story, press.UnmuteStory.filter(), flags=administrators)
    on_press(show_saved, press.SavedPage.filter(), flags=everybody)
    on_press(remove_saved, press.RemoveSaved.filter(), flags=administrators)
    return router
