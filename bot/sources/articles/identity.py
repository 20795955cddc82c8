"""Which entry is which in one document, also where its guids are missing or of no use.

1. An entry is known by its guid; the scheme, `www.`, trackers and a slash at the end of an address
   in it do not count. Without one it is known by its link, else by its title.
2. Entries that have one name by that are told apart by their links, else by their titles. Those
   that have all of it in common are one, and the first counts: it is the newest.
3. The link of an entry names its article; but a home page names none, nor does a link that several
   entries of different titles have. Such entries have an article of their own each.

An entry that gets another name by these rules, because its neighbours have changed, is still known
by its article. So is every entry of a feed that gives all of them new guids.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import unquote_plus

from bot.matching.slices import Slices, finished
from bot.matching.text import folded_text
from bot.sources.articles.intake import Identity
from bot.sources.formats.records import Document, Item, Kind
from bot.sources.hashes import digest
from bot.sources.urls import canonical_url, is_tracker

Identified = tuple[Item, Identity]

_UPDATED_TITLE: Final = 0.2  # of the words are in common
_UPDATED_TEXT: Final = 0.4
_LONG: Final = 4
_TELLING: Final = 4_000  # characters of a summary tell what it is about
_LISTS: Final = frozenset({Kind.FEED, Kind.SITEMAP})
_ORIGIN: Final = re.compile(r"https?://(?:www\.)?([^/?#\s]*)", re.IGNORECASE)
_HOME: Final = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)


def identified(document: Document, source_url: str) -> list[Identified]:
    """Return each entry once, in their order."""
    return finished(identifying(document, source_url))


def identifying(document: Document, source_url: str) -> Slices[list[Identified]]:
    """The same as `identified`."""
    items = document.items
    is_list = document.kind in _LISTS
    links, plain = [], []
    for item in items:
        links.append(link := _link(item))
        plain.append(_name(item, link, is_list=is_list))
        yield
    names = _told_apart(items, links, plain)
    first = {name: at for at, name in reversed(list(enumerate(names)))}
    shared = _shared_links((items[at], links[at]) for at in first.values()) if is_list else {""}
    found = []
    for name, at in reversed(first.items()):
        item, link = items[at], links[at]
        # Not by what tells it from its neighbours, which may be others next time.
        by_name = f"{source_url}\n{plain[at]}\n{item.title}"
        guid = digest(name)
        article = guid if item.is_detour else digest(by_name if link in shared else link)
        found.append((item, Identity(guid, article)))
        yield
    return found


def folded_guid(guid: str) -> str:
    """One spelling for the guids that a feed writes otherwise after it has moved to https."""
    if "//" not in guid:
        return guid
    folded = _ORIGIN.sub(lambda found: f"//{found[1].lower()}", guid)
    if not folded.startswith("//"):
        return folded
    address, mark, fragment = folded.partition("#")
    path, _, query = address.partition("?")
    kept = "&".join(_without_trackers(query))
    return f"{path.rstrip('/')}{'?' * bool(kept)}{kept}{mark}{fragment}"


def is_another(told: tuple[str, str], shown: tuple[str, str]) -> bool:
    """Whether *shown* is no update of *told*, but something else under a guid that was used again.

    Both are title and summary. That the link differs too is for the caller to see.
    """
    titles = _in_common(_telling(told[0]), _telling(shown[0]))
    if titles >= _UPDATED_TITLE:
        return False
    before, now = (" ".join(each)[:_TELLING] for each in (told, shown))
    return _in_common(_telling(before), _telling(now)) < _UPDATED_TEXT


def _telling(text: str) -> set[str]:
    """Short words are in every text, but one that is written without spaces has no others."""
    words = folded_text(text).split()
    return {word for word in words if len(word) >= _LONG or not word.isascii()}


def _in_common(one: set[str], other: set[str]) -> float:
    fewer = min(len(one), len(other))
    return len(one & other) / fewer if fewer else 1.0


def _without_trackers(query: str) -> Iterator[str]:
    for part in query.split("&"):
        if part and not is_tracker(unquote_plus(part.partition("=")[0])):
            yield part


def _name(item: Item, link: str, *, is_list: bool) -> str:
    if is_list and _HOME.fullmatch(link):
        link = ""
    return folded_guid(item.guid) or folded_guid(link) or item.title or item.text


def _link(item: Item) -> str:
    return canonical_url(item.url) if item.url and not item.is_detour else ""


def _told_apart(items: Sequence[Item], links: Sequence[str], names: list[str]) -> list[str]:
    if len(set(names)) == len(names):
        return names
    namesakes: defaultdict[str, list[int]] = defaultdict(list)
    for at, name in enumerate(names):
        namesakes[name].append(at)
    told = list(names)
    for name, places in namesakes.items():
        own = [links[at] for at in places]
        is_by_title = len(set(own)) == 1 and (not own[0] or _HOME.fullmatch(own[0]))
        titles = [items[at].title for at in places]
        marks = titles if is_by_title else [a or b for a, b in zip(own, titles, strict=True)]
        if len(set(marks)) > 1:
            for at, mark in zip(places, marks, strict=True):
                told[at] = f"{name}\n{mark}"
    return told


def _shared_links(linked: Iterable[tuple[Item, str]]) -> set[str]:
    """The links that do not tell which article they mean, "" among them."""
    titles: defaultdict[str, set[str]] = defaultdict(set)
    for item, link in linked:
        titles[link].add(item.title)
    several = {url for url, named in titles.items() if len(named) > 1 or _HOME.fullmatch(url)}
    return several | {""}
