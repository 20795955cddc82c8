"""`dateline access`: who is banned, and who is allowed. `dateline audit`: the activity log."""

from __future__ import annotations

import asyncio
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import MINUS_IS_NO_OPTION, AsJson, fail, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.subscribers.access import Access, AllowResult
    from storage.access import AuditEvent

AS_ALL = -1
_COLUMNS = {name: itemgetter(name) for name in ("id", "is", "since")}

app = typer.Typer(no_args_is_help=False)

UserOrGroup = Annotated[
    int, typer.Argument(metavar="ID", help="The Telegram id of a user or a group.")
]


@app.callback(invoke_without_command=True)
def access(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show who is banned, and who is allowed besides those of the settings."""
    if context.invoked_subcommand is None:
        list_(as_json=as_json)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """Show who is banned, and who is allowed besides those of the settings."""
    rows = asyncio.run(_rows())
    show(rows, _COLUMNS, as_json=as_json, empty="Nobody is banned, and nobody was allowed.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def ban(number: UserOrGroup) -> None:
    """Ban a user or a group; their data stays."""
    is_new = asyncio.run(_ban(number))
    typer.echo(f"{_name(number)} is {'' if is_new else 'already '}banned.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def allow(number: UserOrGroup) -> None:
    """Lift a ban; where not everybody may use the bot, also allow the user."""
    from bot.subscribers.access import AllowResult

    sentences = {
        AllowResult.UNBANNED: "is no longer banned",
        AllowResult.ADMITTED: "is allowed",
        AllowResult.UNCHANGED: "is already allowed",
    }
    typer.echo(f"{_name(number)} {sentences[asyncio.run(_allow(number))]}.")


@app.command(context_settings=MINUS_IS_NO_OPTION)
def limit(
    number: UserOrGroup,
    topics: Annotated[
        int | None, typer.Option(help="How many topics; -1: the usual limit.")
    ] = None,
    feeds: Annotated[
        int | None, typer.Option(help="How many feeds of its own; -1: the usual limit.")
    ] = None,
    alerts: Annotated[
        int | None,
        typer.Option(help="How many alerts a day; 0: no limit, -1: the usual limit."),
    ] = None,
) -> None:
    """Set the limits of one chat and its topic threads."""
    given = {"topics": topics, "feeds": feeds, "alerts": alerts}
    wanted = {kind: value for kind, value in given.items() if value is not None}
    if not wanted:
        fail("Say what to limit: --topics, --feeds or --alerts.")
    if not asyncio.run(_limit(number, wanted)):
        fail(f"There is no chat {number}.")
    typer.echo(f"{number}: {', '.join(f'{kind} {value}' for kind, value in wanted.items())}")


def _name(number: int) -> str:
    return f"{'User' if number > 0 else 'Group'} {number}"


async def _rows() -> list[dict[str, object]]:
    from bot.app.resources import stored
    from bot.subscribers.access import bans_and_admissions

    async with stored() as storage:
        bans, admissions = await bans_and_admissions(storage)
    rows: list[dict[str, object]] = [
        {"id": one.telegram_id, "is": "banned", "since": one.since} for one in bans
    ]
    for one in admissions:
        how = f"by invitation {one.invite_id}" if one.invite_id else "by an admin"
        rows.append({"id": one.user_id, "is": f"allowed {how}", "since": one.since})
    return rows


async def _ban(number: int) -> bool:
    """Return whether the ban is new."""
    from bot.app.resources import stored
    from bot.subscribers.access import ban_user
    from bot.subscribers.errors import CannotBan

    async with stored() as storage:
        try:
            return await ban_user(storage, number, access=_access())
        except CannotBan:
            fail(f"{number} is one of ADMIN_IDS.")


async def _allow(number: int) -> AllowResult:
    from bot.app.resources import stored
    from bot.rendering.i18n import ENGLISH
    from bot.rendering.renderer import Renderers
    from bot.subscribers.access import allow_user

    renderer = Renderers().of(ENGLISH.code)
    async with stored() as storage:
        return await allow_user(storage, number, access=_access(), renderer=renderer)


def _access() -> Access:
    """Return who may use the bot, as the settings say."""
    from bot.settings import AccessMode as Mode
    from bot.settings import load_settings
    from bot.subscribers.access import Access

    settings = load_settings()
    return Access(
        is_open=settings.access is Mode.OPEN,
        allowed=settings.allowed_ids,
        admins=settings.admin_ids,
        invites=settings.access is Mode.INVITE,
    )


async def _limit(number: int, wanted: dict[str, int]) -> bool:
    """Return whether there is such a chat."""
    from bot.app.resources import stored
    from bot.subscribers.errors import NotANumber
    from bot.subscribers.limits import Limited, set_limits
    from storage.chats import chats_of

    async with stored() as storage:
        async with storage.reading() as tx:
            chats = [chat.id for chat in await chats_of(tx, number)]
        for chat_id in chats:
            for kind, value in wanted.items():
                most = None if value == AS_ALL else value
                try:
                    await set_limits(storage, chat_id, Limited(kind), most)
                except NotANumber as error:
                    fail(f"--{kind}: from {error.least} to {error.most}, or {AS_ALL}.")
    return bool(chats)


def audit(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what admins did in the chat, and what was done on the command line."""
    columns: dict[str, Callable[[AuditEvent], object]] = {
        "when (UTC)": attrgetter("at"),
        "user": _user,
        "action": attrgetter("action"),
        "subject": attrgetter("subject"),
        "details": _details,
    }
    show(asyncio.run(_newest(limit)), columns, as_json=as_json, empty="The activity log is empty.")


async def _newest(limit: int) -> list[AuditEvent]:
    from bot.app.resources import stored
    from bot.subscribers.audit import newest_events

    async with stored() as storage:
        return await newest_events(storage, limit)


def _user(event: AuditEvent) -> str:
    return "command line" if event.user_id is None else str(event.user_id or "—")


def _details(event: AuditEvent) -> str:
    return ", ".join(f"{name}: {value}" for name, value in event.details.items())
