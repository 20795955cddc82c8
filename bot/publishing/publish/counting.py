"""How many stories each query found of late, counted once for all the chats that watch it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.publishing.trends import FORTNIGHT
from storage.db.engine import Transaction
from storage.search import stories_by_day

# To count anew for each digest took longer than all else that it is gathered from.
GOOD_FOR = timedelta(minutes=30)
MOST_KNOWN = 20_000

Ages = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class StoryCounts:
    """Keeps what it counted for half an hour; of chats with sources of their own it keeps none."""

    _known: dict[int, tuple[datetime, Ages]] = field(default_factory=dict)

    async def by_age(
        self, tx: Transaction, query_ids: Collection[int], chat_id: int | None = None
    ) -> Mapping[int, Ages]:
        """Return, by query and whole days of age, how many stories a fortnight brought.

        To everybody, or to the one chat that has sources of its own.
        """
        if chat_id is not None:
            return await stories_by_day(tx, chat_id, query_ids, FORTNIGHT)
        missing = [one for one in query_ids if not self._is_fresh(one, tx.now)]
        counted = await stories_by_day(tx, None, missing, FORTNIGHT)
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known.update({one: (tx.now, counted.get(one, {})) for one in missing})
        return {one: self._known[one][1] for one in query_ids if one in self._known}

    def _is_fresh(self, query_id: int, now: datetime) -> bool:
        counted_at, _ = self._known.get(query_id, (None, {}))
        return counted_at is not None and now - counted_at < GOOD_FOR
