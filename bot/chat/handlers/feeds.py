"""Feeds: /sources (public ones for admins, and a chat's own), feeds at links, and /feeds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from aiogram import F, Router

from bot.chat import callbacks as press
from bot.chat.cards import link_on, links_on, read_page, show_asked_article, show_feeds
from bot.chat.commands import ChatCommand
from bot.chat.permissions import Permission, is_bot_admin, may_change
from bot.chat.progress import Progress, report_starters
from bot.chat.questions import AnswerTo, ask
from bot.sources import administration
from bot.sources.administration import get_source, list_sources, remove_source
from bot.sources.channels.addresses import shown_channel, source_address
from bot.sources.discovery.add import AddOutcome
from bot.sources.discovery.opml import choose_starters
from bot.sources.hosts import host_shown, shown_url
from bot.sources.urls import host_of, is_web
from bot.subscribers import audit, channel_sources, feed_lists, newsletters, own_feeds
from bot.subscribers.asked_articles import asked_article
from bot.subscribers.paging import page_of
from bot.subscribers.timezones import country_of_zone
from storage.enums import AuditAction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.opml import Outline
    from bot.subscribers.newsletters import SeenNewsletter
    from bot.subscribers.paging import ListPage
    from storage.sources import Source

_PUBLISHED = "chat/feeds.html"
_STARTERS: Final = "starter feeds"  # the key of this work in the background


# Public sources, for admins


async def is_for_admins(event: Message, context: Context) -> bool:
    """Return whether /sources lists the public sources, and not those of a managed chat."""
    return await is_bot_admin(event, context) and not context.user.managed_title


async def show_sources(
    _: object, context: Context, callback_data: press.SourcesPage | None = None
) -> None:
    number = callback_data.page if callback_data else 0
    page = page_of(await list_sources(context.storage), number)
    await context.reply.change(
        "chat/sources.html#list", page=page, now=context.user.now, user=context.user
    )


async def add_source(_: object, command: CommandObject, context: Context) -> None:
    await _show_addition(_url(command), context)


async def _show_addition(url: str, context: Context) -> None:
    async with context.reply.typing():
        addition = await _add_for_all(url, context)
    await context.reply.show("chat/sources.html#added", addition=addition, now=context.user.now)


async def _add_for_all(url: str, context: Context) -> Addition:
    addition = await context.resources.source_adder.add(url)
    if addition.outcome is AddOutcome.ADDED:
        by, added = context.user.user_id, AuditAction.SOURCE_ADDED
        await audit.record(context.storage, by, added, addition.url)
    return addition


async def remove_source_by_url(_: object, command: CommandObject, context: Context) -> None:
    url = _url(command)
    was_there = await remove_source(context.storage, url, by=context.user.user_id)
    await context.reply.show("chat/sources.html#removed", url=url, was_there=was_there)


async def remove_opened_source(
    _: object, callback_data: press.RemoveSource, context: Context
) -> None:
    source = await get_source(context.storage, callback_data.source_id)
    url = source.url if source else ""
    was_there = source is not None and await remove_source(
        context.storage, url, by=context.user.user_id
    )
    await context.reply.change("chat/sources.html#removed", url=url, was_there=was_there)


async def explain_own_feeds(_: object, context: Context) -> None:
    await context.reply.show("chat/sources.html#not_for_you")


async def ask_for_source(_: object, context: Context) -> None:
    await ask(context, press.Question.SOURCE)


async def take_source(message: Message, context: Context) -> None:
    url = source_address(message.text or "")
    if not is_web(url) or " " in url or not host_of(url):
        await ask(context, press.Question.SOURCE, is_again=True)
        return
    await _show_addition(url, context)


async def add_starters(_: object, context: Context) -> None:
    """Add the starter feeds in the background, because some sites answer late."""
    resources, reply = context.resources, context.reply
    if resources.background.is_running(_STARTERS):
        await reply.toast("chat/sources.html#starters_running")
        return
    language = reply.renderer.language.code
    outlines = choose_starters(language, country_of_zone(context.user.zone))
    resources.background.start(_add_starters(outlines, context), _STARTERS)


async def _add_starters(outlines: Sequence[Outline], context: Context) -> None:
    template, total = "chat/sources.html#adding_starters", len(outlines)
    progress = await Progress.begin(context.reply, template, tried=0, total=total, name="")
    adding = partial(
        administration.add_starters,
        context.storage,
        context.resources.source_adder,
        outlines,
        by=context.user.user_id,
    )
    await report_starters(progress, adding, total)


def _url(command: CommandObject) -> str:
    """Return the URL in `add https://…`; "" if there is none."""
    return (command.args or "").partition(" ")[2].strip()


# A chat's own feeds


async def show_own_feeds(
    _: object, context: Context, callback_data: press.OwnSourcesPage | None = None
) -> None:
    page, user = await _own_feeds(context, callback_data), context.user
    await context.reply.change(
        "chat/sources.html#own",
        page=page,
        now=user.now,
        user=user,
        has_newsletters=context.resources.newsletters is not None,
    )


async def name_own_feeds(
    _: object, context: Context, callback_data: press.OwnSourcesPage | None = None
) -> None:
    """Show a member of a group the names of the feeds, because their URLs may contain tokens."""
    page = await _own_feeds(context, callback_data)
    await context.reply.change("chat/sources.html#names", page=page)


async def _own_feeds(context: Context, wanted: press.OwnSourcesPage | None) -> ListPage[Source]:
    feeds = await own_feeds.list_own_feeds(context.storage, context.chat_id)
    return page_of(feeds, wanted.page if wanted else 0)


async def open_own_feed(_: object, callback_data: press.OpenOwnSource, context: Context) -> None:
    await _show_own(callback_data.source_id, context)


async def _show_own(source_id: int, context: Context) -> None:
    feed = await own_feeds.get_own_feed(context.storage, context.chat_id, source_id)
    await _show_source(feed, context)


async def _show_source(feed: Source, context: Context) -> None:
    letters = await _newsletter(feed.id, context)
    decides = await channel_sources.decides_about(context.storage, context.user.user_id, feed.id)
    await context.reply.change(
        "chat/sources.html#own_one",
        source=feed,
        letters=letters,
        decides=decides,
        now=context.user.now,
    )


async def _newsletter(source_id: int, context: Context) -> SeenNewsletter | None:
    addresses = context.resources.newsletters
    return await newsletters.get_newsletter(context.storage, context.chat_id, source_id, addresses)


async def unfollow(_: object, callback_data: press.Unfollow, context: Context) -> None:
    feed = await own_feeds.unfollow_feed(context.storage, context.chat_id, callback_data.source_id)
    letters = await _newsletter(feed.id, context)
    await context.reply.change("chat/sources.html#unfollowed", source=feed, letters=letters)


async def follow_again(_: object, callback_data: press.FollowAgain, context: Context) -> None:
    feed = await own_feeds.follow_feed_again(
        context.storage, context.chat_id, callback_data.source_id
    )
    await _show_source(feed, context)


# Newsletters


async def follow_newsletter(_: object, context: Context) -> None:
    source_id = await newsletters.follow_newsletter(
        context.storage, context.chat_id, context.resources.newsletters, limits=context.limits
    )
    await _show_own(source_id, context)


async def accept_sender(_: object, callback_data: press.AcceptSender, context: Context) -> None:
    source_id = await newsletters.accept_sender(
        context.storage, context.chat_id, callback_data.sender_id, limits=context.limits
    )
    await _show_own(source_id, context)


async def refuse_sender(_: object, callback_data: press.RefuseSender, context: Context) -> None:
    source_id = await newsletters.refuse_sender(
        context.storage, context.chat_id, callback_data.sender_id
    )
    await _show_own(source_id, context)


async def unsubscribe_newsletter(
    _: object, callback_data: press.UnsubscribeNewsletter, context: Context
) -> None:
    async with context.reply.typing():
        is_taken = await newsletters.unsubscribe(
            context.storage,
            context.chat_id,
            callback_data.source_id,
            client=context.resources.forms,
        )
    await context.reply.show("chat/sources.html#unsubscribed", is_taken=is_taken)


# Lists of feeds


async def add_list(_: object, callback_data: press.AddList, context: Context) -> None:
    """Start adding a list of feeds; the stage LIST then reports in the pressed message."""
    progress = Progress.on_pressed(context.reply)
    total = await feed_lists.add_list(
        context.storage, context.chat_id, callback_data.list_id, progress.message
    )
    await progress.change("chat/import.html#adding", tried=0, total=total)


# Links


async def find_feeds(
    pressed: CallbackQuery, callback_data: press.FindFeeds, context: Context
) -> None:
    await show_feeds(link_on(pressed, callback_data.number), context)


async def explain_link(
    pressed: CallbackQuery, callback_data: press.ExplainLink, context: Context
) -> None:
    url = link_on(pressed, callback_data.number)
    asked = await asked_article(context.storage, context.chat_id, url)
    if asked is None:  # it was deleted meanwhile
        await read_page(url, context)
    else:
        await show_asked_article(asked, context)


async def read_link(
    pressed: CallbackQuery, callback_data: press.ReadLink, context: Context
) -> None:
    await read_page(link_on(pressed, callback_data.number), context)


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
    addition = await _add_for_all(url, context)
    await progress.change("chat/sources.html#added", addition=addition, now=context.user.now)


async def _begin_adding(pressed: CallbackQuery, url: str, context: Context) -> Progress:
    """Say that the feed is being read, in place of the offer unless that has several feeds."""
    await context.reply.acknowledge()
    template, host = (
        "chat/typed.html#adding_feed",
        shown_channel(url) or host_shown(url) or shown_url(url),
    )
    if len(links_on(pressed)) > 1:
        return await Progress.begin(context.reply, template, host=host)
    progress = Progress.on_pressed(context.reply)
    await progress.change(template, host=host)
    return progress


# Published feeds


async def show_published(
    _: object, context: Context, callback_data: press.FeedsPage | None = None
) -> None:
    page, links = callback_data.page if callback_data else 0, context.resources.links
    feeds = await own_feeds.get_feeds(context.storage, context.chat_id, page, links=links)
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=False)


async def ask_to_renew(_: object, context: Context) -> None:
    await context.reply.change("chat/confirm.html#renew_feeds")


async def ask_to_close(_: object, context: Context) -> None:
    await context.reply.change("chat/confirm.html#close_feeds")


async def renew_published(_: object, context: Context) -> None:
    feeds = await own_feeds.renew_feeds(
        context.storage, context.chat_id, once=context.reply.once, links=context.resources.links
    )
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=True)


async def close_published(_: object, context: Context) -> None:
    feeds = await own_feeds.close_feeds(
        context.storage, context.chat_id, links=context.resources.links
    )
    await context.reply.change(_PUBLISHED, seen=feeds, is_renewed=False)


def make_router() -> Router:
    router = Router(name="feeds")
    on_message, on_press = router.message.register, router.callback_query.register
    adds, removes = F.args.regexp(r"(?i)add\s+\S"), F.args.regexp(r"(?i)remove\s+\S")
    changes = F.args.regexp(r"(?i)(add|remove)\b")
    admins = Permission.BOT_ADMINS
    on_message(add_source, ChatCommand("sources", magic=adds), is_bot_admin, flags=admins.flags)
    on_message(
        remove_source_by_url,
        ChatCommand("sources", magic=removes),
        is_bot_admin,
        flags=admins.flags,
    )
    on_message(show_sources, ChatCommand("sources"), is_for_admins, flags=admins.flags)
    on_message(explain_own_feeds, ChatCommand("sources", magic=changes))
    confidential = Permission.CONFIDENTIAL
    on_message(show_own_feeds, ChatCommand("sources"), may_change, flags=confidential.flags)
    on_message(name_own_feeds, ChatCommand("sources"))
    on_message(show_published, ChatCommand("feeds"))
    on_message(take_source, AnswerTo(press.Question.SOURCE), flags=admins.flags)
    on_press(ask_for_source, press.AskSource.filter(), flags=admins.flags)
    on_press(add_starters, press.AddStarters.filter(), flags=admins.flags)
    on_press(show_sources, press.SourcesPage.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(remove_opened_source, press.RemoveSource.filter(), flags=Permission.BOT_ADMINS.flags)
    on_press(
        add_link_for_all, press.FollowLink.filter(F.everybody), flags=Permission.BOT_ADMINS.flags
    )
    of_names = press.OwnSourcesPage.filter()
    on_press(show_own_feeds, of_names, may_change, flags=confidential.flags)
    on_press(name_own_feeds, of_names, flags=Permission.EVERYBODY.flags)
    on_press(open_own_feed, press.OpenOwnSource.filter(), flags=confidential.flags)
    on_press(find_feeds, press.FindFeeds.filter(), flags=Permission.EVERYBODY.flags)
    on_press(explain_link, press.ExplainLink.filter(), flags=Permission.EVERYBODY.flags)
    on_press(read_link, press.ReadLink.filter(), flags=Permission.EVERYBODY.flags)
    on_press(unfollow, press.Unfollow.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(follow_newsletter, press.FollowNewsletter.filter(), flags=confidential.flags)
    on_press(accept_sender, press.AcceptSender.filter(), flags=confidential.flags)
    on_press(refuse_sender, press.RefuseSender.filter(), flags=confidential.flags)
    on_press(unsubscribe_newsletter, press.UnsubscribeNewsletter.filter(), flags=confidential.flags)
    on_press(follow_again, press.FollowAgain.filter(), flags=confidential.flags)
    on_press(add_list, press.AddList.filter(), flags=Permission.ADMINISTRATORS.flags)
    on_press(
        follow_link, press.FollowLink.filter(~F.everybody), flags=Permission.ADMINISTRATORS.flags
    )
    on_press(show_published, press.FeedsPage.filter(), flags=confidential.flags)
    on_press(ask_to_renew, press.RenewFeeds.filter(), flags=confidential.flags)
    on_press(renew_published, press.ConfirmRenewFeeds.filter(), flags=confidential.flags)
    on_press(ask_to_close, press.CloseFeeds.filter(), flags=confidential.flags)
    on_press(close_published, press.ConfirmCloseFeeds.filter(), flags=confidential.flags)
    return router
