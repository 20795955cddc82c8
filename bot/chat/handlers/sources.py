"""/sources, for admins: what is read for everybody, how it is, adding and removing.

What others get stands in `own_sources`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Command, or_f

from bot.chat.callbacks import OpenSource, RemoveSource, SourcesPage
from bot.chat.callbacks import admin as for_admins
from bot.chat.handlers.admin.desk import is_admin
from bot.sources.administration import list_sources, remove_source
from bot.sources.discovery.add import Outcome
from bot.subscribers.pages import page_of
from storage.enums import AuditAction

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.types import CallbackQuery, Message

    from bot.chat.answers import Answers
    from bot.chat.doors import Doors
    from bot.subscribers.arrivals import Guest
    from storage.sources import Source

_PER_PAGE = 8
_PAGE = "chat/sources.html#list"


async def asked_for(_message: Message, guest: Guest, doors: Doors, answers: Answers) -> None:
    page = page_of(await list_sources(doors.storage), 0, _PER_PAGE)
    await answers.show(_PAGE, page=page, now=guest.now, admin=for_admins)


async def turned(
    _pressed: CallbackQuery,
    callback_data: SourcesPage,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    page = page_of(await list_sources(doors.storage), callback_data.page, _PER_PAGE)
    await answers.change(_PAGE, page=page, now=guest.now, admin=for_admins)


async def opened(
    _pressed: CallbackQuery,
    callback_data: OpenSource,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    source = await _source(doors, callback_data.source_id)
    await answers.change("chat/sources.html#one", source=source, now=guest.now)


async def added(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    await answers.typing()
    addition = await doors.adding.add(_url(command))
    if addition.outcome is Outcome.ADDED:
        await doors.audit.note(guest.person_id, AuditAction.SOURCE_ADDED, addition.url)
    await answers.show("chat/sources.html#added", addition=addition, now=guest.now)


async def removed_by_url(
    _message: Message, command: CommandObject, guest: Guest, doors: Doors, answers: Answers
) -> None:
    url = _url(command)
    was_there = await remove_source(doors.storage, url, by=guest.person_id)
    await answers.show("chat/sources.html#removed", url=url, was_there=was_there)


async def removed(
    _pressed: CallbackQuery,
    callback_data: RemoveSource,
    guest: Guest,
    doors: Doors,
    answers: Answers,
) -> None:
    source = await _source(doors, callback_data.source_id)
    was_there = source is not None and await remove_source(
        doors.storage, source.url, by=guest.person_id
    )
    url = source.url if source else ""
    await answers.change("chat/sources.html#removed", url=url, was_there=was_there)


async def not_for_you(_event: object, answers: Answers) -> None:
    await answers.toast("chat/sources.html#not_for_you")


async def _source(doors: Doors, source_id: int) -> Source | None:
    return next((one for one in await list_sources(doors.storage) if one.id == source_id), None)


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
