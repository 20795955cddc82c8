"""The stage that sends by Telegram or by mail: claim, store the intent, call, store the response.

Claim, intent and response are separate transactions, and none is open during a call. A crash before
the intent costs nothing. After a crash behind the intent the delivery is still `sending`; another
process takes it over, and its outcome counts as unknown. Intents of calls that begin nearly
together share a transaction, and so do responses. The two media differ only in their `Channel`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Generic, NamedTuple

import structlog

from bot.delivery.channel import BEGINS_WITHIN_SECONDS, response_to
from bot.delivery.errors import DeliveryError, NeverSent, Unknown
from bot.delivery.outcomes import attempt_of, log_line, outcome_of, result_columns
from bot.delivery.pace import Pacer, Timer
from bot.delivery.responses import ResponseWriter
from bot.ops.instrumentation import Instrumentation, Operation
from storage.maintenance import current_maintenance
from storage.outbox import (
    CallResult,
    Claimed,
    begin_sending,
    claim_abandoned,
    has_abandoned,
    record_results,
    release_claims,
    release_unsent,
    resend_unknown,
)
from storage.pace import paused_until, pauses_by_key

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from types import TracebackType
    from typing import Self

    from bot.delivery.channel import CallResponse, Channel
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)

PER_SECOND = 27.0

# Calls whose permits lie within this time begin together: at 27 a second one, at 1000 twenty.
TOGETHER_SECONDS = 0.02

_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(eq=False)
class Calls:
    """The calls in flight: `async with Calls() as calls:` for as long as the process sends.

    On exit it waits at most *patience* for the calls in flight, and then cancels them. The outcome
    of a cancelled call is unknown.
    """

    limit: int = 64
    patience: timedelta = timedelta(seconds=8)
    on_done: Callable[[], None] = lambda: None
    """Called after each call, because the chat's next delivery may now be sent."""
    timer: Timer = field(default_factory=Timer)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)

    @property
    def room(self) -> int:
        return max(0, self.limit - len(self._tasks))

    def start(self, call: Coroutine[object, object, None]) -> None:
        task = self._group.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def all_done(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.on_done()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self._tasks:
            await asyncio.wait(self._tasks, timeout=self.patience.total_seconds())
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)


class Planned(NamedTuple, Generic[Claimed]):
    """A claimed delivery, and the moment of its permit on the timer."""

    claimed: Claimed
    moment: float


