"""Other ways to the same answer: Aho-Corasick with our booleans, a regex a query, tsquery."""

import os
import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from bot.matching.engine.bits import Marked
from bot.matching.engine.conjunctions import Conjunctions, conjunctions
from bot.matching.engine.hashing import BREAK
from bot.matching.evaluation import fold_article
from bot.matching.index import QueryIndex
from bot.matching.query import Query
from bot.matching.slices import finished

Matcher = Callable[[str, str], set[int]]


def reading(title: str, text: str) -> str:
    article = fold_article(title, text)
    return BREAK.join((*article.title.readings, *article.text.readings))


def aho_corasick(index: QueryIndex, queries: Sequence[Query]) -> Matcher | None:
    """Its terms, then the very columns of *index*; None where it is not installed."""
    try:
        ahocorasick_rs = import_module("ahocorasick_rs")
    except ImportError:
        return None
    engine = index._queries  # noqa: SLF001 - the same booleans are the point
    engine.settle()
    texts = {each.text for query in queries for one in _of(query).any_of for each in one}
    patterns = sorted(texts)
    which, numbers = engine.literals.table.find(engine.literals.hashing.texts(patterns).keys)
    by_pattern = np.zeros(len(patterns), dtype=np.int32)
    by_pattern[which] = numbers
    machine = ahocorasick_rs.AhoCorasick([f" {text} " for text in patterns])
    ids = engine.slots.ids

    def match(title: str, text: str) -> set[int]:
        found = machine.find_matches_as_indexes(reading(title, text), overlapping=True)
        patterns_found = {pattern for pattern, _, _ in found}
        hits = by_pattern[list(patterns_found)]
        hits.sort()
        found = finished(engine.matching(Marked(hits)))
        return set(ids.array.take(found.values).tolist())

    return match


def regexes(queries: Sequence[Query]) -> Matcher:
    """One pattern for each term of each query, over the same folded text."""
    compiled = [
        [[(re.compile(f" {each.text} "), each.wanted) for each in one] for one in _of(query).any_of]
        for query in queries
    ]

    def match(title: str, text: str) -> set[int]:
        folded = reading(title, text)
        return {
            number
            for number, any_of in enumerate(compiled)
            if any(
                all((pattern.search(folded) is not None) is wanted for pattern, wanted in one)
                for one in any_of
            )
        }

    return match


class TsQuery:
    """PostgreSQL's own: a table of tsqueries scanned for each article."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    async def of(cls, queries: Sequence[Query]) -> "TsQuery | None":
        """None where no server is named."""
        url = os.environ.get("DATELINE_TEST_POSTGRESQL")  # noqa: TID251 - the tests' own variable
        if not url:
            return None
        import asyncpg  # noqa: PLC0415 - only where there is a server

        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("CREATE TEMPORARY TABLE asked (id int, query tsquery)")
        rows = [(number, _tsquery(query)) for number, query in enumerate(queries)]
        await connection.execute("CREATE TEMPORARY TABLE typed (id int, query text)")
        await connection.copy_records_to_table("typed", records=rows)
        await connection.execute("INSERT INTO asked SELECT id, query::tsquery FROM typed")
        await connection.execute("ANALYZE asked")
        return cls(connection)

    async def match(self, title: str, text: str) -> set[int]:
        folded = reading(title, text).replace(BREAK, "")
        places: dict[str, list[str]] = {}
        for at, word in enumerate(folded.split(), 1):
            places.setdefault(word, []).append(str(at))
        vector = " ".join(f"'{word}':{','.join(at[:255])}" for word, at in places.items())
        rows = await self._connection.fetch(
            "SELECT id FROM asked WHERE $1::text::tsvector @@ query", vector
        )
        return {row["id"] for row in rows}

    async def close(self) -> None:
        await self._connection.close()


def _of(query: Query) -> Conjunctions:
    return conjunctions(query.tree)


def _tsquery(query: Query) -> str:
    return " | ".join(
        " & ".join(
            ("" if each.wanted else "!")
            + "("
            + " <-> ".join(f"'{w}'" for w in each.text.split())
            + ")"
            for each in one
        )
        for one in _of(query).any_of
    )
