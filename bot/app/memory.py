"""The garbage collector of one process: when it starts, and what it looks at.

Nearly all that a process makes while it starts stays: of 250,000 objects a look through them frees
2,000, takes up to a second, and holds up the event loop. So the collector waits until everything
is there, and looks only at what came since; once a day it looks at all.
"""

from __future__ import annotations

import gc
from datetime import timedelta
from typing import Final

# Objects made before the collector looks at them, in about a millisecond: each message and
# article makes hundreds, nearly all of which go by themselves.
COLLECTED_AT_ONCE: Final = 5_000


def postpone_collection() -> None:
    """Keep the collector from running until `start_collection`; else it is a fifth of a start."""
    gc.disable()


def start_collection() -> None:
    """Let the collector run, and spare it what is there by now."""
    gc.set_threshold(COLLECTED_AT_ONCE)
    gc.freeze()
    gc.enable()


async def collect_recent() -> None:
    """Collect what came since the last time, in a few milliseconds, and spare what is left.

    What is spared still goes when nobody refers to it any more.
    """
    gc.collect()
    start_collection()


async def collect_all() -> None:
    """Find the cycles that were in use when they were spared, and are not any more."""
    gc.unfreeze()
    await collect_recent()


RECENT_EVERY: Final = timedelta(minutes=10)
ALL_EVERY: Final = timedelta(days=1)
# Coroutines, so that they run in the event loop: a scheduler runs plain functions in threads.
COLLECTIONS: Final = ((collect_recent, RECENT_EVERY), (collect_all, ALL_EVERY))
