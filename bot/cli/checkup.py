"""What `dateline sources check` prints of one source: response, contents, plan and row; or JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.articles import sentence_for, sentence_of
from bot.cli.source_output import (
    advice,
    ago,
    error,
    iso,
    next_poll,
    source_json,
    unchanged,
)
from bot.sources.feeds.model import DocumentKind, moment_of
from bot.sources.fetch.response import problem_of
from bot.sources.fetch.schedule import format_duration
from bot.sources.health import MOVED_AFTER
from storage.enums import SourceState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from bot.sources.administration import Checkup
    from bot.sources.feeds.model import Document, Item
    from bot.sources.fetch.problems import Problem
    from bot.sources.fetch.response import Response
    from storage.sources import Source

NEWEST = 3
NEWEST_IN_JSON = 5
LONG = 400  # characters from which an entry needs no page

Rows = list[tuple[str, str]]


def checkup_report(checkup: Checkup) -> RenderableType:
    parts: list[RenderableType] = [_verdict(checkup)]
    for heading, rows in _sections(checkup):
        if filled := [row for row in rows if row[1]]:
            parts += [Text(f"\n{heading}", style="bold"), Padding(_grid(filled), (0, 0, 0, 2))]
    return Group(*parts)


def _verdict(checkup: Checkup) -> Text:
    if problem := checkup.result.problem:
        sentence = Text(f"It {sentence_of(problem)}.", style="bold red")
        return Text("\n").join([sentence, Text(advice(problem.kind))])
    document = checkup.result.document
    return Text(_in_a_word(document, checkup) if document else "", style="bold green")


def _in_a_word(document: Document, checkup: Checkup) -> str:
    if document.kind not in {DocumentKind.FEED, DocumentKind.SITEMAP}:
        return f"A {document.kind} with one article. For feeds: dateline sources find {checkup.url}"
    count = len(document.items)
    entries = "one entry" if count == 1 else f"{count} entries" if count else "no entries yet"
    newest = max((item for item in document.items if item.published), key=moment_of, default=None)
    return f"A {document.kind} with {entries}{_age(newest, checkup.now)}."


def _age(newest: Item | None, now: datetime) -> str:
    if newest is None:
        return ""
    if isinstance(newest.published, datetime):
        return f", the newest {format_duration(now - newest.published)} old"
    return f", the newest of {newest.published}"


def _grid(rows: Rows) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(value, overflow="fold"))
    return table


def _sections(checkup: Checkup) -> Iterator[tuple[str, Rows]]:
    result = checkup.result
    if result.response is not None:
        yield "Answer", _response(result.response, checkup.url)
    if result.document is not None:
        yield "Contents", _contents(result.document, checkup.charset)
    if checkup.source is not None or result.problem is None:
        yield "Plan", _plan(checkup)
    if result.response is not None:
        yield "Rules", [("Address", _guarded(result.own_network))]
    yield "Here", _row(checkup.source, checkup.now)


def _response(response: Response, asked: str) -> Rows:
    size = f", {len(response.body):,} bytes" if response.body else ""
    said = ("cache-control", "expires", "age", "retry-after", "server")
    return [
        ("Status", f"{response.status} {response.content_type}{size}"),
        ("From", response.url if response.url != asked else ""),
        ("Moved for good to", response.moved_permanently_to or ""),
        ("ETag", response.etag or ""),
        ("Last-Modified", response.last_modified or ""),
        (
            "Validators",
            "" if _can_be_asked_for_news(response) else "none, so it comes whole each time",
        ),
        *((name.title(), response.headers.get(name, "")) for name in said),
    ]


def _can_be_asked_for_news(response: Response) -> bool:
    return bool(response.etag or response.last_modified) or problem_of(response) is not None


def _contents(document: Document, charset: str) -> Rows:
    items = document.items
    dated = sum(item.published is not None for item in items)
    long = sum(len(item.text) >= LONG for item in items)
    newest = sorted(items, key=moment_of, reverse=True)[:NEWEST]
    return [
        ("Read as", str(document.kind)),
        ("Title", document.title),
        ("Language", document.language),
        ("Charset", charset),
        ("Entries", f"{len(items)}, {dated} with a date, {long} with {LONG} characters or more"),
        ("Left out", _left_out(document.left_out)),
        *zip(("Newest", "", ""), map(_item_line, newest), strict=False),
    ]


def _left_out(count: int) -> str:
    entries = "one older entry" if count == 1 else f"{count:,} older entries"
    return f"{entries}: more than a document may have" if count else ""


def _item_line(item: Item) -> str:
    return f"{shown(item.published)}  {item.title or item.url}"


def shown(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        return f"{moment:%Y-%m-%d %H:%M}"
    return str(moment or "no date")


def _plan(checkup: Checkup) -> Rows:
    document, problem = checkup.result.document, checkup.result.problem
    pace = document.pace if document else None
    hours, days = (pace.skip_hours, pace.skip_days) if pace else ((), ())
    skips = [f"hours {_numbers(hours)} UTC"] if hours else []
    skips += [f"days {_numbers(days)} (Monday is 0)"] if days else []
    if problem is not None and problem.is_final:
        return [("Next poll", "none: it is gone")]
    return [
        ("Next poll", _next_poll(checkup)),
        ("Interval", f"{format_duration(checkup.interval)} after it: {checkup.why}"),
        ("Skips", ", ".join(skips)),
        ("Hub", checkup.hub),
    ]


def _next_poll(checkup: Checkup) -> str:
    """As the list has it: a check stores nothing, and so does not change it."""
    state = checkup.source.state if checkup.source else SourceState.ACTIVE
    words = next_poll(state, checkup.next_fetch_at, checkup.now)
    at = f"{words} ({checkup.next_fetch_at:%Y-%m-%d %H:%M} UTC)"
    return at if checkup.source else f"{at}, if it were added now"


def _numbers(numbers: Sequence[int] | frozenset[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _guarded(own_network: bool) -> str:  # noqa: FBT001 - its one argument
    if own_network:
        return "in your own network: only you may add it"
    return "on the public Internet"


def _row(source: Source | None, now: datetime) -> Rows:
    if source is None:
        return [("Source", "not one of our sources")]
    times = "once" if source.fetches == 1 else f"{source.fetches} times"
    share = f", {unchanged(source)} unchanged" if source.fetches else ""
    return [
        ("Source", f"since {source.created_at:%Y-%m-%d}, {source.state}"),
        ("Last read", ago(source.succeeded_at, now)),
        ("Asked", f"{times}{share}"),
        ("Moving", _moving(source)),
        ("Error", error(source, now)),
        ("Last error", _last_error(source, now)),
    ]


def _moving(source: Source) -> str:
    if not source.moved_to:
        return ""
    return f"to {source.moved_to}, seen {source.moved_seen} of {MOVED_AFTER} times"


def _last_error(source: Source, now: datetime) -> str:
    if source.error or not source.last_error:
        return ""
    sentence = sentence_for(source.last_error, source.last_error_detail)
    return f"{sentence}, {ago(source.last_error_at, now)}"


def checkup_json(checkup: Checkup) -> dict[str, Any]:
    result = checkup.result
    return {
        "url": checkup.url,
        "ok": result.problem is None,
        "problem": _problem_json(result.problem),
        "answer": _response_json(result.response) if result.response else None,
        "document": _document_json(result.document, checkup.charset) if result.document else None,
        "plan": {
            "next_fetch_at": iso(checkup.next_fetch_at),
            "interval_seconds": round(checkup.interval.total_seconds()),
            "why": checkup.why,
        },
        "hub": checkup.hub or None,
        "own_network": result.own_network,
        "source": source_json(checkup.source) if checkup.source else None,
    }


def _problem_json(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    return {
        "error": problem.code,
        "error_detail": dict(problem.detail),
        "sentence": sentence_of(problem),
    }


def _response_json(response: Response) -> dict[str, Any]:
    return {
        "status": response.status,
        "url": response.url,
        "moved_permanently_to": response.moved_permanently_to,
        "bytes": len(response.body),
        "etag": response.etag,
        "last_modified": response.last_modified,
        "headers": dict(response.headers),
    }


def _document_json(document: Document, charset: str) -> dict[str, Any]:
    newest = sorted(document.items, key=moment_of, reverse=True)[:NEWEST_IN_JSON]
    return {
        "kind": document.kind,
        "title": document.title,
        "language": document.language,
        "charset": charset,
        "entries": len(document.items),
        "left_out": document.left_out,
        "dated": sum(item.published is not None for item in document.items),
        "newest": [
            {"title": item.title, "url": item.url, "published": iso(item.published)}
            for item in newest
        ],
    }
