"""What could go wrong: each case with its median and its worst time."""

import random
import statistics
import time
from collections.abc import Iterator, Sequence

from benchmarks.matching.workload import SEED, Workload
from bot.matching.evaluation import fold_article
from bot.matching.index import QueryIndex
from bot.matching.query import Query
from bot.matching.tree import conjunction, near, term


def cases(workload: Workload, articles: Sequence[str]) -> Iterator[dict[str, str | float | int]]:
    rng = random.Random(SEED)
    common = workload.words[:5_000]
    pairs = (rng.sample(common, 2) for _ in range(1_000_000))
    ands = (Query(conjunction([term([one]), term([other])])) for one, other in pairs)
    yield _case("a million ANDs over 5,000 common words", ands, articles[:50])
    stems = {word[:length] for word in workload.words for length in (4, 5, 6, 7)}
    prefixes = (Query(term([stem], prefix=True)) for stem in sorted(stems)[:20_000])
    yield _case("20,000 prefixes", prefixes, articles[:50])
    nears = (
        Query(near(term([one]), term([other]), 5))
        for one, other in (rng.sample(common[:500], 2) for _ in range(10_000))
    )
    yield _case("10,000 NEARs over 500 common words", nears, articles[:10])
    index = QueryIndex()
    for number, query in enumerate(workload.queries(100_000)):
        index.add(number, query)
    for name, text in _texts(workload):
        yield _timed(name, index, [text] * 3)
    yield _timed(
        "one query of 100,000 subscribers: one row", _of([Query(term(["ban"]))]), articles[:50]
    )


def _texts(workload: Workload) -> Iterator[tuple[str, str]]:
    yield "an article of 2 MB, 100,000 queries", " ".join(workload.articles(700))[:2_000_000]
    yield "one word 100,000 times", "taiwan " * 100_000
    yield "one word of 1,000,000 letters", "a" * 1_000_000
    yield "10,000 combining marks", "a" + "\u0301\u0323" * 5_000 + " taiwan"


def _case(
    name: str, queries: Iterator[Query], articles: Sequence[str]
) -> dict[str, str | float | int]:
    return _timed(name, _of(queries), articles)


def _of(queries: Iterator[Query] | Sequence[Query]) -> QueryIndex:
    index = QueryIndex()
    for number, query in enumerate(queries):
        index.add(number, query)
    while index.tend():
        pass
    return index


def _timed(name: str, index: QueryIndex, articles: Sequence[str]) -> dict[str, str | float | int]:
    took, hits = [], 0
    for text in articles:
        started = time.perf_counter()
        hits += len(index.match("", text))
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    fold_article("", articles[0])
    folding = time.perf_counter() - started
    return {
        "case": name,
        "median_ms": round(statistics.median(took) * 1e3, 3),
        "worst_ms": round(max(took) * 1e3, 3),
        "folding_ms": round(folding * 1e3, 3),
        "hits": round(hits / len(articles), 1),
    }
