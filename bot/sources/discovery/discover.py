"""Finds the feeds of a site by a few polite requests, and reads each one.

These are tried in order, until one has a feed: what the rules of `sites.toml` say about the
address, without a request to it; the address itself; the feeds that its page
declares; the feeds that the page links to, or a page of feeds that it links to; the usual places,
one after the other; the sitemaps in robots.txt. An address from outside never leads into the
operator's network.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from unicodedata import east_asian_width
from urllib.parse import urlsplit

from yarl import URL

from bot.sources.channels.addresses import channel_name, preview_page, source_address
from bot.sources.discovery.links import FeedLink, Where, robots_of, sitemaps_of, usual_places
from bot.sources.feeds.model import Document, DocumentKind, Item, Unreadable, sort_time
from bot.sources.feeds.sniff import decode
from bot.sources.fetch.problems import NOTHING_SPENT, FetchError, Problem, Spent
from bot.sources.fetch.response import problem_of
from bot.sources.fetch.source import (
    Fetches,
    FetchRequest,
    FetchResult,
    ReadsDocuments,
    fetch_source,
    is_news_sitemap,
)
from bot.sources.hosts import shown_url
from bot.sources.limits import (
    DISCOVERY_SECONDS,
    LOOKUP_SECONDS,
    MAX_FEEDS_READ,
    MAX_LOOKUP_BYTES,
    MAX_OFFERED_FEEDS,
    MAX_ROBOTS_BYTES,
    MAX_ROBOTS_SITEMAPS,
)
from bot.sources.sites import SiteLink, site_link
from bot.sources.urls import canonical_url, without_login

_SAME_SHARE = 0.8  # of the links
_COMPARED = 100  # entries
MAX_LATEST: Final = 3  # titles of a channel, by which users recognize it


class ReadsLinks(ReadsDocuments, Protocol):
    async def links(
        self, data: bytes, /, *, url: str, content_type: str = ""
    ) -> Sequence[FeedLink] | None: ...


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed, sitemap or channel that was read; `newest` is None if no entry has a date.

    `latest`, `description`: titles of the newest posts of a channel, and what it says about itself.
    """

    url: str
    title: str
    kind: DocumentKind = DocumentKind.FEED
    entries: int = 0
    newest: datetime | date | None = None
    where: Where = Where.HERE
    result: FetchResult = field(default_factory=FetchResult)
    latest: tuple[str, ...] = ()
    description: str = ""

    @property
    def tells_news(self) -> bool:
        """Return False for a plain sitemap, which only lists pages."""
        return self.kind is DocumentKind.FEED or any(item.title for item in self._items)

    @property
    def links(self) -> frozenset[str]:
        return frozenset(canonical_url(item.url) for item in self._items[:_COMPARED] if item.url)

    @property
    def _items(self) -> tuple[Item, ...]:
        return self.result.document.items if self.result.document else ()

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "title": self.title,
            "kind": str(self.kind),
            "entries": self.entries,
            "newest": self.newest.isoformat() if self.newest else None,
            "where": str(self.where),
        }


@dataclass(frozen=True, slots=True)
class DiscoveryResult:
    """`result`: the fetch of the address itself. `unread`: links that may be feeds too.

    `spent`: the cost of the requests that a rule of a site took.
    """

    result: FetchResult
    feeds: tuple[FoundFeed, ...] = ()
    unread: tuple[FeedLink, ...] = ()
    is_page: bool = False
    spent: Spent = NOTHING_SPENT


