"""`dateline export` and `dateline import`: all chats, from one database to another."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import fail, progress

if TYPE_CHECKING:
    from bot.settings import Settings

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


def export_chats(file: _File) -> None:
    """Write every chat with its settings, topics, feeds, mutes and mailbox to FILE."""
    from bot.settings import load_settings

    part = file.with_name(f"{file.name}.part")
    try:
        count = asyncio.run(_export(load_settings(), part))
        part.replace(file)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
    finally:
        part.unlink(missing_ok=True)
    typer.echo(f"Wrote {count} {'chat' if count == 1 else 'chats'} to {file}.")
    typer.echo("It holds topics and addresses of your users: keep it as safe as a key.")


def import_chats(
    file: _File,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
) -> None:
    """Add what FILE has to the database; nothing that is there changes. Safe to run twice."""
    from bot.settings import load_settings

    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    counts = asyncio.run(_import(load_settings(), lines, dry_run=dry_run))
    for what in ("chats", "topics", "feeds"):
        outcomes = [
            f"{count} {outcome}" for (of, outcome), count in (+counts).items() if of == what
        ]
        typer.echo(f"{what}: {', '.join(outcomes) or 'none'}")
    if dry_run:
        typer.echo("Nothing was changed.")


def _bot_id(settings: Settings) -> int | None:
    """Return the bot's user id, with which its token begins."""
    token = settings.bot_token
    return int(token.get_secret_value().partition(":")[0]) if token else None


async def _export(settings: Settings, part: Path) -> int:
    from bot.app.resources import stored
    from bot.subscribers.dump import dump_chats

    count = 0
    async with stored(read_only=True) as storage:
        with os.fdopen(os.open(part, _WRITE, 0o600), "wb") as file:
            async for line in dump_chats(storage, _bot_id(settings)):
                file.write(line)
                count += 1
    return count


async def _import(
    settings: Settings, lines: list[bytes], *, dry_run: bool
) -> Counter[tuple[str, str]]:
    from bot.app.resources import database_of, open_storage, stored
    from bot.app.stops import needing_the_database
    from bot.subscribers.dump import load_chat
    from bot.subscribers.errors import NotAnExport
    from bot.subscribers.limits import Limits

    limits = Limits(settings.topics_per_chat, settings.feeds_per_chat, settings.alerts_per_chat)
    counts: Counter[tuple[str, str]] = Counter()
    opened = stored() if dry_run else open_storage(database_of(settings))
    advice = ". Chats loaded so far stay; run the same command again for the others."
    bot = _bot_id(settings)
    async with opened as storage:
        with progress("chats") as update, needing_the_database(advice):
            for number, line in enumerate(lines, 1):
                try:
                    loaded = await load_chat(storage, line, limits=limits, bot=bot, dry_run=dry_run)
                except NotAnExport:
                    counts["chats", "refused"] += 1
                    typer.echo(f"line {number}: not a chat that this version can read", err=True)
                    continue
                counts["chats", "added" if loaded.is_new else "already there"] += 1
                counts["feeds", "added"] += loaded.new_feeds
                counts["topics", "added"] += len(loaded.report.added)
                counts["topics", "already there"] += len(loaded.report.known)
                counts["topics", "refused"] += len(loaded.report.failed)
                for failed in loaded.report.failed:
                    typer.echo(f"line {number}: {failed.name}: {failed.reason}", err=True)
                update(number, len(lines))
    return counts
