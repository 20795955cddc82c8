"""The stage that sends, by Telegram or by mail: claim, intent, call, response, next.

No transaction is open between these. A crash before the intent costs nothing; one after it leaves
the delivery `sending`, which becomes unknown. Intents whose calls begin nearly together are written
down together, and so are responses. What differs between the two media is their `Channel`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol

import structlog

from bot.delivery.errors import DeliveryError, NeverSent, Unknown
from bot.delivery.outcomes import attempt_of, log_line, outcome_of, values_of
from bot.delivery.pace import HORIZON, Pacer, Timer
from bot.delivery.responses import ResponseWriter, response_to
from bot.ops.instrumentation import Instrumentation, Operation
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
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from bot.delivery.responses import CallResponse
    from storage.db.engine import Storage, Transaction
    from storage.enums import Medium

log = structlog.get_logger(__name__)

PER_SECOND = 27.0

# Calls that begin within it begin together: at 27 a second each alone, at 1000 twenty.
TOGETHER_SECONDS = 0.02

# A call begins so long after its intent at the latest. That is less than others wait before they
# take this process for dead (`app.peers`), and together with the call's own time-out less than
# its lease: nobody has taken it over, and sent it once more, by then.
BEGINS_WITHIN_SECONDS = 8.0

_INNER_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class SendLimits:
    """How long the steps of a delivery by one medium may take."""

    medium: Medium
    claim_lease: timedelta  # from claim to intent passes the wait for a permit
    call_lease: timedelta  # from intent to response passes the time-out of the call
    response_seconds: float
    """How long storing a response is tried; with the call itself less than its lease."""
    horizon: timedelta = HORIZON
    ask_again: timedelta = timedelta()
    """How long a server that did not answer is left alone."""


class Channel(Protocol[Claimed]):
    """One medium: what it claims, how it calls, what its responses change beside the delivery."""

    @property
    def limits(self) -> SendLimits: ...

    async def claim(
        self, tx: Transaction, owner: str, permits: Sequence[datetime]
    ) -> list[Claimed]:
        """Claim what is due, at most one delivery for each permit."""

    def paused_by(self, claimed: Claimed) -> str:
        """Return the key of the pace row whose pause keeps this delivery from going."""

    async def call(self, claimed: Claimed) -> int | None:
        """Send or edit the message; return its id there. DeliveryError for all but a yes.

        It never retries.
        """

    async def responds(self) -> bool:
        """Whether the server answers at all, asked by a call that has no effect."""

    async def before_responses(
        self, tx: Transaction, pace_key: str, responses: Sequence[CallResponse[Claimed]]
    ) -> None:
        """Lock what comes before deliveries, and change of it what is there: see `storage`."""

    async def after_responses(
        self,
        tx: Transaction,
        pace_key: str,
        responses: Sequence[CallResponse[Claimed]],
        ours: set[int],
    ) -> None:
        """Change what follows from the responses; *ours*: the deliveries still owned by then."""


@dataclass(eq=False)
class Calls:
    """Calls in flight: `async with Calls() as calls:` as long as the process sends.

    Leaving it waits for the calls in flight, for *patience* at most. What is cut off then counts
    as unknown.
    """

    limit: int = 64
    patience: timedelta = timedelta(seconds=8)
    on_done: Callable[[], None] = lambda: None
    """Called after each call: the next delivery of its chat may go."""
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
    """A claim, and the moment of its permit on the timer."""

    claimed: Claimed
    moment: float


@dataclass(eq=False)
class SendStage(Generic[Claimed]):
    """*owner* names this process; *pace_key* the row of the bot's token or of the mail server."""

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
    """Claims whose calls were not made, and that are not given back yet."""
    _in_flight: set[int] = field(default_factory=set)
    """Calls whose results are not stored yet. A clock set forward ends their leases, not them."""

    def __post_init__(self) -> None:
        timer, horizon = self.calls.timer, self.channel.limits.horizon
        self.pacer = Pacer(self.storage, timer, self.pace_key, self.per_second, horizon)
        self._responses = ResponseWriter(
            self.storage, self.channel, self.owner, self.pace_key, timer
        )

    async def run_once(self, limit: int = 100) -> int:
        """Start the calls for what is due, each at its permit; return how many were claimed.

        The calls go on in `calls`; their answers wake the tasks that wait for them.
        """
        if not await self._is_clear():
            return 0
        waiting = await self._claim(min(limit, self.calls.room))
        number = len(waiting)
        self._unbegun.update(each.claimed.id for each in waiting)
        while waiting:
            first, waiting = _split(waiting)
            await self.pacer.until(first[0].moment - self.pacer.lead.seconds)
            intended, ready = self.calls.timer.now(), await self._begin(first)
            while ready and not await self.pacer.keep(ready[0].moment, len(ready)):
                ready, waiting = await self._postpone(ready, waiting)
            for each in ready:
                self._unbegun.discard(each.claimed.id)
                self.calls.start(self._deliver(each.claimed, intended))
        await self._give_back_unbegun()
        return number

    async def _postpone(
        self, ready: Sequence[Planned[Claimed]], waiting: Sequence[Planned[Claimed]]
    ) -> tuple[list[Planned[Claimed]], list[Planned[Claimed]]]:
        """Return both with other permits: without those for which there is none soon."""
        async with self.pacer.transaction() as tx:
            offer = await self.pacer.offer(tx, len(ready) + len(waiting))
            if offer.moments:
                await self.pacer.take(offer, len(offer.moments))
        log.debug(
            "a permit was missed",
            deliveries=len(ready) + len(waiting),
            lead=self.pacer.lead.seconds,
        )
        again = [
            Planned(each.claimed, moment)
            for each, moment in zip((*ready, *waiting), offer.moments, strict=False)
        ]
        return again[: len(ready)], again[len(ready) :]

    async def _give_back_unbegun(self) -> None:
        """What may not go now; and, after the database failed, what that kept from going."""
        if self._unbegun:
            async with self.storage.writing() as tx:
                await release_claims(tx, self._unbegun, self.owner)
            self._unbegun.clear()

    async def _is_clear(self) -> bool:
        """Settle what was left behind. After a doubt nothing goes until the server answers."""
        await self._give_back_unbegun()
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
                "the server does not answer; nothing is sent until it does",
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
            results[row.id] = CallResult(outcome.event, values_of(outcome, tx.now, error=error))
        await record_results(tx, self.owner, results, medium=limits.medium)
        await resend_unknown(tx, limits.medium)

    async def _claim(self, limit: int) -> list[Planned[Claimed]]:
        async with self.storage.writing() as tx:
            offer = await self.pacer.offer(tx, limit, commits=2)
            if not offer.permits:
                return []
            claimed = await self.channel.claim(offer.tx, self.owner, offer.permits)
            if claimed:
                await self.pacer.take(offer, len(claimed))
        return [Planned(*each) for each in zip(claimed, offer.moments, strict=False)]

    async def _begin(self, planned: Sequence[Planned[Claimed]]) -> list[Planned[Claimed]]:
        """Write down that the calls begin; none into a pause, nor where a claim is lost."""
        async with self.pacer.transaction() as tx:
            rows = {each.claimed.id: self.channel.paused_by(each.claimed) for each in planned}
            paused = await pauses_by_key(tx, {self.pace_key, *rows.values()})
            if self.pace_key in paused:
                return []
            ids = [delivery for delivery, key in rows.items() if key not in paused]
            begun = await begin_sending(tx, ids, self.owner, self.channel.limits.call_lease)
        return [each for each in planned if each.claimed.id in begun]

    async def _deliver(self, claimed: Claimed, intended: float) -> None:
        self._in_flight.add(claimed.id)
        try:
            await self._call(claimed, intended)
        finally:
            self._in_flight.discard(claimed.id)

    async def _call(self, claimed: Claimed, intended: float) -> None:
        structlog.contextvars.bind_contextvars(delivery=claimed.id, of=claimed.delivery.decision)
        try:
            if self.calls.timer.now() - intended > BEGINS_WITHIN_SECONDS:
                raise NeverSent("this process stood still before the call")  # noqa: TRY301 - as any
            response = response_to(claimed, await self._watched_call(claimed))
        except DeliveryError as error:
            response = response_to(claimed, error=error)
        except Exception as unexpected:  # one bad delivery must not end the others
            log.exception("a call failed in an unknown way", delivery=claimed.id)
            response = response_to(claimed, error=Unknown(repr(unexpected)))
        if response.error:
            _log(response, response.error)
            self._is_in_doubt |= response.error.doubts_channel
        await self._responses.write(response)

    async def _watched_call(self, claimed: Claimed) -> int | None:
        medium, edits = self.channel.limits.medium.value, int(claimed.is_edit)
        with self.instrumentation.observe(Operation.SEND, medium, edits=edits) as seen:
            try:
                return await self.channel.call(claimed)
            except DeliveryError as error:
                seen.outcome = _INNER_CAPITAL.sub("_", type(error).__name__).lower()
                raise


def _split(
    waiting: Sequence[Planned[Claimed]],
) -> tuple[list[Planned[Claimed]], list[Planned[Claimed]]]:
    """Return those that go together with the first, and those after."""
    end = waiting[0].moment + TOGETHER_SECONDS
    number = sum(1 for _ in takewhile(lambda each: each.moment <= end, waiting))
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
