"""Fetches a source: requests it, judges the response and reads what is new. Stores nothing.

A sitemap index stands for the few sitemaps behind it that are likely to hold news. The page of a
channel stands for the older pages too that reach down to the last read.
"""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.sources.channels.addresses import problem_with_address
from bot.sources.channels.gaps import (
    MAX_OLDER_PAGES,
    count_skipped,
    hash_of_posts,
    newest_known,
    older_page,
    with_older,
)
from bot.sources.feeds.body_hash import hash_of
from bot.sources.feeds.model import (
    AS_USUAL,
    Document,
    DocumentKind,
    Item,
    ReadingRules,
    Unreadable,
    sort_time,
)
from bot.sources.feeds.sitemap import newest
from bot.sources.fetch.problems import (
    NOTHING_SPENT,
    FetchError,
    HostPaused,
    Problem,
    ProblemCode,
    ProblemKind,
    Spent,
)
from bot.sources.fetch.response import Response, login_page, problem_from_error, problem_of
from bot.sources.limits import MAX_SITEMAPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sources.credentials import Credentials

_FRESH = timedelta(days=3)  # behind the newest sitemap
_NEWS = re.compile(r"(?<![a-z])(?:google)?[-_]?news|(?<![a-z])latest", re.IGNORECASE)


class Fetches(Protocol):
    async def fetch(
        self,
        url: str,
        *,
        inside: bool,
        public: bool,
        etag: str | None = None,
        last_modified: str | None = None,
        access: Credentials | None = None,
    ) -> Response: ...


