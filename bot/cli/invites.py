"""`dateline invites`: invitations, made, listed and taken back."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.access import Invite

DAYS = 7

app = typer.Typer(no_args_is_help=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.callback(invoke_without_command=True)
def invites(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show the invitations there are; they let people in where ACCESS=invite."""
    if context.invoked_subcommand is None:
        show(as_json=as_json)


@app.command(name="list")
def show(*, as_json: AsJson = False) -> None:
    """Show the invitations there are."""
    made = asyncio.run(_made())
    if as_json:
        for one in made:
            typer.echo(json.dumps(one.model_dump(mode="json"), ensure_ascii=False))
    elif made:
        _print_table(made)
    else:
        typer.echo("There are no invitations.")


@app.command()
def add(
    uses: Annotated[int, typer.Option(min=1, max=10_000, help="How many people it lets in.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The last day on which it does, in UTC."),
    ] = None,
) -> None:
    """Make an invitation; its code is typed to the bot, or opened as a link."""
    made = asyncio.run(_make(uses, until))
    typer.echo(made.code)
    typer.echo(f"https://t.me/<your bot>?start=invite_{made.code}", err=True)


@app.command()
def remove(invite_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Take an invitation back; who came by it stays."""
    if not asyncio.run(_end(invite_id)):
        fail(f"There is no invitation {invite_id}.")
    typer.echo(f"Took back invitation {invite_id}.")


async def _made() -> list[Invite]:
    from bot.cli.stored import stored
    from storage.access import invites_made

    async with stored() as storage, storage.reading() as tx:
        return await invites_made(tx, offset=0, limit=1000)


async def _make(uses: int, until: datetime | None) -> Invite:
    from bot.cli.stored import stored
    from bot.subscribers.errors import NotADate
    from bot.subscribers.invites import create_invite, create_invite_for

    async with stored() as storage:
        if until is None:
            return await create_invite_for(storage, uses, DAYS)
        try:
            return await create_invite(storage, uses, until.date())
        except NotADate:
            fail("--until: name a day that is not over, within a year.")


async def _end(invite_id: int) -> bool:
    from bot.cli.stored import stored
    from bot.subscribers.invites import revoke_invite

    async with stored() as storage:
        return await revoke_invite(storage, invite_id)


def _print_table(made: Sequence[Invite]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "code", "used", "of", "through (UTC)")
    for one in made:
        table.add_row(str(one.id), one.code, str(one.used), str(one.uses), f"{one.last_day}")
    Console().print(table)
