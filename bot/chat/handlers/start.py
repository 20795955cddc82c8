"""/start, /help and /privacy: what this is, the first topic, and what a query can say.

A link may bring a topic, as `?start=topic_<slug>`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, CommandStart

from bot.chat.callbacks import HelpPage, ShowHelp
from bot.chat.cards import show_card
from bot.chat.commands import commands_in_help
from bot.chat.menu import label_menu_button
from bot.chat.permissions import READS
from bot.rendering.i18n import ENGLISH
from bot.subscribers import feedback, share_links, topics
from bot.subscribers.limits import MOST_LISTED
from bot.subscribers.share_links import LinkedQuery, LinkedShare, LinkedTopic, read_start
from storage.enums import ChatKind

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import Message

    from bot.chat.context import Context


_MOST_OFFERED = 5  # topics of the catalogue on the first message


async def started(_: object, context: Context) -> None:
    if context.user.is_admin:  # perhaps the first, or of the settings and only here now
        await feedback.forward_feedback(
            context.storage,
            renderer=context.resources.renderer,
            admins=context.resources.access.admins,
        )
    subscribed = await topics.subscribed(context.storage, context.chat_id, per_page=MOST_LISTED)
    have = {topic.id for topic in subscribed.items}
    most = _MOST_OFFERED + len(have)
    catalogue = await topics.popular(context.storage, context.chat_id, most)
    offered = [topic for topic in catalogue.items if topic.id not in have][:_MOST_OFFERED]
    await context.reply.show(
        "chat/start.html",
        user=context.user,
        catalogue=offered,
        has_more=catalogue.total > len(offered),
        subscriptions=subscribed.total,
    )
    if context.user.kind is ChatKind.PRIVATE and context.reply.renderer.language is not ENGLISH:
        await label_menu_button(
            context.reply.bot,
            context.user.user_id,
            context.reply.renderer,
            context.resources.app_url,
        )


async def opened_by_a_link(message: Message, command: CommandObject, context: Context) -> None:
    match read_start(command.args or ""):
        case LinkedTopic(name):
            topic = await topics.topic_by_name(context.storage, context.chat_id, name)
            await show_card(topic.typed, context, topic)
        case LinkedQuery(typed):
            await show_card(typed, context)
        case LinkedShare(token):
            await show_card(await share_links.shared_query(context.storage, token), context)
        case None:
            await started(message, context)


async def show_help(context: Context) -> None:
    await context.reply.show("chat/help.html#help", user=context.user)


async def help_asked_for(_message: object, context: Context) -> None:
    await show_help(context)


async def help_page_opened(_: object, callback_data: ShowHelp, context: Context) -> None:
    user = context.user
    commands = commands_in_help(user.kind, is_admin=user.is_admin)
    await context.reply.change(f"chat/help.html#{callback_data.page}", user=user, commands=commands)


async def queries_asked_for(_message: object, context: Context) -> None:
    await context.reply.show(f"chat/help.html#{HelpPage.QUERIES}", user=context.user)


async def privacy_asked_for(_message: object, context: Context) -> None:
    await context.reply.show("chat/privacy.html")


def make_router() -> Router:
    router = Router(name="start")
    router.message.register(opened_by_a_link, CommandStart(deep_link=True), flags=READS)
    router.message.register(started, Command("start"), flags=READS)
    about_queries = F.args.func(lambda args: bool(args) and args.lower().startswith("quer"))
    router.message.register(queries_asked_for, Command("help", magic=about_queries), flags=READS)
    router.message.register(help_asked_for, Command("help"), flags=READS)
    router.message.register(privacy_asked_for, Command("privacy"), flags=READS)
    router.callback_query.register(help_page_opened, ShowHelp.filter(), flags=READS)
    return router
