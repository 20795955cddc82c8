"""The step from grouped articles to matches."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from bot.matching.canonical import read_back
from bot.matching.engine.bits import MOST
from bot.matching.evaluation import FoldedArticle
from bot.matching.finding import finding, folded_for
from bot.matching.following import Following
from bot.matching.index import QueryIndex
from bot.matching.query import Query
from bot.matching.slices import AT_ONCE, Slices, in_turns
from storage.articles import UnmatchedArticle, advance_articles, claim_articles
from storage.db.engine import Storage
from storage.enums import Stage
from storage.publishers import searchable_names
from storage.queries import MatchFound, queries_by_id, store_matches

_READ: Final = 500  # queries read at once
_STORED: Final = 200  # matches stored at once, in about 3 ms


@dataclass(frozen=True, slots=True)
class Matching:
    storage: Storage
    following: Following
    owner: str

    async def match_new(self, limit: int = 400) -> int:
        """Match the oldest grouped articles; return how many were done.

        The transaction that claims them also reads what changed among the queries, so that no query
        misses an article stored after it.
        """
        await self.following.prepare()
        async with self.storage.writing() as tx:
            articles = await claim_articles(tx, Stage.GROUPED, owner=self.owner, limit=limit)
            changed = await self.following.changes(tx)
        await self.following.follow(changed)
        return await self._hand_on(articles) if articles else 0

    async def _hand_on(self, articles: Sequence[UnmatchedArticle]) -> int:
        found = await self._matches(articles)
        ids = [article.id for article in articles]
        async with self.storage.writing() as tx:
            ours = await advance_articles(tx, ids, owner=self.owner, stage=Stage.MATCHED)
            kept = (match for match in found if match.article_id in ours)
            while some := list(islice(kept, _STORED)):
                await store_matches(tx, some)
        return len(ours)

    async def _matches(self, articles: Sequence[UnmatchedArticle]) -> list[MatchFound]:
        async with self.storage.reading() as tx:
            carriers = await searchable_names(tx, [article.id for article in articles])
        index = self.following.live.index
        hits = await in_turns(matching(index, articles, carriers))
        queries = await self._queries(set[int]().union(*(hit.ids for hit in hits)))
        return await in_turns(_explained(hits, queries))

    async def _queries(self, ids: set[int]) -> dict[int, Query]:
        """Those of *ids* that are stored; what an id asks for never changes."""
        known = self.following.live.recent
        found = {number: known.pop(number) for number in ids & known.keys()}
        left = iter(ids - found.keys())
        while some := list(islice(left, _READ)):
            async with self.storage.reading() as tx:
                canonical = await queries_by_id(tx, some)
            found |= await in_turns(parsed(canonical))
        self.following.live.remember(found)
        return found


def parsed(canonical: Mapping[int, str]) -> Slices[dict[int, Query]]:
    found = {}
    for number, text in canonical.items():
        found[number] = read_back(text)
        yield
    return found


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that stored queries match, by id."""

    article: UnmatchedArticle
    ids: set[int]
    sources: Sequence[str]
    folded: FoldedArticle | None  # None where it would take much room


def matching(
    index: QueryIndex, articles: Iterable[UnmatchedArticle], carriers: Mapping[int, Sequence[str]]
) -> Slices[list[Hit]]:
    hits = []
    for some in together(articles):
        folded = []
        for article in some:
            folded.append((yield from folded_for(article, carriers.get(article.id, ()))))
            yield
        found = yield from index.matching_together(folded)
        for article, each, ids in zip(some, folded, found, strict=True):
            if ids:
                is_long = bool(each.text_field.parts)
                sources = carriers.get(article.id, ())
                hits.append(Hit(article, ids, sources, None if is_long else each))
        yield
    return hits


def together(articles: Iterable[UnmatchedArticle]) -> Iterator[list[UnmatchedArticle]]:
    """Neighbours that are matched at once: a long one stands alone."""
    some: list[UnmatchedArticle] = []
    length = 0
    for article in articles:
        if some and (len(some) == MOST or length + len(article.text) > AT_ONCE):
            yield some
            some, length = [], 0
        some.append(article)
        length += len(article.text)
    if some:
        yield some


def _explained(hits: Iterable[Hit], queries: Mapping[int, Query]) -> Slices[list[MatchFound]]:
    found: list[MatchFound] = []
    for hit in hits:
        wanted = {number: queries[number] for number in hit.ids if number in queries}
        found += yield from finding(hit.article, wanted, hit.sources, hit.folded)
    return found
