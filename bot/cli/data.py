"""`dateline backup`, `restore`, `migrate`, `migrate-storage`, `export`, `import`, `archive`."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.output import fail, progress, with_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from bot.cli.output import Update
    from bot.settings import Settings
    from bot.sources.sealing import Keyring
    from bot.subscribers.dump import Loaded
    from bot.subscribers.source_dump import LoadedSource
    from storage.db.engine import Storage

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
    help="An empty database, such as postgresql://user@host/database; PGPASSWORD may have the "
    "password. By default, the database of the settings.",
    show_default=False,
)


def backup(
    file: Annotated[Path, _FILE],
    *,
    force: Annotated[bool, _OVERWRITE] = False,
    keep: Annotated[
        int | None,
        typer.Option(
            min=1, help="FILE is a folder: add a file named by the time, and keep the newest N."
        ),
    ] = None,
) -> None:
    """Write the whole database to FILE; the bot may run meanwhile.

    PostgreSQL is read by pg_dump. Example: dateline backup --keep 7 backups
    """
    from storage.backup import back_up, note_backup
    from storage.db.problems import describe_failure

    url = _database_url()
    try:
        target = _new_backup_in(file) if keep else file
        if target.is_dir():
            fail(f"{target} is a folder; with --keep 7, the newest seven backups stay in it.")
        if target.exists() and not force:
            fail(f"{target} exists already; --force replaces it.")
        if not target.parent.is_dir():
            fail(f"There is no folder {target.parent}.")
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
    _with_bar("backup", lambda update: back_up(url, target, update))
    typer.echo(f"Wrote {target}: {target.stat().st_size / 2**20:,.1f} MB, checked.")
    for older in sorted(file.glob(_BACKUPS))[:-keep] if keep else ():
        older.unlink()
    try:
        asyncio.run(note_backup(url))
    except Exception as error:
        sentence = describe_failure(error)
        if sentence is None:
            raise
        typer.echo(f"dateline doctor will not know of it: {sentence}", err=True)


_BACKUPS = "dateline-[0-9]*.backup"


def _new_backup_in(folder: Path) -> Path:
    """Return the file for a backup that is made now; make the *folder* if it does not exist."""
    from datetime import UTC, datetime

    folder.mkdir(exist_ok=True)
    return folder / f"dateline-{datetime.now(UTC):%Y%m%d-%H%M%S}.backup"


def restore(file: Annotated[Path, _FILE], *, force: Annotated[bool, _REPLACE] = False) -> None:
    """Restore the database from FILE, which `backup` wrote. Stop the bot first."""
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
    """Update the tables of the database to this version; `dateline run` does so by itself."""
    from bot.app.resources import database_of
    from bot.settings import load_settings
    from storage.schema import SchemaError
    from storage.schema import migrate as migrate_database

    try:
        asyncio.run(migrate_database(database_of(load_settings()).server))
    except SchemaError as error:
        fail(str(error))
    typer.echo("The database is up to date.")


def migrate_storage(
    source: Annotated[str, _FROM], target: Annotated[str | None, _TO] = None
) -> None:
    """Copy everything from SQLite to PostgreSQL, or back. Stop the bot first.

    TO gets everything or nothing. After a crash or Ctrl-C, run the same command again. Example:
    dateline migrate-storage sqlite:///var/dateline.sqlite3 postgresql://dateline@localhost/dateline
    """
    from bot.app.resources import alone_on
    from storage.transfer import TransferError, check_urls, transfer

    urls = _url("FROM", source), _url("TO", target) if target else _database_url()
    try:
        check_urls(*urls)
    except TransferError as error:
        fail(str(error))
    with ExitStack() as stack:
        for url in urls:
            stack.enter_context(alone_on(url))
        rows = _with_bar(
            "copy",
            lambda update: transfer(*urls, lambda table, done, total: update(done, total, table)),
            advice=" Run the same command again: it starts from the beginning.",
        )
    _print_counts(rows)
    if target:
        setting = f"DATABASE_URL={_without_password(target)}"
        typer.echo(f"Everything is copied. Set {setting} in .env and start the bot.")
    else:
        typer.echo("Everything is copied to the database of the settings. Start the bot.")


def _database_url() -> str:
    from bot.app.resources import database_of
    from bot.settings import load_settings

    return database_of(load_settings()).url


def _url(name: str, text: str) -> str:
    from bot.database_urls import with_driver

    try:
        return with_driver(text)
    except ValueError as error:
        fail(f"{name} is wrong: {error}.")


def _with_bar(
    what: str, work: Callable[[Update], Coroutine[None, None, Result]], *, advice: str = ""
) -> Result:
    """Run *work* with a progress bar; *advice* is appended to a database error."""
    from storage.db.copies import CannotBackUpError
    from storage.db.postgresql import DatabaseInUseError
    from storage.db.problems import describe_failure
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


# All chats, from one database to another

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def export_chats(
    file: Annotated[Path, _FILE],
    *,
    secrets: Annotated[
        bool,
        typer.Option(
            "--secrets",
            help="Write the logins of sources too, encrypted with the key of this bot.",
        ),
    ] = False,
) -> None:
    """Write every chat, and what is set for single sources, to FILE.

    A chat goes with its settings, topics, feeds, mutes and mailbox. `import` adds all of them to
    another database.
    """
    from bot.app.resources import database_in_use
    from bot.app.secrets_key import keyring_of
    from bot.settings import load_settings

    settings = load_settings()
    keyring = keyring_of(settings, database_in_use(settings).server)
    part = file.with_name(f"{file.name}.part")

    async def export(storage: Storage) -> tuple[int, int]:
        return await _export(storage, _bot_id(settings), part, keyring, with_secrets=secrets)

    try:
        count, sources = with_storage(export, read_only=True)
        part.replace(file)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"Wrote {count} {'chat' if count == 1 else 'chats'} to {file}.")
    if sources:
        what = "1 source" if sources == 1 else f"{sources} sources"
        typer.echo(f"It has what is set for {what}.")
    typer.echo("It holds topics and addresses of your users: keep it as safe as a key.")
    if secrets:
        typer.echo(
            "Logins of sources are in it, encrypted. Only a bot with the same SECRETS_KEY, or the "
            "same key file, can load them: keep the key elsewhere."
        )


def import_chats(
    file: Annotated[Path, _FILE],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be added; change nothing.")
    ] = False,
) -> None:
    """Add the chats of FILE, which `export` wrote, to the database.

    Nothing that is there changes, so that it is safe to run twice.
    """
    from bot.settings import load_settings

    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    counts = asyncio.run(_import(load_settings(), lines, dry_run=dry_run))
    for what in ("chats", "topics", "feeds", "sources"):
        outcomes = [
            f"{count} {outcome}" for (of, outcome), count in (+counts).items() if of == what
        ]
        typer.echo(f"{what}: {', '.join(outcomes) or 'none'}")
    if dry_run:
        typer.echo("Nothing was changed.")


def _bot_id(settings: Settings) -> int | None:
    """Return the bot's user id, which is the first part of its token."""
    token = settings.bot_token
    return int(token.get_secret_value().partition(":")[0]) if token else None


