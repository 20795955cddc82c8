"""Where the news of digests comes from: a stand that all readers of a round share.

What public sources told of a query is the same for every chat. One that mutes, or has sources of
its own, has a stand to itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storage.db.engine import Transaction
from storage.editions import FoundArticle, found_since, texts_of
from storage.publishers import names_by_story, names_for_article


@dataclass(frozen=True, slots=True)
class Newsstand:
    """Keeps what it has read. It is for one round, so that it is never old and never large."""

    chat_id: int | None = None  # for whom alone it is
    _found: dict[int, Sequence[FoundArticle]] = field(default_factory=dict)
    _reach: dict[int, datetime] = field(default_factory=dict)
    _tellers: dict[int, Sequence[tuple[int, str]]] = field(default_factory=dict)
    _outlets: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    _texts: dict[int, str] = field(default_factory=dict)

    async def bring_found(
        self, tx: Transaction, wanted: Iterable[tuple[Collection[int], datetime]]
    ) -> None:
        """Read what the queries, wanted from a moment on, have found."""
        earliest: dict[int, datetime] = {}
        for query_ids, since in wanted:
            for query_id in query_ids:
                earliest[query_id] = min(since, earliest.get(query_id, since))
        # Together by days of reach, so that one long absence does not make all look back as far.
        short: defaultdict[int, dict[int, datetime]] = defaultdict(dict)
        for query_id, since in earliest.items():
            if query_id not in self._reach or self._reach[query_id] > since:
                short[(tx.now - since).days][query_id] = since
        for reach in short.values():
            since = min(reach.values())
            found = await found_since(tx, reach, since, self.chat_id)
            self._found.update({one: found.get(one, ()) for one in reach})
            self._reach.update(dict.fromkeys(reach, since))

    def found(self, query_ids: Iterable[int], since: datetime) -> list[FoundArticle]:
        return [
            match
            for query_id in query_ids
            for match in self._found[query_id]
            if match.is_new_since(since)
        ]

    async def bring_tellers(self, tx: Transaction, story_ids: Collection[int]) -> None:
        if missing := set(story_ids) - self._tellers.keys():
            told = await names_by_story(tx, missing, self.chat_id)
            self._tellers.update({story: told.get(story, ()) for story in missing})

    def outlets(self, story_id: int, article_id: int) -> tuple[str, ...]:
        """Return who tells a story, whoever brought *article_id* first."""
        key = (story_id, article_id)
        if key not in self._outlets:
            self._outlets[key] = tuple(names_for_article(self._tellers[story_id], article_id))
        return self._outlets[key]

    async def bring_texts(self, tx: Transaction, article_ids: Collection[int]) -> None:
        if missing := set(article_ids) - self._texts.keys():
            self._texts.update(await texts_of(tx, missing))

    @property
    def texts(self) -> Mapping[int, str]:
        return self._texts
