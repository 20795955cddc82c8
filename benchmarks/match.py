"""How long one article takes against stored queries: folding, booleans, ids out; one core.

    python benchmarks/match.py [QUERIES…]

The vocabulary follows Zipf's law; two thirds of the queries are one term, a quarter an AND, the
rest have a NOT. The last line is JSON.
"""

import json
import random
import statistics
import sys
import time
from itertools import accumulate

from rich.console import Console
from rich.table import Table

from bot.matching.index import QueryIndex
from bot.matching.query import parse

SEED = 20_251_117
VOCABULARY = 200_000
WORDS_IN_ARTICLE = 500
ARTICLES = 200
SYLLABLES = [a + b for a, b in zip("bcdfghjklmnprstvwxyz", "aeiou" * 4, strict=True)]


class Language:
    """Made-up words, the most frequent first, and texts of them."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.words = [self._word(rank) for rank in range(VOCABULARY)]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))

    def text(self) -> str:
        words = self._rng.choices(self.words, cum_weights=self._weights, k=WORDS_IN_ARTICLE)
        return ". ".join(" ".join(words[at : at + 12]).capitalize() for at in range(0, 500, 12))

    def query(self) -> str:
        kind = self._rng.random()
        if kind < 2 / 3:
            return self._term()
        if kind < 11 / 12:
            return f"{self._term()} {self._term()}"
        return f"{self._term()} -{self._term()}"

    def _term(self) -> str:
        """Rarer words than a text has: people do not ask for `and`."""
        words = self._rng.choices(self.words[200:], k=self._rng.choice([1, 1, 1, 2]))
        return f'"{" ".join(words)}"'

    def _word(self, rank: int) -> str:
        word = ""
        while rank or not word:
            rank, syllable = divmod(rank, len(SYLLABLES))
            word += SYLLABLES[syllable]
        return word + "n"


def measured(language: Language, queries: int, articles: list[str]) -> dict[str, float]:
    index = QueryIndex()
    parsed = [parse(language.query()) for _ in range(queries)]
    started = time.perf_counter()
    for number, query in enumerate(parsed):
        index.add(number, query)
    built = time.perf_counter() - started
    took, hits = [], 0
    for text in articles:
        started = time.perf_counter()
        hits += len(index.match(text[:60], text))
        took.append(time.perf_counter() - started)
    return {
        "queries": queries,
        "us_per_article": round(statistics.median(took) * 1e6, 1),
        "worst_us": round(max(took) * 1e6, 1),
        "hits": round(hits / len(articles), 1),
        "add_us": round(built / queries * 1e6, 2),
    }


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 10_000, 100_000]
    language = Language(random.Random(SEED))
    articles = [language.text() for _ in range(ARTICLES)]
    rows = [measured(language, size, articles) for size in sizes]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{value:,}" for value in row.values()))
    Console().print(table)
    print(json.dumps({"bench": "match", "rows": rows}))


if __name__ == "__main__":
    main()
