"""`dateline migrate-storage`: all that one database holds, to another."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.moving.move import Compared, Told

_FROM = typer.Argument(metavar="FROM", help="sqlite:///var/dateline.sqlite3, say; it stays.")
_TO = typer.Argument(
    metavar="TO",
    help="postgresql://user@host/database, empty; its password may stand in PGPASSWORD.",
)


def migrate_storage(origin: Annotated[str, _FROM], target: Annotated[str, _TO]) -> None:
    """Move all to another database, from SQLite to PostgreSQL or back; the bot must be stopped.

    Killed or cut off, it goes on where it stopped when it is given again.
    """
    from bot.cli.moving_bar import Bar

    urls = _address("FROM", origin), _address("TO", target)
    with Bar() as bar:
        compared = _moved(*urls, bar.tell)
    _print_table(compared)
    if not all(each.is_same for each in compared):
        fail("The two are not the same, and the new one is not used. Make it empty, begin anew.")
    typer.echo(f"All is there. Put DATABASE_URL={_shown(target)} into .env, and start the bot.")


def _address(name: str, text: str) -> str:
    from bot.database_urls import driven

    try:
        return driven(text)
    except ValueError as error:
        fail(f"{name} is wrong: {error}.")


def _moved(origin: str, target: str, told: Told) -> Sequence[Compared]:
    from bot.app.tools import alone_on
    from bot.loops import leaves
    from storage.moving.failures import sentence_of
    from storage.moving.opening import refuse_what_cannot_be
    from storage.moving.shapes import CannotMoveError
    from storage.schema import SchemaError

    try:
        refuse_what_cannot_be(origin, target)
        with ExitStack() as stack:
            for url in (origin, target):
                stack.enter_context(alone_on(url))
            return asyncio.run(_move(origin, target, told))
    except (CannotMoveError, SchemaError) as error:
        fail(str(error))
    except Exception as error:
        if sentence := sentence_of(leaves(error)[0]):
            fail(sentence)
        raise


async def _move(origin: str, target: str, told: Told) -> Sequence[Compared]:
    from storage.moving.opening import opened

    async with opened(origin, target, told) as move:
        return await move.run()


def _print_table(compared: Sequence[Compared]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "rows before", "rows now", "sum before", "sum now", "same")
    empty = [each for each in compared if each.is_same and not each.counted]
    for each in compared:
        if each not in empty:
            counts = (f"{each.counted:,}", f"{each.found.rows:,}")
            sums = (f"{each.moved.digest:016x}"[:8], f"{each.found.digest:016x}"[:8])
            table.add_row(each.name, *counts, *sums, "yes" if each.is_same else "[red]no[/red]")
    Console().print(table)
    typer.echo(f"{len(empty)} more tables had no rows, and have none.")


def _shown(url: str) -> str:
    """The address as it was given, with its password hidden."""
    return re.sub(r"(://[^:/?]*):[^?]*@", r"\1:…@", url)