async def _export(
    storage: Storage, bot: int | None, part: Path, keyring: Keyring, *, with_secrets: bool
) -> tuple[int, int]:
    """Return how many chats and how many sources were written."""
    from bot.subscribers.dump import dump_chats
    from bot.subscribers.source_dump import dump_sources

    count = sources = 0
    with os.fdopen(os.open(part, _WRITE, 0o600), "wb") as file:
        async for line in dump_chats(storage, bot):
            file.write(line)
            count += 1
        async for line in dump_sources(storage, keyring, with_secrets=with_secrets):
            file.write(line)
            sources += 1
    return count, sources


async def _import(
    settings: Settings, lines: list[bytes], *, dry_run: bool
) -> Counter[tuple[str, str]]:
    from bot.app.resources import database_in_use, limits_for_all, open_storage, stored
    from bot.app.secrets_key import keyring_of
    from bot.app.stops import needing_the_database
    from bot.subscribers.dump import load_chat
    from bot.subscribers.errors import NotAnExport
    from bot.subscribers.source_dump import is_of_source, load_source

    limits = limits_for_all(settings)
    counts: Counter[tuple[str, str]] = Counter()
    database = database_in_use(settings)
    opened = stored() if dry_run else open_storage(database)
    keyring = keyring_of(settings, database.server)
    advice = ". Chats loaded so far stay; run the same command again for the others."
    bot = _bot_id(settings)
    async with opened as storage:
        with progress("lines") as update, needing_the_database(advice):
            for number, line in enumerate(lines, 1):
                kind = "source" if is_of_source(line) else "chat"
                try:
                    if kind == "source":
                        done = await load_source(storage, line, keyring=keyring, dry_run=dry_run)
                        _count_source(done, number, counts)
                    else:
                        loaded = await load_chat(
                            storage, line, limits=limits, bot=bot, dry_run=dry_run
                        )
                        _count_chat(loaded, number, counts)
                except NotAnExport as error:
                    counts[f"{kind}s", "refused"] += 1
                    wrong = f" ({error.part})" if error.part else ""
                    refused = f"line {number}: not a {kind} that this version can read{wrong}"
                    typer.echo(refused, err=True)
                update(number, len(lines))
    return counts


