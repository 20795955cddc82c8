"""What could go wrong, case by case: queries, and the articles that they are matched with."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.matching.workload import SEED, Workload
from bot.matching.evaluate import fold_article
from bot.matching.index import QueryIndex
from bot.matching.query import ParsedQuery, parse
from bot.matching.query.ast import conjunction, near, term

LONG = 2_000_000  # characters


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    queries: Callable[[], Iterable[ParsedQuery]]  # the same at each call
    articles: Sequence[str]

    def index(self) -> QueryIndex:
        index = QueryIndex()
        index.extend(enumerate(self.queries()))
        return index


def cases(workload: Workload, articles: Sequence[str]) -> Iterator[Case]:
    asked = list(workload.queries(100_000))
    long = " ".join(workload.articles(700))[:LONG]
    common = workload.words[:5_000]
    yield Case("a million ANDs over 5,000 common words", lambda: _ands(common), articles[:50])
    yield Case("20,000 prefixes", lambda: _prefixes(workload.words), articles[:50])
    yield Case("10,000 NEARs over 500 common words", lambda: _nears(common[:500]), articles[:30])
    yield Case("an article of 2 MB, 100,000 queries", lambda: asked, [long] * 3)
    for name, text in _texts():
        yield Case(name, lambda: asked, [text] * 3)
    yield Case("2 MB, 10,000 NEARs", lambda: _nears(common[:500]), [long] * 2)
    yield Case("2 MB, spelt and Korean queries", _slow, [long + _MIXED * 20_000] * 2)
    yield Case("one query of 100,000 subscribers", lambda: [parse("ban")], articles[:50])


_MIXED = " The “US” sent us 한국의 대통령이 to Zürich, 台湾 and ﾊﾞﾘ."


def _texts() -> Iterator[tuple[str, str]]:
    yield "one word 100,000 times", "taiwan " * 100_000
    yield "one word of 1,000,000 letters", "a" * 1_000_000
    yield "10,000 combining marks", "a" + "\u0301\u0323" * 5_000 + " taiwan"
    yield "1,000,000 marks and letters, none composed", "e\u0323\u0302 " * 250_000
    yield "1,000,000 Han characters without a space", "台湾日本東京大阪発展" * 100_000


def _ands(words: Sequence[str]) -> Iterator[ParsedQuery]:
    rng = random.Random(SEED)
    pairs = (rng.sample(words, 2) for _ in range(1_000_000))
    return (ParsedQuery(conjunction([term([one]), term([other])])) for one, other in pairs)


def _prefixes(words: Sequence[str]) -> Iterator[ParsedQuery]:
    stems = {word[:length] for word in words for length in (4, 5, 6, 7)}
    return (ParsedQuery(term([stem], prefix=True)) for stem in sorted(stems)[:20_000])


def _nears(words: Sequence[str]) -> Iterator[ParsedQuery]:
    rng = random.Random(SEED)
    pairs = (rng.sample(words, 2) for _ in range(10_000))
    return (ParsedQuery(near(term([one]), term([other]), 5)) for one, other in pairs)


def _slow() -> Iterator[ParsedQuery]:
    """What only a tree can decide, and nothing does for long."""
    yield from map(parse, ['"US"c', '"Us"c', '"SENT US"c', '"한국 대통령"', '"한국 총리"'])
    yield parse('"한국 대통령" NEAR/9 "US"c')


def row(case: Case) -> dict[str, str | float | int]:
    """How long an article takes, median and worst."""
    index = case.index()
    took, hits = [], 0
    for text in case.articles:
        started = time.perf_counter()
        hits += len(index.match("", text))
        took.append(time.perf_counter() - started)
    started = time.perf_counter()
    fold_article("", case.articles[0])
    folding = time.perf_counter() - started
    return {
        "case": case.name,
        "median_ms": round(statistics.median(took) * 1e3, 3),
        "worst_ms": round(max(took) * 1e3, 3),
        "folding_ms": round(folding * 1e3, 3),
        "hits": round(hits / len(case.articles), 1),
    }
