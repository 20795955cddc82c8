"""The stored queries, so arranged that an article is asked only of those it may match."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.matching.anchors import Anchor, anchors, keys
from bot.matching.evaluation import FoldedArticle, fold_article, holds
from bot.matching.query import Query
from bot.matching.spans import Span, spans
from bot.matching.tree import Leaf

__all__ = ["QueryIndex", "Span", "spans"]


class QueryIndex:
    """Every query that matches an article; what is added or removed counts for the next one."""

    def __init__(self) -> None:
        self._queries: dict[int, Query] = {}
        self._without: set[int] = set()
        self._by_word: defaultdict[str, set[int]] = defaultdict(set)
        self._by_prefix: defaultdict[str, set[int]] = defaultdict(set)
        self._prefixes_of_length: defaultdict[int, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._queries)

    def __contains__(self, query_id: int) -> bool:
        return query_id in self._queries

    def add(self, query_id: int, query: Query) -> None:
        """A second query under one id takes the place of the first."""
        self.remove(query_id)
        self._queries[query_id] = query
        if not anchors(query.tree):
            self._without.add(query_id)
        for anchor in anchors(query.tree):
            self._table(anchor)[anchor.key].add(query_id)
            if anchor.prefix:
                self._prefixes_of_length[len(anchor.key)].add(anchor.key)

    def remove(self, query_id: int) -> None:
        query = self._queries.pop(query_id, None)
        self._without.discard(query_id)
        for anchor in anchors(query.tree) if query else ():
            table = self._table(anchor)
            table[anchor.key].discard(query_id)
            if not table[anchor.key]:
                del table[anchor.key]
                if anchor.prefix:
                    self._forget_prefix(anchor.key)

    def match(
        self,
        title: str,
        text: str,
        *,
        sources: Sequence[str] = (),
        language: str | None = None,
    ) -> set[int]:
        article = fold_article(title, text, sources=sources, language=language)
        known: dict[Leaf, bool] = {}

        def has(leaf: Leaf) -> bool:
            if (answer := known.get(leaf)) is None:
                answer = known[leaf] = article.has(leaf)
            return answer

        return {
            query_id
            for query_id in self._candidates(article)
            if holds(self._queries[query_id].tree, has)
        }

    def _candidates(self, article: FoldedArticle) -> set[int]:
        words = keys(article)
        return self._without.union(
            *(self._by_word[word] for word in self._by_word.keys() & words),
            *(self._by_prefix[prefix] for prefix in self._prefixes(words)),
        )

    def _prefixes(self, words: Iterable[str]) -> Iterator[str]:
        for length, prefixes in self._prefixes_of_length.items():
            yield from prefixes.intersection(word[:length] for word in words)

    def _table(self, anchor: Anchor) -> defaultdict[str, set[int]]:
        return self._by_prefix if anchor.prefix else self._by_word

    def _forget_prefix(self, prefix: str) -> None:
        same_length = self._prefixes_of_length[len(prefix)]
        same_length.discard(prefix)
        if not same_length:
            del self._prefixes_of_length[len(prefix)]
