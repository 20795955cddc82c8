"""Other ways to match: Aho-Corasick for the terms, a regex for each query, `tsquery`."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from bot.matching.clauses import Clause, clauses
from bot.matching.evaluate import fold_article
from bot.matching.postings import Frequencies, Postings, QueryBatch, hash_of, with_batch
from bot.matching.query import ParsedQuery
from bot.slices import finished

Matcher = Callable[[str, str], set[int]]


def reading(title: str, text: str) -> str:
    article = fold_article(title, text)
    return "\n".join((*article.title.readings, *article.text.readings))


def aho_corasick(queries: Sequence[ParsedQuery]) -> Matcher | None:
    """Find the literals by Aho-Corasick, the rest by the index; None if it is not installed."""
    try:
        ahocorasick_rs = import_module("ahocorasick_rs")
    except ImportError:
        return None
    batch = QueryBatch()
    for number, query in enumerate(queries):
        batch.add(number, query)
    postings = with_batch(Postings(), batch, (), Frequencies())
    patterns = sorted({each for query in queries for each in _literals(query)})
    hashes = np.array([hash_of(each) for each in patterns], dtype=np.uint64)
    numbers = postings.literals.searchsorted(hashes)
    machine = ahocorasick_rs.AhoCorasick([f" {each} " for each in patterns])

    def match(title: str, text: str) -> set[int]:
        found = machine.find_matches_as_indexes(reading(title, text), overlapping=True)
        there = numbers[list({pattern for pattern, _, _ in found})]
        there.sort()
        ids, _ = finished(postings.matching(there))
        return set(ids.tolist())

    return match


def _literals(query: ParsedQuery) -> Iterator[str]:
    for clause in clauses(query.tree):
        yield from (*clause.required, *clause.forbidden)


def regexes(queries: Sequence[ParsedQuery]) -> Matcher:
    """Match with a pattern for each term of each query, over the same folded text."""
    compiled = [[_patterns(clause) for clause in clauses(query.tree)] for query in queries]

    def match(title: str, text: str) -> set[int]:
        folded = reading(title, text)
        return {
            number
            for number, any_of in enumerate(compiled)
            if any(
                all((pattern.search(folded) is not None) is wanted for pattern, wanted in all_of)
                for all_of in any_of
            )
        }

    return match


def _patterns(clause: Clause) -> list[tuple[re.Pattern[str], bool]]:
    return [
        *((re.compile(f" {each} "), True) for each in clause.required),
        *((re.compile(f" {each} "), False) for each in clause.forbidden),
    ]


class TsQuery:
    """PostgreSQL's own text search: a table of tsqueries is scanned for each article."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    async def of(cls, queries: Sequence[ParsedQuery]) -> "TsQuery | None":
        """Return None if no server is set."""
        url = os.environ.get("DATELINE_TEST_POSTGRESQL")
        if not url:
            return None
        import asyncpg  # noqa: PLC0415 - only with a server

        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        await connection.execute("CREATE TEMPORARY TABLE asked (id int, query tsquery)")
        rows = [(number, _tsquery(query)) for number, query in enumerate(queries)]
        await connection.execute("CREATE TEMPORARY TABLE typed (id int, query text)")
        await connection.copy_records_to_table("typed", records=rows)
        await connection.execute("INSERT INTO asked SELECT id, query::tsquery FROM typed")
        await connection.execute("ANALYZE asked")
        return cls(connection)

    async def match(self, title: str, text: str) -> set[int]:
        folded = reading(title, text).replace("\n", "")
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


def _tsquery(query: ParsedQuery) -> str:
    return " | ".join(
        " & ".join([*map(_phrase, each.required), *("!" + _phrase(no) for no in each.forbidden)])
        for each in clauses(query.tree)
    )


def _phrase(literal: str) -> str:
    return "(" + " <-> ".join(f"'{word}'" for word in literal.split()) + ")"
