"""Feeds: a chat's own and the admins' under /sources, links that were sent, and published feeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.enums import MessageEntityType
from aiogram.filters import Command, or_f
from aiogram.types import Message

from bot.chat import callbacks as press
from bot.chat.handlers.admin import is_admin
from bot.chat.permissions import READS
from bot.chat.progress import Progress
from bot.matching.suggest import suggested
from bot.sources.administration import get_source, list_sources, remove_source
from bot.sources.discovery.add import AddOutcome
from bot.sources.hosts import host_shown, shown_url
from bot.subscribers import audit, feed_lists, own_feeds, published_feeds
from bot.subscribers.errors import CardTooOld
from bot.subscribers.paging import page_of
from bot.subscribers.searches import count_search
from storage.enums import AuditAction

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery

    from bot.chat.context import Context
    from bot.sources.discovery.discover import LookupResult
    from bot.subscribers.posts import Post
    from storage.sources import Source

_PUBLISHED = "chat/feeds.html"


# Sources that are read for everybody: for admins


async def show_sources(
    _: object, context: Context, callback_data: press.SourcesPage | None = None
) -> None:
    number = callback_data.page if callback_data else 0
    page = page_of(await list_sources(context.storage), number)
    await context.reply.change("chat/sources.html#list", page=page, now=context.user.now)


async def open_source(_: object, callback_data: press.OpenSource, context: Context) -> None:
    source = await get_source(context.storage, callback_data.source_id)
    await context.reply.change("chat/sources.html#one", source=source, now=context.user.now)


async def add_source(_: object, command: CommandObject, context: Context) -> None:
    async with context.reply.typing():
        addition = await context.resources.source_adder.add(_url(command))
    if addition.outcome is AddOutcome.ADDED:
        await audit.record(
            context.storage, context.user.user_id, AuditAction.SOURCE_ADDED, addition.url
        )
    await context.reply.show("chat/sources.html#added", addition=addition, now=context.user.now)


async def remove_source_by_url(_: object, command: CommandObject, context: Context) -> None:
    url = _url(command)
    was_there = await remove_source(context.storage, url, by=context.user.user_id)
    await context.reply.show("chat/sources.html#removed", url=url, was_there=was_there)


async def remove_opened_source(
    _: object, callback_data: press.RemoveSource, context: Context
) -> None:
    source = await get_source(context.storage, callback_data.source_id)
    was_there = source is not None and await remove_source(
        context.storage, source.url, by=context.user.user_id
    )
    url = source.url if source else ""
    await context.reply.change("chat/sources.html#removed", url=url, was_there=was_there)


async def refuse_non_admin(_: object, context: Context) -> None:
    await context.reply.toast("chat/sources.html#not_for_you")


def _url(command: CommandObject) -> str:
    """`add https://…` → the URL; "" if there is none."""
    return (command.args or "").partition(" ")[2].strip()


# A chat's own feeds


async def show_own_feeds(
    _: object, context: Context, callback_data: press.OwnSourcesPage | None = None
) -> None:
    feeds = await own_feeds.list_own_feeds(context.storage, context.chat_id)
    page = page_of(feeds, callback_data.page if callback_data else 0)
    user = context.user
    await context.reply.change("chat/sources.html#own", page=page, now=user.now, user=user)


async def open_own_feed(_: object, callback_data: press.OpenOwnSource, context: Context) -> None:
    feed = await own_feeds.get_own_feed(context.storage, context.chat_id, callback_data.source_id)
    await context.reply.change("chat/sources.html#own_one", source=feed, now=context.user.now)


async def unfollow(_: object, callback_data: press.Unfollow, context: Context) -> None:
    feed = await own_feeds.unfollow_feed(context.storage, context.chat_id, callback_data.source_id)
    await context.reply.change("chat/sources.html#unfollowed", source=feed)


async def follow_again(_: object, callback_data: press.FollowAgain, context: Context) -> None:
    feed = await own_feeds.follow_feed_again(
        context.storage, context.chat_id, callback_data.source_id
    )
    await context.reply.change("chat/sources.html#own_one", source=feed, now=context.user.now)


async def add_list(_: object, callback_data: press.AddList, context: Context) -> None:
    """Start adding a list of feeds; the stage reports in this very message from now on."""
    progress = Progress.on_pressed(context.reply)
    total = await feed_lists.add_list(
        context.storage, context.chat_id, callback_data.list_id, progress.message
    )
    await progress.change("chat/import.html#adding", tried=0, total=total)


# Links


async def show_link(url: str, context: Context) -> None:
    """Show what is at a link that was typed: feeds, or an article's keywords."""
    if source := await own_feeds.public_source(context.storage, url):
        await context.reply.show(
            "chat/typed.html#known_source", source=source, now=context.user.now
        )
        return
    await count_search(context.storage, context.chat_id, limits=context.limits)
    progress = await Progress.begin(
        context.reply, "chat/typed.html#reading_link", host=host_shown(url) or shown_url(url)
    )
    await _show_found(progress, await context.resources.link_lookup.look(url), context)


async def suggest_keywords(post: Post, context: Context) -> None:
    """Offer keywords of a text that somebody else wrote."""
    words = suggested(post.title, post.text)
    await context.reply.show("chat/typed.html#keywords", title="", url="", words=words)


