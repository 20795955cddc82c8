"""Matches stored articles with the queries of a new topic, and of a chat that follows a source."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from bot.matching.candidates import Work, evaluate
from bot.matching.evaluate import FoldedArticle
from bot.matching.index_expression import index_expression
from bot.matching.match import matches_found
from bot.matching.query import ParsedQuery
from bot.matching.query.canonical import read_back
from bot.slices import finished
from storage.db.engine import Storage
from storage.feeds_followed import articles_of_feed, queries_of_chats
from storage.matches import MatchFound, store_matches
from storage.queries import queries_by_id
from storage.search import ArticleSearch, SearchedArticle, search_articles

MOST_FILLED: Final = 10_000  # articles that a new query is matched with
MOST_OF_A_FEED: Final = 2_000  # articles, as many as the first read of a source may bring
FEED_REACH: Final = timedelta(days=15)  # the longest that a digest reaches back


async def backfill(
    storage: Storage, query_id: int, query: ParsedQuery, since: datetime, *, chat_id: int | None
) -> int:
    """Store the matches of a new query with articles since *since*; return their number.

    Only articles that reach the chat count (None: only those that reach all chats), because a
    private article is matched with the queries of its followers alone.
    """

    def matched(article: SearchedArticle, folded: FoldedArticle) -> list[MatchFound]:
        return matches_found(article, folded, {query_id: query})

    wanted = ArticleSearch(index_expression(storage.dialect, query.tree), since, chat_id)
    async with storage.reading_in_transaction() as tx:
        ids = await search_articles(tx, wanted, limit=MOST_FILLED)
    return await _fill(storage, [query], ids, matched)


async def backfill_feed(storage: Storage, chat_id: int, source_id: int) -> int:
    """Store the matches of a chat's queries with the stored articles of a private source.

    Call this when a chat begins to follow the source; nobody needed these matches before. Up to
    `MOST_OF_A_FEED` articles of the last `FEED_REACH` are matched, as after a first read.
    """
    from bot.matching.index import QueryIndex  # noqa: PLC0415 - numpy, which few roles need

    async with storage.reading() as tx:
        ids = await articles_of_feed(tx, source_id, tx.now - FEED_REACH, MOST_OF_A_FEED)
        wanted = await queries_of_chats(tx, [chat_id]) if ids else {}
        canonical = await queries_by_id(tx, wanted.get(chat_id, ()))
    queries = {query_id: read_back(text) for query_id, text in canonical.items()}
    index = QueryIndex()
    for query_id, query in queries.items():
        index.add(query_id, query)

    def matched(article: SearchedArticle, folded: FoldedArticle) -> list[MatchFound]:
        hits = finished(index.matching(folded))
        return matches_found(article, folded, {hit: queries[hit] for hit in hits})

    return await _fill(storage, queries.values(), ids, matched) if queries else 0


async def _fill(
    storage: Storage,
    queries: Iterable[ParsedQuery],
    ids: Sequence[int],
    matched: Work[list[MatchFound]],
) -> int:
    results = await evaluate(storage, queries, ids, matched)
    found = [match for _, some in results for match in some]
    if found:
        async with storage.writing() as tx:
            await store_matches(tx, found)
    return len(found)
