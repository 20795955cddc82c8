"""Removes the boxes of other stories from a page, before its article is extracted.

A box is an element of teasers: headlines that link to other pages of the site, each a block of its
own, with no prose but one teaser under each. Three headlines make a box; one is enough under a
heading such as "Don't Miss". The rest of the page must have more prose, or at least some beside a
box with such a heading, because in a round-up the linked headlines are the story.
"""

from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Any
from urllib.parse import urlsplit

from bot.sources.pages.dom import (
    PROSE,
    WHOLE_PAGE,
    drop,
    leaves,
    line_of,
    prose_of,
    weight_of,
)
from bot.sources.pages.trim import is_heading

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_FEWEST_HEADLINES = 3
_SHORTEST_HEADLINE, _LONGEST_HEADLINE = 20, 200
_OWN_PROSE = 300
_DEEPEST = 100
_MOST_BLOCKS = 4000


def drop_boxes(root: Any, site: str) -> None:
    """Remove the boxes and their headings from *root*; *site*: the page's host, "" if unknown.

    If a box is inside another, the outer box is removed.
    """
    blocks = [_block(element, site) for element in islice(leaves(root), _MOST_BLOCKS)]
    for box in _boxes(blocks):
        heading = _before(box)
        if heading is not None and (heading.tag in _HEADINGS or is_heading(line_of(heading))):
            drop(heading)
        drop(box)


@dataclass(frozen=True, slots=True)
class _Block:
    """An element that holds no other block: a headline, prose or something short."""

    element: Any
    text: str
    is_headline: bool
    prose: int


def _block(element: Any, site: str) -> _Block:
    text = line_of(element)
    links = list(islice(element.iter("a"), 2))
    is_link = len(links) == 1 and line_of(links[0]) == text
    is_headline = is_link and _leads_on(links[0], text, site)
    return _Block(element, text, is_headline, prose_of(element, text))


def _leads_on(link: Any, text: str, site: str) -> bool:
    if not _SHORTEST_HEADLINE <= weight_of(text) <= _LONGEST_HEADLINE:
        return False
    try:
        address = urlsplit((link.get("href") or "").strip())
    except ValueError:
        return False
    is_own = not address.netloc or bool(site and address.netloc.endswith(site))
    return is_own and bool(address.path)


def _boxes(blocks: list[_Block]) -> list[Any]:
    spans: dict[Any, tuple[int, int]] = {}  # the places of the first and last block inside
    for place, block in enumerate(blocks):
        for around in (block.element, *islice(block.element.iterancestors(), _DEEPEST)):
            spans[around] = (spans[around][0] if around in spans else place, place)
    headlines = [0, *accumulate(block.is_headline for block in blocks)]
    prose = [0, *accumulate(block.prose for block in blocks)]
    boxes = [
        element
        for element, (first, last) in spans.items()
        if headlines[last + 1] > headlines[first]
        and _is_box(element, blocks[first : last + 1], prose[-1])
    ]
    chosen = set(boxes)
    return [each for each in boxes if chosen.isdisjoint(each.iterancestors())]


def _is_box(element: Any, blocks: list[_Block], own: int) -> bool:
    if element.tag in WHOLE_PAGE:
        return False
    headlines = sum(block.is_headline for block in blocks)
    has_heading = _has_heading(element, blocks)
    if headlines < _FEWEST_HEADLINES and not has_heading:
        return False
    prose = sum(block.prose for block in blocks)
    if own - prose < (PROSE if has_heading else max(prose, _OWN_PROSE)):
        return False
    return _are_teasers(blocks) and next(element.iter("h1"), None) is None


def _has_heading(element: Any, blocks: list[_Block]) -> bool:
    first = next((block.text for block in blocks if block.text), "")
    previous = _before(element)
    return is_heading(first) or (previous is not None and is_heading(line_of(previous)))


def _are_teasers(blocks: list[_Block]) -> bool:
    """Return whether each block of prose stands under a headline of its own."""
    under_headline = False
    for block in blocks:
        if block.prose and not under_headline:
            return False
        under_headline = block.is_headline or (under_headline and not block.prose)
    return True


def _before(element: Any) -> Any:
    return next(element.itersiblings("*", preceding=True), None)
