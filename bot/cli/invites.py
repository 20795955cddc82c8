"""`dateline invites`: invitations, made, listed and revoked."""

from __future__ import annotations

import asyncio
from datetime import datetime  # noqa: TC003 - typer reads the annotation
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import AsJson, fail, show

if TYPE_CHECKING:
    from storage.access import Invite

DAYS = 7
_COLUMNS = {
    "id": attrgetter("id"),
    "code": attrgetter("code"),
    "used": attrgetter("used"),
    "of": attrgetter("uses"),
    "last day (UTC)": attrgetter("last_day"),
}

app = typer.Typer(no_args_is_help=False)


@app.callback(invoke_without_command=True)
def invites(context: typer.Context, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Show the open invitations; with ACCESS=invite, new users need one."""
    if context.invoked_subcommand is None:
        list_(as_json=as_json)


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> None:
    """Show the open invitations."""
    invites = asyncio.run(_list())
    show(invites, _COLUMNS, as_json=as_json, empty="There are no invitations.")


@app.command()
def add(
    uses: Annotated[int, typer.Option(min=1, max=10_000, help="How many users it allows.")] = 1,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Its last day, in UTC; by default seven days from now."
        ),
    ] = None,
) -> None:
    """Create an invitation; users type its code to the bot, or open it as a link."""
    invite = asyncio.run(_add(uses, until))
    typer.echo(invite.code)
    typer.echo(f"https://t.me/<your bot>?start=invite_{invite.code}", err=True)


@app.command()
def remove(invite_id: Annotated[int, typer.Argument(metavar="ID")]) -> None:
    """Revoke an invitation; users who came by it stay allowed."""
    if not asyncio.run(_remove(invite_id)):
        fail(f"There is no invitation {invite_id}.")
    typer.echo(f"Revoked invitation {invite_id}.")


async def _list() -> list[Invite]:
    from bot.app.resources import stored
    from storage.access import invites_made

    async with stored() as storage, storage.reading() as tx:
        return await invites_made(tx, offset=0, limit=1000)


async def _add(uses: int, until: datetime | None) -> Invite:
    from bot.app.resources import stored
    from bot.subscribers.errors import NotADate
    from bot.subscribers.invites import create_invite, create_invite_for

    async with stored() as storage:
        if until is None:
            return await create_invite_for(storage, uses, DAYS)
        try:
            return await create_invite(storage, uses, until.date())
        except NotADate:
            fail("--until: name a day from today on, within a year.")


async def _remove(invite_id: int) -> bool:
    from bot.app.resources import stored
    from bot.subscribers.invites import revoke_invite

    async with stored() as storage:
        return await revoke_invite(storage, invite_id)
