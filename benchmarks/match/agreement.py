"""Whether the index and the plain evaluator of the tests agree on random queries and articles.

    python -m benchmarks.match.agreement [PAIRS]

By default a million pairs of a query and an article, half of them before the index is compacted,
half after. It exits with 1 at the first disagreement.
"""

import json
import random
import sys
from collections.abc import Iterator
from itertools import islice

from benchmarks.match.workload import SEED
from bot.matching.index import QueryIndex
from bot.matching.query import ParsedQuery, QueryError, parse
from tests.matching import oracle
from tests.matching.wordings import BEGINNINGS, LANGUAGES, SOURCES, WORDS

QUERIES = 500  # of one round
ARTICLES = 50
_BETWEEN = (" ", " ", " ", ". ", "\n\n", " - ")


def queries(rng: random.Random) -> Iterator[ParsedQuery]:
    while True:
        try:
            yield parse(_query(rng, depth=rng.randint(0, 3)))
        except QueryError:
            continue  # mostly nothing but stop words, or a NOT


def _query(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return _term(rng)
    parts = [_query(rng, rng.randint(0, depth - 1)) for _ in range(rng.randint(2, 3))]
    shape = rng.choice(["({})", "({})", "({}) -({})", "({}) NOT ({})"])
    joined = rng.choice([" ", " OR ", " AND "]).join(parts)
    return shape.format(joined, _term(rng)) if "NOT" in shape or "-" in shape else f"({joined})"


def _term(rng: random.Random) -> str:
    words = rng.choices(WORDS, k=rng.choice([2, 2, 3]))
    term = rng.choice(
        [
            words[0],
            words[0],
            rng.choice(BEGINNINGS),
            f'"{" ".join(words)}"',
            f'"{words[0]}"c',
            f"{words[0]} NEAR/{rng.randint(0, 3)} {words[1]}",
            f'source:"{rng.choice(SOURCES)}"',
            f"lang:{rng.choice(['en', 'ja'])}",
        ]
    )
    return f"title:({term})" if rng.random() < 0.1 and ":" not in term else term


def article(rng: random.Random) -> tuple[str, str, tuple[str, ...], str]:
    title, text = (
        "".join(word + rng.choice(_BETWEEN) for word in rng.choices(WORDS, k=rng.randint(0, most)))
        for most in (4, 14)
    )
    return title, text, tuple(rng.sample(SOURCES, k=rng.randint(0, 2))), rng.choice(LANGUAGES)


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = random.Random(SEED)
    pairs = hits = 0
    while pairs < wanted:
        asked = dict(enumerate(islice(queries(rng), QUERIES)))
        index = QueryIndex()
        for number, query in asked.items():
            index.add(number, query)
        for drawn in range(ARTICLES):
            if drawn == ARTICLES // 2:
                index.compact()
            title, text, sources, language = article(rng)
            found = index.match(title, text, sources=sources, language=language)
            right = {
                number
                for number, query in asked.items()
                if oracle.matches(query, title, text, sources=sources, language=language)
            }
            if found != right:
                numbers = found ^ right
                print([str(asked[number]) for number in numbers], (title, text, sources, language))
                raise SystemExit(1)
            hits += len(found)
        pairs += QUERIES * ARTICLES
    print(json.dumps({"bench": "agreement", "pairs": pairs, "hits": hits, "disagreements": 0}))


if __name__ == "__main__":
    main()