async def discover(
    fetcher: Fetches,
    reader: ReadsLinks,
    url: str,
    *,
    inside: bool,
    public: bool,
    result: FetchResult | None = None,
    thorough: bool = False,
    patience_seconds: float = DISCOVERY_SECONDS,
) -> DiscoveryResult:
    """Look for feeds at *url*; *result*: a fresh fetch of it, if there is one.

    *inside* and *public*: see `Fetcher.fetch`. *thorough*: also read the page's links, and news
    sitemaps, even if the page declares feeds. After *patience_seconds*, return the feeds found so
    far.
    """
    url = source_address(url)
    if result is None:
        known = await feeds_by_rule(
            fetcher, reader, url, inside=inside, public=public, patience_seconds=patience_seconds
        )
        if known.feeds:
            return known
        request = FetchRequest(url, inside=inside, public=public)
        result = await fetch_source(fetcher, reader, request)
    if feed := found_feed(FeedLink(result.address_of(url), where=Where.HERE), result):
        return DiscoveryResult(result, (feed,))
    is_of_telegram = preview_page(url) is not None
    links = None if is_of_telegram else await _links_on(result, reader)
    if links is None or result.response is None:
        return DiscoveryResult(result)
    search = _SiteSearch(fetcher, reader, inside=result.own_network, public=public)
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_seconds):
            await search.run(links, result.response.url, thorough=thorough)
    return DiscoveryResult(result, tuple(search.feeds), tuple(search.unread), is_page=True)


async def feeds_by_rule(
    fetcher: Fetches,
    reader: ReadsLinks,
    url: str,
    *,
    inside: bool,
    public: bool,
    most: int = MAX_OFFERED_FEEDS,
    patience_seconds: float = DISCOVERY_SECONDS,
) -> DiscoveryResult:
    """Read the feeds that a rule of `sites.toml` knows for *url*, without a request to it.

    The result has no feeds if there is no such rule, or if none of its feeds can be read: then the
    site must be searched. *most*: stop after so many feeds.
    """
    search = _SiteSearch(fetcher, reader, inside=inside, public=public)
    if link := site_link(url):
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                await search.follow(link, most)
    found = DiscoveryResult(FetchResult(), spent=search.spent)
    if not search.feeds:
        return found
    first, *others = sorted(search.feeds, key=lambda feed: not feed.entries)  # empty ones last
    # The first feed carries the cost of all requests.
    first = replace(first, result=replace(first.result, spent=search.spent))
    return replace(found, feeds=(first, *others), unread=tuple(search.unread), is_page=True)


async def _links_on(result: FetchResult, reader: ReadsLinks) -> Sequence[FeedLink] | None:
    """Return the links to feeds on the page that was fetched; None if it is no page."""
    response = result.response
    if response is None or problem_of(response):
        return None
    try:
        return await reader.links(
            response.body, url=response.url, content_type=response.content_type
        )
    except Unreadable:
        return None


