"""`dateline audit`: what those who run the bot did."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.access import AuditEvent


def audit(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Show what admins did in the chat, and what was done on the command line."""
    acts = asyncio.run(_newest(limit))
    if as_json:
        for act in acts:
            typer.echo(json.dumps(act.model_dump(mode="json"), ensure_ascii=False))
    elif acts:
        _print_table(acts)
    else:
        typer.echo("Nobody has done anything yet.")


async def _newest(limit: int) -> list[AuditEvent]:
    from bot.cli.stored import stored
    from bot.subscribers.audit import newest

    async with stored() as storage:
        return await newest(storage, limit)


def _print_table(acts: Sequence[AuditEvent]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("when (UTC)", "who", "did", "to", "details")
    for act in acts:
        table.add_row(
            f"{act.at:%Y-%m-%d %H:%M}",
            "command line" if act.user_id is None else str(act.user_id or "—"),
            act.deed,
            escape(act.subject),
            escape(", ".join(f"{name}: {value}" for name, value in act.details.items())),
        )
    Console().print(table)
