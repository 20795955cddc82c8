"""Matches articles with the stored queries, and tells which words of an article matched."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from bot.matching.evaluate import Field, FoldedArticle, article_folded, learned, reasons
from bot.matching.query.fields import language_code, source_keys
from bot.slices import Slices, finished, in_turns
from bot.text.folding import PIECE, FoldedForms
from storage.articles import PUBLIC
from storage.matches import MatchFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bot.matching.index import QueryIndex
    from bot.matching.index_sync import IndexSync
    from bot.matching.query import ParsedQuery
    from storage.articles import NewArticle
    from storage.search import SearchedArticle


Wanted: TypeAlias = "Mapping[int, Collection[int]]"
"""The queries of the followers of each private source, which its articles may match, by scope."""


async def matches_of_new(
    sync: IndexSync,
    articles: Sequence[NewArticle],
    names: Mapping[int, Sequence[str]],
    wanted: Wanted,
) -> list[MatchFound]:
    """Return the matches of all stored queries that *sync* has seen.

    *names*: the hosts and names of the publishers, by the article's id.
    """
    hits = await in_turns(_hits(sync.index, articles, names, wanted))
    queries = await sync.queries(set[int]().union(*(hit.query_ids for hit in hits)))
    return await in_turns(_matches_of(hits, queries))


class _Hit(NamedTuple):
    article: NewArticle
    query_ids: set[int]
    sources: Sequence[str]
    folded: FoldedArticle | None  # None for a long article, to save memory


def _hits(
    index: QueryIndex,
    articles: Iterable[NewArticle],
    names: Mapping[int, Sequence[str]],
    wanted: Wanted,
) -> Slices[list[_Hit]]:
    """Return the articles that any query matches, with the ids of these queries."""
    hits = []
    for article in articles:
        is_private = article.scope_id != PUBLIC
        if is_private and not wanted.get(article.scope_id):
            continue
        sources = names.get(article.id, ())
        folded = yield from _folded_new(article, sources)
        query_ids = yield from index.matching(folded)
        if is_private:
            query_ids = query_ids.intersection(wanted[article.scope_id])
        if query_ids:
            kept = None if folded.text_field.parts else folded
            hits.append(_Hit(article, query_ids, sources, kept))
    return hits


def _matches_of(
    hits: Iterable[_Hit], queries: Mapping[int, ParsedQuery]
) -> Slices[list[MatchFound]]:
    found: list[MatchFound] = []
    for hit in hits:
        wanted = {number: queries[number] for number in hit.query_ids if number in queries}
        folded = hit.folded or (yield from _folded_new(hit.article, hit.sources))
        found += yield from _matches_in(hit.article, wanted, folded)
    return found


def matches_found(
    article: SearchedArticle, folded: FoldedArticle, queries: Mapping[int, ParsedQuery]
) -> list[MatchFound]:
    """Return a match, with its reason, for each of *queries* (by id) that matches *article*."""
    return finished(_matches_in(article, queries, folded))


def _matches_in(
    article: SearchedArticle | NewArticle, queries: Mapping[int, ParsedQuery], folded: FoldedArticle
) -> Slices[list[MatchFound]]:
    yield from learned(folded, (query.tree for query in queries.values()))
    found = []
    for query_id in sorted(queries):
        if why := reasons(queries[query_id].tree, folded):
            words = list(why.words)
            found.append(MatchFound(article.id, query_id, words, why.in_title, article.news_at))
        yield
    return found


def _folded_new(article: NewArticle, sources: Sequence[str]) -> Slices[FoldedArticle]:
    """Return the article with its stored folded text; fold a long text again, part by part."""
    if len(article.text) > PIECE or not article.folded_text:
        language = article.language or None
        return (
            yield from article_folded(
                article.title,
                article.text,
                sources=sources,
                language=language,
                labels=article.folded_labels,
            )
        )
    return FoldedArticle(
        Field(article.title, FoldedForms.of_stored(article.folded_title)),
        Field(article.text, FoldedForms.of_stored(article.folded_text)),
        source_keys(sources),
        language_code(article.language),
        article.folded_labels,
    )
