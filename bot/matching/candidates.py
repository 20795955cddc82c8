"""Reads the articles that a query may match, the newest first, and evaluates their folded texts.

Articles are read in portions, until the caller has enough or `MOST_CHARACTERS` are read. The bound
counts work, not time, so that the same articles give the same answer on every machine.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, Generic, TypeAlias, TypeVar

from bot.matching.evaluate import Field, FoldedArticle
from bot.matching.index_expression import index_expression
from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Node, SourceTerm, leaves, terms
from bot.matching.query.fields import language_code, required_fields, source_keys
from bot.text.folding import FoldedForms
from storage.db.engine import Storage
from storage.publishers import searchable_names, sources_named
from storage.search import (
    ArticleSearch,
    Candidate,
    SearchedArticle,
    read_candidates,
    search_articles,
)

MOST_CANDIDATES: Final = 1_000  # articles; the count of a query with more shows as "more than"
MOST_CHARACTERS: Final = 1_200_000  # of folded texts in one search: 400 articles of 3,000
_PORTION: Final = 200  # articles read at a time
_AT_LEAST: Final = 50  # articles evaluated however long they are
_TURN: Final = 0.001  # seconds of work between two turns of the event loop
_AT_ONCE: Final = 20_000  # characters that are evaluated in 2 ms; longer texts go to a thread

Result = TypeVar("Result")
Work: TypeAlias = Callable[[SearchedArticle, FoldedArticle], Result]
Results: TypeAlias = Sequence[tuple[Candidate, Result]]


@dataclass(slots=True)
class Spending:
    """The work that a search has done so far, over all its rounds."""

    articles: int = 0
    characters: int = 0

    def add(self, article: SearchedArticle) -> None:
        self.articles += 1
        self.characters += len(article.folded_title) + len(article.folded_text)

    @property
    def is_all(self) -> bool:
        return self.articles >= _AT_LEAST and self.characters >= MOST_CHARACTERS


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """The limits of a search in candidates.

    *ago*: how old they may be; None: any age. *most*: how many are looked for; None:
    `MOST_CANDIDATES`. *least*: as many are evaluated even if the caller has enough; None: all.
    """

    ago: timedelta | None = None
    most: int | None = None
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluated(Generic[Result]):
    """Articles, the newest first, each with its result.

    Candidates of any age are ordered within each portion, so that evaluating more of them changes
    no rank.

    *is_more*: not all candidates were evaluated. *since*: how far back they were evaluated, which
    is *covered* ago.
    """

    results: Results[Result]
    is_more: bool
    covered: timedelta
    since: datetime


async def evaluate_newest(
    storage: Storage,
    query: ParsedQuery,
    work: Work[Result],
    limits: SearchLimits,
    *,
    chat_id: int | None,
    tree: Node | None = None,
    is_enough: Callable[[Results[Result]], bool] = lambda _: True,
) -> Evaluated[Result]:
    """Do *work* on the newest articles that *query* may match, up to `MOST_CHARACTERS`.

    *tree*: a tree that selects the candidates in place of the query's own.
    """
    most = MOST_CANDIDATES if limits.most is None else limits.most
    least = most if limits.least is None else min(limits.least, most)
    wanted, now = await _articles_wanted(storage, tree or query.tree, limits.ago, chat_id)
    spent = Spending()
    asked = [query] if tree is None else [query, ParsedQuery(tree)]
    results: list[tuple[Candidate, Result]] = []

    def is_done(some: Results[Result]) -> bool:
        return len(results) + len(some) >= least and is_enough([*results, *some])

    # Most searches end after the first candidates. Finding them all takes PostgreSQL much longer.
    # Only candidates of any age come in the order of their ids.
    is_more = True
    for goal in (least, most) if 0 < least < most and limits.ago is None else (most,):
        portion = goal - len(results)
        async with storage.reading_in_transaction() as tx:
            found = await search_articles(tx, wanted, limit=portion + 1)
        some = await evaluate(storage, asked, found[:portion], work, spent=spent, is_enough=is_done)
        is_more = len(some) < len(found)
        is_over = len(some) < portion or is_done(some)
        results += some
        if is_over:
            break
        wanted = replace(wanted, before=found[portion - 1])
    if limits.ago is not None:
        results.sort(key=itemgetter(0), reverse=True)
    oldest = min((candidate.news_at for candidate, _ in results), default=now)
    since = oldest if wanted.since is None or (is_more and results) else wanted.since
    return Evaluated(results, is_more, now - since, since)


async def _articles_wanted(
    storage: Storage, tree: Node, ago: timedelta | None, chat_id: int | None
) -> tuple[ArticleSearch, datetime]:
    """Return the search for the candidates of *tree*, and the time from which *ago* counts."""
    asked = required_fields(tree)

    def is_meant(*source: str) -> bool:
        return asked.source in source_keys(source)

    async with storage.reading() as tx:
        named = await sources_named(tx, is_meant, chat_id) if asked.source else None
        since = None if ago is None else tx.now - ago
        words = index_expression(storage.dialect, tree)
        wanted = ArticleSearch(words, since, chat_id, source_ids=named, language=asked.language)
        return wanted, tx.now


async def evaluate(
    storage: Storage,
    queries: Iterable[ParsedQuery],
    article_ids: Sequence[int],
    work: Work[Result],
    *,
    spent: Spending | None = None,
    is_enough: Callable[[Results[Result]], bool] = lambda _: False,
) -> Results[Result]:
    """Read the articles in this order and do *work* on each, until *is_enough*.

    Returns the results of one portion after the other, in each the newest article first.
    *queries*: what *work* evaluates. Texts that they do not ask for are not read. *spent*: what the
    search has read so far; it ends when that is all that it may read. None: no such limit.
    """
    asked = [leaf for query in queries for leaf in leaves(query.tree)]
    with_names = any(isinstance(leaf, SourceTerm) for leaf in asked)
    with_originals = any(term.spelling for leaf in asked for term in terms(leaf))
    with_texts = not all(term.title for leaf in asked for term in terms(leaf))
    clock = asyncio.get_running_loop().time
    results: list[tuple[Candidate, Result]] = []
    is_over = False
    for start in range(0, len(article_ids), _PORTION):
        portion = article_ids[start : start + _PORTION]
        async with storage.reading() as tx:
            articles = await read_candidates(
                tx, portion, with_originals=with_originals, with_texts=with_texts
            )
            names = await searchable_names(tx, portion) if with_names else {}
        turned = clock()
        evaluated: list[tuple[Candidate, Result]] = []
        for article in articles:
            folded = _folded(article, names.get(article.id, ()))
            if len(article.folded_text) > _AT_ONCE:
                result = await asyncio.to_thread(work, article, folded)
            else:
                result = work(article, folded)
            evaluated.append((Candidate(article.news_at, article.id, article.story_id), result))
            if clock() - turned > _TURN:
                await asyncio.sleep(0)
                turned = clock()
            if spent is not None:
                spent.add(article)
                if is_over := spent.is_all:
                    break
        results += sorted(evaluated, key=itemgetter(0), reverse=True)
        if is_over or is_enough(results):
            break
    return results


def _folded(article: SearchedArticle, sources: Iterable[str]) -> FoldedArticle:
    return FoldedArticle(
        Field(article.title, FoldedForms.of_stored(article.folded_title)),
        Field(article.text, FoldedForms.of_stored(article.folded_text)),
        source_keys(sources),
        language_code(article.language),
        article.folded_labels,
    )
