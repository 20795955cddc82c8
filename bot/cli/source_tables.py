"""How sources look in a terminal: all of them, and one of them closely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bot.sources.durations import span
from storage.words import FullText, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.sources.checking import Checkup
    from bot.sources.records import Document
    from storage.sources import Source


def sources_table(sources: Iterable[Source], now: datetime) -> Table:
    table = Table("Source", "Address", "Read", "Next", "Unchanged", "Trouble", box=None)
    for source in sources:
        table.add_row(
            _name(source),
            Text(source.url, overflow="fold"),
            _ago(source.succeeded_at, now),
            _next(source, now),
            f"{source.unchanged / source.fetches:.0%}" if source.fetches else "",
            Text(_trouble(source, now), style="red"),
        )
    return table


def _name(source: Source) -> Text:
    name = Text(source.title)
    if source.full_text is not FullText.AUTO:
        name.append(f", full text {source.full_text}", style="dim")
    return name


def checkup_table(checkup: Checkup) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _findings(checkup):
        table.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    return table


def _findings(checkup: Checkup) -> list[tuple[str, str]]:
    answer, document = checkup.visited.answer, checkup.visited.document
    found = []
    if answer is not None:
        size = f", {len(answer.body):,} bytes" if answer.body else ""
        found += [
            ("Answer", f"{answer.status} {answer.content_type}{size}"),
            ("From", answer.url),
            ("Moved for good to", answer.moved_permanently_to or ""),
            ("ETag", answer.etag or "none"),
            ("Last-Modified", answer.last_modified or "none"),
            ("Cache-Control", answer.headers.get("cache-control", "")),
            ("Retry-After", answer.headers.get("retry-after", "")),
        ]
    if document is not None:
        found += _contents(document)
    found.append(("Next poll", f"in {span(checkup.next_fetch_at - checkup.now)}, by this answer"))
    if checkup.visited.problem:
        found.append(("Problem", checkup.visited.problem.sentence))
    if checkup.source is None:
        found.append(("Here", "not one of our sources"))
    else:
        found += _row(checkup.source, checkup.now)
    return [(name, value) for name, value in found if value]


def _contents(document: Document) -> list[tuple[str, str]]:
    dates = sorted(str(item.published) for item in document.items if item.published)
    return [
        ("Read as", str(document.kind)),
        ("Title", document.title),
        ("Items", str(len(document.items))),
        ("Newest", dates[-1] if dates else "no dates"),
    ]


def _row(source: Source, now: datetime) -> list[tuple[str, str]]:
    return [
        ("Here", f"since {source.created_at:%Y-%m-%d}, {source.state}"),
        ("Last read", _ago(source.succeeded_at, now)),
        ("Asked", f"{source.fetches} times, {source.unchanged} unchanged"),
        ("Planned", _next(source, now)),
        ("Trouble", _trouble(source, now)),
    ]


def _ago(moment: datetime | None, now: datetime) -> str:
    return f"{span(now - moment)} ago" if moment else "never"


def _next(source: Source, now: datetime) -> str:
    if source.state is not SourceState.ACTIVE:
        return "no more"
    return f"in {span(source.next_fetch_at - now)}" if source.next_fetch_at > now else "now"


def _trouble(source: Source, now: datetime) -> str:
    if not source.trouble_text:
        return ""
    since = f", {span(now - source.trouble_since)}" if source.trouble_since else ""
    return f"{source.trouble_text}{since}"
