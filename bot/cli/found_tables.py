"""How what was found at a site looks in a terminal: feeds to pick from, and what came of adding."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.cli.source_words import sentence_of
from bot.sources.discovery.add import Outcome
from bot.sources.fetch.schedule import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rich.console import RenderableType

    from bot.sources.discovery.add import Addition
    from bot.sources.discovery.discover import FoundFeed
    from bot.sources.discovery.links import Link

_STYLES = {
    Outcome.ADDED: "green",
    Outcome.THERE: "dim",
    Outcome.SEVERAL: "yellow",
    Outcome.REFUSED: "red",
}
_ORDER = list(_STYLES)
_WELL = frozenset({Outcome.ADDED, Outcome.THERE})
_FEW = 30
_MOST_UNREAD = 20
_SILENT = timedelta(days=60)
HOW_TO_ADD = Text("\nTo read one: dateline sources add ADDRESS")


def came_of(additions: Sequence[Addition], now: datetime) -> list[RenderableType]:
    """Return what came of each; of a long list only what wants a person, and how many did not."""
    few = len(additions) <= _FEW
    shown = [each for each in additions if few or each.outcome not in _WELL]
    counts = Counter(each.outcome for each in additions)
    told = [f"{counts[outcome]} {outcome}" for outcome in _ORDER if counts[outcome]]
    table = [additions_table(shown)] if shown else []
    summary = [] if len(additions) == 1 else [Text(f"\n{', '.join(told)}.", style="bold")]
    return [*table, *choices(additions, now), *summary]


def additions_table(additions: Iterable[Addition]) -> Table:
    table = Table("Source", "", "", box=None, pad_edge=False)
    for each in sorted(additions, key=lambda each: _ORDER.index(each.outcome)):
        name = Text(each.title or each.url, overflow="fold")
        if each.title and each.outcome in {Outcome.SEVERAL, Outcome.REFUSED}:
            name.append(f"\n{each.url}", style="dim")
        table.add_row(name, Text(each.outcome, style=_STYLES[each.outcome]), Text(_note(each)))
    return table


def choices(additions: Iterable[Addition], now: datetime) -> list[RenderableType]:
    """Return what there is to pick from, of each address that has several feeds."""
    several = [each for each in additions if each.outcome is Outcome.SEVERAL]
    asked = [
        Group(
            Text(f"\n{each.url} has {len(each.choice) + len(each.unread)} feeds to choose from:"),
            choice(each.choice, each.unread, now),
        )
        for each in several
    ]
    return [*asked, HOW_TO_ADD] if asked else []


def choice(feeds: Iterable[FoundFeed], unread: Sequence[Link], now: datetime) -> Group:
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
    if addition.outcome is Outcome.SEVERAL:
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
