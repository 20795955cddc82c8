"""How what was found at a site looks in a terminal: feeds to pick from, and what came of adding."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.sources.adding import Outcome
from bot.sources.durations import span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from rich.console import RenderableType

    from bot.sources.adding import Addition
    from bot.sources.feedlinks import Link
    from bot.sources.finds import Find

_STYLES = {
    Outcome.ADDED: "green",
    Outcome.THERE: "dim",
    Outcome.SEVERAL: "yellow",
    Outcome.REFUSED: "red",
}
_ORDER = list(_STYLES)
_MOST_UNREAD = 20


def additions_table(additions: Iterable[Addition]) -> Table:
    table = Table("Source", "", "", box=None, pad_edge=False)
    for each in sorted(additions, key=lambda each: _ORDER.index(each.outcome)):
        name = Text(each.title or each.url, overflow="fold")
        if each.title and each.outcome in {Outcome.SEVERAL, Outcome.REFUSED}:
            name.append(f"\n{each.url}", style="dim")
        table.add_row(name, Text(each.outcome, style=_STYLES[each.outcome]), Text(_note(each)))
    return table


def finds_table(finds: Iterable[Find], now: datetime) -> Table:
    table = Table("Address", "Title", "Entries", "Newest", "Found", box=None, pad_edge=False)
    for find in finds:
        table.add_row(
            Text(find.url, overflow="fold"),
            Text(find.title),
            Text(str(find.entries)),
            Text(_newest(find.newest, now)),
            Text(find.where, style="dim"),
        )
    return table


def choices(additions: Iterable[Addition], now: datetime) -> list[RenderableType]:
    """Return what there is to pick from, of each address that has several feeds."""
    return [
        Group(Text(f"\n{each.url} {each.sentence}:"), choice_table(each.choice, each.unread, now))
        for each in additions
        if each.outcome is Outcome.SEVERAL
    ]


def choice_table(finds: Sequence[Find], unread: Sequence[Link], now: datetime) -> RenderableType:
    if not unread:
        return finds_table(finds, now)
    lines = [f"{link.url}  {link.name}".rstrip() for link in unread[:_MOST_UNREAD]]
    if len(unread) > _MOST_UNREAD:
        lines.append(f"and {len(unread) - _MOST_UNREAD} more")
    return Group(finds_table(finds, now), Text("\nNot looked at:", style="dim"), *map(Text, lines))


def _note(addition: Addition) -> str:
    if addition.sentence:
        return addition.sentence
    found = f"{addition.url}, found at {addition.found_at}" if addition.found_at else ""
    new = f"{addition.articles} new" if addition.articles else ""
    return "; ".join(filter(None, (new, found)))


def _newest(moment: datetime | date | None, now: datetime) -> str:
    if isinstance(moment, datetime):
        return f"{span(now - moment)} ago" if moment <= now else f"{moment:%Y-%m-%d}"
    return "no dates" if moment is None else f"{moment:%Y-%m-%d}"
