"""`dateline sources`: adds, lists, finds, checks and removes sources."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.output import FAILED, AsJson, AsOneJson, console, fail, print_json, progress
from bot.cli.source_access import (  # noqa: TC001 - as above
    Clear,
    CookieFile,
    Header,
    HeaderFile,
    Login,
    PasswordFile,
    PasswordPrompt,
    ProxyFile,
    ProxyUrl,
    TokenFile,
    UserAgent,
)
from storage.enums import FullText, SourcePriority  # noqa: TC001 - typer reads the annotation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import timedelta

    from rich.console import Console

    from bot.app.resources import SourceResources
    from bot.sources.discovery.add import Addition, SourceAdder, SourceOptions, Wanted
    from bot.sources.discovery.opml import Outline
    from bot.sources.source_access import Change
    from bot.subscribers.source_settings import SourceChanges
    from storage.sources import Source

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
    from bot.sources.administration import list_selector_problems, list_sources, sources_as_opml

    if opml:
        typer.echo(_run(lambda resources: sources_as_opml(resources.storage)).decode(), nl=False)
        return

    async def find(resources: SourceResources) -> tuple[list[Source], dict[int, str]]:
        found = await list_sources(resources.storage)
        return found, await list_selector_problems(resources.storage)

    found, selectors = _run(find)
    if unhealthy and found:
        found = [source for source in found if source.error or source.id in selectors]
        if not found and not as_json:
            typer.echo("No source is unhealthy.")
            return
    show_sources(found, datetime.now(UTC), selectors, as_json=as_json)


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
    checkup = _run(lambda t: check_source(t.storage, t.fetcher, t.reader, url, t.keyring))
    if as_json:
        print_json(checkup_json(checkup))
    else:
        console().print(checkup_report(checkup))
    if checkup.result.problem:
        raise SystemExit(FAILED)


@app.command("set")
def set_(  # noqa: PLR0913 - each option by name
    url: Address,
    *,
    # The login, headers and proxy.
    login: Login = None,
    password_file: PasswordFile = None,
    password_prompt: PasswordPrompt = False,
    token_file: TokenFile = None,
    cookie_file: CookieFile = None,
    header: Header = None,
    header_file: HeaderFile = None,
    user_agent: UserAgent = None,
    proxy: ProxyUrl = None,
    proxy_file: ProxyFile = None,
    clear: Clear = None,
    # How and when it is read.
    article: Annotated[
        str | None, typer.Option(help="CSS or XPath of the part of a page that is the article.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="CSS or XPath of a part to drop; may be repeated.")
    ] = None,
    keep_if: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Keep only entries that match.")
    ] = None,
    drop_if: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Drop entries that match.")
    ] = None,
    pause_until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Such as 3d or 2026-12-24 (UTC); ever: for good."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="End the pause.")] = False,
    priority: Annotated[
        SourcePriority | None, typer.Option(help="When many sources are due.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of all entries, such as en, whatever the feed declares.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="Of dates without one, such as Asia/Taipei.")
    ] = None,
    every: Annotated[str | None, typer.Option(help="How often to fetch it, such as 30m.")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show what --keep-if and --drop-if would drop.")
    ] = False,
) -> None:
    """Set what a source needs, and how and when it is read. "" clears a setting.

    One that is not there yet is added with its login. Rules affect new entries only, and hold for
    every chat that follows the source.
    Example: dateline sources set news.example/feed --drop-if 'title:sponsored'
    """
    from bot.cli.source_access import AccessOptions
    from bot.subscribers.source_settings import SourceChanges

    if resume and pause_until is not None:
        fail("Use either --pause-until or --resume.")
    access = AccessOptions(
        login=login,
        password_file=password_file,
        password_prompt=password_prompt,
        token_file=token_file,
        cookie_file=cookie_file,
        headers=header or (),
        header_file=header_file,
        user_agent=user_agent,
        proxy=proxy,
        proxy_file=proxy_file,
        clear=clear or (),
    ).change()
    changes = SourceChanges(
        article=article,
        dropped=drop,
        keep=keep_if,
        drop=drop_if,
        language=language,
        zone=zone,
        priority=priority,
        every=every,
    )
    is_reading_set = bool(changes.names) or resume or pause_until is not None
    if access is None and not is_reading_set:
        fail("Say what to set, such as --login USER or --every 30m, or what to --clear.")
    if access is not None:
        _set_access(url, access)
    if preview:
        _preview(url, keep_if, drop_if)
    elif is_reading_set:
        _set_reading(url, changes, pause_until, resume=resume)


def _set_access(url: str, change: Change) -> None:
    from datetime import UTC, datetime

    from bot.cli.source_access import set_access
    from bot.cli.source_reports import addition_report

    with _sealing():
        added = _run(lambda resources: set_access(resources, url, change))
    if added is not None:
        console().print(*addition_report([added], datetime.now(UTC)))
        if added.source_id is None:
            raise SystemExit(FAILED)
    typer.echo(f"Set. dateline sources check {added.url if added else url} tries it.")


def _preview(url: str, keep: str | None, drop: str | None) -> None:
    from bot.cli.source_reports import preview_report
    from bot.subscribers import source_settings

    async def preview(resources: SourceResources) -> None:
        source_id = (await source_settings.source_at(resources.storage, url)).id
        found = await source_settings.preview_rules(
            resources.storage, source_id, keep=keep, drop=drop
        )
        console().print(preview_report(found))

    _run_explained(preview)


def _set_reading(
    url: str, changes: SourceChanges, pause_until: str | None, *, resume: bool
) -> None:
    from bot.cli.source_reports import settings_report
    from bot.subscribers import source_settings

    async def change(resources: SourceResources) -> None:
        storage = resources.storage
        source_id = (await source_settings.source_at(storage, url)).id
        until = await source_settings.read_end(storage, pause_until or source_settings.FOR_GOOD)
        if changes.names:
            await source_settings.change_settings(storage, source_id, changes, by=None)
        if resume:
            await source_settings.resume_source(storage, source_id, by=None)
        elif pause_until is not None:
            await source_settings.pause_source(storage, source_id, until, by=None)
        settings = await source_settings.get_settings(storage, source_id)
        console().print(settings_report(settings))

    _run_explained(change)


def _run_explained(work: Callable[[SourceResources], Awaitable[Result]]) -> Result:
    """Do *work*; if what was typed is invalid, point at the place and exit."""
    from bot.cli.articles import fail_with_caret
    from bot.matching.query import QueryError
    from bot.rendering.renderer import Renderer
    from bot.subscribers.errors import UserError

    try:
        return _run(work)
    except QueryError as error:
        fail_with_caret(error)
    except UserError as error:
        fail(Renderer().message(error.template, error=error).text)


@app.command()
def show(url: Address, *, as_json: AsOneJson = False) -> None:
    """Show which login, headers and proxy are set for a source, but no secret."""
    from bot.cli.source_access import access_json, access_lines
    from bot.sources.administration import find_source
    from bot.sources.source_access import ShownAccess, show_access

    async def find_access(resources: SourceResources) -> ShownAccess | None:
        source = await find_source(resources.storage, url)
        if source is None:
            return None
        return await show_access(resources.storage, resources.keyring, source.id)

    access = _run(find_access)
    if access is None:
        fail(f"{url} is not one of our sources.")
    if as_json:
        print_json(access_json(access))
        return
    for name, value in access_lines(access):
        typer.echo(f"{name}: {value}")
    if not access.kinds:
        typer.echo("Nothing is set: the source is read as everybody reads it.")


@app.command()
def reseal() -> None:
    """Encrypt all logins with the newest key, so that the older keys can go."""
    from bot.cli.source_access import reseal_report
    from bot.sources.source_access import reseal_all

    with _sealing():
        done = _run(lambda resources: reseal_all(resources.storage, resources.keyring))
    typer.echo(reseal_report(done))
    if done.unreadable:
        raise SystemExit(FAILED)


@contextmanager
def _sealing() -> Iterator[None]:
    """End with a sentence if a value cannot be set, or there is no key to seal it with."""
    from bot.cli.source_access import fault_sentence
    from bot.sources.credentials import WrongAccessError
    from bot.sources.sealing import NoKeyError

    try:
        yield
    except WrongAccessError as error:
        fail(fault_sentence(error))
    except NoKeyError:
        fail("Set SECRETS_KEY first: `openssl rand -base64 32` makes a key. PostgreSQL needs it.")


def _run(work: Callable[[SourceResources], Awaitable[Result]]) -> Result:
    from bot.app.resources import database_in_use, make_fetcher, open_sources
    from bot.settings import load_settings

    async def with_resources() -> Result:
        settings = load_settings()
        database = database_in_use(settings)
        newsroom = ("127.0.0.1", settings.playground_port) if database.is_of_playground else None
        async with open_sources(database, make_fetcher(settings, newsroom), settings) as resources:
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
    from bot.sources.discovery.add import as_listed

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
    from bot.sources.discovery.add import add_all, count_failures

    with progress("", console) as update:

        def trying(done: Sequence[Addition], name: str) -> None:
            failed = count_failures(done)
            update(len(done), len(wanted), f"{f'{failed} not added  ' if failed else ''}{name}")

        done = await add_all(adder, wanted, trying)
        update(len(wanted), len(wanted))
    return done
