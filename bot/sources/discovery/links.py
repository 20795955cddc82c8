"""Finds links that may be feeds: those of a page, those of robots.txt, and the usual places.

Only reading a link tells whether it is a feed. The likely ones come first.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree

from bot.sources.feeds.text import one_line
from bot.sources.fetch.source import is_news_sitemap
from bot.sources.urls import absolute, canonical_url, without_feed_scheme, without_login

_LONGEST_PAGE = 2_000_000  # characters
_MOST_LINKS = 500
_LONGEST_NAME = 200
_MOST_TEXTS = 8  # pieces of text within a link
_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_FEED_TYPE = re.compile("|".join(_DATA["types"]))
_FEED_PATH = re.compile("|".join(_DATA["paths"]), re.IGNORECASE)
_FEED_QUERY = re.compile(f"(?:^|&)(?:{'|'.join(_DATA['queries'])})", re.IGNORECASE)
_FEED_HOST = re.compile(r"(?:rss|feeds?)\.", re.IGNORECASE)
_FEED_NAME = re.compile(rf"(?:^|\W)(?:{'|'.join(_DATA['names'])})(?:\W|$)", re.IGNORECASE)
_LONGEST_FEED_NAME = 3  # words; a headline may speak of atoms
_COMMENTS_PATH = re.compile("/comments(?:/|$)", re.IGNORECASE)
_COMMENTS_NAME = re.compile("|".join(_DATA["comments"]), re.IGNORECASE)
_ANOTHER_ADDRESS = re.compile(r"https?(?::|%3a)(?:/|%2f)", re.IGNORECASE)
_SITEMAP_LINE = re.compile(r"^[ \t]*sitemap[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_PLACES: list[str] = _DATA["places"].split()


class Where(StrEnum):
    """Where a link was found."""

    HERE = "asked for"
    RULE = "known for the site"
    NAMED = "named by the page"
    LINKED = "linked by the page"
    LISTED = "in the site's list of feeds"
    PLACE = "in a usual place"
    SITEMAP = "named by robots.txt"


@dataclass(frozen=True, slots=True)
class FeedLink:
    """An address that may hold a feed; `name` is what the page calls it."""

    url: str
    name: str = ""
    where: Where = Where.NAMED

    def to_json(self) -> dict[str, Any]:
        """Return the fields of a found feed; those of an unread link are mostly unknown."""
        unknown = dict.fromkeys(("kind", "entries", "newest"))
        return {"url": self.url, "title": self.name, **unknown, "where": str(self.where)}


def links_of(page: str, url: str) -> tuple[FeedLink, ...]:
    """Return the feeds that *page*, from *url*, declares, then its links that look like feeds.

    Feeds of comments are left out. Call this in workers, because it may take long.
    """
    found: dict[str, FeedLink] = {}
    links = islice(_links(page, url), _MOST_LINKS)
    for link in sorted(links, key=lambda link: link.where is Where.LINKED):
        found.setdefault(canonical_url(link.url), link)
    return tuple(link for link in found.values() if not _is_of_comments(link))


def usual_places(url: str) -> tuple[FeedLink, ...]:
    """Return where feeds often are: in the first folder of *url*, and at its host's root.

    Deeper folders are not tried, because a blog has the feed of an article's comments there.
    """
    parts = urlsplit(url)
    folders = parts.path.split("/")[1:-1]
    root = f"{parts.scheme}://{parts.netloc}/"
    below = [f"{root}{folders[0]}/{place}" for place in _PLACES[:2]] if folders else []
    places = [*below, *(root + place for place in _PLACES)]
    return tuple(FeedLink(place, where=Where.PLACE) for place in places)


def robots_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def sitemaps_of(robots: str, url: str) -> tuple[FeedLink, ...]:
    """Return the sitemaps that *robots*, from *url*, names; if some are for news, only those."""
    lines = islice(_SITEMAP_LINE.finditer(robots), _MOST_LINKS)
    urls = (_address(found[1], url) for found in lines)
    once = list(dict.fromkeys(filter(None, urls)))
    of_news = [address for address in once if is_news_sitemap(address)]
    return tuple(FeedLink(address, where=Where.SITEMAP) for address in of_news or once)


def _links(page: str, url: str) -> Iterator[FeedLink]:
    # Always as UTF-8, because the page has already been decoded.
    parser = etree.HTMLParser(encoding="utf-8", no_network=True)
    try:
        root = etree.fromstring(page[:_LONGEST_PAGE].encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return
    base = url
    for node in root.iter("link", "a", "base") if root is not None else ():
        facts = {str(name): str(value).strip() for name, value in node.attrib.items()}
        address = _address(facts.get("href", ""), base)
        if not address:
            continue
        title = _name(facts.get("title", ""))
        if node.tag == "base":
            base = address
        elif node.tag == "link" and _is_named(facts):
            yield FeedLink(address, title)
        elif node.tag == "a":
            text = _name("".join(islice(node.itertext(), _MOST_TEXTS)))
            if _looks_like_a_feed(address, text, facts):
                yield FeedLink(address, title or text, Where.LINKED)


def _is_named(facts: dict[str, str]) -> bool:
    relations = facts.get("rel", "").lower().split()
    if "feed" in relations:
        return True
    return "alternate" in relations and _has_feed_type(facts) and not _is_an_interface(facts)


def _has_feed_type(facts: dict[str, str]) -> bool:
    return bool(_FEED_TYPE.fullmatch(facts.get("type", "").lower().partition(";")[0].strip()))


def _is_an_interface(facts: dict[str, str]) -> bool:
    """Return whether a link is the API of a blog, which is declared as a JSON alternate."""
    return facts.get("type", "").lower() == "application/json" and "feed" not in facts["href"]


def _looks_like_a_feed(address: str, name: str, facts: dict[str, str]) -> bool:
    if facts["href"].lower().startswith("feed:") or _has_feed_type(facts):
        return True
    if _ANOTHER_ADDRESS.search(address, 1):  # it shares this page, or adds a feed to some reader
        return False
    parts = urlsplit(address)
    if _FEED_PATH.search(parts.path) or _FEED_QUERY.search(parts.query):
        return True
    return bool(_FEED_HOST.match(parts.netloc) and parts.path.strip("/")) or (
        bool(_FEED_NAME.search(name)) and len(name.split()) <= _LONGEST_FEED_NAME
    )


def _address(link: str, base: str) -> str:
    """Return the address of a possible feed; "" if there is none or it needs a login."""
    link = without_feed_scheme(link)
    return absolute(link, base).partition("#")[0] if without_login(link) == link else ""


def _name(text: str) -> str:
    return one_line(text)[:_LONGEST_NAME]


def _is_of_comments(link: FeedLink) -> bool:
    """Return whether *link* is a feed of comments, by its path or its title.

    The title of a plain link does not count, because it may announce opinion pieces.
    """
    if _COMMENTS_PATH.search(urlsplit(link.url).path):
        return True
    return link.where is Where.NAMED and bool(_COMMENTS_NAME.search(link.name))