@dataclass(eq=False)
class SendStage(Generic[Claimed]):
    """Sends the deliveries of one channel.

    *owner* names this process. *pace_key*: the pace row of the bot's token or of the mail server.
    """

    storage: Storage
    channel: Channel[Claimed]
    owner: str
    calls: Calls
    pace_key: str
    per_second: float = PER_SECOND
    instrumentation: Instrumentation = field(default_factory=Instrumentation)
    pacer: Pacer = field(init=False)
    _responses: ResponseWriter[Claimed] = field(init=False)
    _is_in_doubt: bool = False
    _ask_at: float = float("-inf")
    _unbegun: set[int] = field(default_factory=set)
    """Claimed deliveries whose call has not begun, and which were not released yet."""
    _in_flight: set[int] = field(default_factory=set)
    """Deliveries whose results are not stored yet.

    If a clock is set forward, their leases expire although their calls are still running.
    """

    def __post_init__(self) -> None:
        timer, horizon = self.calls.timer, self.channel.limits.horizon
        self.pacer = Pacer(self.storage, timer, self.pace_key, self.per_second, horizon)
        self._responses = ResponseWriter(
            self.storage, self.channel, self.owner, self.pace_key, timer
        )

    async def run_once(self, limit: int = 100) -> int:
        """Start the calls for due deliveries, each at its permit; return how many were claimed.

        Does not wait for the calls to end. They run in `calls`, which reports each end (`on_done`).
        """
        if not await self._is_clear():
            return 0
        waiting = await self._claim(min(limit, self.calls.room))
        number = len(waiting)
        self._unbegun.update(planned.claimed.id for planned in waiting)
        while waiting:
            first, waiting = _split(waiting)
            await self.pacer.until(first[0].moment - self.pacer.lead.seconds)
            intended_at, ready = self.calls.timer.now(), await self._begin(first)
            while ready and not await self.pacer.keep(ready[0].moment, len(ready)):
                ready, waiting = await self._postpone(ready, waiting)
            for planned in ready:
                self._unbegun.discard(planned.claimed.id)
                self.calls.start(self._deliver(planned.claimed, intended_at))
        await self._release_unbegun()
        return number

    async def _postpone(
        self, ready: Sequence[Planned[Claimed]], waiting: Sequence[Planned[Claimed]]
    ) -> tuple[list[Planned[Claimed]], list[Planned[Claimed]]]:
        """Take new permits; return both lists with these, without deliveries that got none."""
        async with self.pacer.transaction() as tx:
            offer = await self.pacer.offer(tx, len(ready) + len(waiting))
            if offer.moments:
                await self.pacer.take(offer, len(offer.moments))
        log.debug(
            "a permit was missed",
            deliveries=len(ready) + len(waiting),
            lead=self.pacer.lead.seconds,
        )
        postponed = [
            Planned(planned.claimed, moment)
            for planned, moment in zip((*ready, *waiting), offer.moments, strict=False)
        ]
        return postponed[: len(ready)], postponed[len(ready) :]

    async def _release_unbegun(self) -> None:
        """Release claimed deliveries without a call, because of a pause or a database error."""
        if self._unbegun:
            async with self.storage.writing() as tx:
                await release_claims(tx, self._unbegun, self.owner)
            self._unbegun.clear()

    async def _is_clear(self) -> bool:
        """Return whether sending may begin; False while the server may be down.

        Settles deliveries that dead processes left behind, once the server responds.
        """
        await self._release_unbegun()
        async with self.storage.reading() as tx:
            medium = self.channel.limits.medium
            left = await has_abandoned(tx, medium, in_flight=self._in_flight)
            if not left and not self._is_in_doubt:
                return True
            if await paused_until(tx, self.pace_key):
                return False
        if self.calls.timer.now() < self._ask_at:
            return False
        if not await self.channel.responds():
            limits = self.channel.limits
            self._ask_at = self.calls.timer.now() + limits.ask_again.total_seconds()
            log.warning(
                "the server does not respond; nothing is sent until it does",
                medium=limits.medium.value,
            )
            return False
        self._is_in_doubt = False
        async with self.storage.writing() as tx:
            await self._settle(tx)
        return True

    async def _settle(self, tx: Transaction) -> None:
        limits = self.channel.limits
        await release_unsent(tx, limits.medium)
        results, error = {}, Unknown("cut off by a crash")
        for row in await claim_abandoned(
            tx, self.owner, limits.call_lease, limits.medium, in_flight=self._in_flight
        ):
            outcome = outcome_of(attempt_of(row), error)
            columns = result_columns(outcome, tx.now, error=error)
            results[row.id] = CallResult(outcome.event, columns)
        await record_results(tx, self.owner, results, medium=limits.medium)
        await resend_unknown(tx, limits.medium)

    async def _claim(self, limit: int) -> list[Planned[Claimed]]:
        async with self.storage.writing() as tx:
            if await current_maintenance(tx):
                return []
            offer = await self.pacer.offer(tx, limit, commits=2)
            if not offer.permits:
                return []
            claimed = await self.channel.claim(offer.tx, self.owner, offer.permits)
            if claimed:
                await self.pacer.take(offer, len(claimed))
        return [Planned(*pair) for pair in zip(claimed, offer.moments, strict=False)]

    async def _begin(self, planned: Sequence[Planned[Claimed]]) -> list[Planned[Claimed]]:
        """Store the intents; return the calls that may begin: still leased to us, not paused."""
        async with self.pacer.transaction() as tx:
            keys = {call.claimed.id: self.channel.paused_by(call.claimed) for call in planned}
            paused = await pauses_by_key(tx, {self.pace_key, *keys.values()})
            if self.pace_key in paused:
                return []
            ids = [delivery_id for delivery_id, key in keys.items() if key not in paused]
            begun = await begin_sending(tx, ids, self.owner, self.channel.limits.call_lease)
        return [call for call in planned if call.claimed.id in begun]

    async def _deliver(self, claimed: Claimed, intended_at: float) -> None:
        self._in_flight.add(claimed.id)
        try:
            await self._call(claimed, intended_at)
        finally:
            self._in_flight.discard(claimed.id)

    async def _call(self, claimed: Claimed, intended_at: float) -> None:
        structlog.contextvars.bind_contextvars(delivery=claimed.id, of=claimed.delivery.decision)
        try:
            if self.calls.timer.now() - intended_at > BEGINS_WITHIN_SECONDS:
                raise NeverSent("this process stood still before the call")  # noqa: TRY301 - as any other
            response = response_to(claimed, await self._watched_call(claimed))
        except DeliveryError as error:
            response = response_to(claimed, error=error)
        except Exception as unexpected:  # one bad delivery must not stop the others
            log.exception("a call failed in an unknown way", delivery=claimed.id)
            response = response_to(claimed, error=Unknown(repr(unexpected)))
        if response.error:
            _log(response, response.error)
            self._is_in_doubt |= response.error.doubts_channel
        await self._responses.write(response)

    async def _watched_call(self, claimed: Claimed) -> int | None:
        medium, edits = self.channel.limits.medium.value, int(claimed.is_edit)
        with self.instrumentation.observe(Operation.SEND, medium, edits=edits) as observation:
            try:
                return await self.channel.call(claimed)
            except DeliveryError as error:
                observation.outcome = _INNER_CAPITAL.sub("_", type(error).__name__).lower()
                raise


def _split(
    waiting: Sequence[Planned[Claimed]],
) -> tuple[list[Planned[Claimed]], list[Planned[Claimed]]]:
    """Return the deliveries to begin together with the first, and the others."""
    end = waiting[0].moment + TOGETHER_SECONDS
    number = sum(1 for _ in takewhile(lambda planned: planned.moment <= end, waiting))
    return list(waiting[:number]), list(waiting[number:])


def _log(response: CallResponse[Claimed], error: DeliveryError) -> None:
    outcome, claimed = response.outcome, response.claimed
    level, sentence = log_line(outcome, is_edit=claimed.is_edit)
    facts: dict[str, str | int] = dict(claimed.recipient)
    if pause := outcome.chat_pause or outcome.token_pause:
        facts["seconds"] = int(pause.total_seconds())
    getattr(log, level)(
        sentence,
        delivery=claimed.id,
        medium=claimed.delivery.medium.value,
        said=str(error),
        becomes=outcome.state.value,
        **facts,
    )
