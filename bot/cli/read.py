"""`dateline read`: what Dateline sees in feeds, pages and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.sources.feeds.model import Document, Item

_FIELDS = ("title", "url", "published", "language", "summary", "text", "guid")


def read(
    places: Annotated[
        list[str], typer.Argument(metavar="PATH-OR-URL…", help="Files, addresses, or - for stdin.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON for each article.")
    ] = False,
    base_url: Annotated[str, typer.Option(help="The address a file was fetched from.")] = "",
) -> None:
    """Show what Dateline reads in each feed, page or text; exit 2 if one cannot be read."""
    import asyncio

    from bot.cli.failing import CANNOT

    if not asyncio.run(_read_all(places, as_json=as_json, base_url=base_url)):
        raise SystemExit(CANNOT)


async def _read_all(places: list[str], *, as_json: bool, base_url: str) -> bool:
    """Whether all of *places* could be read."""
    from bot.app.tools import opening
    from bot.cli.source_words import why_unreadable
    from bot.sources.feeds.model import Unreadable

    show = _print_json if as_json else _print_pretty
    is_whole = True
    async with opening() as read_place:
        for place in places:
            try:
                document = await read_place(place, base_url=base_url)
            except Unreadable as error:
                is_whole = False
                _print_error(place, why_unreadable(error), as_json=as_json)
            else:
                show(place, document)
    return is_whole


def _print_error(place: str, sentence: str, *, as_json: bool) -> None:
    if as_json:
        _print_line({"path": place, "error": sentence})
    else:
        typer.secho(f"{place}: {sentence}", err=True, fg="red")


def _print_json(place: str, document: Document) -> None:
    from bot.sources.feeds.model import item_to_json

    for item in document.items:
        fields = item_to_json(item)
        _print_line(
            {"path": place, "kind": document.kind} | {name: fields[name] for name in _FIELDS}
        )


def _print_line(fields: dict[str, Any]) -> None:
    import json

    typer.echo(json.dumps(fields, ensure_ascii=False))


def _print_pretty(place: str, document: Document) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    entries = f", {len(document.items)} entries" if len(document.items) != 1 else ""
    head = f"{place} ({document.kind}{entries})"
    console.print(Text(head, style="dim"), soft_wrap=True)
    for item in document.items:
        console.print()
        console.print(Text(item.title or "(no title)", style="bold"))
        if meta := _meta(item):
            console.print(Text(meta, style="dim"), soft_wrap=True)
        console.print(Text(item.text or item.summary))
    console.print()


def _meta(item: Item) -> str:
    published = "" if item.published is None else str(item.published)
    return " · ".join(filter(None, (published, item.language, item.url)))