@dataclass(slots=True)
class _SiteSearch:
    """One search of a site; it keeps what it has found if it is cancelled."""

    fetcher: Fetches
    reader: ReadsLinks
    inside: bool
    public: bool
    feeds: list[FoundFeed] = field(default_factory=list)
    unread: list[FeedLink] = field(default_factory=list)
    spent: Spent = NOTHING_SPENT
    _seen: set[str] = field(default_factory=set)

    async def run(self, links: Sequence[FeedLink], url: str, *, thorough: bool) -> None:
        await self._read([link for link in links if link.where is Where.NAMED])
        if thorough or not self.feeds:
            await self._read([link for link in links if link.where is Where.LINKED])
        if not self.feeds:
            await self._read_first(usual_places(url))
        if thorough or not self.feeds:
            await self._read_sitemaps(await self._sitemaps(url))

    async def follow(self, link: SiteLink, most: int) -> None:
        """Read the feeds of a known link, until *most* are read or the host does not respond."""
        completed = await self._completed(link) if link.lookup else link
        if completed is None:
            return
        self.unread += [FeedLink(url, where=Where.RULE) for url in completed.feeds]
        while self.unread and len(self.feeds) < most:
            feed_link = self.unread[0]
            result = await self._fetch(feed_link)
            self.unread.remove(feed_link)
            self.spent += result.spent
            if feed := found_feed(feed_link, result):
                self.feeds.append(feed)
            if result.response is None:
                self.unread.clear()

    async def _completed(self, link: SiteLink) -> SiteLink | None:
        """Read the document that a link's rule looks up; None if it lacks the value."""
        if link.lookup is None:
            return link
        try:
            response = await self.fetcher.fetch(
                link.lookup.url, inside=self.inside, public=self.public
            )
        except FetchError as error:
            self.spent += error.spent
            return None
        self.spent += response.spent
        if problem_of(response):
            return None
        self.inside = response.own_network  # it names an address on any host
        body, kind = response.body, response.content_type
        # In a thread, because a page may have megabytes.
        return await asyncio.to_thread(_completed_by, link, body, kind)

    async def _read(self, links: Sequence[FeedLink], limit: int = MAX_FEEDS_READ) -> None:
        waiting = deque(self._new(links))
        for _ in range(limit):
            if not waiting:
                return
            link = waiting.popleft()
            result = await self._fetch(link)
            self.unread.remove(link)
            feed = found_feed(link, result)
            if feed and not any(is_same_feed(feed, other) for other in self.feeds):
                self.feeds.append(feed)
            if link.where is Where.LINKED:
                # A link that looked like a feed may lead to a page with a list of feeds.
                listed = await _links_on(result, self.reader) or ()
                waiting += self._new(replace(each, where=Where.LISTED) for each in listed)

    def _new(self, links: Iterable[FeedLink]) -> list[FeedLink]:
        """Return the *links* that are new, and note them as unread."""
        by_url = {canonical_url(link.url): link for link in links}
        new = [link for url, link in by_url.items() if url not in self._seen]
        self._seen |= by_url.keys()
        self.unread += new
        return new

    async def _read_first(self, links: Sequence[FeedLink]) -> None:
        """Read *links* until the first feed, or until the host does not respond."""
        for link in links:
            result = await self._fetch(link)
            if feed := found_feed(link, result):
                self.feeds.append(feed)
            if feed or result.response is None:
                return

    async def _read_sitemaps(self, links: Sequence[FeedLink]) -> None:
        """Read sitemaps; if there are feeds, only news sitemaps, because others add nothing."""
        for_news = [link for link in links if is_news_sitemap(link.url)]
        await self._read(for_news if self.feeds else links, MAX_ROBOTS_SITEMAPS)

    async def _fetch(self, link: FeedLink) -> FetchResult:
        request = FetchRequest(link.url, inside=self.inside, public=self.public)
        return await fetch_source(self.fetcher, self.reader, request)

    async def _sitemaps(self, url: str) -> Sequence[FeedLink]:
        try:
            response = await self.fetcher.fetch(
                robots_of(url), inside=self.inside, public=self.public
            )
        except FetchError:
            return ()
        if problem_of(response):
            return ()
        robots = decode(response.body[:MAX_ROBOTS_BYTES], response.content_type)
        return sitemaps_of(robots, response.url)


def _completed_by(link: SiteLink, body: bytes, content_type: str) -> SiteLink | None:
    return link.completed(decode(body[:MAX_LOOKUP_BYTES], content_type))


def is_list(result: FetchResult) -> bool:
    """Return whether *result* has a list of entries that chats can follow."""
    return result.document is not None and result.document.kind.is_list


def found_feed(link: FeedLink, result: FetchResult) -> FoundFeed | None:
    """Return the feed or sitemap that was read at *link*; None if it is neither."""
    document = result.document
    if document is None or not is_list(result):
        return None
    dated = [item for item in document.items if item.published]
    return FoundFeed(
        url=result.address_of(link.url),
        title=document.title or link.name,
        kind=document.kind,
        entries=len(document.items),
        newest=max(dated, key=sort_time).published if dated else None,
        where=link.where,
        result=result,
        latest=_latest(document),
        description=document.description,
    )


def _latest(document: Document) -> tuple[str, ...]:
    if document.kind is not DocumentKind.CHANNEL:
        return ()
    return tuple(item.title for item in document.items[:MAX_LATEST])


def is_same_feed(one: FoundFeed, other: FoundFeed) -> bool:
    """Return whether both are the same feed, in two formats such as RSS and Atom."""
    if canonical_url(one.url) == canonical_url(other.url):
        return True
    lengths = sorted((len(one.links), len(other.links)))
    # A section's feed too shares its links with the main one, but has another title.
    of = lengths[0] if one.title == other.title else lengths[1]
    return of > 0 and len(one.links & other.links) >= _SAME_SHARE * of


# Look up an address that a user typed or forwarded: a feed, a site with feeds, or an article.

