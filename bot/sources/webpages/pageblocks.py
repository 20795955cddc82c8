"""The blocks of a page that hold no other block: headlines, paragraphs, short lines."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bot.sources.webpages.pagemeta import line_of
from bot.sources.webpages.pagetitles import weight_of

_BLOCKS = (
    "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "li", "main", "nav", "ol", "p",
    "section", "table", "td", "th", "tr", "ul",
)  # fmt: skip
PROSE = 100  # of a paragraph, weighed in Latin letters


def leaves(root: Any) -> Iterator[Any]:
    """The blocks of *root* that hold no other, in their order; some are empty."""
    for element in root.iter(*_BLOCKS):
        if len(list(islice(element.iter(*_BLOCKS), 2))) == 1:
            yield element


def prose_of(element: Any, text: str) -> int:
    """The weight of a block's *text* where that is a paragraph, and not mostly links; else 0."""
    weight = weight_of(text)
    if weight < PROSE:
        return 0
    linked = sum(len(line_of(link)) for link in element.iter("a"))
    return weight if linked * 2 < len(text) else 0


def holds_story(element: Any) -> bool:
    """Whether two paragraphs of *element* follow each other, as no teasers do."""
    in_a_row = 0
    for leaf in leaves(element):
        if text := line_of(leaf):
            in_a_row = in_a_row + 1 if prose_of(leaf, text) else 0
            if in_a_row > 1:
                return True
    return False
