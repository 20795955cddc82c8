"""/sources, for admins: what is read for everybody, how it is, adding and removing.

What others get stands in `own_sources`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, or_f

from bot.chat.callbacks import OpenSource, RemoveSource, SourcesPage
from bot.chat.handlers.admin import is_admin
from bot.sources.administration import list_sources, remove_source
from bot.sources.discovery.add import Outcome
from bot.subscribers import audit
from bot.subscribers.paging import page_of
from storage.enums import AuditAction

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.context import Context
    from storage.sources import Source

_PER_PAGE = 8
_PAGE = "chat/sources.html#list"


async def asked_for(_message: Message, context: Context) -> None:
    page = page_of(await list_sources(context.storage), 0, _PER_PAGE)
    await context.reply.show(_PAGE, page=page, now=context.user.now)


async def turned(_pressed: CallbackQuery, callback_data: SourcesPage, context: Context) -> None:
    page = page_of(await list_sources(context.storage), callback_data.page, _PER_PAGE)
    await context.reply.change(_PAGE, page=page, now=context.user.now)


async def opened(_pressed: CallbackQuery, callback_data: OpenSource, context: Context) -> None:
    source = await _source(context, callback_data.source_id)
    await context.reply.change("chat/sources.html#one", source=source, now=context.user.now)


async def added(_message: Message, command: CommandObject, context: Context) -> None:
    async with context.reply.typing():
        addition = await context.resources.source_adder.add(_url(command))
    if addition.outcome is Outcome.ADDED:
        await audit.record(
            context.storage, context.user.user_id, AuditAction.SOURCE_ADDED, addition.url
        )
    await context.reply.show("chat/sources.html#added", addition=addition, now=context.user.now)


async def removed_by_url(_message: Message, command: CommandObject, context: Context) -> None:
    url = _url(command)
    was_there = await remove_source(context.storage, url, by=context.user.user_id)
    await context.reply.show("chat/sources.html#removed", url=url, was_there=was_there)


async def removed(_pressed: CallbackQuery, callback_data: RemoveSource, context: Context) -> None:
    source = await _source(context, callback_data.source_id)
    was_there = source is not None and await remove_source(
        context.storage, source.url, by=context.user.user_id
    )
    url = source.url if source else ""
    await context.reply.change("chat/sources.html#removed", url=url, was_there=was_there)


async def not_for_you(_event: object, context: Context) -> None:
    await context.reply.toast("chat/sources.html#not_for_you")


async def _source(context: Context, source_id: int) -> Source | None:
    return next((one for one in await list_sources(context.storage) if one.id == source_id), None)


def _url(command: CommandObject) -> str:
    """`add https://…` → the URL; "" if there is none."""
    return (command.args or "").partition(" ")[2].strip()


def make_router() -> Router:
    router = Router(name="sources")
    adds = F.args.regexp(r"(?i)add\s+\S")
    removes = F.args.regexp(r"(?i)remove\s+\S")
    router.message.register(added, Command("sources", magic=adds), is_admin)
    router.message.register(removed_by_url, Command("sources", magic=removes), is_admin)
    router.message.register(asked_for, Command("sources"), is_admin)
    changes = F.args.regexp(r"(?i)(add|remove)\b")
    router.message.register(not_for_you, Command("sources", magic=changes))
    router.callback_query.register(turned, SourcesPage.filter(), is_admin)
    router.callback_query.register(opened, OpenSource.filter(), is_admin)
    router.callback_query.register(removed, RemoveSource.filter(), is_admin)
    theirs = or_f(SourcesPage.filter(), OpenSource.filter(), RemoveSource.filter())
    router.callback_query.register(not_for_you, theirs)
    return router
