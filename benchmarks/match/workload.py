"""Invented articles and queries, the same in every run.

Words follow Zipf's law; an article has about 3 KB. Two thirds of the queries are one term, a
quarter two, the rest have a NOT; a quarter of the terms are phrases of two words. Terms are
drawn evenly from all but the 200 most frequent words, because users do not search for `and`.
"""

import random
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Final

from bot.matching.query import ParsedQuery
from bot.matching.query.ast import Term, conjunction, negation, term

SEED: Final = 20_251_117
VOCABULARY: Final = 200_000
WORDS_IN_ARTICLE: Final = 400
SYLLABLES: Final = [a + b for a, b in zip("bcdfghjklmnprstvwxyz", "aeiou" * 4, strict=True)]


class Workload:
    """Queries need no list of all words, which would count as memory of the measured process."""

    def __init__(self, seed: int = SEED) -> None:
        self._rng = random.Random(seed)

    @cached_property
    def words(self) -> list[str]:
        return [word(rank) for rank in range(VOCABULARY)]

    @cached_property
    def weights(self) -> list[float]:
        """The cumulative weights of the words."""
        return list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))

    def articles(self, count: int) -> list[str]:
        return [self._text() for _ in range(count)]

    def _text(self) -> str:
        words = self._rng.choices(self.words, cum_weights=self.weights, k=WORDS_IN_ARTICLE)
        lines = (words[at : at + 12] for at in range(0, WORDS_IN_ARTICLE, 12))
        return ". ".join(" ".join(line).capitalize() for line in lines)

    def queries(self, count: int) -> Iterator[ParsedQuery]:
        return (self._query() for _ in range(count))

    def _query(self) -> ParsedQuery:
        kind = self._rng.random()
        if kind < 2 / 3:
            return ParsedQuery(self._term())
        other = self._term()
        return ParsedQuery(
            conjunction([self._term(), other if kind < 11 / 12 else negation(other)])
        )

    def _term(self) -> Term:
        ranks = self._rng.choices(range(200, VOCABULARY), k=self._rng.choice([1, 1, 1, 2]))
        return term(map(word, ranks))


def word(rank: int) -> str:
    """Return the word with this rank; 0 is the most frequent."""
    syllables = ""
    while rank or not syllables:
        rank, syllable = divmod(rank, len(SYLLABLES))
        syllables += SYLLABLES[syllable]
    return syllables + "n"
