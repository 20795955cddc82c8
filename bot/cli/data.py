"""`dateline backup`, `restore`, `migrate` and `migrate-storage`: the whole database at once."""

from __future__ import annotations

import asyncio
import re
from contextlib import ExitStack
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.output import fail, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from bot.cli.output import Update

Result = TypeVar("Result")

_FILE = typer.Argument(metavar="FILE", show_default=False)
_OVERWRITE = typer.Option("--force", help="Replace FILE if it exists.")
_REPLACE = typer.Option("--force", help="Replace the present database; it is kept beside.")
_FROM = typer.Argument(
    metavar="FROM",
    help="The database to copy, such as sqlite:///var/dateline.sqlite3; it stays unchanged.",
)
_TO = typer.Argument(
    metavar="TO",
    help="An empty one, such as postgresql://user@host/database; PGPASSWORD may hold the password.",
)


def backup(file: Annotated[Path, _FILE], *, force: Annotated[bool, _OVERWRITE] = False) -> None:
    """Write the whole database to FILE, also while the bot runs; PostgreSQL by pg_dump."""
    from storage.backup import back_up

    if file.exists() and not force:
        fail(f"{file} exists already; --force replaces it.")
    if not file.parent.is_dir():
        fail(f"There is no folder {file.parent}.")
    url = _database_url()
    _with_bar("backup", lambda update: back_up(url, file, update))
    typer.echo(f"Wrote {file}: {file.stat().st_size / 2**20:,.1f} MB, checked.")


def restore(file: Annotated[Path, _FILE], *, force: Annotated[bool, _REPLACE] = False) -> None:
    """Restore the database from FILE while no bot runs."""
    from bot.app.resources import alone_on
    from storage.backup import restore as restore_database

    if not file.is_file():
        fail(f"There is no file {file}.")
    url = _database_url()
    with alone_on(url):
        kept = _with_bar("restore", lambda update: restore_database(url, file, update, force=force))
    if kept:
        typer.echo(f"The previous database is kept as {kept}.")
    typer.echo("The database is restored. Start the bot; it migrates an older one by itself.")


def migrate() -> None:
    """Bring the database up to date (`dateline run` does this by itself)."""
    from bot.app.resources import database_of
    from bot.settings import load_settings
    from storage.schema import SchemaError
    from storage.schema import migrate as migrate_database

    try:
        asyncio.run(migrate_database(database_of(load_settings()).server))
    except SchemaError as error:
        fail(str(error))
    typer.echo("The database is up to date.")


def migrate_storage(source: Annotated[str, _FROM], target: Annotated[str, _TO]) -> None:
    """Copy everything from SQLite to PostgreSQL or back while the bot is stopped.

    TO gets everything or nothing. After a crash or Ctrl-C, run the same command again.
    """
    from bot.app.resources import alone_on
    from storage.transfer import TransferError, check_urls, transfer

    urls = _url("FROM", source), _url("TO", target)
    try:
        check_urls(*urls)
    except TransferError as error:
        fail(str(error))
    with ExitStack() as stack:
        for url in urls:
            stack.enter_context(alone_on(url))
        rows = _with_bar(
            "copy",
            lambda update: transfer(*urls, lambda what, done, of: update(done, of, what)),
            advice=" Run the same command again: it starts from the beginning.",
        )
    _print_counts(rows)
    typer.echo(
        f"Everything is copied. Set DATABASE_URL={_without_password(target)} in .env and start "
        "the bot."
    )


def _database_url() -> str:
    from bot.settings import load_settings

    return load_settings().database_url.get_secret_value()


def _url(name: str, text: str) -> str:
    from bot.database_urls import with_driver

    try:
        return with_driver(text)
    except ValueError as error:
        fail(f"{name} is wrong: {error}.")


def _with_bar(
    what: str, work: Callable[[Update], Coroutine[None, None, Result]], *, advice: str = ""
) -> Result:
    """Run *work* with a progress bar; *advice* is what to do after the database failed."""
    from storage.db.copies import CannotBackUpError
    from storage.db.engine import describe_failure
    from storage.db.postgresql import DatabaseInUseError
    from storage.schema import SchemaError
    from storage.transfer import TransferError

    try:
        with progress(what) as update:
            return asyncio.run(work(update))
    except (CannotBackUpError, TransferError, DatabaseInUseError, SchemaError) as error:
        fail(str(error))
    except Exception as error:
        if sentence := describe_failure(error):
            fail(f"{sentence}{advice}")
        raise


def _print_counts(rows: Mapping[str, int]) -> None:
    width = max(map(len, rows), default=0)
    for name, count in rows.items():
        if count:
            typer.echo(f"{name:<{width}}  {count:>12,}")
    typer.echo(f"{sum(not count for count in rows.values())} other tables are empty.")


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/?]*):[^?]*@", r"\1:…@", url)
