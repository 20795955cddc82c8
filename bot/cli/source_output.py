"""How sources look: in a list, as found at a site, and after adding; for users and as JSON."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from bot.cli.articles import sentence_for, sentence_of
from bot.cli.output import print_json, show
from bot.sources.discovery.add import AddOutcome
from bot.sources.fetch.problems import ProblemKind
from bot.sources.fetch.schedule import format_duration
from storage.enums import FullText, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rich.console import RenderableType

    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.discover import DiscoveryResult, FoundFeed
    from bot.sources.discovery.links import FeedLink
    from storage.sources import Source

_LATER = "It is asked again later by itself."
_ANOTHER = "dateline sources find SITE looks for the feeds of a site."
_KNOCK = "Ask the site to let feeds through; CONTACT_URL tells it who asks. " + _ANOTHER
_ADVICE = {
    ProblemKind.REFUSED: (
        "What is read: http and https on their usual ports, without a password. "
        "Your own network is open once ALLOWED_NETWORKS names it."
    ),
    ProblemKind.UNREACHABLE: "Look at the host's name. " + _LATER,
    ProblemKind.TIME_OUT: _LATER,
    ProblemKind.BUSY: _LATER,
    ProblemKind.SERVER: _LATER,
    ProblemKind.CHALLENGE: _KNOCK,
    ProblemKind.WALL: _KNOCK,
}

_STYLES = {
    AddOutcome.ADDED: "green",
    AddOutcome.THERE: "dim",
    AddOutcome.SEVERAL: "yellow",
    AddOutcome.REFUSED: "red",
}
_ORDER = list(_STYLES)
_FINE = frozenset({AddOutcome.ADDED, AddOutcome.THERE})
_SHOWN_IN_FULL = 30
_MOST_UNREAD = 20
_SILENT = timedelta(days=60)
_HOW_TO_ADD = Text("\nTo add one: dateline sources add ADDRESS")

_SAME = (
    "url", "title", "host", "kind", "state", "public", "own_network", "folder", "full_text",
    "every_seconds", "fetches", "unchanged", "failures", "error", "error_detail",
    "last_error", "last_error_detail", "moved_to", "hub",
)  # fmt: skip
_TIMESTAMPS = (
    "created_at", "fetched_at", "succeeded_at", "next_fetch_at", "newest_at", "error_since",
    "last_error_at", "pushed_until",
)  # fmt: skip


def show_sources(sources: Sequence[Source], now: datetime, *, as_json: bool) -> None:
    """Print every source with its state, and how many of them are unhealthy."""
    columns = {
        "Source": _name,
        "Read": lambda source: Text(ago(source.succeeded_at, now), no_wrap=True),
        "Next": lambda source: Text(
            next_poll(source.state, source.next_fetch_at, now), no_wrap=True
        ),
        "Unchanged": unchanged,
        "Error": lambda source: Text(error(source, now), style="red"),
    }
    empty = "No sources yet. Try: dateline sources add --starter"
    show(sources, columns, as_json=as_json, empty=empty, to_json=source_json)
    if sources and not as_json:
        Console().print(Text(f"\n{_summary(sources)}", style="dim"))


def _name(source: Source) -> Text:
    name = Text(source.title or source.host, overflow="fold")
    if source.full_text is not FullText.AUTO:
        name.append(f", full text {source.full_text}", style="dim")
    name.append(f"\n{source.url}", style="dim")
    return name


def _summary(sources: Sequence[Source]) -> str:
    states = Counter(_state(source) for source in sources)
    count = f"{len(sources)} sources" if len(sources) != 1 else "1 source"
    unhealthy = [f"{states[state]} {state}" for state in ("unhealthy", "gone") if states[state]]
    return ", ".join([count, *unhealthy]) + "."


def _state(source: Source) -> str:
    if source.state is SourceState.GONE:
        return "gone"
    return "unhealthy" if source.error else "healthy"


def source_json(source: Source) -> dict[str, Any]:
    """*source* as it stands; timestamps are ISO 8601, in UTC."""
    sentence = sentence_for(source.error, source.error_detail) if source.error else None
    share = round(source.unchanged / source.fetches, 3) if source.fetches else None
    return (
        {name: getattr(source, name) for name in _SAME}
        | {name: iso(getattr(source, name)) for name in _TIMESTAMPS}
        | {"unchanged_share": share, "problem": sentence}
    )


def show_found(found: DiscoveryResult, *, as_json: bool) -> bool:
    """Print the feeds of a site; return whether there is one to choose."""
    if as_json:
        for feed in found.feeds:
            print_json(feed.to_json())
        for link in found.unread:
            print_json(link.to_json())
    elif found.feeds or found.unread:
        Console().print(choice(found.feeds, found.unread, datetime.now(UTC)), _HOW_TO_ADD)
    if not found.feeds and not found.unread:
        typer.secho(_why_nothing(found), err=True, fg="red")
    return bool(found.feeds)


def _why_nothing(found: DiscoveryResult) -> str:
    if found.result.problem and not found.is_page:
        return f"It {sentence_of(found.result.problem)}."
    if found.is_page:
        return "This site has no feed: it names none, and the usual addresses have none."
    return "This is neither a feed nor a page."


def addition_report(additions: Sequence[Addition], now: datetime) -> list[RenderableType]:
    """Return what came of each; of a long list only what wants a person, and how many did not."""
    few = len(additions) <= _SHOWN_IN_FULL
    shown = [each for each in additions if few or each.outcome not in _FINE]
    counts = Counter(each.outcome for each in additions)
    counted = [f"{counts[outcome]} {outcome}" for outcome in _ORDER if counts[outcome]]
    table = [additions_table(shown)] if shown else []
    summary = [] if len(additions) == 1 else [Text(f"\n{', '.join(counted)}.", style="bold")]
    return [*table, *choices(additions, now), *summary]


def additions_table(additions: Iterable[Addition]) -> Table:
    table = Table("Source", "", "", box=None, pad_edge=False)
    for each in sorted(additions, key=lambda each: _ORDER.index(each.outcome)):
        name = Text(each.title or each.url, overflow="fold")
        if each.title and each.outcome in {AddOutcome.SEVERAL, AddOutcome.REFUSED}:
            name.append(f"\n{each.url}", style="dim")
        table.add_row(name, Text(each.outcome, style=_STYLES[each.outcome]), Text(_note(each)))
    return table


def choices(additions: Iterable[Addition], now: datetime) -> list[RenderableType]:
    """Return what there is to pick from, of each address that has several feeds."""
    several = [each for each in additions if each.outcome is AddOutcome.SEVERAL]
    asked = [
        Group(
            Text(f"\n{each.url} has {len(each.choice) + len(each.unread)} feeds to choose from:"),
            choice(each.choice, each.unread, now),
        )
        for each in several
    ]
    return [*asked, _HOW_TO_ADD] if asked else []


def choice(feeds: Iterable[FoundFeed], unread: Sequence[FeedLink], now: datetime) -> Group:
    """Return two lines for each feed; an address stands alone, so that it can be copied whole."""
    lines = [line for feed in feeds for line in (_about(feed, now), _address(feed.url))]
    if unread:
        lines.append(Text("\nNot looked at:", style="dim"))
        lines += [_address(link.url, link.name) for link in unread[:_MOST_UNREAD]]
    if len(unread) > _MOST_UNREAD:
        lines.append(Text(f"  and {len(unread) - _MOST_UNREAD} more", style="dim"))
    return Group(*lines)


def _about(feed: FoundFeed, now: datetime) -> Text:
    entries = "1 entry" if feed.entries == 1 else f"{feed.entries} entries"
    about = Text.assemble("\n", (feed.title or "(no title)", "bold"), f" · {entries} · ")
    about.append(*_newest(feed.newest, now))
    return about.append(f" · {feed.where}", style="dim")


def _address(url: str, name: str = "") -> Text:
    address = Text(f"  {url}", no_wrap=True, overflow="ignore")
    return address.append(f"  {name}", style="dim") if name else address


def _note(addition: Addition) -> str:
    if addition.outcome is AddOutcome.SEVERAL:
        return f"has {len(addition.choice) + len(addition.unread)} feeds to choose from"
    if addition.problem:
        return sentence_of(addition.problem)
    found = f"by its feed {addition.url}" if addition.found_at else ""
    new = f"{addition.articles} new" if addition.articles else ""
    return "; ".join(filter(None, (new, found)))


def _newest(newest: datetime | date | None, now: datetime) -> tuple[str, str]:
    """Return the words and their style: what has long been silent stands out."""
    if newest is None:
        return "no dates", "yellow"
    day = newest.date() if isinstance(newest, datetime) else newest
    style = "yellow" if now.date() - day > _SILENT else ""
    if isinstance(newest, datetime) and timedelta() <= now - newest:
        return f"newest {format_duration(now - newest)} ago", style
    return f"newest of {day:%Y-%m-%d}", style


def advice(kind: ProblemKind) -> str:
    """Return what the operator may do about it."""
    return _ADVICE.get(kind, _ANOTHER)


def ago(moment: datetime | None, now: datetime) -> str:
    return f"{format_duration(now - moment)} ago" if moment else "never"


def next_poll(state: SourceState, at: datetime, now: datetime) -> str:
    if state is not SourceState.ACTIVE:
        return "no more" if state is SourceState.GONE else "none for now"
    return f"in {format_duration(at - now)}" if at > now else "now"


def unchanged(source: Source) -> str:
    """The share of its answers that said that nothing is new."""
    return f"{source.unchanged / source.fetches:.0%}" if source.fetches else ""


def error(source: Source, now: datetime) -> str:
    if not source.error:
        return ""
    sentence = sentence_for(source.error, source.error_detail)
    if not source.error_since:
        return sentence
    return f"{sentence}, for {format_duration(now - source.error_since)}"


def iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
