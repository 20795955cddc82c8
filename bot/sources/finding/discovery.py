"""What can be read at a site: its feeds, found by a few polite requests, each one read.

In this order, as far as the first that gives anything: what is asked for is a feed itself; what
the page names; what it links, and what is linked by a page of feeds that it links; the usual
places, one after the other; the sitemaps that robots.txt names. An address from outside leads
nowhere inside, whoever asks.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.sources.finding.feedlinks import (
    Link,
    Where,
    robots_of,
    sitemaps_of,
    usual_places,
)
from bot.sources.finding.finds import Find, find_of, is_same
from bot.sources.formats.charsets import decode
from bot.sources.formats.records import Unreadable
from bot.sources.getting.answers import problem_of
from bot.sources.getting.failures import FetchError
from bot.sources.getting.robots import LONGEST
from bot.sources.getting.sitemaps_indexed import is_for_news
from bot.sources.getting.visiting import Asked, Fetches, Reads, Visit, visit
from bot.sources.urls import as_typed, canonical_url

MOST_READ = 8  # of what one page names, and as many of what it links
MOST_SITEMAPS = 3
PATIENCE_SECONDS = 90


class ReadsLinks(Reads, Protocol):
    async def links(
        self, data: bytes, /, *, url: str, content_type: str = ""
    ) -> Sequence[Link] | None: ...


@dataclass(frozen=True, slots=True)
class Discovered:
    """`visited` is the address asked for; `unread` may be feeds too, but nobody has looked."""

    visited: Visit
    finds: tuple[Find, ...] = ()
    unread: tuple[Link, ...] = ()
    is_page: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """*inside*: the operator asks, so that the own network is open.

    *thorough*: what a page links, and sitemaps for news, are looked at even if it names feeds.
    """

    fetcher: Fetches
    reader: ReadsLinks
    inside: bool = True
    thorough: bool = False
    patience_seconds: float = PATIENCE_SECONDS

    async def discover(self, url: str, *, visited: Visit | None = None) -> Discovered:
        """Look for feeds at *url*; *visited* is what was just read there, if somebody has."""
        url = as_typed(url)
        visited = visited or await visit(self.fetcher, self.reader, Asked(url, inside=self.inside))
        if find := find_of(Link(visited.settled(url), where=Where.HERE), visited):
            return Discovered(visited, (find,))
        links = await links_on(visited, self.reader)
        if links is None or visited.answer is None:
            return Discovered(visited)
        tour = _Tour(self.fetcher, self.reader, inside=visited.own_network)
        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience_seconds):
                await tour.run(links, visited.answer.url, thorough=self.thorough)
        return Discovered(visited, tuple(tour.finds), tuple(tour.unread), is_page=True)


async def links_on(visited: Visit, reader: ReadsLinks) -> Sequence[Link] | None:
    """Return what the page that was visited names and links as feeds; None if it is no page."""
    answer = visited.answer
    if answer is None or problem_of(answer):
        return None
    try:
        return await reader.links(answer.body, url=answer.url, content_type=answer.content_type)
    except Unreadable:
        return None


@dataclass(slots=True)
class _Tour:
    """One tour of a site; what it has found by the time that patience ends is kept."""

    fetcher: Fetches
    reader: ReadsLinks
    inside: bool
    finds: list[Find] = field(default_factory=list)
    unread: list[Link] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    async def run(self, links: Sequence[Link], url: str, *, thorough: bool) -> None:
        await self._read([link for link in links if link.where is Where.NAMED])
        if thorough or not self.finds:
            await self._read([link for link in links if link.where is Where.LINKED])
        if not self.finds:
            await self._read_first(usual_places(url))
        if thorough or not self.finds:
            await self._read_sitemaps(await self._sitemaps(url))

    async def _read(self, links: Sequence[Link], most: int = MOST_READ) -> None:
        waiting = deque(self._new(links))
        for _ in range(most):
            if not waiting:
                return
            link = waiting.popleft()
            visited = await self._look(link)
            self.unread.remove(link)
            self._keep(find_of(link, visited))
            if link.where is Where.LINKED:
                # A page that was taken for a feed may be the list of them.
                listed = await links_on(visited, self.reader) or ()
                waiting += self._new(replace(each, where=Where.LISTED) for each in listed)

    def _new(self, links: Iterable[Link]) -> list[Link]:
        """Put those on the list that were not on it yet."""
        named = {canonical_url(link.url): link for link in links}
        new = [link for name, link in named.items() if name not in self._known]
        self._known |= named.keys()
        self.unread += new
        return new

    def _keep(self, find: Find | None) -> None:
        if find and not any(is_same(find, other) for other in self.finds):
            self.finds.append(find)

    async def _read_first(self, links: Sequence[Link]) -> None:
        """As far as the first feed, or the first place at which the host does not answer."""
        for link in links:
            visited = await self._look(link)
            if find := find_of(link, visited):
                self.finds.append(find)
            if find or visited.answer is None:
                return

    async def _read_sitemaps(self, links: Sequence[Link]) -> None:
        """Beside feeds only those for news are worth a request."""
        of_news = [link for link in links if is_for_news(link.url)]
        await self._read(of_news if self.finds else links, MOST_SITEMAPS)

    async def _look(self, link: Link) -> Visit:
        return await visit(self.fetcher, self.reader, Asked(link.url, inside=self.inside))

    async def _sitemaps(self, url: str) -> Sequence[Link]:
        robots = robots_of(url)
        try:
            answer = await self.fetcher.fetch(robots, inside=self.inside)
        except FetchError:
            return ()
        if problem_of(answer):
            return ()
        return sitemaps_of(decode(answer.body[:LONGEST], answer.content_type), answer.url)
