"""Looking at what a person typed or forwarded: a feed, a site with feeds, or one article.

Nothing is stored, and nothing inside the own network is reached, whoever asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

from bot.sources.finding.discovery import Discovery, ReadsLinks
from bot.sources.finding.feedlinks import Link, Where
from bot.sources.finding.finds import Find, find_of
from bot.sources.formats.records import Item, Kind
from bot.sources.getting.visiting import Asked, Fetches, Visit, visit
from bot.sources.urls import as_typed, without_login

MOST_OFFERED: Final = 8
PATIENCE_SECONDS: Final = 20.0
_AN_ARTICLE: Final = 300  # characters of text; a front page gives less, or some teasers


@dataclass(frozen=True, slots=True)
class Offer:
    """A feed that could be followed; `newest` is None where no entry has a date."""

    url: str
    title: str
    newest: datetime | date | None


@dataclass(frozen=True, slots=True)
class Looked:
    """What is at *url*: `feeds`, or the one article of a page; else `sentence` says why nothing.

    `is_feed`: the address asked for is the feed itself.
    """

    url: str
    feeds: tuple[Offer, ...] = ()
    is_feed: bool = False
    title: str = ""
    text: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Looking:
    fetcher: Fetches
    reader: ReadsLinks

    async def look(self, url: str) -> Looked:
        url = without_login(as_typed(url))
        visited = await visit(self.fetcher, self.reader, Asked(url))
        if find := find_of(Link(visited.settled(url), where=Where.HERE), visited):
            return Looked(url, _offers([find]), is_feed=True)
        if item := _article(url, visited):
            return Looked(url, title=item.title, text=item.text)
        return await self._its_feeds(url, visited)

    async def feeds_of(self, url: str) -> Looked:
        """Look for the feeds of the site, whatever article stands at *url*."""
        return await self._its_feeds(without_login(as_typed(url)))

    async def _its_feeds(self, url: str, visited: Visit | None = None) -> Looked:
        discovery = Discovery(
            self.fetcher, self.reader, inside=False, patience_seconds=PATIENCE_SECONDS
        )
        found = await discovery.discover(url, visited=visited)
        feeds = _offers(find for find in found.finds if find.tells_news)
        problem = found.visited.problem
        no_page = "" if found.is_page or problem is None else problem.sentence
        return Looked(url, feeds, sentence="" if feeds else no_page)


def _article(url: str, visited: Visit) -> Item | None:
    """Return the one article of a page that is no front page."""
    document = visited.document
    if document is None or document.kind is not Kind.PAGE or not document.items:
        return None
    item, parts = document.items[0], urlsplit(url)
    is_front = not parts.path.strip("/") and not parts.query
    return item if item.title and not is_front and len(item.text) >= _AN_ARTICLE else None


def _offers(finds: Iterable[Find]) -> tuple[Offer, ...]:
    made = [Offer(without_login(find.url), find.title or find.url, find.newest) for find in finds]
    return tuple(made[:MOST_OFFERED])
