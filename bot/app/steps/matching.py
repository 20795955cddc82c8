"""Role `match`: which story an article tells, and who wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.loops import Loop
from bot.ops.instrumentation import GaugeName

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings


def matching_loops(around: Surroundings) -> list[Loop]:
    from bot.matching.refold import Refolding
    from bot.sources.group import Grouping

    storage, owner = around.storage, around.owner
    grouping = Grouping(storage, owner, around.settings.story_memory_mb * 1_000_000)
    sync = grouping.sync
    around.watch.gauges.update(
        {
            GaugeName.INDEX_QUERIES: lambda: len(sync.index),
            GaugeName.INDEX_CHANGE: lambda: sync.number,
        }
    )
    return [
        Loop("match", grouping.run_once),
        Loop("refold", Refolding(storage, owner).refold),
    ]
