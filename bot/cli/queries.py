"""A query on the command line: read, refused with a caret, told in words."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.matching.explain import Explanation
    from bot.matching.query import Query, QueryError


def parsed(query: str) -> Query:
    from bot.cli.failing import fail
    from bot.matching.query import QueryError, parse

    try:
        return parse(query)
    except QueryError as error:
        fail(_refused(error))


def _refused(error: QueryError) -> str:
    from bot.matching.query.errors import pointer
    from bot.rendering.renderer import Renderer

    sentence = unescape(Renderer().text("queries/error.txt", error=error)).strip()
    place = pointer(error)
    lines = [place.line, f"{place.caret} {sentence}"]
    if error.suggestion:
        lines.append(f"Try: {error.suggestion}")
    return "\n".join(lines)


def in_words(query: Query) -> str:
    """The query as it was understood, and its tree."""
    from bot.matching.explain import in_lines
    from bot.matching.query.canonical import shown

    tree = _rendered("queries/tree.txt", lines=in_lines(query.tree))
    return f"{shown(query)}\n{tree}"


def why(explained: Explanation) -> str:
    return _rendered("queries/explained.txt", explained=explained)


def _rendered(template: str, **values: object) -> str:
    from bot.rendering.renderer import Renderer

    text = unescape(Renderer().text(template, **values))
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip())
