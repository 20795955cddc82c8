"""The stages of the pipeline, one declaration each, and the runner of a stage in this process.

A *queue stage* waits for a wake-up or its time-out, then works until nothing is left to claim. A
*periodic stage* works whenever the scheduler of the process starts it.

- A stage is woken by the stages before it in this process, and by committed transactions: at once
  in the process that commits, in others by NOTIFY. A lost wake-up costs one time-out, never a row.
- Declarations refer to each other, so that a missing stage is an error at import.
- The name of a stage is its label in logs, metrics and traces.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from bot.ops.instrumentation import Instrumentation, Operation
from bot.tasks import flat_errors, sleep_until
from storage.db.problems import is_disconnected, is_unavailable
from storage.enums import Notification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

log = structlog.get_logger(__name__)

LONGEST_PAUSE_SECONDS = 60.0
# The longest pause while the database is away or locked, so that work resumes within seconds.
GONE_PAUSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """*every*: the time-out of a queue stage, or the interval of a periodic stage.

    *wakes*: the stages that have work after this one has done some. *woken_by*: the notifications
    of committed transactions that have made work for this stage.
    """

    name: str
    every: timedelta
    is_periodic: bool = False
    wakes: tuple[Stage, ...] = ()
    woken_by: tuple[Notification, ...] = ()


def _queue(
    name: str,
    timeout: float,
    *,
    wakes: tuple[Stage, ...] = (),
    woken_by: tuple[Notification, ...] = (),
) -> Stage:
    every = timedelta(seconds=timeout)
    return Stage(name=name, every=every, wakes=wakes, woken_by=woken_by)


def _periodic(name: str, *, wakes: tuple[Stage, ...] = (), **every: float) -> Stage:
    return Stage(name=name, every=timedelta(**every), is_periodic=True, wakes=wakes)


# Role send.
PIN: Final = _queue("pin", 5)
SEND: Final = _queue("send", 1, wakes=(PIN,), woken_by=(Notification.DELIVERIES,))
MAIL: Final = _queue("mail", 1, woken_by=(Notification.DELIVERIES,))
BOUNCES: Final = _queue("bounces", 300)  # woken by the watch of the mailbox

# Role publish.
DIGEST: Final = _queue("digest", 1, wakes=(SEND,))
ALERT: Final = _queue("alert", 5, wakes=(SEND,), woken_by=(Notification.MATCHES,))
BUNDLE: Final = _queue("bundle", 5, wakes=(SEND,))
ALSO: Final = _queue("also", 5, wakes=(SEND,))
BROADCAST: Final = _queue("broadcast", 1, wakes=(SEND,))
NOTICE: Final = _periodic("notice", minutes=1, wakes=(SEND,))
MODEL: Final = _periodic("model", minutes=1)
TIDY: Final = _periodic("tidy", minutes=1)
CLOCK: Final = _periodic("clock", seconds=20)
ACCESS: Final = _periodic("access", minutes=1, wakes=(SEND,))
FORGET: Final = _periodic("forget", hours=6)

# Role match. The short time-out lets an idle process follow new queries.
MATCH: Final = _queue(
    "match",
    2,
    woken_by=(Notification.QUERIES, Notification.ARTICLES, Notification.STORIES),
)
REFOLD: Final = _periodic("refold", hours=1)

# Role poll. Polls and pages wake nobody by themselves: most of them change nothing.
POLL: Final = _queue("poll", 1)
PAGE: Final = _queue("page", 2, woken_by=(Notification.PAGES,))
SEARCH: Final = _periodic("search", minutes=5, wakes=(POLL,))
HUBS: Final = _periodic("hubs", seconds=30)

# Role chat.
PROGRESS: Final = _queue("progress", 3)
LIST: Final = _queue("list", 2)


class LastRound(int):
    """The work of a round that left nothing due, so that another round would find nothing."""


@dataclass(eq=False)
class StageRunner:
    """Runs one stage in this process; several runners may run the same stage."""

    stage: Stage
    run_once: Callable[[], Awaitable[int]]
    """Does the work that is due, and returns how much it did; 0 if nothing was due.

    Runs again at once, unless it returned 0 or a `LastRound`.
    """
    wakes: tuple[StageRunner, ...] = ()
    """The runners in this process that have work after this one has done some."""
    pause: Callable[[asyncio.Event, float], Awaitable[None]] = field(
        default_factory=lambda: sleep_until
    )
    instrumentation: Instrumentation = field(default_factory=Instrumentation)
    timeout_seconds: float | None = field(init=False)
    """None: only a wake-up ends the wait."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _logged: set[str] = field(default_factory=set)
    _longest_pause: float = LONGEST_PAUSE_SECONDS

    def __post_init__(self) -> None:
        self.timeout_seconds = self.stage.every.total_seconds()

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def is_woken(self) -> bool:
        return self._woken.is_set()

    def wake(self) -> None:
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until *stopping* is set; finish the current round first."""
        self.wake()
        # One task for the whole run, because tasks for each wait would cost more than the wait.
        async with asyncio.TaskGroup() as group:
            ending = group.create_task(self._wake_at(stopping))
            try:
                await self._run(stopping)
            finally:
                ending.cancel()

    async def _run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await self._wait()
            self._woken.clear()
            await self.work(stopping)
            # The first failure is retried at the next wake-up, later ones after growing pauses.
            if self._failures > 1:
                seconds = 2.0 ** min(self._failures - 2, 9)
                await self.pause(stopping, min(seconds, self._longest_pause))

    async def _wake_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.wake()

    async def _wait(self) -> None:
        """Wait for a wake-up, or for the time-out of the stage."""
        if self.is_woken:
            await asyncio.sleep(0)  # a stage that wakes itself must let others run
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self.timeout_seconds):
                await self._woken.wait()

    async def work(self, stopping: asyncio.Event) -> None:
        """Do rounds until nothing is left to do or a round fails; log the failure."""
        structlog.contextvars.bind_contextvars(stage=self.name)
        while not stopping.is_set():
            try:
                with self.instrumentation.observe(Operation.STAGE, self.name) as seen:
                    seen.done = done = await self.run_once()
            except Exception as error:  # noqa: BLE001 - one bad round must not end the stage
                self._note_failure(error)
                return
            if self._failures:
                log.info("a stage works again", stage=self.name, failures=self._failures)
                self._failures, self._logged = 0, set()
            if not done:
                return
            for runner in self.wakes:
                runner.wake()
            if isinstance(done, LastRound):
                return

    def _note_failure(self, error: Exception) -> None:
        """Log each kind of error once, until the stage works again."""
        errors = flat_errors(error)
        is_waiting = all(map(is_disconnected, errors))
        self._longest_pause = GONE_PAUSE_SECONDS if is_waiting else LONGEST_PAUSE_SECONDS
        self._failures += 1
        by_kind = {type(leaf).__name__: leaf for leaf in reversed(errors)}
        for kind in sorted(by_kind.keys() - self._logged):
            first = by_kind[kind]
            if is_unavailable(first):
                line = str(first).partition("\n")[0]
                log.error("a stage fails; it is tried again", stage=self.name, reason=line)
            else:
                log.error("a stage failed", stage=self.name, exc_info=first)
        self._logged |= by_kind.keys()


def connect(runners: Sequence[StageRunner], instrumentation: Instrumentation | None = None) -> None:
    """Connect each runner to the runners in this process that its stage wakes."""
    for runner in runners:
        runner.instrumentation = instrumentation or runner.instrumentation
        runner.wakes = tuple(each for each in runners if each.stage in runner.stage.wakes)


def wake_for(notification: Notification, runners: Iterable[StageRunner]) -> None:
    """Wake the *runners* that have work after this notification."""
    for runner in runners:
        if notification in runner.stage.woken_by:
            runner.wake()
