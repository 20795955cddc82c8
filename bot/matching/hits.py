"""Search hits: articles as a search shows them, with the matched words and a snippet."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from bot.matching.query import ParsedQuery
from bot.matching.spans import spans
from bot.text.snippets import Snippet, bold_ranges, snippet
from bot.text.tracing import Place
from storage.articles import Article, articles_by_id
from storage.db.engine import Storage
from storage.publishers import first_publisher_names

SNIPPET: Final = 240  # characters
_AT_ONCE: Final = 20_000  # characters that are folded and traced at once; longer texts in a thread


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One article. The spans of its title and the bold ranges of its snippet are matched words."""

    article_id: int
    title: str
    url: str
    source: str
    published: datetime | date
    title_spans: tuple[Place, ...]
    snippet: Snippet


async def hits_of(
    storage: Storage,
    query: ParsedQuery,
    article_ids: Sequence[int],
    length: int = SNIPPET,
    *,
    chat_id: int | None = None,
) -> tuple[SearchHit, ...]:
    """Return the articles that still exist as hits, the newest first.

    *length*: the maximum number of characters of a snippet.
    """
    if not article_ids:
        return ()
    async with storage.reading() as tx:
        articles = await articles_by_id(tx, article_ids)
        names = await first_publisher_names(tx, article_ids, chat_id)
    return tuple(
        [await _hit(query, article, names.get(article.id, ""), length) for article in articles]
    )


async def _hit(query: ParsedQuery, article: Article, source: str, length: int) -> SearchHit:
    if len(article.text) > _AT_ONCE:
        return await asyncio.to_thread(_made, query, article, source, length)
    await asyncio.sleep(0)  # the event loop's turn
    return _made(query, article, source, length)


def _made(query: ParsedQuery, article: Article, source: str, length: int) -> SearchHit:
    found = spans(query, article.title, article.text)
    return SearchHit(
        article_id=article.id,
        title=article.title,
        url=article.url,
        source=source,
        published=article.published_at or article.published_on or article.news_at,
        title_spans=bold_ranges(span for span in found if span.field == "title"),
        snippet=snippet(article.text, found, length),
    )
