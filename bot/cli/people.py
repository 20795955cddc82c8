"""`dateline export` and `dateline import`: all people's topics, from one database to another."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.failing import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bot.settings import Settings
    from bot.subscribers.importing_people import ImportingPeople
    from bot.subscribers.people_tally import Tally

# How long one transaction may take, which holds up other writers.
_UNIT_SECONDS = 0.2
# How many entries it takes: chats with their topics, feeds and mutes. Fewer take hardly less time,
# since most statements are for all of them.
_LEAST, _MOST = 100, 1000
# When the planner is told anew what it plans for: statements are planned once, on tables that may
# have been empty, and would go on reading these from end to end.
_FIRST_LEARNT, _TIMES = 500, 4  # chats
_AGAIN = ". Who was taken in stays; give the same command again for the others."
_File = Annotated[Path, typer.Argument(metavar="FILE", help="Gzipped if it ends in .gz.")]


def export_people(file: _File) -> None:
    """Write all people's topics, settings, feeds, mutes, times and mailboxes into FILE."""
    from bot.settings import load_settings

    try:
        count = asyncio.run(_export(load_settings(), file))
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.")
    typer.echo(f"Wrote {count} {'chat' if count == 1 else 'chats'} to {file}.")
    typer.echo("It holds what people watch and their addresses: keep it as you keep a key.")


def import_people(
    file: _File,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Add what FILE has to what is there; nothing of that changes. Twice does what once does."""
    from bot.cli.people_files import check
    from bot.settings import load_settings
    from bot.subscribers.people import NotPeopleError

    settings = load_settings()
    try:
        bot, count = check(file)
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}.")
    except NotPeopleError as error:
        fail(f"{file}: {error}")
    asleep = None not in (bot, _bot(settings)) and bot != _bot(settings)
    tally = asyncio.run(_import(settings, file, count, asleep=asleep, dry_run=dry_run))
    _tell(tally, as_json=as_json, dry_run=dry_run, asleep=asleep)


def _bot(settings: Settings) -> int | None:
    """Return the number of the bot, in front of the colon of its token."""
    token = settings.bot_token
    return int(token.get_secret_value().partition(":")[0]) if token else None


async def _export(settings: Settings, file: Path) -> int:
    from bot.app.databases import database_of
    from bot.app.tools import as_it_is, needing_the_database
    from bot.cli.people_files import written_whole
    from bot.subscribers.exporting_people import ExportingPeople
    from storage.db.engine import DatabaseError
    from storage.health import open_read_only

    lines = -2  # the first and the last
    url = database_of(settings).server
    async with as_it_is(lambda: open_read_only(url)) as storage:
        try:
            with written_whole(file) as written:
                async for line in ExportingPeople(storage, _bot(settings)).lines():
                    written.write(line)
                    lines += 1
        except DatabaseError:
            with needing_the_database():
                raise
    return lines


async def _import(
    settings: Settings, file: Path, count: int, *, asleep: bool, dry_run: bool
) -> Tally:
    from bot.app.databases import database_of
    from bot.app.tools import open_storage
    from bot.subscribers.importing_people import IMPORTED, ImportingPeople
    from bot.subscribers.limits import Limits

    limits = Limits(settings.topics_per_chat, settings.feeds_per_chat, settings.alerts_per_chat)
    url = settings.database_url.get_secret_value()
    if dry_run:
        _need_tables(url)
    async with open_storage(database_of(settings)) as storage:
        people = ImportingPeople(storage, limits, asleep=asleep, dry_run=dry_run)
        with _progress(count) as step:
            tally = await take_all(people, file, step)
        if not dry_run:
            await storage.analyze(IMPORTED)
    return tally


def _need_tables(url: str) -> None:
    """What tries only must not make a file."""
    from storage.schema import database_file

    path = database_file(url)
    if path and not path.exists():
        fail(f"There is no database {path} yet: `dateline migrate` makes it.")


async def take_all(people: ImportingPeople, file: Path, step: Callable[[int], None]) -> Tally:
    """Take in a file that was checked; *step* is told how many chats each transaction had."""
    from bot.app.tools import needing_the_database
    from bot.cli.people_files import chats_in, some_of
    from bot.subscribers.importing_people import IMPORTED
    from bot.subscribers.people_tally import Part, Reason, Tally

    tally = Tally()
    chats, size = chats_in(file), _LEAST
    done, learnt = 0, _FIRST_LEARNT
    while some := some_of(chats, size):
        for line, wished in some:
            if wished is None:
                tally.refuse(Part.CHATS, Reason.UNREADABLE, line)
        began = monotonic()
        with needing_the_database(_AGAIN):
            tally.add(await people.take([wished for _, wished in some if wished]))
        size = next_size(size, monotonic() - began)
        step(len(some))
        done += len(some)
        if done >= learnt and not people.dry_run:
            await people.storage.analyze(IMPORTED)
            learnt = done * _TIMES
    return tally


def next_size(size: int, seconds: float) -> int:
    """Return how many entries the next transaction takes, when *size* took so long."""
    fitting = int(size * _UNIT_SECONDS / max(seconds, 0.001))
    return max(_LEAST, min(fitting, 2 * size, _MOST))


@contextmanager
def _progress(count: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("chats", total=count)
        yield lambda done: progress.advance(task, done)


def _tell(tally: Tally, *, as_json: bool, dry_run: bool, asleep: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_document(tally, dry_run=dry_run, asleep=asleep)))
        return
    for line in _sentences(tally, dry_run=dry_run, asleep=asleep):
        typer.echo(line)


def _document(tally: Tally, *, dry_run: bool, asleep: bool) -> dict[str, object]:
    from bot.subscribers.people_tally import Outcome, Part

    return {
        "dry_run": dry_run,
        "asleep": asleep,
        "counts": {
            part: {outcome: tally.counts[part, outcome] for outcome in Outcome} for part in Part
        },
        "refused": [
            {"what": part, "why": reason, "count": count, "lines": tally.lines[part, reason]}
            for (part, reason), count in tally.refused.items()
        ],
    }


def _sentences(tally: Tally, *, dry_run: bool, asleep: bool) -> Iterable[str]:
    from bot.subscribers.people_tally import Outcome, Part

    yield f"{'':<10}" + "".join(f"{outcome:>15}" for outcome in Outcome)
    for part in Part:
        yield f"{part:<10}" + "".join(f"{tally.counts[part, each]:>15,}" for each in Outcome)
    for (part, reason), count in tally.refused.items():
        lines = ", ".join(map(str, tally.lines[part, reason]))
        more = " …" if count > len(tally.lines[part, reason]) else ""
        yield f"refused: {count} of the {part}: {reason} (line {lines}{more})"
    if asleep:
        yield "They are another bot's: each chat sleeps until somebody writes to this one there."
    if dry_run:
        yield "Nothing was changed: that is what would be done."
