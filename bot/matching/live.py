"""The index of a running process, which follows the stored queries change by change."""

from dataclasses import dataclass, field

from bot.matching.index import QueryIndex
from bot.matching.query import QueryError, parse


@dataclass(slots=True)
class LiveIndex:
    """`number` is the last change that the index has seen."""

    index: QueryIndex = field(default_factory=QueryIndex)
    number: int = 0

    def follow(self, number: int, query_id: int, canonical: str | None) -> None:
        """Take the change *number*: the query is *canonical* now, or None: nobody asks for it."""
        self.index.remove(query_id)
        if canonical is not None:
            self._add(query_id, canonical)
        self.number = number

    def _add(self, query_id: int, canonical: str) -> None:
        try:
            query = parse(canonical)
        except QueryError:
            return  # an older grammar's; it matches nothing until its topic is edited
        self.index.add(query_id, query)