# Letters of text, a Han character for three of them; a front page gives less, or some teasers.
_MIN_ARTICLE: Final = 300


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The feeds at *url*, or the article of its page. If neither, `problem` may say why.

    `is_feed`: *url* is the feed itself.
    """

    url: str
    feeds: tuple[FoundFeed, ...] = ()
    is_feed: bool = False
    title: str = ""
    text: str = ""
    problem: Problem | None = None


SAMPLE_CHANNELS: Final = "sample_"


@dataclass(frozen=True, slots=True)
class SampleSite:
    """The newsroom of a playground: the only private address that users' links may lead to.

    *url*: such as `http://127.0.0.1:8081/news/`. *every*: how often its feeds are read.
    """

    url: str
    every: timedelta

    def address(self, url: str) -> str:
        """Return *url* with the number of the host, because its page may be open by its name.

        The newsroom also serves the channels whose names begin with `sample_`.
        """
        name = channel_name(url)
        if name.startswith(SAMPLE_CHANNELS):
            return f"{self.url}t.me/s/{name}"
        return url.replace("//localhost:", "//127.0.0.1:", 1)

    def has(self, url: str) -> bool:
        try:
            return str(URL(url)).startswith(self.url)  # without dot segments
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class LinkLookup:
    """Looks up links; it stores nothing and reaches nothing in the operator's network.

    *newsroom*: the exception, of the playground alone.
    """

    fetcher: Fetches
    reader: ReadsLinks
    newsroom: SampleSite | None = None

    async def look(self, url: str) -> LookupResult:
        url = self._address(url)
        known = await feeds_by_rule(
            self.fetcher,
            self.reader,
            url,
            inside=self._is_newsroom(url),
            public=False,
            patience_seconds=LOOKUP_SECONDS,
        )
        if known.feeds:
            return LookupResult(url, _offers(known.feeds))
        request = FetchRequest(url, inside=self._is_newsroom(url), public=False)
        result = await fetch_source(self.fetcher, self.reader, request)
        if feed := found_feed(FeedLink(result.address_of(url), where=Where.HERE), result):
            return LookupResult(url, _offers([feed]), is_feed=True)
        if item := _article(url, result):
            return LookupResult(url, title=item.title, text=item.text)
        return await self._feeds_of(url, result)

    async def feeds_of(self, url: str) -> LookupResult:
        """Look for the feeds of the site, and ignore an article at *url*."""
        return await self._feeds_of(self._address(url))

    async def _feeds_of(self, url: str, result: FetchResult | None = None) -> LookupResult:
        found = await discover(
            self.fetcher,
            self.reader,
            url,
            result=result,
            inside=self._is_newsroom(url),
            public=False,
            patience_seconds=LOOKUP_SECONDS,
        )
        feeds = _offers(feed for feed in found.feeds if feed.tells_news)
        problem = None if feeds or found.is_page else found.result.problem
        return LookupResult(url, feeds, problem=problem)

    def _address(self, typed: str) -> str:
        url = without_login(source_address(typed))
        return self.newsroom.address(url) if self.newsroom else url

    def _is_newsroom(self, url: str) -> bool:
        return self.newsroom is not None and self.newsroom.has(url)


def _article(url: str, result: FetchResult) -> Item | None:
    """Return the one article of a page that is no front page."""
    document = result.document
    if document is None or document.kind is not DocumentKind.PAGE or not document.items:
        return None
    item, parts = document.items[0], urlsplit(url)
    is_front = not parts.path.strip("/") and not parts.query
    return item if item.title and not is_front and _letters(item.text) >= _MIN_ARTICLE else None


def _letters(text: str) -> int:
    return len(text) + 2 * sum(east_asian_width(character) in "WF" for character in text)


def _offers(feeds: Iterable[FoundFeed]) -> tuple[FoundFeed, ...]:
    """Return a few of *feeds*, without the documents that were read."""
    offers = [
        replace(feed, title=feed.title or shown_url(feed.url), result=FetchResult())
        for feed in feeds
    ]
    return tuple(offers[:MAX_OFFERED_FEEDS])
