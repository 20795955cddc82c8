"""/digest: the digest so far; and all the stories that a digest only counted."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.filters import Command

from bot.chat.callbacks import DigestNow, ShowAll
from bot.chat.permissions import READS
from bot.publishing.contents import show_digest_so_far, show_section
from bot.subscribers import topics
from bot.subscribers.limits import MOST_LISTED
from storage.enums import ChatKind

if TYPE_CHECKING:
    from bot.chat.context import Context


_GROUPS = {ChatKind.GROUP, ChatKind.SUPERGROUP}
_MOST_MUTED = 8  # topics that are named


async def asked_for(_: object, context: Context) -> None:
    user = context.user
    page = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    wanted = [topic for topic in page.items if topic.mode and topic.mode.digests]
    if wanted and all(topic.is_muted for topic in wanted):
        named = wanted[:_MOST_MUTED]
        await context.reply.show("chat/digest.html#muted", topics=named, **context.clock)
    elif not wanted and user.kind in _GROUPS and not user.managed_title:
        await context.reply.show("chat/digest.html#nothing_in_group")
    else:
        await context.reply.send(
            await show_digest_so_far(context.storage, context.reply.renderer, context.chat_id)
        )


async def all_asked_for(_: object, callback_data: ShowAll, context: Context) -> None:
    day, number = _day(callback_data.day), callback_data.schedule_number
    renderer = context.reply.renderer.of(context.user.language)
    await context.reply.send(
        await show_section(
            context.storage, renderer, context.chat_id, callback_data.topic_id, day, number
        )
    )


def _day(number: int) -> date | None:
    """Read 20261118; None for 0. What is no date is one that no edition has."""
    if not number:
        return None
    try:
        return datetime.strptime(f"{number:08}", "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return date.min


def make_router() -> Router:
    router = Router(name="digest")
    router.message.register(asked_for, Command("digest"), flags=READS)
    router.callback_query.register(asked_for, DigestNow.filter(), flags=READS)
    router.callback_query.register(all_asked_for, ShowAll.filter(), flags=READS)
    return router
