"""`dateline deliveries`: list what waits for the operator, and release it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.delivery.release import Listed

app = typer.Typer(no_args_is_help=False)

WAITING = [DeliveryState.HELD, DeliveryState.FAILED]


@app.callback(invoke_without_command=True)
def deliveries(
    context: typer.Context,
    state: Annotated[
        list[DeliveryState], typer.Option(help="Show these states; by default held and failed.")
    ] = WAITING,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Show deliveries that are held or failed; `release` lets them go again."""
    if context.invoked_subcommand:
        return
    listed = asyncio.run(_waiting(state, limit))
    if as_json:
        for each in listed:
            typer.echo(json.dumps(asdict(each), default=str, ensure_ascii=False))
    elif listed:
        _print_table(listed)
    else:
        typer.echo(f"No delivery is {' or '.join(state)}.")


@app.command()
def release(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID…")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All held and failed ones.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Send held or failed deliveries again: those with these numbers, or all of them."""
    if bool(ids) == everything:
        fail("Name the deliveries to release, or say --all.")
    count = asyncio.run(_release(None if everything else ids))
    typer.echo(f"Released {count} {'delivery' if count == 1 else 'deliveries'}.")
    if ids and count < len(set(ids)):
        fail("The others are neither held nor failed.")


async def _waiting(states: Sequence[DeliveryState], limit: int) -> list[Listed]:
    from bot.cli.stored import stored
    from bot.delivery.release import list_deliveries

    async with stored() as storage:
        return await list_deliveries(storage, states, limit)


async def _release(ids: Sequence[int] | None) -> int:
    from bot.cli.stored import stored
    from bot.delivery import release

    async with stored() as storage:
        return await release.release(storage, ids)


def _print_table(listed: Sequence[Listed]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("id", "kind", "state", "chat", "made", "tries", "error", "begins")
    for each in listed:
        table.add_row(
            str(each.id),
            each.kind,
            each.state,
            escape(each.chat_name or str(each.chat)),
            f"{each.created_at:%Y-%m-%d %H:%M}",
            str(each.attempts),
            escape(each.error),
            escape(each.begins),
        )
    Console().print(table)
