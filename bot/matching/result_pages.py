"""Pages of search results: of all stored stories, and inline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.matching.candidates import SearchLimits
from bot.matching.hits import SearchHit, hits_of
from bot.matching.query import ParsedQuery
from bot.matching.search import find_stories
from bot.text.snippets import snippet
from storage.db.engine import Storage
from storage.matches import FoundStory, newest_public_stories
from storage.publishers import first_publisher_names
from storage.search import Candidate, candidate_by_id

PER_PAGE: Final = 5  # of the archive
INLINE_PAGE: Final = 10
INLINE_DEEPEST: Final = 50  # stories that can be paged through
COUNTED: Final = 200  # articles evaluated for the count of a page's query
_ARCHIVE_SNIPPET: Final = 120  # about a line
_INLINE_REACH: Final = timedelta(days=30)
_INLINE_ARTICLES: Final = 5  # evaluated for each story, because a user waits at each letter


@dataclass(frozen=True, slots=True)
class PagePosition:
    """The page after the article *article_id*, or before it if *newer*; 0 for the first page.

    Articles that are stored meanwhile shift no page, because they come before the first.
    """

    article_id: int = 0
    newer: bool = False


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """Some of *count* stories. *first*: the rank of the first hit, from 1.

    *is_more*: *count* is a minimum. *newer*, *older*: the neighbouring pages, None if there is
    none.
    """

    hits: Sequence[SearchHit]
    count: int
    is_more: bool
    first: int
    newer: PagePosition | None
    older: PagePosition | None


@dataclass(frozen=True, slots=True)
class InlinePage:
    hits: tuple[SearchHit, ...]
    is_more: bool


async def archive(
    storage: Storage, query: ParsedQuery, position: PagePosition, *, chat_id: int
) -> ArchivePage:
    """Return a page of all stored stories that *query* finds.

    Evaluates `COUNTED` articles for the count, and more of them only to complete the page.
    """
    anchor = await _anchor(storage, position)

    def is_complete(stories: Sequence[Candidate]) -> bool:
        is_known = anchor is None or any(story.id == anchor.id for story in stories)
        return is_known and _start(stories, anchor, position) + PER_PAGE < len(stories)

    limits = SearchLimits(least=COUNTED)
    found = await find_stories(storage, query, limits, chat_id=chat_id, is_enough=is_complete)
    stories = found.articles
    start = _start(stories, anchor, position)
    page = [article.id for article in stories[start : start + PER_PAGE]]
    end = start + len(page)
    return ArchivePage(
        hits=await hits_of(storage, query, page, _ARCHIVE_SNIPPET, chat_id=chat_id),
        count=len(stories),
        is_more=found.is_more,
        first=start + 1,
        newer=PagePosition(page[0], newer=True) if start and page else None,
        older=PagePosition(page[-1]) if end < len(stories) else None,
    )


async def _anchor(storage: Storage, position: PagePosition) -> Candidate | None:
    """Return the article of *position*; None on the first page, or if the article is gone."""
    if not position.article_id:
        return None
    async with storage.reading() as tx:
        return await candidate_by_id(tx, position.article_id)


def _start(stories: Sequence[Candidate], anchor: Candidate | None, position: PagePosition) -> int:
    """Return the index of the page's first story."""
    if anchor is None:
        return 0
    ids = [story.id for story in stories]
    if anchor.id in ids:
        newer = ids.index(anchor.id)
        behind = newer + 1
    else:  # another article of its story is newer now
        newer = behind = sum(story[:2] > anchor[:2] for story in stories)
    if position.newer:
        return max(newer - PER_PAGE, 0)
    return min(behind, max(len(stories) - 1, 0))


async def find_inline(storage: Storage, query: ParsedQuery, offset: int) -> InlinePage:
    """Return a page of what *query* found, the newest first.

    Every user gets articles of public sources only, because others read the inline results.
    """
    until = min(offset + INLINE_PAGE, INLINE_DEEPEST)
    limits = SearchLimits(_INLINE_REACH, most=until * _INLINE_ARTICLES)
    found = await find_stories(storage, query, limits)
    shown = [article.id for article in found.articles[offset:until]]
    hits = await hits_of(storage, query, shown)
    return InlinePage(hits, until < min(len(found.articles), INLINE_DEEPEST))


async def newest_inline(storage: Storage, chat_id: int, offset: int) -> InlinePage:
    """Return a page of what the chat's topics found in public sources, the newest first."""
    until = min(offset + INLINE_PAGE, INLINE_DEEPEST)
    async with storage.reading() as tx:
        stories = await newest_public_stories(tx, chat_id, until + 1)
        shown = stories[offset:until]
        names = await first_publisher_names(tx, [story.article_id for story in shown])
    hits = tuple(_public_hit(story, names.get(story.article_id, "")) for story in shown)
    return InlinePage(hits, len(stories) > until)


def _public_hit(story: FoundStory, source: str) -> SearchHit:
    return SearchHit(
        article_id=story.article_id,
        title=story.title,
        url=story.url,
        source=source,
        published=story.published_at or story.news_at,
        title_spans=(),
        snippet=snippet(story.text or story.summary, ()),
    )
