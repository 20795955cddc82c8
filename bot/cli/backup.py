"""`dateline backup` and `dateline restore`: all there is, in one file and back."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

Result = TypeVar("Result")

_FILE = typer.Argument(metavar="FILE", show_default=False)
_OVER = typer.Option("--force", help="Replace FILE where it is there already.")
_ANYWAY = typer.Option("--force", help="Replace what is there; it is kept beside.")


def backup(
    file: Annotated[Path, _FILE],
    *,
    force: Annotated[bool, _OVER] = False,
) -> None:
    """Write all that the database holds to FILE, also while the bot runs; PostgreSQL by pg_dump."""
    from storage.backup import back_up

    if file.exists() and not force:
        fail(f"{file} is there already; with --force it is replaced.")
    if not file.parent.is_dir():
        fail(f"There is no folder {file.parent}.")
    url = _url()
    _doing("backup", lambda told: back_up(url, file, told))
    typer.echo(f"All is in {file}: {file.stat().st_size / 2**20:,.1f} MB, and found whole.")


def restore(
    file: Annotated[Path, _FILE],
    *,
    force: Annotated[bool, _ANYWAY] = False,
) -> None:
    """Bring back what FILE holds, while no bot runs."""
    from bot.app.tools import alone_on
    from storage.backup import restore as bring_back

    if not file.is_file():
        fail(f"There is no file {file}.")
    url = _url()
    with alone_on(url):
        kept = _doing("restore", lambda told: bring_back(url, file, told, force=force))
    if kept:
        typer.echo(f"What was there is kept as {kept}.")
    typer.echo("All is back; start the bot, which brings it up to date if it is older.")


def _url() -> str:
    from bot.settings import load_settings

    return load_settings().database_url.get_secret_value()


def _doing(
    stage: str, work: Callable[[Callable[[int, int], None]], Coroutine[None, None, Result]]
) -> Result:
    """Do it behind a bar; what cannot be is one sentence."""
    from bot.cli.progress import Bar
    from storage.db.copies import CannotBackUpError
    from storage.db.engine import describe_failure
    from storage.db.postgresql import DatabaseInUseError
    from storage.schema import SchemaError

    try:
        with Bar() as bar:
            return asyncio.run(work(partial(bar.update, stage, "")))
    except (CannotBackUpError, DatabaseInUseError, SchemaError) as error:
        fail(str(error))
    except Exception as error:
        if sentence := describe_failure(error):
            fail(sentence)
        raise
