"""Watching: what a process does, how long that took and how it ended, for whoever wants to know.

No room knows of it. What is watched are the rounds of loops, and what `bot.app` stands around
fetching, reading, sending, the calls of the Bot API and updates. Metrics, traces and the probes
watch; without any of them nothing is told.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

OK, FAILED, STOPPED = "ok", "failed", "stopped"


class Act(StrEnum):
    STEP = "step"  # one round of a loop, by its name
    FETCH = "fetch"  # one feed or page
    READ = "read"  # bytes into a document
    UPDATE = "update"  # of Telegram's, by its kind
    CALL = "call"  # of the Bot API, by its method
    SEND = "send"  # a delivery handed over, by its medium


class Reading(StrEnum):
    """What can be read off a process at any time, if it has that."""

    INDEX_QUERIES = "index_queries"
    INDEX_CHANGE = "index_change"
    SENDS_IN_FLIGHT = "sends_in_flight"
    POLLING_FAILS = "polling_fails"  # seconds since the last poll that went well, if it fails
    CONNECTIONS = "connections"  # to the database, in use
    MEMORY = "memory"  # bytes, of the process and its workers
    WORKERS = "workers"
    DISK = "disk"  # bytes free beside the SQLite file


@dataclass(eq=False, slots=True)
class Seen:
    """One thing done. *facts* hold ids and hosts, never what people or articles say."""

    act: Act
    name: str
    facts: dict[str, str | int]
    outcome: str = ""  # one word out of few
    error: str = ""  # the name of its type
    seconds: float = 0
    done: int = 0  # of a step: how much


class Watcher(Protocol):
    def watch(self, seen: Seen) -> AbstractContextManager[None]:
        """Enter before it is done; leave behind it, when *seen* tells how it ended."""


@dataclass(frozen=True, slots=True)
class Watch:
    """All who watch one process. They join before anything is done."""

    watchers: list[Watcher] = field(default_factory=list)
    readings: dict[Reading, Callable[[], float]] = field(default_factory=dict)

    def join(self, watcher: Watcher) -> None:
        self.watchers.append(watcher)

    @contextmanager
    def over(self, act: Act, name: str, **facts: str | int) -> Iterator[Seen]:
        """Let what the block does be watched; an error passes through."""
        seen = Seen(act, name, facts)
        begun = perf_counter()
        with ExitStack() as stack:
            for watcher in self.watchers:
                stack.enter_context(watcher.watch(seen))
            try:
                yield seen
                seen.outcome = seen.outcome or OK
            except Exception as error:
                seen.outcome, seen.error = seen.outcome or FAILED, type(error).__name__
                raise
            except BaseException:  # cancelled
                seen.outcome = STOPPED
                raise
            finally:
                seen.seconds = perf_counter() - begun
