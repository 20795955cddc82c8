"""Role `match`: which story an article tells, and who wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.loops import Loop
from bot.watch import Reading

if TYPE_CHECKING:
    from bot.app.surroundings import Surroundings


def matching_loops(around: Surroundings) -> list[Loop]:
    from bot.matching.following import Following
    from bot.matching.match import Matching
    from bot.matching.snapshots import SnapshotFile
    from bot.sources.group import Grouping

    storage, owner = around.storage, around.owner
    following = Following(storage, file=SnapshotFile(around.place.index_file))
    live = following.live
    around.watch.readings.update(
        {
            Reading.INDEX_QUERIES: lambda: live.index.known,
            Reading.INDEX_CHANGE: lambda: live.number,
        }
    )
    grouping = Grouping(storage, owner)
    matching = Matching(storage, following, owner)
    return [Loop("group", grouping.group_new), Loop("match", matching.match_new)]
