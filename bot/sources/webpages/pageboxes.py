"""Boxes of other stories in a page, taken out before anybody looks for its article.

A box begins with its heading ("Don't Miss"): it is the smallest element around the heading that
holds more than it, or, where that element begins with something else, the lists that follow. What
holds the page's headline, or most of its text, or paragraphs of a story, is no box.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bot.sources.webpages.endtrim import is_heading
from bot.sources.webpages.pageblocks import holds_story

_HEADINGS = frozenset({
    "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "b", "a", "em", "dt", "header",
    "label", "summary", "li", "section", "u", "i", "td", "th", "font",
})  # fmt: skip
_WHOLE_PAGE = frozenset({"html", "body", "main", "form"})
_LISTS = frozenset({"ul", "ol", "dl", "nav"})
_MOST_OF_PAGE = 0.4
_ENOUGH_PROSE = 100
_LONGEST_HEADING = 60
_DEEPEST = 6  # elements around one heading
_MOST = 60  # headings that are looked at


def without_boxes(root: Any) -> Any:
    """*root* itself, changed."""
    size = len(_text(root))
    for heading in list(islice(_headings(root), _MOST)):
        for box in _boxes(heading, size):
            _remove(box)
    return root


def _headings(root: Any) -> Iterator[Any]:
    for element in root.iter(*_HEADINGS):
        if _own_length(element) <= _LONGEST_HEADING and is_heading(_text(element)):
            yield element


def _own_length(element: Any) -> int:
    """Enough to tell a long element from a heading without reading all of it."""
    length = 0
    for text in element.itertext():
        length += len(text.strip())
        if length > _LONGEST_HEADING:
            break
    return length


def _boxes(heading: Any, size: int) -> list[Any]:
    words = _text(heading)
    around, box = heading, None
    for _ in range(_DEEPEST):
        parent = around.getparent()
        if parent is None or parent.tag in _WHOLE_PAGE or not _text(parent).startswith(words):
            break
        around = parent
        if len(_text(around)) > len(words):
            if not _is_box(around, size):
                break
            box = around
    return _lists_after(heading) if box is None else [box]


def _is_box(element: Any, size: int) -> bool:
    links = len(list(element.iter("a")))
    if next(element.iter("h1"), None) is not None or not links or holds_story(element):
        return False
    if len(_text(element)) <= _MOST_OF_PAGE * size:
        return True
    # A box may be longer than a short story: then each of its teasers has its link.
    around = (*element.itersiblings(), *element.itersiblings(preceding=True))
    return element.tag != "article" and any(map(_prose, around)) and links >= _prose(element)


def _prose(element: Any) -> int:
    return sum(len(_text(paragraph)) >= _ENOUGH_PROSE for paragraph in element.iter("p"))


def _lists_after(heading: Any) -> list[Any]:
    following = heading.getnext()
    if following is None or following.tag not in _LISTS:
        return []
    return [heading, following]


def _remove(box: Any) -> None:
    parent = box.getparent()
    if parent is not None:
        box.drop_tree()  # keeps the text behind it


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
