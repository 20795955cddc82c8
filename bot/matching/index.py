"""The stored queries, so arranged that an article is asked only of those it may match.

An index is used by one thread at a time, and needs no event loop: adding does the tidying that
it gives rise to, in slices.
"""

from collections.abc import Iterable, Sequence
from secrets import token_bytes
from typing import Final

import numpy as np

from bot.matching.engine.articles import MarkedKeys, sought
from bot.matching.engine.batch import Batch
from bot.matching.engine.bits import joined, shares
from bot.matching.engine.columns import Hits
from bot.matching.engine.hashing import Ints
from bot.matching.engine.queries import Queries
from bot.matching.engine.rough import holding
from bot.matching.engine.slots import ROUGH
from bot.matching.engine.snapshot import Snapshot
from bot.matching.evaluation import FoldedArticle, article_folded
from bot.matching.query import Query
from bot.matching.slices import Slices, finished
from bot.matching.spans import Span, spans

__all__ = ["QueryIndex", "Span", "spans"]

_PENDING: Final = 64  # queries stored at once
_BLOCK: Final = 8_192  # the same, where many are added
_IDS: Final = 16_384  # told at a time


class QueryIndex:
    """Every query that matches an article; what is added or removed counts for the next one."""

    def __init__(self) -> None:
        self._queries = Queries(token_bytes(16))
        self._rough: dict[int, str] = {}  # by slot, the queries whose trees have the last word
        self._pending: dict[int, Query] = {}  # added, but not stored yet
        self.articles = 0  # matched so far

    @classmethod
    def of(cls, snapshot: Snapshot) -> "QueryIndex":
        index = cls()
        index._queries, index._rough = snapshot.queries, snapshot.rough
        return index

    def snapshot(self, number: int) -> Snapshot:
        """What to write, before anything is added, removed or matched; *number* is the caller's."""
        self._store()
        self._queries.finish()
        return Snapshot(self._queries, self._rough, number)

    def tend(self) -> bool:
        """Do a slice of the tidying, about a millisecond; return whether there is more."""
        self._store()
        return self._queries.tend()

    def __len__(self) -> int:
        self._store()
        return self._queries.slots.live

    @property
    def known(self) -> int:
        """About how many there are, told at any time: nothing is put in order for it."""
        return self._queries.slots.live + len(self._pending)

    def __contains__(self, query_id: int) -> bool:
        return query_id in self._pending or self._queries.slots.of(query_id) > 0

    def add(self, query_id: int, query: Query) -> None:
        """A second query under one id takes the place of the first."""
        self._pending[query_id] = query
        if len(self._pending) >= _PENDING:
            self._store()
            self._queries.tend()

    def extend(self, found: Iterable[tuple[int, Query]]) -> None:
        """Add many at once and tidy up; several times as fast as one by one."""
        for query_id, query in found:
            self._pending[query_id] = query
            if len(self._pending) >= _BLOCK:
                self._store()
                self._queries.grow()
        self._store()
        self._queries.settle()

    def remove(self, query_id: int) -> None:
        self._pending.pop(query_id, None)
        if slot := self._queries.slots.drop(query_id):
            self._rough.pop(slot, None)

    def _store(self) -> None:
        """What waits goes in: together it costs a fraction of what each would alone."""
        if not self._pending:
            return
        batch = Batch()
        for query_id, query in self._pending.items():
            batch.take(query_id, query.tree)
        slots, before = self._queries.add(batch)
        for slot in before[before > 0].tolist() if self._rough else ():
            self._rough.pop(slot, None)
        for at in batch.rough:
            self._rough[int(slots[at - 1])] = self._pending[batch.ids[at - 1]].canonical
        self._pending.clear()

    def match(
        self,
        title: str,
        text: str,
        *,
        sources: Sequence[str] = (),
        language: str | None = None,
    ) -> set[int]:
        """The ids of all queries that match; *sources* are hosts and names of its sources."""
        return finished(self.matching(title, text, sources=sources, language=language))

    def matching(
        self,
        title: str,
        text: str,
        *,
        sources: Sequence[str] = (),
        language: str | None = None,
    ) -> Slices[set[int]]:
        """`match` in slices; nothing may be added, removed or matched before it ends."""
        article = yield from article_folded(title, text, sources=sources, language=language)
        return (yield from self.matching_folded(article))

    def matching_folded(self, article: FoldedArticle) -> Slices[set[int]]:
        """`matching` of an article that is folded already."""
        found = yield from self.matching_together([article])
        return found[0]

    def matching_together(self, articles: Sequence[FoldedArticle]) -> Slices[list[set[int]]]:
        """The same of up to 32 of them, faster than one by one if they are short."""
        self._store()
        self.articles += len(articles)
        words, hits = yield from self._looked_up(articles)
        slots = yield from self._queries.matching(hits)
        found = []
        for article, share in zip(articles, shares(len(articles)), strict=True):
            own = slots.of(share)
            if self._rough and len(own):
                own = yield from self._holding(own, words, share, article)
            found.append((yield from self._ids(own)))
        return found

    def _looked_up(
        self, articles: Sequence[FoldedArticle]
    ) -> Slices[tuple[list[MarkedKeys], Hits]]:
        """The hashes of all words, block by block, and the literals that are there."""
        literals = self._queries.literals
        words, hits = [], []
        for some, keys in sought(literals.gates, literals.hashing, articles):
            words.append(some)
            hits.append(literals.found(keys))
            yield
        found = hits[0] if len(hits) == 1 else literals.united(hits)
        # The beginning of a long article tells enough.
        literals.learn(len(articles), words[0] if len(articles) == 1 else joined(words), found)
        return words, found

    def _holding(
        self, slots: Ints, words: Sequence[MarkedKeys], share: int, article: FoldedArticle
    ) -> Slices[Ints]:
        """Those of *slots* whose queries hold indeed."""
        are_rough = self._queries.slots.states.array.take(slots) == ROUGH
        asked = {slot: self._rough[slot] for slot in set(slots[are_rough].tolist())}
        if not asked:
            return slots
        own = [some.of(share) for some in words]
        hold = yield from holding(asked.items(), self._queries.literals.hashing, own, article)
        return np.concatenate((slots[~are_rough], np.array(hold, dtype=np.int32)))

    def _ids(self, slots: Ints) -> Slices[set[int]]:
        found: set[int] = set()
        for at in range(0, len(slots), _IDS):
            found.update(self._queries.slots.ids.array.take(slots[at : at + _IDS]).tolist())
            yield
        return found
