"""`dateline sources`: add, list, check and remove what is read."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.failing import fail
from bot.subscribers import audit
from storage.enums import FullText  # noqa: TC001 - typer reads the annotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import timedelta

    from bot.app.tools import SourceTools
    from bot.sources.discovery.add import Addition, SourceAdder, SourceOptions
    from bot.sources.discovery.opml import Outline

NOTHING_DONE = 1

Result = TypeVar("Result")

sources = typer.Typer(name="sources", no_args_is_help=True, help="The feeds and pages we read.")

Address = Annotated[str, typer.Argument(metavar="URL", help="Its address.")]


@sources.command()
def add(
    urls: Annotated[list[str] | None, typer.Argument(metavar="[URL]...")] = None,
    *,
    every: Annotated[
        str | None, typer.Option(help="How often to ask, such as 15m; 5s in your own network.")
    ] = None,
    starter: Annotated[
        bool, typer.Option("--starter", help="A list of public news feeds.")
    ] = False,
    opml: Annotated[Path | None, typer.Option(help="All feeds of this OPML file.")] = None,
    page: Annotated[
        bool, typer.Option("--page", help="The page itself, whatever feeds it has.")
    ] = False,
    full_text: Annotated[
        FullText | None,
        typer.Option(help="Whether to read each entry's page; auto: where the feed says little."),
    ] = None,
) -> None:
    """Add feeds, or sites by their feeds; what they hold now alerts nobody."""
    from datetime import UTC, datetime

    from rich.console import Console

    from bot.cli.adding_many import add_all
    from bot.cli.found_tables import came_of
    from bot.sources.discovery.add import Form, SourceOptions

    form = Form.PAGE if page else Form.ANY
    options = SourceOptions(_interval(every), form=form, full_text=full_text)
    wanted = _wanted(urls or [], _listed(opml, starter=starter), options)
    done = _run(lambda tools: add_all(_adder(tools), wanted, Console(stderr=True)))
    _run(lambda tools: _note(tools, done))
    Console().print(*came_of(done, datetime.now(UTC)))
    if not any(each.source_id for each in done):
        raise SystemExit(NOTHING_DONE)


@sources.command()
def find(
    url: Address,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each feed.")
    ] = False,
) -> None:
    """Show the feeds of a site; nothing is added."""
    from bot.cli.finding import looking, show_found
    from bot.sources.discovery.discover import discover

    with looking(url):
        found = _run(lambda t: discover(t.fetcher, t.reader, url, thorough=True))
    if not show_found(found, as_json=as_json):
        raise SystemExit(NOTHING_DONE)


@sources.command("list")
def list_(
    *,
    opml: Annotated[bool, typer.Option("--opml", help="As OPML, for other readers.")] = False,
    unhealthy: Annotated[
        bool, typer.Option("--unhealthy", help="Only those that are unhealthy or gone.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each source.")
    ] = False,
) -> None:
    """Show every source and how it fares."""
    from datetime import UTC, datetime

    from bot.cli.source_reports import show_sources
    from bot.sources.administration import list_sources, sources_as_opml

    if opml:
        typer.echo(_run(lambda tools: sources_as_opml(tools.storage)).decode(), nl=False)
        return
    found = _run(lambda tools: list_sources(tools.storage))
    if unhealthy and found:
        found = [source for source in found if source.error]
        if not found and not as_json:
            typer.echo("No source is unhealthy.")
            return
    show_sources(found, datetime.now(UTC), as_json=as_json)


@sources.command()
def remove(url: Address) -> None:
    """Stop reading a source; its articles stay."""
    from bot.sources.administration import is_search_feed, remove_source

    if _run(lambda tools: is_search_feed(tools.storage, url)):
        fail("SEARCH_FEEDS asks for this search; it ends when nobody watches its words.")
    if not _run(lambda tools: remove_source(tools.storage, url)):
        fail(f"{url} is not one of our sources.")
    typer.echo(f"Removed {url}")


@sources.command()
def check(
    url: Address,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Ask a source once and say all about it; nothing is stored."""
    from bot.cli.source_reports import show_checkup
    from bot.sources.administration import check_source

    checkup = _run(lambda t: check_source(t.storage, t.fetcher, t.reader, url))
    show_checkup(checkup, as_json=as_json)
    if checkup.result.problem:
        raise SystemExit(NOTHING_DONE)


def _run(work: Callable[[SourceTools], Awaitable[Result]]) -> Result:
    import asyncio

    from bot.app.stops import StopError
    from bot.app.tools import source_tools
    from bot.settings import load_settings

    async def within_tools() -> Result:
        async with source_tools(load_settings()) as tools:
            return await work(tools)

    try:
        return asyncio.run(within_tools())
    except StopError as error:
        fail(str(error))


async def _note(tools: SourceTools, done: Sequence[Addition]) -> None:
    """Write down what is read from now on because the operator said so."""
    from bot.sources.discovery.add import Outcome
    from storage.enums import AuditAction
    from storage.sources import Source

    for each in done:
        if each.outcome is Outcome.ADDED:
            await audit.record(tools.storage, None, AuditAction.SOURCE_ADDED, each.url)
    if len(done) > 1:
        await tools.storage.analyze([Source])


def _adder(tools: SourceTools) -> SourceAdder:
    from bot.sources.discovery.add import SourceAdder

    return SourceAdder(tools.storage, tools.fetcher, tools.reader)


def _listed(opml: Path | None, *, starter: bool) -> list[Outline]:
    from bot.sources.discovery.opml import MAX_OPML_BYTES, read_opml, starter_outlines
    from bot.sources.feeds.model import Unreadable

    listed = [*starter_outlines()] if starter else []
    if opml is not None:
        try:
            with opml.open("rb") as file:
                listed += read_opml(file.read(MAX_OPML_BYTES + 1))
        except OSError as error:
            fail(f"{opml}: {error.strerror}.")
        except Unreadable as error:
            fail(f"{opml}: {error}")
    return listed


def _wanted(
    urls: Sequence[str], listed: Sequence[Outline], options: SourceOptions
) -> list[tuple[str, SourceOptions]]:
    from bot.cli.adding_many import as_listed

    wanted = [*((url, options) for url in urls), *as_listed(listed, options)]
    if not wanted:
        fail("Say what to add: an address, --opml FILE or --starter.")
    return wanted


def _interval(every: str | None) -> timedelta | None:
    from bot.sources.fetch.schedule import parse_duration

    try:
        return None if every is None else parse_duration(every)
    except ValueError as error:
        fail(f"--every: {error}")
