"""Instrumentation: observers see each operation of a process, its duration and its outcome.

The operations are the rounds of stages, and the fetches, reads, sends, Bot API calls and updates
that `bot.app` wraps. Metrics, traces and health are observers. Without observers nothing is
recorded.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

OK, FAILED, STOPPED = "ok", "failed", "stopped"
# The values of log lines that a trace or a report of an error may have.
IDS: Final = ("stage", "source_id", "article", "story", "delivery", "update")


class Operation(StrEnum):
    STAGE = "stage"  # one round of a stage, by its name
    FETCH = "fetch"  # one feed or page
    READ = "read"  # a document, from its bytes
    UPDATE = "update"  # from Telegram, by its kind
    CALL = "call"  # of the Bot API, by its method
    SEND = "send"  # a delivery, by its medium
    MODEL = "model"  # of the language model, by the language of the answer
    LETTER = "letter"  # to the address of a newsletter, by the reason of its outcome


class GaugeName(StrEnum):
    """A value that can be read from a process at any time, if the process has it."""

    INDEX_QUERIES = "index_queries"
    INDEX_CHANGE = "index_change"
    STORY_MEMORY = "story_memory"  # bytes, estimated
    SENDS_IN_FLIGHT = "sends_in_flight"
    POLLING_FAILS = "polling_fails"  # seconds since the last successful poll, while polls fail
    CONNECTIONS = "connections"  # to the database, in use
    MEMORY = "memory"  # bytes, of the process and its workers
    WORKERS = "workers"
    MAILBOX_AGE = "mailbox_age"  # seconds since the mailbox was last read
    MAILBOX_WATCHED = "mailbox_watched"  # 1 while IDLE announces new mails, else 0
    DISK = "disk"  # bytes free beside the SQLite file


@dataclass(eq=False, slots=True)
class Observation:
    """One operation. *facts* hold ids and hosts, never text from users or articles."""

    operation: Operation
    name: str
    facts: dict[str, str | int]
    outcome: str = ""  # one of a few words
    error: str = ""  # the name of the error's type
    seconds: float = 0
    done: int = 0  # the amount of work of a stage


class Observer(Protocol):
    def observe(self, observation: Observation) -> AbstractContextManager[None]:
        """Enter before the operation; leave after it, when *observation* has its outcome."""


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """The observers of one process, which are added before its first operation, and its gauges."""

    observers: list[Observer] = field(default_factory=list)
    gauges: dict[GaugeName, Callable[[], float]] = field(default_factory=dict)

    def add(self, observer: Observer) -> None:
        self.observers.append(observer)

    @contextmanager
    def observe(self, operation: Operation, name: str, **facts: str | int) -> Iterator[Observation]:
        """Let the observers see the block; errors pass through."""
        observation = Observation(operation, name, facts)
        started_at = perf_counter()
        with ExitStack() as stack:
            for observer in self.observers:
                stack.enter_context(observer.observe(observation))
            try:
                yield observation
                observation.outcome = observation.outcome or OK
            except Exception as error:
                observation.outcome = observation.outcome or FAILED
                observation.error = type(error).__name__
                raise
            except BaseException:  # cancelled
                observation.outcome = STOPPED
                raise
            finally:
                observation.seconds = perf_counter() - started_at
