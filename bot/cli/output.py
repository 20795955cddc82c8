"""Shared by all commands: opening the database, tables, JSON lines, progress bars, failures."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from storage.db.engine import Storage, Transaction

# Exit codes.
CANNOT = 2  # the command could not do its work
FAILED = 1  # the command did its work, and found a problem

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
AsOneJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

# Telegram ids of groups, queries and numbers of steps may start with a minus sign.
MINUS_IS_NO_OPTION = {"ignore_unknown_options": True}

_UNWRAPPED = 10_000  # columns

Row = TypeVar("Row")
Result = TypeVar("Result")


def fail(sentence: str, code: int = CANNOT) -> NoReturn:
    """Print one sentence to standard error and exit with *code*, without a traceback."""
    typer.echo(sentence, err=True)
    raise SystemExit(code)


def with_storage(
    work: Callable[[Storage], Awaitable[Result]], *, read_only: bool = False
) -> Result:
    """Do *work* with the database that the settings name, unless its schema cannot be used."""
    from bot.app.resources import stored

    async def do() -> Result:
        async with stored(read_only=read_only) as storage:
            return await work(storage)

    return asyncio.run(do())


def with_transaction(
    work: Callable[[Transaction], Awaitable[Result]], *, read_only: bool = False
) -> Result:
    """Do *work* in one reading transaction."""

    async def do(storage: Storage) -> Result:
        async with storage.reading() as tx:
            return await work(tx)

    return with_storage(do, read_only=read_only)


def database_shown() -> str:
    """Return which database `with_storage` reads: a playground that runs has one of its own."""
    from bot.app.resources import database_in_use
    from bot.settings import load_settings

    return database_in_use(load_settings()).shown


def print_database() -> None:
    typer.echo(f"Database: {database_shown()}")


def console() -> Console:
    """Return a console for standard output; it wraps lines in a terminal, or if COLUMNS is set."""
    from rich.console import Console

    return Console(width=get_terminal_size(fallback=(_UNWRAPPED, 0)).columns, highlight=False)


def show(
    rows: Sequence[Row],
    columns: Mapping[str, Callable[[Row], object]],
    *,
    as_json: bool,
    empty: str,
    to_json: Callable[[Row], Mapping[str, Any]] | None = None,
) -> None:
    """Print *rows* as a table, or each as one JSON object a line.

    *columns*: the headings, each with the function for its cells. *empty*: printed instead of a
    table without rows. *to_json*: returns the JSON fields of a row, if they are not its own fields.
    """
    if as_json:
        for row in rows:
            print_json((to_json or _fields)(row))
    elif rows:
        console().print(plain_table(rows, columns))
    else:
        typer.echo(empty)


def print_json(document: object) -> None:
    """Print one line of JSON; dates and times are ISO 8601."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _fields(row: Any) -> Mapping[str, Any]:
    if hasattr(row, "model_dump"):
        fields: Mapping[str, Any] = row.model_dump()
        return fields
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    return row._asdict() if hasattr(row, "_asdict") else dict(row)


def plain_table(rows: Sequence[Row], columns: Mapping[str, Callable[[Row], object]]) -> Table:
    """Return the table of *rows*. Long words, such as addresses, are folded and never cut."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in columns:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value(row)) for value in columns.values()))
    return table


def _cell(value: object) -> Any:
    """Return a cell as a Text, because rich would read square brackets as markup."""
    from rich.text import Text

    if isinstance(value, Text):
        return value
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M}")
    return Text("" if value is None else str(value))


class Update(Protocol):
    def __call__(self, done: int, total: int, detail: str = "") -> None:
        """Move the bar to *done* of *total*; *detail* is shown after it."""


@contextmanager
def progress(what: str, console: Console | None = None) -> Iterator[Update]:
    """Show a bar on standard error and yield its update. A log gets only the last state."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[detail]}"),
        console=console or Console(stderr=True),
    ) as bar:
        task = bar.add_task(what, total=None, detail="")

        def update(done: int, total: int, detail: str = "") -> None:
            shown = "" if done == total else escape(detail)
            bar.update(task, completed=done, total=total, detail=shown)

        yield update