async def find_feeds(
    pressed: CallbackQuery, callback_data: press.FindFeeds, context: Context
) -> None:
    url = link_on(pressed, callback_data.number)
    await count_search(context.storage, context.chat_id, limits=context.limits)
    progress = await Progress.begin(
        context.reply, "chat/typed.html#reading_link", host=host_shown(url) or shown_url(url)
    )
    await _show_found(progress, await context.resources.link_lookup.feeds_of(url), context)


async def _show_found(progress: Progress, found: LookupResult, context: Context) -> None:
    if found.text:
        words = suggested(found.title, found.text)
        await progress.change(
            "chat/typed.html#keywords", title=found.title, url=found.url, words=words
        )
    elif source := await _known_source(found, context):
        await progress.change("chat/typed.html#known_source", source=source, now=context.user.now)
    else:
        await progress.change(
            "chat/typed.html#feeds", looked=found, user=context.user, now=context.user.now
        )


async def _known_source(found: LookupResult, context: Context) -> Source | None:
    """Return the one feed that was found, if it is everybody's already."""
    if len(found.feeds) != 1:
        return None
    return await own_feeds.public_source(context.storage, found.feeds[0].url)


async def follow_link(
    pressed: CallbackQuery, callback_data: press.FollowLink, context: Context
) -> None:
    url, limits = link_on(pressed, callback_data.number), context.limits
    await own_feeds.check_limit(context.storage, context.chat_id, url, limits=limits)
    progress = await _begin_adding(pressed, url, context)
    followed = await own_feeds.follow_feed(
        context.storage,
        context.chat_id,
        url,
        adder=context.resources.own_source_adder,
        limits=limits,
    )
    await progress.change("chat/sources.html#followed", followed=followed)


async def add_link_for_all(
    pressed: CallbackQuery, callback_data: press.FollowLink, context: Context
) -> None:
    url = link_on(pressed, callback_data.number)
    progress = await _begin_adding(pressed, url, context)
    addition = await context.resources.source_adder.add(url)
    await progress.change("chat/sources.html#added", addition=addition, now=context.user.now)


async def _begin_adding(pressed: CallbackQuery, url: str, context: Context) -> Progress:
    """Say that it is being read: in the place of the offer, unless that offered more."""
    await context.reply.acknowledge()
    template, host = "chat/typed.html#adding_feed", host_shown(url) or shown_url(url)
    if len(links_on(pressed)) > 1:
        return await Progress.begin(context.reply, template, host=host)
    progress = Progress.on_pressed(context.reply)
    await progress.change(template, host=host)
    return progress


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


# Published feeds


async def show_published(
    _: object, context: Context, callback_data: press.FeedsPage | None = None
) -> None:
    page, links = callback_data.page if callback_data else 0, context.resources.links
    feeds = await published_feeds.get_feeds(context.storage, context.chat_id, page, links=links)
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=False)


async def renew_published(_: object, context: Context) -> None:
    feeds = await published_feeds.renew_feeds(
        context.storage, context.chat_id, once=context.reply.once, links=context.resources.links
    )
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=True)


async def close_published(_: object, context: Context) -> None:
    feeds = await published_feeds.close_feeds(
        context.storage, context.chat_id, links=context.resources.links
    )
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=False)


def make_router() -> Router:
    router = Router(name="feeds")
    adds, removes = F.args.regexp(r"(?i)add\s+\S"), F.args.regexp(r"(?i)remove\s+\S")
    changes = F.args.regexp(r"(?i)(add|remove)\b")
    router.message.register(add_source, Command("sources", magic=adds), is_admin)
    router.message.register(remove_source_by_url, Command("sources", magic=removes), is_admin)
    router.message.register(show_sources, Command("sources"), is_admin)
    router.message.register(refuse_non_admin, Command("sources", magic=changes))
    router.message.register(show_own_feeds, Command("sources"), flags=READS)
    router.message.register(show_published, Command("feeds"))
    router.callback_query.register(show_sources, press.SourcesPage.filter(), is_admin)
    router.callback_query.register(open_source, press.OpenSource.filter(), is_admin)
    router.callback_query.register(remove_opened_source, press.RemoveSource.filter(), is_admin)
    for_admin = or_f(
        press.SourcesPage.filter(), press.OpenSource.filter(), press.RemoveSource.filter()
    )
    router.callback_query.register(refuse_non_admin, for_admin)
    router.callback_query.register(show_own_feeds, press.OwnSourcesPage.filter(), flags=READS)
    router.callback_query.register(open_own_feed, press.OpenOwnSource.filter(), flags=READS)
    router.callback_query.register(unfollow, press.Unfollow.filter())
    router.callback_query.register(follow_again, press.FollowAgain.filter())
    router.callback_query.register(add_list, press.AddList.filter())
    router.callback_query.register(add_link_for_all, press.FollowLink.filter(F.everybody), is_admin)
    router.callback_query.register(follow_link, press.FollowLink.filter(~F.everybody))
    router.callback_query.register(find_feeds, press.FindFeeds.filter(), flags=READS)
    router.callback_query.register(show_published, press.FeedsPage.filter())
    router.callback_query.register(renew_published, press.RenewFeeds.filter())
    router.callback_query.register(close_published, press.CloseFeeds.filter())
    return router
