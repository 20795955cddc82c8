"""What an article has of given queries, and why: the exact matcher's word, without an index."""

from collections.abc import Mapping, Sequence

from bot.matching.evaluation import FoldedArticle, article_folded, reasons
from bot.matching.query import Query
from bot.matching.slices import Slices, finished
from bot.matching.windows import learned
from storage.articles import Article, UnmatchedArticle
from storage.queries import MatchFound


def matches_found(
    article: Article, queries: Mapping[int, Query], sources: Sequence[str] = ()
) -> list[MatchFound]:
    """One for each of the queries, by id, that matches *article*, with the reason."""
    return finished(finding(article, queries, sources))


def finding(
    article: Article | UnmatchedArticle,
    queries: Mapping[int, Query],
    sources: Sequence[str] = (),
    folded: FoldedArticle | None = None,
) -> Slices[list[MatchFound]]:
    """`matches_found` in slices; *folded* is the article, where it was folded already."""
    if article.id is None or not queries:
        return []
    folded = folded or (yield from folded_for(article, sources))
    yield from learned(folded, (query.tree for query in queries.values()))
    found = []
    for query_id in sorted(queries):
        if why := reasons(queries[query_id].tree, folded):
            words = list(why.words)
            found.append(MatchFound(article.id, query_id, words, why.in_title, article.news_at))
        yield
    return found


def folded_for(
    article: Article | UnmatchedArticle, sources: Sequence[str]
) -> Slices[FoldedArticle]:
    language = article.language or None
    return article_folded(article.title, article.text, sources=sources, language=language)
