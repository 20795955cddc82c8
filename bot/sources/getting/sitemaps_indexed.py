"""The sitemaps behind an index: the few that are likely to hold news, as one document."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.sources.formats.records import Document, Item, Kind, Unreadable
from bot.sources.formats.sitemaps import moment_of, newest
from bot.sources.getting.answers import problem_of
from bot.sources.getting.failures import FetchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sources.getting.visiting import Fetches, Reads

MOST_SITEMAPS = 4  # of an index at one visit
_FRESH = timedelta(days=3)  # behind the newest of them
_NEWS = re.compile(r"(?<![a-z])(?:google)?[-_]?news|(?<![a-z])latest", re.IGNORECASE)


async def gathered(index: Document, fetcher: Fetches, reader: Reads, *, inside: bool) -> Document:
    """Return what the sitemaps of *index* hold; raises `Unreadable` where none can be read.

    They wait for their host's turn like all else. An index within an index is left alone.
    """
    found = []
    for sitemap in chosen(index.items):
        document = await _read(sitemap.url, fetcher, reader, inside=inside)
        if document is not None and document.kind is Kind.SITEMAP:
            found.append(document)
    if not found:
        raise Unreadable("None of the sitemaps that this index names can be read.", "index")
    items = [item for document in found for item in document.items]
    title = next((document.title for document in found if document.title), "")
    return Document(Kind.SITEMAP, title, index.url, found[0].language, newest(items))


def chosen(sitemaps: Sequence[Item]) -> list[Item]:
    """Those for news by their address if there are any, the newest first, and none much older."""
    news = [one for one in sitemaps if is_for_news(one.url)]
    ordered = sorted(news or sitemaps, key=moment_of, reverse=True)[:MOST_SITEMAPS]
    dated = [moment_of(one) for one in ordered if one.published]
    return [one for one in ordered if not one.published or moment_of(one) > max(dated) - _FRESH]


def is_for_news(url: str) -> bool:
    """Whether the address of a sitemap says so; its host may be called anything."""
    return bool(_NEWS.search(url.partition("://")[2].partition("/")[2]))


def tells_changes(index: Document) -> bool:
    """Whether an index that has not changed says that its sitemaps have not either."""
    return all(sitemap.published for sitemap in chosen(index.items))


async def _read(url: str, fetcher: Fetches, reader: Reads, *, inside: bool) -> Document | None:
    try:
        answer = await fetcher.fetch(url, inside=inside)
        if problem_of(answer):
            return None
        return await reader.read(answer.body, url=answer.url, content_type=answer.content_type)
    except (FetchError, Unreadable):
        return None
