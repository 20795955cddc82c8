"""Groups of teasers in a page, whatever stands over them: headlines that are links, one by one.

A group is an element with three headlines or more that are links to other pages of the site, each
the whole of its block, with no prose but one teaser under each, and beside which the page has
more prose of its own. A round-up, where the linked headlines are the story, has not.
"""

from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from bot.sources.webpages.pageblocks import leaves, prose_of
from bot.sources.webpages.pagemeta import line_of
from bot.sources.webpages.pagetitles import weight_of

_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_WHOLE_PAGE = frozenset({"html", "body", "main", "form"})
_FEWEST = 3
_SHORTEST_HEADLINE, _LONGEST_HEADLINE = 20, 200
_OWN_PROSE = 300
_DEEPEST = 100
_MOST_BLOCKS = 4000


def drop_teasers(root: Any, site: str) -> None:
    """Take the groups out of *root*; *site* is the page's host, "" if unknown."""
    blocks = [_Block(element, site) for element in islice(leaves(root), _MOST_BLOCKS)]
    for group in _groups(blocks):
        heading = group.getprevious()
        if heading is not None and heading.tag in _HEADINGS and group.getparent() is not None:
            heading.drop_tree()
        if group.getparent() is not None:
            group.drop_tree()


class _Block:
    """An element that holds no other block: a headline, prose or something short."""

    __slots__ = ("element", "is_headline", "prose")

    def __init__(self, element: Any, site: str) -> None:
        text = line_of(element)
        links = list(element.iter("a"))
        is_link = len(links) == 1 and line_of(links[0]) == text
        self.element = element
        self.is_headline = is_link and _leads_on(links[0], text, site)
        self.prose = prose_of(element, text)


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
    if element.tag in _WHOLE_PAGE or sum(block.is_headline for block in blocks) < _FEWEST:
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
