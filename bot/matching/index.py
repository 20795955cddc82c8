"""Indexes the stored queries, so that an article is compared only with queries that may match it.

A query is found by the rarest literal that each of its clauses requires (`clauses`). A few thousand
queries are in a dict by these literals, and the trees of those found are evaluated. More queries
are in `postings`, where literals alone decide most cases. Changed queries go into the dict, and
move to the postings when `needs_compaction` is True.

Only one task at a time may use an index. It needs no event loop.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np

from bot.matching.clauses import PREFIX, TITLE, clauses, outside, single_words, stems
from bot.matching.evaluate import Field, FoldedArticle, fold_article, holds, learned
from bot.matching.postings import Frequencies, Postings, QueryBatch, literal_hashes, with_batch
from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Node
from bot.matching.query.canonical import read_back
from bot.slices import Slices, finished, in_turns

FEW: Final = 16_384  # queries, below which a dict is faster
_LEARNED: Final = 8  # the frequencies learn from one article in eight
# The rarest literals are chosen again after learning from this many times as many articles.
_WISER: Final = 8
_ENOUGH: Final = 64  # articles after which it is known which literals are rare


@dataclass(slots=True)
class Recent:
    """The queries that are not in the postings, by their rarest literals."""

    queries: dict[int, ParsedQuery] = field(default_factory=dict)
    with_choice: set[int] = field(default_factory=set)  # those with more than one literal
    _rarest_literals: dict[int, set[str]] = field(default_factory=dict)
    # By literal: the ids of queries, and whether this literal alone satisfies the query.
    _found_by: dict[str, dict[int, bool]] = field(default_factory=dict)
    _has_titles: bool = False
    _has_prefixes: bool = False

    def add(self, query_id: int, query: ParsedQuery, frequencies: Frequencies) -> None:
        found = clauses(query.tree)  # first, because it may fail and then nothing may change
        self.queries[query_id] = query
        rarest_literals = self._rarest_literals[query_id] = set()
        for required, forbidden, is_exact in found:
            words = single_words(required)
            rarest = min(words, key=lambda each: (frequencies.of_one(each), -len(each)))
            rarest_literals.add(rarest)
            if len(words) > 1:
                self.with_choice.add(query_id)
            self._has_titles |= rarest.startswith(TITLE)
            self._has_prefixes |= rarest.endswith(PREFIX)
            is_all = is_exact and not forbidden and required == (rarest,)
            ids = self._found_by.setdefault(rarest, {})
            ids[query_id] = is_all or ids.get(query_id, False)

    def remove(self, query_id: int) -> None:
        if self.queries.pop(query_id, None) is None:
            return
        self.with_choice.discard(query_id)
        for rarest in self._rarest_literals.pop(query_id):
            ids = self._found_by[rarest]
            del ids[query_id]
            if not ids:
                del self._found_by[rarest]

    def candidates(self, article: FoldedArticle) -> Slices[tuple[set[int], set[int]]]:
        """Return the ids of the queries that match, and of those that may match."""
        sure, possible = set[int](), set[int]()
        if not self.queries:
            return sure, possible
        for literals in self._literals_of(article):
            for literal in literals & self._found_by.keys():
                for query_id, is_all in self._found_by[literal].items():
                    (sure if is_all else possible).add(query_id)
            yield
        return sure, possible - sure

    def _literals_of(self, article: FoldedArticle) -> Iterator[set[str]]:
        """Yield the literals of *article* by which a query may be found, part by part."""
        yield set(outside(article))
        titles = self._words_of(article.title_field)
        yield titles
        if self._has_titles:
            yield {TITLE + each for each in titles}
        for part in article.text_field.parts or (article.text_field,):
            yield self._words_of(part)

    def _words_of(self, text: Field) -> set[str]:
        words = set(text.folded.plain.split())
        if text.folded.joined:
            words.update(text.folded.joined.split())
        if self._has_prefixes:
            words.update([stem + PREFIX for word in words for stem in stems(word)])
        return words


class QueryIndex:
    """Finds every query that matches an article. Changes apply from the next article on."""

    def __init__(self) -> None:
        self._recent = Recent()
        self._postings = Postings()
        self._gone: set[int] = set()  # ids of removed queries that are still in the postings
        self._inexact: dict[int, str] = {}  # canonical texts of merged queries to evaluate, by id
        self._frequencies = Frequencies()
        self._known = 0  # articles learned from before the rarest literals were last chosen
        self._matched = 0

    def __len__(self) -> int:
        return len(self._recent.queries) + len(self._postings.ids) - len(self._gone)

    def __contains__(self, query_id: int) -> bool:
        return query_id in self._recent.queries or self._is_merged(query_id)

    def _is_merged(self, query_id: int) -> bool:
        at = int(self._postings.ids.searchsorted(query_id))
        is_known = at < len(self._postings.ids) and int(self._postings.ids[at]) == query_id
        return is_known and query_id not in self._gone

    def add(self, query_id: int, query: ParsedQuery) -> None:
        """Add a query, or replace the query with this id."""
        self.remove(query_id)
        self._recent.add(query_id, query, self._frequencies)

    def remove(self, query_id: int) -> None:
        self._recent.remove(query_id)
        if self._is_merged(query_id):
            self._gone.add(query_id)

    def extend(self, found: Iterable[tuple[int, ParsedQuery]]) -> None:
        """Add many queries at once, directly to the postings."""
        batch = QueryBatch()
        for query_id, query in found:
            if query_id in self:
                self.remove(query_id)
            batch.add(query_id, query)
        self.compact(batch)

    def match(
        self, title: str, text: str, *, sources: Sequence[str] = (), language: str | None = None
    ) -> set[int]:
        """Return the ids of all queries that match; *sources* are hosts and names."""
        article = fold_article(title, text, sources=sources, language=language)
        return finished(self.matching(article))

    def matching(self, article: FoldedArticle) -> Slices[set[int]]:
        """Return the ids of all queries that match, in slices.

        Until the end, the index must not be changed or used for another article.
        """
        found, possible = yield from self._recent.candidates(article)
        trees = {each: self._recent.queries[each].tree for each in possible}
        self._matched += 1
        if len(self._postings):
            sure, perhaps = yield from self._in_postings(article)
            found |= sure
            for query_id in perhaps - found:
                trees[query_id] = _tree(self._inexact[query_id])
                yield
        elif self._matched % _LEARNED == 0:
            self._learn(list(literal_hashes(article, self._postings)))
        yield from learned(article, trees.values())
        for query_id, tree in trees.items():
            if holds(tree, article.has):
                found.add(query_id)
            yield
        return found

    def _in_postings(self, article: FoldedArticle) -> Slices[tuple[set[int], set[int]]]:
        """Return the ids of the merged queries that match, and of those that may match."""
        blocks, numbers = [], []
        for hashes in literal_hashes(article, self._postings):
            blocks.append(hashes)
            numbers.append(self._postings.find(hashes))
            yield
        if self._matched % _LEARNED == 0:
            self._learn(blocks)
        sure, possible = yield from self._postings.matching(np.unique(np.concatenate(numbers)))
        return set(sure.tolist()) - self._gone, set(possible.tolist()) - self._gone

    def _learn(self, blocks: Sequence[np.typing.NDArray[np.uint64]]) -> None:
        """Learn from the beginning of an article, which is enough to know what is rare."""
        self._frequencies.learn(np.concatenate(blocks[:8]))

    @property
    def needs_compaction(self) -> bool:
        """Whether so much has changed, or was learned, that `compact` is worth its time."""
        changed = max(len(self._recent.queries), len(self._gone))
        is_wiser = self._frequencies.articles > max(_ENOUGH, _WISER * self._known)
        return changed > max(FEW, len(self._postings.ids) // 8) or is_wiser

    def compact(self, batch: QueryBatch | None = None) -> None:
        """Merge recent queries and *batch* into the postings, and choose rarest literals again."""
        batch = batch if batch is not None else QueryBatch()
        finished(self._batched(batch))
        self._replace(batch, with_batch(self._postings, batch, self._gone, self._frequencies))

    async def compacted(self, batch: QueryBatch | None = None) -> None:
        """Do the same without blocking the event loop; nothing may use the index meanwhile.

        If all queries fit in the dict, they stay there and only get better literals.
        """
        if batch is None and len(self) <= FEW and not len(self._postings):
            await in_turns(self._add_recent_anew())
            return
        batch = batch if batch is not None else QueryBatch()
        await in_turns(self._batched(batch))
        postings = await asyncio.to_thread(
            with_batch, self._postings, batch, self._gone, self._frequencies
        )
        self._replace(batch, postings)

    def _batched(self, batch: QueryBatch) -> Slices[None]:
        for query_id, query in self._recent.queries.items():
            batch.add(query_id, query)
            yield

    def _add_recent_anew(self) -> Slices[None]:
        for query_id in list(self._recent.with_choice):
            query = self._recent.queries[query_id]
            self._recent.remove(query_id)
            self._recent.add(query_id, query, self._frequencies)
            yield
        self._known = self._frequencies.articles

    def _replace(self, batch: QueryBatch, postings: Postings) -> None:
        self._postings = postings
        for each in self._gone:
            self._inexact.pop(each, None)
        self._inexact |= batch.inexact
        self._recent, self._gone = Recent(), set()
        self._known = self._frequencies.articles


@lru_cache(maxsize=1 << 14)
def _tree(canonical: str) -> Node:
    return read_back(canonical).tree
