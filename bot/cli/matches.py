"""Articles that match, printed for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from bot.matching.explain import Explanation
    from bot.matching.snippet import Span
    from bot.matching.text import Place
    from bot.sources.feeds.model import Item


def print_json(
    place: str, item: Item, found: Sequence[Span], explained: Explanation | None = None
) -> None:
    where = [
        {"field": span.field, "start": span.start, "end": span.end, "words": list(span.words)}
        for span in found
    ]
    line: dict[str, object] = {"path": place, "title": item.title, "url": item.url, "where": where}
    if explained:
        line |= {"match": explained.is_match, "missing": list(explained.missing)}
    typer.echo(json.dumps(line, ensure_ascii=False))


def print_pretty(
    place: str, item: Item, found: Sequence[Span], explained: Explanation | None = None
) -> None:
    from rich.console import Console
    from rich.text import Text

    from bot.cli.queries import why
    from bot.matching.snippet import bold_ranges, snippet

    console = Console(highlight=False)
    title = _coloured(item.title, bold_ranges(span for span in found if span.field == "title"))
    title.stylize("bold")
    console.print(Text(f"{place}: ", style="magenta") + title, soft_wrap=True)
    if explained:
        console.print(Text(f"  {why(explained)}", style="dim"), soft_wrap=True)
    piece = snippet(item.text, found)
    if piece.bold:
        console.print(Text("  ") + _coloured(piece.text, piece.bold), soft_wrap=True)


def _coloured(text: str, places: Sequence[Place]) -> Text:
    from rich.text import Text

    coloured = Text(text)
    for start, end in places:
        coloured.stylize("bold red", start, end)
    return coloured
