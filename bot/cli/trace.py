"""`dateline trace`: where one article went, from the sources that had it to its messages."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from bot.cli.output import fail
from storage.enums import DeliveryState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from bot.delivery.trace import ArticleTrace, DeliveryTrace
    from storage.outbox import Delivery

_ARTICLE = typer.Argument(
    metavar="ARTICLE|URL", help="The id of an article, or one of its addresses.", show_default=False
)
_DELIVERY = typer.Option(
    help="Follow this delivery back to the articles that it reports.", show_default=False
)


def trace(
    article: Annotated[str | None, _ARTICLE] = None,
    delivery: Annotated[int | None, _DELIVERY] = None,
) -> None:
    """Show where an article went, from its sources to its messages, with times."""
    from rich.console import Console

    if (article is None) == (delivery is None):
        fail("Name an article by its id or address, or say --delivery ID.")
    if delivery is not None:
        of_delivery = asyncio.run(_trace_delivery(delivery))
        if of_delivery is None:
            fail(f"There is no delivery {delivery}.")
        Console().print(delivery_shown(of_delivery))
        if len(of_delivery.articles) != 1:
            return
        article = str(of_delivery.articles[0].id)
    of_article = asyncio.run(_trace_article(article or ""))
    if of_article is None:
        fail(f"There is no article {article}; it may have been deleted.")
    Console().print(article_shown(of_article))


async def _trace_article(article: str) -> ArticleTrace | None:
    from bot.app.resources import stored
    from bot.delivery.trace import trace_article, trace_url
    from bot.sources.drafts import url_hash

    async with stored() as storage:
        if article.isascii() and article.isdigit():
            return await trace_article(storage, int(article))
        return await trace_url(storage, url_hash(article))


async def _trace_delivery(delivery_id: int) -> DeliveryTrace | None:
    from bot.app.resources import stored
    from bot.delivery.trace import trace_delivery

    async with stored() as storage:
        return await trace_delivery(storage, delivery_id)


class Event(NamedTuple):
    at: datetime
    what: str
    detail: str


def article_shown(trace: ArticleTrace) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from bot.delivery.trace import MOST

    article = trace.article
    table = Table("UTC", "after", "what", "", box=None, pad_edge=False)
    events = sorted(_events(trace), key=lambda event: event.at)
    for event in events:
        table.add_row(
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            f"{(event.at - events[0].at).total_seconds():.1f} s",
            event.what,
            Text(event.detail, overflow="fold"),
        )
    head = [Text(article.title, style="bold"), Text(article.url, style="dim", overflow="fold")]
    left = max(len(trace.alerts), len(trace.editions)) == MOST
    more = [Text(f"Only the first {MOST} alerts and digests are shown.")] if left else []
    return Group(*head, table, *more, Text(trace.progress))


def delivery_shown(trace: DeliveryTrace) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

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


def _events(trace: ArticleTrace) -> Iterator[Event]:
    article, matches = trace.article, trace.matches
    for source in trace.sources:
        yield Event(source.first_seen_at, "entry", f"source {source.source_id}, {source.host}")
    quiet = ", old when it was found" if article.quiet else ""
    yield Event(
        article.stored_at, "article", f"article {article.id}, story {article.story_id}{quiet}"
    )
    if article.revised_at:
        yield Event(article.revised_at, "revised", f"version {article.version}")
    if matches.first_at and matches.queries:
        yield Event(matches.first_at, "matched", f"queries: {matches.queries}")
    for alert in trace.alerts:
        bundle = f", held for bundle {alert.bundle_id}" if alert.bundle_id else ""
        yield Event(alert.made_at, "alert", f"alert {alert.id}, chat {alert.chat_id}{bundle}")
    for edition in trace.editions:
        yield Event(edition.made_at, "digest", f"edition {edition.id}, chat {edition.chat_id}")
    for row in trace.deliveries:
        yield Event(
            row.created_at, "message", f"delivery {row.id}, {row.decision}, chat {row.chat_id}"
        )
        if row.sent_at or row.state is not DeliveryState.PENDING:
            yield Event(
                row.sent_at or row.created_at, row.state, f"delivery {row.id}, {_state(row)}"
            )


def _state(row: Delivery) -> str:
    tries = f", {row.attempts} {'try' if row.attempts == 1 else 'tries'}" if row.attempts else ""
    if row.sent_at:
        took = (row.sent_at - row.created_at).total_seconds()
        return f"{row.state} {row.sent_at:%Y-%m-%d %H:%M:%S}, {took:.1f} s after it was made{tries}"
    error = f": {row.last_error}" if row.last_error else ""
    return f"{row.state}, due {row.due_at:%Y-%m-%d %H:%M:%S}{tries}{error}"
