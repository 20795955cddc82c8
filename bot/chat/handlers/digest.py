"""/digest: the digest so far, and the full list of a section that a digest cut short."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission
from bot.publishing.contents import load_digest_so_far, show_section
from bot.publishing.pages import edition_page
from bot.subscribers import groups, topics
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.settings import get_settings

if TYPE_CHECKING:
    from bot.chat.context import Context


_MOST_MUTED = 8  # muted topics that are listed by name


async def show_digest(_: object, context: Context) -> None:
    user = context.user
    page = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    in_digest = [topic for topic in page.items if topic.mode and topic.mode.digests]
    if in_digest and all(topic.is_muted for topic in in_digest):
        named = in_digest[:_MOST_MUTED]
        await context.reply.show("chat/digest.html#muted", topics=named, **context.clock)
    elif not in_digest and context.is_seen_by_group:
        threads = await groups.other_threads(context.storage, context.chat_id)
        await context.reply.show("chat/digest.html#nothing_in_group", threads=threads)
    else:
        edition = await load_digest_so_far(context.storage, context.chat_id)
        # A paused chat does not get its next digest.
        edition = replace(edition, next_at=None if user.is_paused else edition.next_at)
        if edition.choice or not user.is_paused:
            await context.reply.send(edition_page(context.reply.renderer, edition))
    if user.is_paused:
        paused = await get_settings(context.storage, context.chat_id)
        await context.reply.show("chat/digest.html#paused", settings=paused, user=user)


async def show_whole_section(_: object, callback_data: press.ShowAll, context: Context) -> None:
    day, number = press.day_of(callback_data.day), callback_data.schedule_number
    renderer = context.reply.renderer.of(context.user.language)
    await context.reply.send(
        await show_section(
            context.storage, renderer, context.chat_id, callback_data.topic_id, day, number
        )
    )


def make_router() -> Router:
    router = Router(name="digest")
    on_message, on_press = router.message.register, router.callback_query.register
    on_message(show_digest, ChatCommand("digest"))
    on_press(show_digest, press.DigestNow.filter(), flags=Permission.EVERYBODY.flags)
    on_press(show_whole_section, press.ShowAll.filter(), flags=Permission.EVERYBODY.flags)
    return router
