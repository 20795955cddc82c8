"""Boxes of other stories in a page, taken out before anybody looks for its article.

Two signs give a box away: its heading ("Don't Miss"), or its teasers.

- A headed box is the smallest element around the heading that holds more than it, or, if that
  element begins with something else, the list that follows. An element that holds the page's
  headline, most of its text, or paragraphs of a story is no box.
- A group of teasers is an element with three headlines or more that are links to other pages of
  the site, each the whole of its block, with no prose but one teaser under each. The rest of the
  page must have more prose: in a round-up the linked headlines are the story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bot.sources.pages.dom import (
    PROSE,
    WHOLE_PAGE,
    beginning_of,
    drop,
    holds_story,
    leaves,
    line_of,
    prose_of,
    weight_of,
)
from bot.sources.pages.trim import is_heading

_HEADINGS = (
    "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "b", "a", "em", "dt", "header",
    "label", "summary", "li", "section", "u", "i", "td", "th", "font",
)  # fmt: skip
_ENOUGH = 100  # characters, more than any heading has
_LISTS = frozenset({"ul", "ol", "dl", "nav"})
_MOST_OF_PAGE = 0.4
_MOST_AROUND = 6  # elements around one heading
_MOST_HEADINGS = 60

_TITLES_OF_GROUPS = ("h2", "h3", "h4", "h5", "h6")
_FEWEST_HEADLINES = 3
_SHORTEST_HEADLINE, _LONGEST_HEADLINE = 20, 200
_OWN_PROSE = 300
_DEEPEST = 100
_MOST_BLOCKS = 4000


def drop_boxes(root: Any) -> None:
    """Take the headed boxes out of *root*."""
    size = len(line_of(root))
    for heading in list(islice(_box_headings(root), _MOST_HEADINGS)):
        for box in _boxes(heading, size):
            drop(box)


def _box_headings(root: Any) -> Iterator[Any]:
    return (each for each in root.iter(*_HEADINGS) if is_heading(beginning_of(each, _ENOUGH)))


def _boxes(heading: Any, size: int) -> list[Any]:
    words = line_of(heading)
    box = None
    for around in islice(heading.iterancestors(), _MOST_AROUND):
        beginning = beginning_of(around, len(words) + 1)
        if around.tag in WHOLE_PAGE or not beginning.startswith(words):
            break
        if len(beginning) > len(words):
            if not _is_box(around, size):
                break
            box = around
    return _lists_after(heading) if box is None else [box]


def _is_box(element: Any, size: int) -> bool:
    links = sum(1 for _ in element.iter("a"))
    if next(element.iter("h1"), None) is not None or not links or holds_story(element):
        return False
    if len(line_of(element)) <= _MOST_OF_PAGE * size:
        return True
    # A box may be longer than a short story: then each of its teasers has its link.
    around = (*element.itersiblings(), *element.itersiblings(preceding=True))
    return any(map(_paragraphs, around)) and links >= _paragraphs(element)


def _paragraphs(element: Any) -> int:
    return sum(len(line_of(paragraph)) >= PROSE for paragraph in element.iter("p"))


def _lists_after(heading: Any) -> list[Any]:
    following = heading.getnext()
    is_list = following is not None and following.tag in _LISTS
    return [heading, following] if is_list else []


def drop_teasers(root: Any, site: str) -> None:
    """Take groups of teasers out of *root*; *site* is the page's host, "" if unknown."""
    blocks = [_block(element, site) for element in islice(leaves(root), _MOST_BLOCKS)]
    for group in _groups(blocks):
        heading = group.getprevious()
        if heading is not None and heading.tag in _TITLES_OF_GROUPS:
            drop(heading)
        drop(group)


@dataclass(frozen=True, slots=True)
class _Block:
    """An element that holds no other block: a headline, prose or something short."""

    element: Any
    is_headline: bool
    prose: int


def _block(element: Any, site: str) -> _Block:
    text = line_of(element)
    links = list(islice(element.iter("a"), 2))
    is_link = len(links) == 1 and line_of(links[0]) == text
    return _Block(element, is_link and _leads_on(links[0], text, site), prose_of(element, text))


def _leads_on(link: Any, text: str, site: str) -> bool:
    if not _SHORTEST_HEADLINE <= weight_of(text) <= _LONGEST_HEADLINE:
        return False
    try:
        address = urlsplit((link.get("href") or "").strip())
    except ValueError:
        return False
    is_own = not address.netloc or bool(site and address.netloc.endswith(site))
    return is_own and bool(address.path)


def _groups(blocks: list[_Block]) -> list[Any]:
    inside: dict[Any, list[_Block]] = {}
    for block in blocks:
        for around in (block.element, *islice(block.element.iterancestors(), _DEEPEST)):
            inside.setdefault(around, []).append(block)
    own = sum(block.prose for block in blocks)
    groups = [element for element, held in inside.items() if _is_group(element, held, own)]
    chosen = set(groups)
    return [each for each in groups if chosen.isdisjoint(each.iterancestors())]


def _is_group(element: Any, blocks: list[_Block], own: int) -> bool:
    if element.tag in WHOLE_PAGE:
        return False
    if sum(block.is_headline for block in blocks) < _FEWEST_HEADLINES:
        return False
    prose = sum(block.prose for block in blocks)
    if own - prose < max(prose, _OWN_PROSE) or not _are_teasers(blocks):
        return False
    return next(element.iter("h1"), None) is None


def _are_teasers(blocks: list[_Block]) -> bool:
    """Whether each prose stands under a headline of its own."""
    under_headline = False
    for block in blocks:
        if block.prose and not under_headline:
            return False
        under_headline = block.is_headline or (under_headline and not block.prose)
    return True
