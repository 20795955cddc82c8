"""`dateline deliveries`: list what waits for the operator, and release it."""

from __future__ import annotations

import asyncio
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import AsJson, fail, show
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.delivery.release import Listed

app = typer.Typer(no_args_is_help=False)

WAITING = [DeliveryState.HELD, DeliveryState.FAILED]
_COLUMNS: dict[str, Callable[[Listed], object]] = {
    "id": attrgetter("id"),
    "kind": attrgetter("kind"),
    "state": attrgetter("state"),
    "chat": lambda row: row.chat_name or row.chat,
    "made (UTC)": attrgetter("created_at"),
    "tries": attrgetter("attempts"),
    "error": attrgetter("error"),
    "begins": attrgetter("begins"),
}


@app.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    state: Annotated[
        list[DeliveryState], typer.Option(help="Show these states; by default held and failed.")
    ] = WAITING,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Show held and failed deliveries; `release` sends them again."""
    if not context.invoked_subcommand:
        listed = asyncio.run(_list(state, limit))
        show(listed, _COLUMNS, as_json=as_json, empty=f"No delivery is {' or '.join(state)}.")


@app.command()
def release(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All held and failed ones.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Send held or failed deliveries again: those with these ids, or all of them."""
    if bool(ids) == everything:
        fail("Name the deliveries to release, or say --all.")
    count = asyncio.run(_release(None if everything else ids))
    typer.echo(f"Released {count} {'delivery' if count == 1 else 'deliveries'}.")
    if ids and count < len(set(ids)):
        fail("The others are neither held nor failed.")


async def _list(states: Sequence[DeliveryState], limit: int) -> list[Listed]:
    from bot.app.resources import stored
    from bot.delivery.release import list_deliveries

    async with stored() as storage:
        return await list_deliveries(storage, states, limit)


async def _release(ids: Sequence[int] | None) -> int:
    from bot.app.resources import stored
    from bot.delivery import release

    async with stored() as storage:
        return await release.release(storage, ids)