class ReadsDocuments(Protocol):
    async def read(
        self,
        data: bytes,
        /,
        *,
        url: str,
        public: bool,
        content_type: str = "",
        known: bytes = ...,
        rules: ReadingRules = ...,
    ) -> Document: ...


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """The validators and `body_hash` are those of the last response.

    `inside` and `public`: see `Fetcher.fetch`. `known`: the entries of the last read, as
    `pack_seen` returns them. `rules`: those of the source.
    """

    url: str
    _: KW_ONLY
    inside: bool
    public: bool
    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None
    known: bytes = b""
    rules: ReadingRules = AS_USUAL


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The result of a fetch. Without `document` and `problem`, the source is unchanged.

    `spent`: the cost of all requests of the fetch, also of a failed one. `failed_host`: the host
    that did not respond; "" if it did, if no request was sent, or in the operator's own network.
    """

    response: Response | None = None
    body_hash: str | None = None
    document: Document | None = None
    problem: Problem | None = None
    wait: timedelta | None = None  # no request was sent, because its host asked for a pause
    spent: Spent = NOTHING_SPENT
    failed_host: str = ""

    @property
    def own_network(self) -> bool:
        return self.response is not None and self.response.own_network

    def address_of(self, url: str) -> str:
        """Return where *url* has moved permanently, else *url*, for a source not stored yet."""
        return (self.response and self.response.moved_permanently_to) or url


async def fetch_source(
    fetcher: Fetches, reader: ReadsDocuments, request: FetchRequest
) -> FetchResult:
    if code := problem_with_address(request.url):
        return FetchResult(problem=Problem(code))
    try:
        response = await fetcher.fetch(
            request.url,
            inside=request.inside,
            public=request.public,
            etag=request.etag,
            last_modified=request.last_modified,
        )
    except FetchError as error:
        wait = error.left if isinstance(error, HostPaused) else None
        return FetchResult(
            problem=problem_from_error(error),
            wait=wait,
            spent=error.spent,
            failed_host="" if wait else error.host,
        )
    result = await _judged(fetcher, reader, request, response)
    return replace(result, spent=response.spent + result.spent)


async def _judged(
    fetcher: Fetches, reader: ReadsDocuments, request: FetchRequest, response: Response
) -> FetchResult:
    """Read *response* if it is new; `spent` of the result covers further requests only."""
    problem = problem_of(response) or login_page(response, asked=request.url)
    if problem or response.not_modified:
        return FetchResult(response, request.body_hash, problem=problem)
    body_hash = hash_of(response.body)
    if body_hash == request.body_hash:
        return FetchResult(response, body_hash)
    return await _read(fetcher, reader, request, response, body_hash)


async def _read(
    fetcher: Fetches,
    reader: ReadsDocuments,
    request: FetchRequest,
    response: Response,
    body_hash: str,
) -> FetchResult:
    try:
        document = await reader.read(
            response.body,
            url=response.url,
            public=request.public,
            content_type=response.content_type,
            known=request.known,
            rules=request.rules,
        )
    except Unreadable as error:
        return FetchResult(response, body_hash, problem=problem_from_error(error))
    if document.kind is DocumentKind.CHANNEL:
        return await _read_channel(document, fetcher, reader, request, response)
    if document.kind is not DocumentKind.INDEX:
        return FetchResult(response, body_hash, document)
    listed, spent = await _read_sitemaps(
        document, fetcher, reader, request, inside=response.own_network
    )
    if listed is None:
        none = Unreadable("None of the sitemaps that this index names can be read.", "index")
        return FetchResult(response, body_hash, problem=problem_from_error(none), spent=spent)
    if all(sitemap.published for sitemap in choose_sitemaps(document.items)):
        return FetchResult(response, body_hash, listed, spent=spent)
    # An index may stay the same while its sitemaps change, so they are read next time in any case.
    return FetchResult(replace(response, etag=None, last_modified=None), None, listed, spent=spent)


_PASSING = frozenset({ProblemKind.BUSY, ProblemKind.SERVER})


async def _read_channel(
    newest: Document,
    fetcher: Fetches,
    reader: ReadsDocuments,
    request: FetchRequest,
    response: Response,
) -> FetchResult:
    """Add the older posts that were missed since the last read, from a few older pages at most.

    The page shows counters, which change all the time, so the posts are hashed instead of the body.
    If a host is too busy for an older page, there is no hash, and the next read tries again.
    """
    hashed = hash_of_posts(newest)
    if hashed == request.body_hash:
        return FetchResult(response, hashed)
    known = newest_known(request.known)
    filled = await _fill_gap(newest, known, fetcher, reader, request, response)
    document = filled.document or newest
    if filled.body_hash is None:
        return replace(filled, document=document)
    left_out = count_skipped(document, known)
    return replace(filled, body_hash=hashed, document=replace(document, left_out=left_out))


async def _fill_gap(
    document: Document,
    known: int,
    fetcher: Fetches,
    reader: ReadsDocuments,
    request: FetchRequest,
    response: Response,
) -> FetchResult:
    """Return *document* with the posts of older pages; no hash if the host was too busy for one."""
    spent = NOTHING_SPENT
    for _ in range(MAX_OLDER_PAGES):
        if not (url := older_page(response.url, document, known)):
            break
        try:
            older = await fetcher.fetch(url, inside=response.own_network, public=request.public)
            spent += older.spent
            if problem := problem_of(older):
                asking = _also_asking_to_wait(response, older)
                hashed = None if problem.kind in _PASSING else ""
                return FetchResult(asking, hashed, document, spent=spent)
            found = await reader.read(
                older.body, url=older.url, public=request.public, content_type=older.content_type
            )
        except FetchError as error:
            return FetchResult(response, None, document, spent=spent + error.spent)
        except Unreadable:
            break
        more = with_older(document, found)
        if len(more.items) == len(document.items):
            break
        document = more
    return FetchResult(response, "", document, spent=spent)


def _also_asking_to_wait(response: Response, other: Response) -> Response:
    """Return *response* with the `Retry-After` of the *other* one."""
    asked = {name: text for name, text in other.headers.items() if name == "retry-after"}
    return replace(response, headers={**response.headers, **asked})


async def _read_sitemaps(
    index: Document,
    fetcher: Fetches,
    reader: ReadsDocuments,
    request: FetchRequest,
    *,
    inside: bool,
) -> tuple[Document | None, Spent]:
    """Return the entries of the chosen sitemaps, None if none can be read, and the cost.

    An index within an index is skipped. After a time-out the remaining sitemaps are skipped too,
    because they are mostly on the same host.
    """
    found, spent, public = [], NOTHING_SPENT, request.public
    for sitemap in choose_sitemaps(index.items):
        try:
            response = await fetcher.fetch(sitemap.url, inside=inside, public=public)
            spent += response.spent
            if problem_of(response):
                continue
            document = await reader.read(
                response.body,
                url=response.url,
                public=public,
                content_type=response.content_type,
                rules=request.rules,
            )
        except FetchError as error:
            spent += error.spent
            if error.problem.code is ProblemCode.TIMED_OUT:
                break
            continue
        except Unreadable:
            continue
        if document.kind is DocumentKind.SITEMAP:
            found.append(document)
    if not found:
        return None, spent
    items = [item for document in found for item in document.items]
    title = next((document.title for document in found if document.title), "")
    listed = Document(DocumentKind.SITEMAP, title, index.url, found[0].language, newest(items))
    return listed, spent


def choose_sitemaps(sitemaps: Sequence[Item]) -> list[Item]:
    """Return the newest sitemaps, without much older ones; only news sitemaps if there are any."""
    news = [sitemap for sitemap in sitemaps if is_news_sitemap(sitemap.url)]
    ordered = sorted(news or sitemaps, key=sort_time, reverse=True)[:MAX_SITEMAPS]
    dated = [sort_time(sitemap) for sitemap in ordered if sitemap.published]
    return [
        sitemap
        for sitemap in ordered
        if not sitemap.published or sort_time(sitemap) > max(dated) - _FRESH
    ]


def is_news_sitemap(url: str) -> bool:
    """Return whether the path of a sitemap's *url* says that it is for news; ignore the host."""
    return bool(_NEWS.search(url.partition("://")[2].partition("/")[2]))
