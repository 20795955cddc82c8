"""`dateline sources`: adds, lists, finds, checks and removes sources."""

from __future__ import annotations

import asyncio
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.output import FAILED, AsJson, AsOneJson, console, fail, print_json, progress
from storage.enums import FullText  # noqa: TC001 - typer reads the annotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import timedelta

    from rich.console import Console

    from bot.app.resources import SourceResources
    from bot.sources.discovery.add import Addition, SourceAdder, SourceOptions
    from bot.sources.discovery.add_all import Wanted
    from bot.sources.discovery.opml import Outline

Result = TypeVar("Result")

app = typer.Typer(no_args_is_help=True, help="Add, list, check and remove feeds and pages.")

Address = Annotated[
    str, typer.Argument(metavar="URL", help="Its address, such as news.example/feed.xml.")
]


@app.command()
def add(
    urls: Annotated[list[str] | None, typer.Argument(metavar="[URL]...")] = None,
    *,
    every: Annotated[
        str | None, typer.Option(help="How often to fetch it, such as 15m; 5s in your own network.")
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="Add well-known public news feeds.")
    ] = False,
    opml: Annotated[Path | None, typer.Option(help="Add all feeds of this OPML file.")] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Read the page itself, even if it has feeds.")
    ] = False,
    full_text: Annotated[
        FullText | None,
        typer.Option(help="Fetch the page of each entry; auto: if the feed has little text."),
    ] = None,
) -> None:
    """Add feeds, or sites by their feed. Entries that are there already alert nobody.

    Exit 1 if one of them could not be added.
    Example: dateline sources add https://news.example/feed.xml --every 30m
    """
    from datetime import UTC, datetime

    from bot.cli.source_reports import addition_report
    from bot.sources.discovery.add import Form, SourceAdder, SourceOptions

    form = Form.PAGE if page else Form.ANY
    options = SourceOptions(_interval(every), form=form, full_text=full_text)
    wanted = _wanted(urls or [], _outlines(opml, starter=starter), options)

    async def add_and_record(resources: SourceResources) -> list[Addition]:
        adder = SourceAdder(resources.storage, resources.fetcher, resources.reader, public=True)
        done = await add_with_progress(adder, wanted)
        await _record(resources, done)
        return done

    done = _run(add_and_record)
    console().print(*addition_report(done, datetime.now(UTC)))
    if not all(each.source_id for each in done):
        raise SystemExit(FAILED)


@app.command()
def find(url: Address, *, as_json: AsJson = False) -> None:
    """Show the feeds of a site; add nothing.

    Example: dateline sources find news.example
    """
    from rich.console import Console
    from rich.text import Text

    from bot.cli.source_reports import show_found
    from bot.sources.discovery.discover import discover

    with Console(stderr=True).status(Text(f"Looking for feeds at {url}")):
        found = _run(
            lambda t: discover(t.fetcher, t.reader, url, inside=True, public=True, thorough=True)
        )
    if not show_found(found, as_json=as_json):
        raise SystemExit(FAILED)


