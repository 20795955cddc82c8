"""The memory of one process: its allocator and its garbage collector.

By default, glibc gives each thread its own arena, and an arena keeps what it frees. Each connection
to SQLite has a thread, so a third of the memory of a busy process was free and could not be used.
All threads therefore share one arena: they rarely allocate at the same time, because most of their
allocations hold the interpreter's lock. Memory that is still free then is returned to
the system with each collection of recent objects.

Nearly all objects made at startup live as long as the process. A collection of all 250,000 objects
frees 2,000 of them and blocks the event loop for up to a second. The collector is therefore enabled
once the process has started, and exempts what it finds then. Ten minutes later, when most modules
and templates are loaded, and then once a day, it collects all objects and exempts the rest. Other
collections exempt nothing. If they did, objects that were in use at that moment would be kept for
up to a day: a closed connection is a cycle, and some are always open.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Final

# New objects before a collection, which takes about a millisecond. A message or an article makes
# hundreds, and reference counting frees nearly all of them.
COLLECTED_AT_ONCE: Final = 5_000

_ARENA_MAX: Final = -8  # M_ARENA_MAX of malloc.h


def share_arena() -> None:
    """Let all threads allocate from one arena. Call this before any thread starts."""
    with suppress(AttributeError):  # not glibc
        _allocator().mallopt(_ARENA_MAX, 1)


def return_free_memory() -> None:
    """Return free pages to the system."""
    with suppress(AttributeError):  # as above
        _allocator().malloc_trim(0)


@cache  # each one is a cycle
def _allocator() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def postpone_collection() -> None:
    """Disable the collector until `start_collection`, because it takes a fifth of the start."""
    gc.disable()


def start_collection() -> None:
    """Enable the collector, and exempt all present objects from it."""
    gc.set_threshold(COLLECTED_AT_ONCE)
    gc.freeze()
    gc.enable()


async def collect_recent() -> None:
    """Collect the objects that are not exempt. Returning free memory takes up to 15 ms."""
    gc.collect()
    return_free_memory()


async def collect_all() -> None:
    """Collect all objects, and exempt those that are left."""
    gc.unfreeze()
    await collect_recent()
    start_collection()


RECENT_EVERY: Final = timedelta(minutes=10)
ALL_EVERY: Final = timedelta(days=1)
# Coroutines, because a scheduler runs plain functions in threads.
COLLECTIONS: Final = ((collect_recent, RECENT_EVERY), (collect_all, ALL_EVERY))
