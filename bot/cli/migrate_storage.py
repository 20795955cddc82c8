"""`dateline migrate-storage`: copy everything from one database to another."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

_FROM = typer.Argument(
    metavar="FROM", help="The database to copy, such as sqlite:///var/dateline.sqlite3; it stays."
)
_TO = typer.Argument(
    metavar="TO",
    help="An empty one, such as postgresql://user@host/database; PGPASSWORD may hold the password.",
)


def migrate_storage(source: Annotated[str, _FROM], target: Annotated[str, _TO]) -> None:
    """Copy everything from SQLite to PostgreSQL or back, while the bot is stopped.

    TO gets everything or nothing. After a crash or Ctrl-C, give the same command again.
    """
    rows = _transfer(_url("FROM", source), _url("TO", target))
    _print_table(rows)
    typer.echo(
        f"Everything is copied. Put DATABASE_URL={_without_password(target)} into .env, "
        "and start the bot."
    )


def _url(name: str, text: str) -> str:
    from bot.database_urls import driven

    try:
        return driven(text)
    except ValueError as error:
        fail(f"{name} is wrong: {error}.")


def _transfer(source: str, target: str) -> Mapping[str, int]:
    from bot.app.tools import alone_on
    from bot.cli.progress import Bar
    from storage.db.engine import describe_failure
    from storage.db.postgresql import DatabaseInUseError
    from storage.schema import SchemaError
    from storage.transfer import TransferError, check_urls, transfer

    try:
        check_urls(source, target)
        with ExitStack() as stack:
            for url in (source, target):
                stack.enter_context(alone_on(url))
            bar = stack.enter_context(Bar())
            return asyncio.run(transfer(source, target, partial(bar.update, "copy")))
    except (TransferError, DatabaseInUseError, SchemaError) as error:
        fail(str(error))
    except Exception as error:
        if sentence := describe_failure(error):
            fail(f"{sentence} Give the same command again: it starts from the beginning.")
        raise


def _print_table(rows: Mapping[str, int]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "rows")
    for name, count in rows.items():
        if count:
            table.add_row(name, f"{count:,}")
    Console().print(table)
    empty = sum(not count for count in rows.values())
    typer.echo(f"{empty} more tables have no rows.")


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/?]*):[^?]*@", r"\1:…@", url)
