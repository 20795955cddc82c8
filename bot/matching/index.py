"""Indexes the stored queries, so that an article is compared only with queries that may match it.

A query is found by the rarest literal that each of its clauses requires (`clauses`). A few thousand
queries are in a dict by single words, which decide most cases; the trees of queries with phrases
are evaluated. More queries are in `postings`. Changed queries go into the dict, and move to the
postings when `needs_compaction` is True.

Only one task at a time may use an index. It needs no event loop.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from bot.matching.clauses import (
    PREFIX,
    TITLE,
    Clause,
    PrefixLengths,
    clauses,
    note_prefix,
    outside,
    prefixes_of,
    single_words,
)
from bot.matching.evaluate import Field, FoldedArticle, fold_article, holds, learned
from bot.matching.postings import (
    Frequencies,
    Ints,
    Postings,
    QueryBatch,
    distinct,
    literal_hashes,
    with_batch,
)
from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Node
from bot.matching.query.canonical import read_back
from bot.slices import Slices, finished, in_turns

FEW: Final = 16_384  # queries, below which a dict is faster
_LEARNED: Final = 8  # the frequencies learn from one article in eight
# The rarest literals are chosen again after learning from this many times as many articles.
_WISER: Final = 8
_ENOUGH: Final = 64  # articles after which it is known which literals are rare


class WordClause(NamedTuple):
    """A clause of a query, in single words (`single_words`), one of which is its rarest.

    *is_decided*: the words alone tell whether the query matches; otherwise its tree is evaluated.
    """

    query_id: int
    rarest: str
    required: frozenset[str]
    forbidden: frozenset[str]
    is_decided: bool

    @classmethod
    def of(cls, query_id: int, clause: Clause, frequencies: Frequencies) -> "WordClause":
        required = single_words(clause.required)
        forbidden = [each for each in clause.forbidden if single_words([each]) == [each]]
        is_in_words = (required, forbidden) == (list(clause.required), list(clause.forbidden))
        return cls(
            query_id,
            min(required, key=lambda each: (frequencies.of_one(each), -len(each))),
            frozenset(required),
            frozenset(forbidden),
            clause.is_exact and is_in_words,
        )


@dataclass(slots=True)
class Recent:
    """The queries that are not in the postings, by the rarest word of each clause."""

    queries: dict[int, ParsedQuery] = field(default_factory=dict)
    with_choice: set[int] = field(default_factory=set)  # those with a clause of several words
    _clauses: dict[int, list[WordClause]] = field(default_factory=dict)
    _by_rarest: defaultdict[str, list[WordClause]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _uses: Counter[str] = field(default_factory=Counter)  # of each word, by clauses
    _has_titles: bool = False
    _prefixes: PrefixLengths = field(default_factory=dict)

    def add(self, query_id: int, query: ParsedQuery, frequencies: Frequencies) -> None:
        # First, because it may fail and then nothing may change.
        found = [WordClause.of(query_id, each, frequencies) for each in clauses(query.tree)]
        self.queries[query_id] = query
        self._clauses[query_id] = found
        for clause in found:
            words = clause.required | clause.forbidden
            self._by_rarest[clause.rarest].append(clause)
            self._uses.update(words)
            if len(clause.required) > 1:
                self.with_choice.add(query_id)
            self._has_titles |= any(word.startswith(TITLE) for word in words)
            for word in words:
                note_prefix(word, self._prefixes)

    def remove(self, query_id: int) -> None:
        if self.queries.pop(query_id, None) is None:
            return
        self.with_choice.discard(query_id)
        for clause in self._clauses.pop(query_id):
            self._by_rarest[clause.rarest].remove(clause)
            for word in clause.required | clause.forbidden:
                self._uses[word] -= 1
                if not self._uses[word]:
                    del self._uses[word]
                    self._by_rarest.pop(word, None)

    def candidates(self, article: FoldedArticle) -> Slices[tuple[set[int], set[int]]]:
        """Return the ids of the queries that match, and of those that may match."""
        sure, possible = set[int](), set[int]()
        if not self.queries:
            return sure, possible
        present = set[str]()  # the words of the article that any query uses
        for words in self._words_of(article):
            present |= self._uses.keys() & words
            yield
        for word in present & self._by_rarest.keys():
            for clause in self._by_rarest[word]:
                if clause.required <= present and clause.forbidden.isdisjoint(present):
                    (sure if clause.is_decided else possible).add(clause.query_id)
            yield
        return sure, possible - sure

    def _words_of(self, article: FoldedArticle) -> Iterator[list[str]]:
        """Yield the words of *article* by which a query may be found, part by part."""
        yield outside(article)
        titles = self._words_in(article.title_field)
        yield titles
        if self._has_titles:
            yield [TITLE + each for each in titles]
        for part in article.text_field.parts or (article.text_field,):
            yield self._words_in(part)

    def _words_in(self, text: Field) -> list[str]:
        words = [*text.folded.plain.split(), *text.folded.marked_words.joined.split()]
        if self._prefixes:
            words += [each + PREFIX for each in prefixes_of(words, self._prefixes)]
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
            sure |= found  # of the two, the larger one stays
            found = sure
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
        sure, possible = yield from self._postings.matching(distinct(np.concatenate(numbers)))
        return self._without_gone(sure), self._without_gone(possible)

    def _without_gone(self, query_ids: Ints) -> set[int]:
        found = set(query_ids.tolist())
        return found - self._gone if self._gone else found

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
