"""The page *Login and headers* of a source, on which an admin sets what the site asks for.

A message with a secret is deleted before anything else is done with it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from aiogram import Router

from bot.chat import callbacks as press
from bot.chat.permissions import Permission
from bot.chat.questions import AnswerTo, ask
from bot.sources import source_access
from bot.sources.administration import get_source
from bot.sources.credentials import AccessKind, Credentials, WrongAccessError
from bot.sources.sealing import NoKeyError

if TYPE_CHECKING:
    from aiogram.types import Message

    from bot.chat.context import Context
    from bot.sources.source_access import Change

_PAGE: Final = "chat/admin/source_access.html#page"
_ASKED: Final = {
    AccessKind.LOGIN: press.Question.SOURCE_LOGIN,
    AccessKind.TOKEN: press.Question.SOURCE_TOKEN,
    AccessKind.COOKIE: press.Question.SOURCE_COOKIE,
    AccessKind.HEADERS: press.Question.SOURCE_HEADER,
    AccessKind.USER_AGENT: press.Question.SOURCE_USER_AGENT,
    AccessKind.PROXY: press.Question.SOURCE_PROXY,
}


async def show_source_access(
    _: object, callback_data: press.ShowSourceAccess, context: Context
) -> None:
    await _show(callback_data.source_id, context)


async def ask_for_source_access(
    _: object, callback_data: press.AskSourceAccess, context: Context
) -> None:
    source_id, kind = callback_data.source_id, callback_data.kind
    source = await get_source(context.storage, source_id)
    if source is None:
        await _show(source_id, context)
    else:
        await ask(context, _ASKED[kind], subject=source_id, kind=kind, source=source)


async def clear_source_access(
    _: object, callback_data: press.ClearSourceAccess, context: Context
) -> None:
    kind = callback_data.kind
    await _change(callback_data.source_id, lambda access: access.without(kind), context)


async def take_source_access(
    kind: AccessKind, message: Message, subject: int, context: Context
) -> None:
    """Set the part of *kind* to the text of the message, which is deleted first."""
    is_deleted = await context.reply.delete_theirs(message.message_id)
    text = message.text or ""
    await _change(subject, partial(_with, kind, text), context, is_deleted=is_deleted)


async def _change(
    source_id: int, change: Change, context: Context, *, is_deleted: bool = True
) -> None:
    fault, has_key = None, True
    try:
        await source_access.change_access(
            context.storage, context.resources.keyring, source_id, change, by=context.user.user_id
        )
    except WrongAccessError as error:
        fault = error
    except NoKeyError:
        has_key = False
    await _show(source_id, context, fault=fault, has_key=has_key, is_deleted=is_deleted)


async def _show(
    source_id: int,
    context: Context,
    *,
    fault: WrongAccessError | None = None,
    has_key: bool = True,
    is_deleted: bool = True,
) -> None:
    keyring = context.resources.keyring
    await context.reply.change(
        _PAGE,
        source=await get_source(context.storage, source_id),
        access=await source_access.show_access(context.storage, keyring, source_id),
        kinds=[*AccessKind],
        fault=fault,
        has_key=has_key,
        is_deleted=is_deleted,
    )


def _with(kind: AccessKind, text: str, access: Credentials) -> Credentials:
    """Read an answer; a login is the user's name, a space or line break, and the password."""
    user, *password = text.split(maxsplit=1)
    setters = {
        AccessKind.LOGIN: lambda: access.with_login(user, "".join(password)),
        AccessKind.TOKEN: lambda: access.with_token(text),
        AccessKind.COOKIE: lambda: access.with_cookie(text),
        AccessKind.HEADERS: lambda: access.with_header(text),
        AccessKind.USER_AGENT: lambda: access.with_user_agent(text),
        AccessKind.PROXY: lambda: access.with_proxy(text),
    }
    return setters[kind]()


def make_router() -> Router:
    router = Router(name="source access")
    on_press, flags = router.callback_query.register, Permission.BOT_ADMINS.flags
    for kind, question in _ASKED.items():
        router.message.register(
            partial(take_source_access, kind),
            AnswerTo(question),
            flags=Permission.BOT_ADMINS.flags,
        )
    on_press(show_source_access, press.ShowSourceAccess.filter(), flags=flags)
    on_press(
        ask_for_source_access, press.AskSourceAccess.filter(), flags=Permission.BOT_ADMINS.flags
    )
    on_press(
        clear_source_access, press.ClearSourceAccess.filter(), flags=Permission.BOT_ADMINS.flags
    )
    return router
