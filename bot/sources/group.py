"""The step that finds each article its story, in stored order, before it is matched.

One process does it at a time, since a decision rests on all that were made before it: who holds
the role. What it decides is final: matching and alerting see grouped articles only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from storage.engine import Storage
from storage.leases import hold, keep, lease_of
from storage.stories_grouped import Ungrouped, group_articles, ungrouped

ROLE: Final = "group"
# A process that was killed holds up the news for so long.
LEASE: Final = timedelta(seconds=30)
_RENEWED: Final = LEASE * 2 / 3  # when so little of it is left


@dataclass(frozen=True, slots=True)
class Grouping:
    storage: Storage
    owner: str

    async def group_new(self, limit: int = 200) -> int:
        """Group the oldest articles that are ready; return how many, 0 if another has the role."""
        async with self.storage.reading() as unit:
            articles = await ungrouped(unit, limit)
            holder, until = await lease_of(unit, ROLE)
            now = unit.now
        if holder != self.owner and (until > now or not articles):
            return 0
        if (holder != self.owner or until - now < _RENEWED) and not await self._hold():
            return 0
        return await self._group(articles) if articles else 0

    async def _hold(self) -> bool:
        async with self.storage.writing() as unit:
            return await hold(unit, ROLE, self.owner, LEASE)

    async def _group(self, articles: Sequence[Ungrouped]) -> int:
        async with self.storage.writing() as unit:
            if not await keep(unit, ROLE, self.owner, LEASE):
                return 0
            await group_articles(unit, {article.id: article.story_id for article in articles})
        return len(articles)
