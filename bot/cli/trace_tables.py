"""How the trace of an article looks in a terminal: one line for each thing that happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.delivery.trace import MOST
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from bot.delivery.trace import ArticleTrace, DeliveryTrace
    from storage.outbox import Delivery


class Mark(NamedTuple):
    at: datetime
    what: str
    said: str


def article_shown(trace: ArticleTrace) -> RenderableType:
    article = trace.article
    table = Table("UTC", "after", "what", "", box=None, pad_edge=False)
    marks = sorted(_marks(trace), key=lambda mark: mark.at)
    for mark in marks:
        table.add_row(
            f"{mark.at:%Y-%m-%d %H:%M:%S}",
            f"{(mark.at - marks[0].at).total_seconds():.1f} s",
            mark.what,
            Text(mark.said, overflow="fold"),
        )
    head = [Text(article.title, style="bold"), Text(article.url, style="dim", overflow="fold")]
    left = max(len(trace.alerts), len(trace.editions)) == MOST
    more = [Text(f"Only the first {MOST} alerts and digests are shown.")] if left else []
    return Group(*head, table, *more, Text(trace.progress))


def delivery_shown(trace: DeliveryTrace) -> RenderableType:
    row = trace.delivery
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("delivery", str(row.id))
    table.add_row("of", row.decision)
    table.add_row("chat", str(row.chat_id))
    table.add_row("made", f"{row.created_at:%Y-%m-%d %H:%M:%S}")
    table.add_row("state", _state(row))
    reported = [
        Text(f"{article.id}  {article.title}", overflow="fold") for article in trace.articles
    ]
    if not reported:
        return Group(table, Text("It reports no article."))
    return Group(table, Text(f"It reports {len(reported)}:"), *reported, Text(""))


def _marks(trace: ArticleTrace) -> Iterator[Mark]:
    article, matches = trace.article, trace.matches
    for source in trace.sources:
        yield Mark(source.first_seen_at, "entry", f"source {source.source_id}, {source.host}")
    quiet = ", old when it was found" if article.quiet else ""
    yield Mark(
        article.stored_at, "article", f"article {article.id}, story {article.story_id}{quiet}"
    )
    if article.revised_at:
        yield Mark(article.revised_at, "revised", f"version {article.version}")
    if matches.first_at and matches.queries:
        yield Mark(matches.first_at, "matched", f"queries: {matches.queries}")
    for alert in trace.alerts:
        bundle = f", held for bundle {alert.bundle_id}" if alert.bundle_id else ""
        yield Mark(alert.made_at, "alert", f"alert {alert.id}, chat {alert.chat_id}{bundle}")
    for edition in trace.editions:
        yield Mark(edition.made_at, "digest", f"edition {edition.id}, chat {edition.chat_id}")
    for row in trace.deliveries:
        yield Mark(
            row.created_at, "message", f"delivery {row.id}, {row.decision}, chat {row.chat_id}"
        )
        if row.sent_at or row.state is not DeliveryState.PENDING:
            yield Mark(
                row.sent_at or row.created_at, row.state, f"delivery {row.id}, {_state(row)}"
            )


def _state(row: Delivery) -> str:
    tries = f", {row.attempts} {'try' if row.attempts == 1 else 'tries'}" if row.attempts else ""
    if row.sent_at:
        took = (row.sent_at - row.created_at).total_seconds()
        return f"{row.state} {row.sent_at:%Y-%m-%d %H:%M:%S}, {took:.1f} s after it was made{tries}"
    error = f": {row.last_error}" if row.last_error else ""
    return f"{row.state}, due {row.due_at:%Y-%m-%d %H:%M:%S}{tries}{error}"
