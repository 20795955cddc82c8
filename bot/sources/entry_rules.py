"""Decides which entries of a source are dropped, by an operator's two queries.

An entry is kept if it matches the query of what to keep, or there is none, and if it does not match
the query of what to drop. Both are in the language of topics. A stored query that can no longer be
parsed is no rule, so that nothing is lost by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.sources.feeds.model import AS_USUAL, ReadingRules, SelectorProblem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.matching.query import ParsedQuery
    from storage.source_rules import SourceRules

# Slow selectors are not tried again before this, because each attempt occupies a worker.
TRIED_AGAIN_AFTER: Final = timedelta(hours=1)


class RuleSubject(NamedTuple):
    """An entry to judge.

    *names*: the hosts and names of its publishers. *labels*: tokens; see `bot.text.folding`.
    """

    title: str
    text: str
    names: Iterable[str]
    language: str
    labels: str


@dataclass(frozen=True, slots=True)
class EntryRules:
    """The rules of a source, ready for use. `problem`: see `SourceRules`."""

    keep: str = ""
    drop: str = ""
    reading: ReadingRules = AS_USUAL
    problem: SelectorProblem | None = None

    @classmethod
    def of(cls, rules: SourceRules, now: datetime) -> EntryRules:
        """Return the rules as they apply at *now*."""
        reading = ReadingRules(rules.language, rules.zone, rules.article, tuple(rules.dropped))
        problem = SelectorProblem(rules.problem) if rules.problem else None
        tried = rules.problem_at if problem is SelectorProblem.TOO_SLOW else None
        if tried and tried > now - TRIED_AGAIN_AFTER:
            reading = reading.without_selectors
        return cls(rules.keep_query, rules.drop_query, reading, problem)

    @property
    def are_any(self) -> bool:
        """Whether an entry may be dropped."""
        return bool(self.keep or self.drop)

    def drops(self, entry: RuleSubject) -> bool:
        """Return whether to drop *entry*."""
        from bot.matching.evaluate import fold_article, holds  # noqa: PLC0415 - see `_parsed`

        keep, drop = _parsed(self.keep), _parsed(self.drop)
        if keep is None and drop is None:
            return False
        folded = fold_article(
            entry.title,
            entry.text,
            sources=entry.names,
            language=entry.language or None,
            labels=entry.labels,
        )
        if keep and not holds(keep.tree, folded.has):
            return True
        return drop is not None and holds(drop.tree, folded.has)


@lru_cache(maxsize=512)
def _parsed(query: str) -> ParsedQuery | None:
    # Most installations have no such rule, and their workers need no query language.
    from bot.matching.query import QueryError, parse  # noqa: PLC0415

    if not query:
        return None
    try:
        return parse(query)
    except QueryError:
        return None
