"""`dateline match`: which articles in files match a query, and where, like grep."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.matching.query import Query
    from bot.sources.feeds.model import Document, Item

_NONE = 1  # nothing matched, as grep says it

# A query may begin with a minus: what is no option of ours is a query.
MINUS_IS_NO_OPTION = {"ignore_unknown_options": True}


@dataclass(frozen=True, slots=True)
class Asked:
    query: Query
    as_json: bool = False
    explain: bool = False


def match(
    query: Annotated[str, typer.Argument(help="Such as 'Taiwan OR \"consul-general\"'.")],
    places: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files or addresses that `read` reads.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each article that matches.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Say how the query is read, and what each article lacks."),
    ] = False,
) -> None:
    """Find the articles that match; exit 0 if one does, 1 if none, 2 if something is wrong."""
    from bot.cli.failing import CANNOT
    from bot.cli.queries import in_words, parsed

    asked = Asked(parsed(query), as_json=as_json, explain=explain)
    if explain:
        typer.echo(in_words(asked.query), err=as_json)
    hits, is_whole = asyncio.run(match_all(asked, places))
    if not is_whole:
        raise SystemExit(CANNOT)
    if not hits:
        raise SystemExit(_NONE)


async def match_all(asked: Asked, places: Sequence[str]) -> tuple[int, bool]:
    """How many articles matched, and whether all of *places* could be read."""
    from bot.app.tools import opening
    from bot.cli.source_words import why_unreadable
    from bot.sources.feeds.model import Unreadable

    hits, is_whole = 0, True
    async with opening() as read_place:
        for place in places:
            try:
                document = await read_place(place)
            except Unreadable as error:
                is_whole = False
                typer.secho(f"{place}: {why_unreadable(error)}", err=True, fg="red")
            else:
                hits += sum(_is_match(asked, document, place, item) for item in document.items)
    return hits, is_whole


def _is_match(asked: Asked, document: Document, place: str, item: Item) -> bool:
    """Print the article if it matches, or if all are to be explained."""
    from bot.cli.matches import print_json, print_pretty
    from bot.matching.explain import explain
    from bot.matching.snippet import spans
    from bot.sources.urls import host_of

    sources = [host_of(item.url or document.url), document.title]
    explained = explain(asked.query, item.title, item.text, sources=sources, language=item.language)
    if explained.is_match or asked.explain:
        found = spans(asked.query, item.title, item.text) if explained.is_match else ()
        show = print_json if asked.as_json else print_pretty
        show(place, item, found, explained if asked.explain else None)
    return explained.is_match
