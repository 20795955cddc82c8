"""`dateline access`: who is shut out, and who was let in."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail
from bot.subscribers import allowing, bans

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from typing import TypeVar

    from bot.rendering.renderer import Renderer
    from bot.subscribers.access import Access
    from storage.access import Admission
    from storage.db.engine import Storage
    from storage.suspension import Ban

    Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=False)

Number = Annotated[int, typer.Argument(metavar="ID", help="Telegram's number of it.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
# A group's number begins with a minus, which is no option.
NUMBERS = {"ignore_unknown_options": True}
AS_ALL = -1


@app.callback(invoke_without_command=True)
def access(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show who is shut out, and who was let in besides those of the settings."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


@app.command(name="list")
def show(*, as_json: AsJson = False) -> None:
    """Show who is shut out, and who was let in besides those of the settings."""
    rows = list(_rows(*asyncio.run(_with(lambda storage, *_: bans.bans_and_admissions(storage)))))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
    elif rows:
        _print_table(rows)
    else:
        typer.echo("Nobody is shut out, and nobody was let in.")


@app.command(context_settings=NUMBERS)
def ban(number: Number) -> None:
    """Shut a person or a group out; nothing of theirs is deleted."""
    from bot.subscribers.errors import CannotBan

    try:
        is_new = asyncio.run(
            _with(lambda storage, access, _: bans.ban_user(storage, number, access=access))
        )
    except CannotBan:
        fail(f"{number} is one of ADMIN_IDS.")
    typer.echo(f"{number} is shut out{'' if is_new else ' already'}.")


@app.command(context_settings=NUMBERS)
def allow(number: Number) -> None:
    """Lift a ban; and where not everybody may use the bot, let the person in."""
    came = asyncio.run(
        _with(
            lambda storage, access, renderer: bans.allow_user(
                storage, number, access=access, renderer=renderer
            )
        )
    )
    typer.echo(f"{number}: {came}")


@app.command(context_settings=NUMBERS)
def limit(
    number: Number,
    topics: Annotated[int | None, typer.Option(help="How many it may watch; -1: as all.")] = None,
    feeds: Annotated[int | None, typer.Option(help="How many of its own; -1: as all.")] = None,
    alerts: Annotated[
        int | None, typer.Option(help="How many a day; 0: no limit, -1: as all.")
    ] = None,
) -> None:
    """Let one chat have more or less than all may, its threads too."""
    said = {"topics": topics, "feeds": feeds, "alerts": alerts}
    wanted = {kind: value for kind, value in said.items() if value is not None}
    if not wanted:
        fail("Say what to limit: --topics, --feeds or --alerts.")
    if not asyncio.run(_limit(number, wanted)):
        fail(f"There is no chat {number}.")
    typer.echo(f"{number}: {', '.join(f'{kind} {value}' for kind, value in wanted.items())}")


async def _limit(number: int, wanted: dict[str, int]) -> bool:
    """Return whether there is such a chat."""
    from bot.cli.stored import stored
    from bot.subscribers.errors import NotANumber
    from bot.subscribers.limits import Limited
    from storage.chats import chats_of

    async with stored() as storage:
        async with storage.reading() as tx:
            chats = [chat.id for chat in await chats_of(tx, number)]
        for chat_id in chats:
            for kind, value in wanted.items():
                most = None if value == AS_ALL else value
                try:
                    await allowing.set_limits(storage, chat_id, Limited(kind), most)
                except NotANumber as refused:
                    fail(f"--{kind}: from {refused.least} to {refused.most}, or {AS_ALL}.")
    return bool(chats)


async def _with(work: Callable[[Storage, Access, Renderer], Awaitable[Result]]) -> Result:
    from bot.cli.stored import stored, who_may
    from bot.rendering.i18n import ENGLISH
    from bot.rendering.renderer import Renderers

    async with stored() as storage:
        return await work(storage, who_may(), Renderers().of(ENGLISH.code))


def _rows(bans: Sequence[Ban], admissions: Sequence[Admission]) -> Iterator[dict[str, object]]:
    for ban in bans:
        yield {"id": ban.telegram_id, "is": "shut out", "since": ban.since.isoformat()}
    for one in admissions:
        how = f"by invitation {one.invite_id}" if one.invite_id else "by an admin"
        yield {"id": one.user_id, "is": f"let in {how}", "since": one.since.isoformat()}


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("number", "is", "since")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