def _count_chat(loaded: Loaded, number: int, counts: Counter[tuple[str, str]]) -> None:
    counts["chats", "added" if loaded.is_new else "already there"] += 1
    counts["feeds", "added"] += loaded.new_feeds
    counts["topics", "added"] += len(loaded.report.added)
    counts["topics", "already there"] += len(loaded.report.known)
    counts["topics", "refused"] += len(loaded.report.failed)
    for failed in loaded.report.failed:
        typer.echo(f"line {number}: {failed.name}: {failed.reason}", err=True)


def _count_source(loaded: LoadedSource, number: int, counts: Counter[tuple[str, str]]) -> None:
    counts["sources", loaded] += 1
    if loaded == "not here":
        sentence = "this source is not here. Add it with `dateline sources add`, then import again."
        typer.echo(f"line {number}: {sentence}", err=True)
    elif loaded == "locked":
        sentence = (
            "the login or name of this source needs a key. Set the SECRETS_KEY of the bot that "
            "wrote the file, then import again."
        )
        typer.echo(f"line {number}: {sentence}", err=True)


# The digests of channels, as pages for any web host


def archive(
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    *,
    chat: Annotated[
        list[int] | None, typer.Option(help="A chat by its Telegram id; give it once for each.")
    ] = None,
    all_public: Annotated[
        bool, typer.Option("--all-public", help="All channels, also those without a public link.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="The address at which DIR is published, for the feeds.")
    ] = None,
) -> None:
    """Write the digests of chats to DIR as pages for a web host, each chat in a folder of its own.

    A later run adds what is new. Files of others are never changed.
    Example: dateline archive ~/www --chat -1001234567890
    """
    from bot.publishing.archive import ForeignFileError

    if not chat and not all_public:
        fail("Say which chats: --chat with a Telegram id, or --all-public.")
    wanted = chat or []
    try:
        written = with_storage(
            lambda storage: _archive(storage, folder, wanted, url, all_public=all_public),
            read_only=True,
        )
    except ForeignFileError as error:
        fail(f"{error.path} was not written by this command. Move it, or choose another folder.")
    except OSError as error:
        fail(f"{folder} cannot be written: {error.strerror}.")
    for name, count in written.items():
        typer.echo(f"{name}: {count} {'file' if count == 1 else 'files'} written")


async def _archive(
    storage: Storage, folder: Path, wanted: list[int], url: str | None, *, all_public: bool
) -> dict[str, int]:
    """Write the archives; return how many files of each folder are new or changed."""
    from bot.app.resources import make_renderer
    from bot.publishing.archive import archive_chat
    from bot.settings import load_settings
    from storage.chats import channels, chats_of

    async with storage.reading() as tx:
        chats = [row for number in wanted for row in await chats_of(tx, number)]
        missing = sorted(set(wanted) - {row.telegram_id for row in chats})
        if missing:
            fail(f"There is no chat {missing[0]}.")
        if all_public:
            chats += [row for row in await channels(tx) if row.telegram_id not in wanted]
    renderer = make_renderer(load_settings().templates_dir, lambda line: typer.echo(line, err=True))
    written = {}
    for row in chats:
        # By number, because a name may change, and may hold anything.
        name = f"{abs(row.telegram_id)}" + (f"-{row.thread_id}" if row.thread_id else "")
        base = f"{url.rstrip('/')}/{name}" if url else None
        written[name] = await archive_chat(storage, renderer, row, folder / name, base)
    return written
