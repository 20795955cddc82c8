"""Searching all stored articles, page by page, the newest first.

A page is named by the article it begins behind: what came meanwhile stands before the first page,
and moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.matching.preview import Hit, Preview
from bot.matching.query import Query
from storage.articles import Article
from storage.search import articles_of

PER_PAGE = 5
_LENGTH = 120  # characters of a snippet, about a line


@dataclass(frozen=True, slots=True)
class Place:
    """The page behind the article *article_id*, or before it if *newer*; the first for 0."""

    article_id: int = 0
    newer: bool = False


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Some of *count* stories, at least so many if *is_more*; *first* is the place of the first.

    *newer* and *older* are the neighbouring pages, None where there is none.
    """

    hits: Sequence[Hit]
    count: int
    is_more: bool
    first: int
    newer: Place | None
    older: Place | None


@dataclass(frozen=True, slots=True)
class Archive:
    preview: Preview

    async def find(self, query: Query, place: Place, *, chat_id: int) -> FoundPage:
        """Return a page of what *query* finds in what reaches the chat."""
        found = await self.preview.stories_ever(query, chat_id=chat_id)
        stories = found.articles
        start = await self._start(stories, place)
        page = stories[start : start + PER_PAGE]
        end = start + len(page)
        return FoundPage(
            hits=await self.preview.shown(query, page, _LENGTH, chat_id=chat_id),
            count=len(stories),
            is_more=found.is_more,
            first=start + 1,
            newer=Place(page[0].id, newer=True) if start and page else None,
            older=Place(page[-1].id) if end < len(stories) else None,
        )

    async def _start(self, stories: Sequence[Article], place: Place) -> int:
        """Return where the page begins; of an article that is gone it is the first page."""
        async with self.preview.storage.reading() as tx:
            known = await articles_of(tx, [place.article_id])
        if not known:
            return 0
        anchor = _order(known[0])
        if place.newer:
            newer = sum(_order(article) > anchor for article in stories)
            return max(newer - PER_PAGE, 0)
        behind = sum(_order(article) >= anchor for article in stories)
        return min(behind, max(len(stories) - 1, 0))


def _order(article: Article) -> tuple[float, int]:
    return article.news_at.timestamp(), article.id
