"""`dateline stats`: how much there is and how much came lately, about nobody in particular."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storage.stats import Count, Lags

_TOPICS = 10
_MB = 1024 * 1024
_LARGE = _MB // 10  # smaller tables get no line
_WORDS = {
    "topics": {"True": "of the catalogue", "False": "users' own"},
    "queries": {"True": "in use", "False": "unused"},
}

Found = dict[str, Any]


def stats(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days to look back.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Count chats, topics, sources, articles, alerts, digests and deliveries. Changes nothing."""
    found = asyncio.run(_found(days))
    if as_json:
        print_json(_document(found))
        return
    for line in _lines(found, days):
        typer.echo(line)


async def _found(days: int) -> Found:
    from bot.app.resources import stored
    from bot.app.stops import needing_the_database
    from storage.stats import (
        articles_a_day,
        lags,
        most_subscribed,
        recent_totals,
        table_sizes,
        totals,
    )

    async with stored(read_only=True) as storage:
        with needing_the_database():
            async with storage.reading() as tx:
                return {
                    "now": await totals(tx),
                    "lately": await recent_totals(tx, tx.now - timedelta(days=days)),
                    "articles_a_day": await articles_a_day(tx, days),
                    "lags": await lags(tx),
                    "most_subscribed": await most_subscribed(tx, _TOPICS),
                    "bytes": await table_sizes(tx),
                }


def _document(found: Found) -> Found:
    lags: Lags = found["lags"]
    return {
        "now": {name: _listed(counts) for name, counts in found["now"].items()},
        "lately": {name: _listed(counts) for name, counts in found["lately"].items()},
        "lag_seconds": {step: lag.total_seconds() for step, lag in lags._asdict().items()},
        **{name: _listed(found[name]) for name in ("articles_a_day", "most_subscribed", "bytes")},
    }


def _listed(counts: Sequence[Count]) -> list[dict[str, Any]]:
    return [
        {"what": list(count.what), "count": count.number, "at_least": count.is_least}
        for count in counts
    ]


def _lines(found: Found, days: int) -> Iterator[str]:
    yield "There are"
    for name, counts in found["now"].items():
        yield _line(name, counts)
    yield f"\nIn the last {days} days" if days > 1 else "\nIn the last 24 hours"
    for name, counts in found["lately"].items():
        yield _line(name, counts)
    yield "\nArticles a day (UTC)"
    yield from _table(found["articles_a_day"])
    yield "\nLag"
    for step, lag in found["lags"]._asdict().items():
        yield f"  {step:<14}{lag.total_seconds():,.0f} s"
    if found["most_subscribed"]:
        yield "\nCatalogue topics with the most subscribers (chats)"
        yield from _table(found["most_subscribed"])
    if large := [count for count in found["bytes"] if count.number >= _LARGE]:
        yield "\nSize (MB, with indexes)"
        for count in large:
            yield f"  {count.number / _MB:>12,.1f}  {count.what[0]}"


def _line(name: str, counts: Sequence[Count]) -> str:
    parts = [f"{_number(each)} {_words(name, each)}".rstrip() for each in counts]
    return f"  {name:<14}{', '.join(parts) or 0}"


def _words(name: str, count: Count) -> str:
    words = _WORDS.get(name, {})
    return " ".join(words.get(word, word) for word in count.what)


def _number(count: Count) -> str:
    return f"{'at least ' if count.is_least else ''}{count.number:,}"


def _table(counts: Sequence[Count]) -> Iterator[str]:
    for count in counts:
        yield f"  {_number(count):>12}  {count.what[0]}"
