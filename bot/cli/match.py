"""`dateline match`: which articles in files match a query, and where, like grep."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from bot.matching.query import Query, QueryError
    from bot.matching.spans import Span
    from bot.matching.tracing import Place
    from bot.sources.opening import Opening
    from bot.sources.records import Item

_NONE = 1  # nothing matched, as grep says it

# A query may begin with a minus: what is no option of ours is a query.
MINUS_IS_NO_OPTION = {"ignore_unknown_options": True}


def match(
    query: Annotated[str, typer.Argument(help="Such as 'Taiwan OR \"consul-general\"'.")],
    places: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files or addresses that `read` reads.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each article that matches.")
    ] = False,
) -> None:
    """Find the articles that match; exit 0 if one does, 1 if none, 2 if something is wrong."""
    from bot.cli.failing import CANNOT

    parsed = _parsed(query)
    hits, is_whole = asyncio.run(_match_all(parsed, places, as_json=as_json))
    if not is_whole:
        raise SystemExit(CANNOT)
    if not hits:
        raise SystemExit(_NONE)


def _parsed(query: str) -> Query:
    from bot.cli.failing import fail
    from bot.matching.query import QueryError, parse

    try:
        return parse(query)
    except QueryError as error:
        fail(_explained(error))


def _explained(error: QueryError) -> str:
    from html import unescape

    from bot.matching.pointing import pointer
    from bot.rendering.environment import make_environment

    template = make_environment().get_template("query_error.txt")
    sentence = unescape(template.render(error=error)).strip()
    place = pointer(error)
    lines = [place.line, f"{place.caret} {sentence}"]
    if error.suggestion:
        lines.append(f"Try: {error.suggestion}")
    return "\n".join(lines)


async def _match_all(query: Query, places: Sequence[str], *, as_json: bool) -> tuple[int, bool]:
    """How many articles matched, and whether all of *places* could be read."""
    from bot.app.tools import opening
    from bot.sources.records import Unreadable

    hits, is_whole = 0, True
    async with opening() as found:
        for place in places:
            try:
                hits += await _match_one(query, found, place, as_json=as_json)
            except Unreadable as refusal:
                is_whole = False
                typer.secho(f"{place}: {refusal}", err=True, fg="red")
    return hits, is_whole


async def _match_one(query: Query, opening: Opening, place: str, *, as_json: bool) -> int:
    from bot.matching.spans import spans

    document = await opening.open(place)
    hits = 0
    for item in document.items:
        if found := spans(query, item.title, item.text):
            hits += 1
            (_print_json if as_json else _print_pretty)(place, item, found)
    return hits


def _print_json(place: str, item: Item, found: Sequence[Span]) -> None:
    where = [
        {"field": span.field, "start": span.start, "end": span.end, "words": list(span.words)}
        for span in found
    ]
    line = {"path": place, "title": item.title, "url": item.url, "where": where}
    typer.echo(json.dumps(line, ensure_ascii=False))


def _print_pretty(place: str, item: Item, found: Sequence[Span]) -> None:
    from rich.console import Console
    from rich.text import Text

    from bot.matching.snippets import bold_ranges, snippet

    console = Console(highlight=False)
    title = _coloured(item.title, bold_ranges(span for span in found if span.field == "title"))
    title.stylize("bold")
    console.print(Text(f"{place}: ", style="magenta") + title, soft_wrap=True)
    piece = snippet(item.text, found)
    if piece.bold:
        console.print(Text("  ") + _coloured(piece.text, piece.bold), soft_wrap=True)


def _coloured(text: str, places: Sequence[Place]) -> Text:
    from rich.text import Text

    coloured = Text(text)
    for start, end in places:
        coloured.stylize("bold red", start, end)
    return coloured
