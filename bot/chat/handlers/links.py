"""A link that was typed or forwarded: its feed, those of its site, or its article's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.enums import MessageEntityType
from aiogram.types import Message

from bot.chat.callbacks.text import FindFeeds, FollowLink
from bot.chat.permissions import READS
from bot.chat.progress import Progress
from bot.matching.suggest import suggested
from bot.sources.urls import host_of
from bot.subscribers import own_sources
from bot.subscribers.errors import CardTooOld

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.posts import Post


async def look_at(url: str, context: Context) -> None:
    if source := await own_sources.public_source(context.storage, url):
        await context.reply.show(
            "chat/typed.html#known_source", source=source, now=context.user.now
        )
        return
    progress = await Progress.begin(
        context.reply, "chat/typed.html#reading_link", host=host_of(url) or url
    )
    await _show(progress, await context.resources.link_lookup.look(url), context)


async def suggest(post: Post, context: Context) -> None:
    """Offer words of a text that somebody else wrote."""
    words = suggested(post.title, post.text)
    await context.reply.show("chat/typed.html#keywords", title="", url="", words=words)


async def feeds_wanted(pressed: CallbackQuery, callback_data: FindFeeds, context: Context) -> None:
    url = link_on(pressed, callback_data.number)
    progress = await Progress.begin(
        context.reply, "chat/typed.html#reading_link", host=host_of(url) or url
    )
    await _show(progress, await context.resources.link_lookup.feeds_of(url), context)


async def _show(progress: Progress, looked: LookupResult, context: Context) -> None:
    if looked.text:
        words = suggested(looked.title, looked.text)
        await progress.change(
            "chat/typed.html#keywords", title=looked.title, url=looked.url, words=words
        )
    else:
        await progress.change(
            "chat/typed.html#feeds", looked=looked, user=context.user, now=context.user.now
        )


async def followed(pressed: CallbackQuery, callback_data: FollowLink, context: Context) -> None:
    url = link_on(pressed, callback_data.number)
    await own_sources.check_limit(
        context.storage, context.chat_id, url, most=context.resources.limits.feeds
    )
    progress = await _adding(pressed, url, context)
    done = await own_sources.follow_feed(
        context.storage,
        context.chat_id,
        url,
        adder=context.resources.own_source_adder,
        most=context.resources.limits.feeds,
    )
    await progress.change("chat/sources.html#followed", followed=done)


async def given_to_everybody(
    pressed: CallbackQuery, callback_data: FollowLink, context: Context
) -> None:
    url = link_on(pressed, callback_data.number)
    progress = await _adding(pressed, url, context)
    addition = await context.resources.source_adder.add(url)
    await progress.change("chat/sources.html#added", addition=addition, now=context.user.now)


async def _adding(pressed: CallbackQuery, url: str, context: Context) -> Progress:
    """Say that it is being read: where nothing else was offered, in the place of the offer."""
    await context.reply.acknowledge()
    host = host_of(url) or url
    if len(links_on(pressed)) > 1:
        return await Progress.begin(context.reply, "chat/typed.html#adding_feed", host=host)
    return await Progress.instead(context.reply, pressed, "chat/typed.html#adding_feed", host=host)


def link_on(pressed: CallbackQuery, number: int) -> str:
    links = links_on(pressed)
    if number >= len(links):
        raise CardTooOld
    return links[number]


def links_on(pressed: CallbackQuery) -> list[str]:
    """Return the links on the pressed message, which our own template put there."""
    message = pressed.message
    if not isinstance(message, Message):
        raise CardTooOld
    return [
        entity.url
        for entity in message.entities or ()
        if entity.type == MessageEntityType.TEXT_LINK and entity.url
    ]


async def is_admin(_pressed: CallbackQuery, context: Context) -> bool:
    return context.user.is_admin


def make_router() -> Router:
    router = Router(name="links")
    for_everybody = FollowLink.filter(F.everybody)
    router.callback_query.register(given_to_everybody, for_everybody, is_admin)
    router.callback_query.register(followed, FollowLink.filter(~F.everybody))
    router.callback_query.register(feeds_wanted, FindFeeds.filter(), flags=READS)
    return router
