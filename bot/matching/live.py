"""The index of a running process, which follows the stored queries change by change."""

from dataclasses import dataclass, field

from bot.matching.canonical import read_back
from bot.matching.engine.snapshot import Snapshot
from bot.matching.index import QueryIndex
from bot.matching.query import QueryError

_FEW = 1_000  # changes, too few to write everything anew
_LEARNED = 20_000  # articles, after which what was learned from them is kept


@dataclass(slots=True)
class LiveIndex:
    """`number` is the last change that the index has seen, `saved` the one a snapshot has."""

    index: QueryIndex = field(default_factory=QueryIndex)
    number: int = 0
    saved: int = 0
    saved_articles: int = 0

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

    def _add(self, query_id: int, canonical: str) -> None:
        try:
            query = read_back(canonical)
        except QueryError:
            self.index.remove(query_id)
            return  # an older grammar's; it matches nothing until its topic is edited
        self.index.add(query_id, query)