@app.command("list")
def list_(
    *,
    opml: Annotated[
        bool, typer.Option("--opml", help="Print OPML, for other feed readers.")
    ] = False,
    unhealthy: Annotated[
        bool, typer.Option("--unhealthy", help="Show only those that are unhealthy or gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show all sources: when each was read, when it is next, and its error."""
    from datetime import UTC, datetime

    from bot.cli.source_reports import show_sources
    from bot.sources.administration import list_sources, sources_as_opml

    if opml:
        typer.echo(_run(lambda resources: sources_as_opml(resources.storage)).decode(), nl=False)
        return
    found = _run(lambda resources: list_sources(resources.storage))
    if unhealthy and found:
        found = [source for source in found if source.error]
        if not found and not as_json:
            typer.echo("No source is unhealthy.")
            return
    show_sources(found, datetime.now(UTC), as_json=as_json)


@app.command()
def remove(url: Address) -> None:
    """Stop reading a source. Its articles stay."""
    from bot.sources.administration import is_search_feed, remove_source

    if _run(lambda resources: is_search_feed(resources.storage, url)):
        fail("SEARCH_FEEDS added this search; it ends when nobody subscribes to its query.")
    if not _run(lambda resources: remove_source(resources.storage, url)):
        fail(f"{url} is not one of our sources.")
    typer.echo(f"Removed {url}")


@app.command()
def check(url: Address, *, as_json: AsOneJson = False) -> None:
    """Fetch a source once and show everything about it; store nothing."""
    from bot.cli.source_reports import checkup_json, checkup_report
    from bot.sources.administration import check_source, is_passive_source

    if _run(lambda resources: is_passive_source(resources.storage, url)):
        fail("This source needs no fetch: its entries are delivered. See: dateline sources list")
    checkup = _run(lambda t: check_source(t.storage, t.fetcher, t.reader, url))
    if as_json:
        print_json(checkup_json(checkup))
    else:
        console().print(checkup_report(checkup))
    if checkup.result.problem:
        raise SystemExit(FAILED)


def _run(work: Callable[[SourceResources], Awaitable[Result]]) -> Result:
    from bot.app.resources import database_in_use, make_fetcher, open_sources
    from bot.settings import load_settings

    async def with_resources() -> Result:
        settings = load_settings()
        database = database_in_use(settings)
        newsroom = ("127.0.0.1", settings.playground_port) if database.is_of_playground else None
        async with open_sources(database, make_fetcher(settings, newsroom)) as resources:
            return await work(resources)

    return asyncio.run(with_resources())


def _interval(every: str | None) -> timedelta | None:
    from bot.sources.fetch.schedule import parse_duration

    try:
        return None if every is None else parse_duration(every)
    except ValueError as error:
        fail(f"--every: {error}")


def _outlines(opml: Path | None, *, starter: bool) -> list[Outline]:
    from bot.sources.discovery.opml import read_opml, starter_outlines
    from bot.sources.feeds.model import Unreadable
    from bot.sources.limits import LARGEST_DOCUMENT

    outlines = [*starter_outlines()] if starter else []
    if opml is not None:
        try:
            with opml.open("rb") as file:
                outlines += read_opml(file.read(LARGEST_DOCUMENT + 1))
        except OSError as error:
            fail(f"{opml}: {error.strerror}.")
        except Unreadable as error:
            fail(f"{opml}: {error}")
    return outlines


def _wanted(
    urls: Sequence[str], outlines: Sequence[Outline], options: SourceOptions
) -> list[Wanted]:
    from bot.sources.discovery.add_all import as_listed

    wanted = [*((url, options) for url in urls), *as_listed(outlines, options)]
    if not wanted:
        fail("Say what to add: an address, --opml FILE or --starter.")
    return wanted


async def _record(resources: SourceResources, done: Sequence[Addition]) -> None:
    """Record the added sources in the activity log."""
    from bot.sources.discovery.add import AddOutcome
    from bot.subscribers import audit
    from storage.enums import AuditAction
    from storage.sources import Source

    for each in done:
        if each.outcome is AddOutcome.ADDED:
            await audit.record(resources.storage, None, AuditAction.SOURCE_ADDED, each.url)
    if len(done) > 1:
        await resources.storage.analyze([Source])


async def add_with_progress(
    adder: SourceAdder, wanted: Sequence[Wanted], console: Console | None = None
) -> list[Addition]:
    """Add sources behind a progress bar, which names the one being tried."""
    from bot.sources.discovery.add_all import add_all, count_failures

    with progress("", console) as update:

        def trying(done: Sequence[Addition], name: str) -> None:
            failed = count_failures(done)
            update(len(done), len(wanted), f"{f'{failed} not added  ' if failed else ''}{name}")

        done = await add_all(adder, wanted, trying)
        update(len(wanted), len(wanted))
    return done
