"""Role `match`: which story an article tells, and who wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.loops import Loop
from bot.watch import Reading

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings


def matching_loops(around: Surroundings) -> list[Loop]:
    from bot.matching.index_sync import IndexSync
    from bot.matching.match import Matching
    from bot.matching.refold import Refolding
    from bot.sources.group import Grouping

    storage, owner = around.storage, around.owner
    sync = IndexSync(storage)
    around.watch.readings.update(
        {
            Reading.INDEX_QUERIES: lambda: len(sync.index),
            Reading.INDEX_CHANGE: lambda: sync.number,
        }
    )
    grouping = Grouping(storage, owner, around.settings.story_memory_mb * 1_000_000)
    matching = Matching(storage, sync, owner)
    refolding = Refolding(storage, owner)
    return [
        Loop("group", grouping.group_new),
        Loop("match", matching.match_new),
        Loop("refold", refolding.refold),
    ]
