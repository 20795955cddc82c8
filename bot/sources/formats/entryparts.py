"""What the fast parser does not tell of an entry, or not well, out of one walk through its element.

Dates (it takes JST for UTC), the link, whom the entry names as its source, and whether it holds
something that only the slow reader understands.
"""

from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from bot.sources.formats.dates import feed_date

ATOM: Final = ("http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#")
DUBLIN_CORE: Final = "http://purl.org/dc/elements/1.1/"

Parts: TypeAlias = dict[str, list[Any]]  # elements (of lxml), in their order

_PUBLISHED, _UPDATED, _LINK, _SOURCE, _TITLE, _CONTENT = (
    "published", "updated", "link", "source", "title", "content",
)  # fmt: skip
_PARTS: Final = {
    "pubDate": _PUBLISHED,
    f"{{{DUBLIN_CORE}}}date": _PUBLISHED,
    "{http://purl.org/dc/terms/}issued": _PUBLISHED,
    "source": _SOURCE,
    **{f"{{{space}}}{name}": _PUBLISHED for space in ATOM for name in ("published", "issued")},
    **{f"{{{space}}}{name}": _UPDATED for space in ATOM for name in ("updated", "modified")},
    **{f"{{{space}}}link": _LINK for space in ATOM},
}
_IN_ANY_SPACE: Final = {"Source": _SOURCE, "title": _TITLE, "content": _CONTENT}
_PICTURES: Final = "{http://search.yahoo.com/mrss/}"  # whose content is no text of the entry
_FIRST_LINKS: Final = frozenset({None, "alternate"})
_PLAIN_CONTENT: Final = frozenset({None, "text", "html", "xhtml", "text/html", "text/plain"})


def parts_of(element: Any) -> Parts:
    found: Parts = {}
    for child in element:
        if part := _part(child.tag):
            found.setdefault(part, []).append(child)
    if element.tag == "item":
        found.pop(_LINK, None)  # RSS has a link of its own
    return found


@lru_cache(maxsize=512)
def _part(tag: object) -> str:
    """Empty for what is of no use; *tag* is no text where the child is a comment."""
    if not isinstance(tag, str) or tag.startswith(_PICTURES):
        return ""
    return _PARTS.get(tag) or _IN_ANY_SPACE.get(tag.rpartition("}")[2], "")


def date_in(parts: Parts, place: str) -> datetime | date | None:
    """When it was published; else when it was changed."""
    for part in (_PUBLISHED, _UPDATED):
        for element in parts.get(part, ()):
            if found := feed_date(element.text or "", place):
                return found
    return None


def atom_link_in(parts: Parts) -> str:
    """Of the alternates the first; later ones are other languages or forms."""
    for link in parts.get(_LINK, ()):
        if link.get("rel") in _FIRST_LINKS:
            return link.get("href") or ""
    return ""


def source_in(parts: Parts) -> tuple[str, str]:
    """The name and the address of whom it names as its source, as they stand there."""
    for source in parts.get(_SOURCE, ()):
        return source.text or "", source.get("url") or ""
    return "", ""


def has_title(parts: Parts) -> bool:
    titles = parts.get(_TITLE)
    return titles is not None and bool(titles[0].text or len(titles[0]))


def is_plain(parts: Parts) -> bool:
    """Whether its content is text or HTML, so that the fast parser can read it."""
    return all(content.get("type") in _PLAIN_CONTENT for content in parts.get(_CONTENT, ()))
