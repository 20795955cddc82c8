"""The garbage collector of one process.

Nearly all objects made at startup live as long as the process. A collection of all 250,000 objects
frees 2,000 of them and blocks the event loop for up to a second. The collector is therefore enabled
once the process has started. It collects recent objects only, and all objects once a day.
"""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import Final

# New objects before a collection, which takes about a millisecond. A message or an article makes
# hundreds, and reference counting frees nearly all of them.
COLLECTED_AT_ONCE: Final = 5_000


def postpone_collection() -> None:
    """Disable the collector until `start_collection`, because it takes a fifth of the start."""
    gc.disable()


def start_collection() -> None:
    """Enable the collector, and exempt all present objects from it."""
    gc.set_threshold(COLLECTED_AT_ONCE)
    gc.freeze()
    gc.enable()


async def collect_recent() -> None:
    """Collect the objects made since the last time, in a few milliseconds, and exempt the rest.

    Reference counting still frees exempt objects.
    """
    gc.collect()
    start_collection()


async def collect_all() -> None:
    """Collect cycles among the exempt objects that are no longer in use."""
    gc.unfreeze()
    await collect_recent()


RECENT_EVERY: Final = timedelta(minutes=10)
ALL_EVERY: Final = timedelta(days=1)
# Coroutines, because a scheduler runs plain functions in threads.
COLLECTIONS: Final = ((collect_recent, RECENT_EVERY), (collect_all, ALL_EVERY))
