"""The index of a running process, which follows the stored queries change by change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bot.matching.canonical import read_back
from bot.matching.engine.snapshot import Snapshot
from bot.matching.index import QueryIndex
from bot.matching.query import Query, QueryError

_FEW = 1_000  # changes, too few to write everything anew
_LEARNED = 20_000  # articles, after which what was learned from them is kept
_KEPT: Final = 4_096  # queries


@dataclass(slots=True)
class LiveIndex:
    """`number` is the last change that the index has seen, `saved` the one a snapshot has."""

    index: QueryIndex = field(default_factory=QueryIndex)
    number: int = 0
    saved: int = 0
    saved_articles: int = 0
    recent: dict[int, Query] = field(default_factory=dict)
    """What matched lately, by id, the latest last: what is in the news matches again and again."""

    def follow(self, number: int, query_id: int, canonical: str | None) -> None:
        """Take the change *number*: the query is *canonical* now, or None: nobody asks for it."""
        if canonical is None:
            self.index.remove(query_id)
        else:
            self._add(query_id, canonical)
        self.number = number

    def start(self, snapshot: Snapshot) -> None:
        """Go on from *snapshot*, which was just built."""
        self.index, self.number = QueryIndex.of(snapshot), snapshot.number

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from *snapshot*, which was saved."""
        self.start(snapshot)
        self.saved = self.number

    @property
    def is_worth_saving(self) -> bool:
        """Whether a new process would take long to follow what came since, or know much less."""
        changes = self.number - self.saved
        learned = self.index.articles - self.saved_articles
        return changes >= max(_FEW, len(self.index) // 20) or learned >= _LEARNED

    def note_saved(self) -> None:
        self.saved, self.saved_articles = self.number, self.index.articles

    def remember(self, matched: Mapping[int, Query]) -> None:
        self.recent |= matched
        for query_id in list(islice(self.recent, max(0, len(self.recent) - _KEPT))):
            del self.recent[query_id]

    def _add(self, query_id: int, canonical: str) -> None:
        try:
            query = read_back(canonical)
        except QueryError:
            self.index.remove(query_id)
            return  # an older grammar's; it matches nothing until its topic is edited
        self.index.add(query_id, query)
