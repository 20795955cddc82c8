"""Durable responses: what the calls came to, written down, many in one transaction.

While one transaction is being written the next responses gather. An response that cannot be written
down, since the database is full or away, is tried again for as long as the lease of its call lasts:
losing it would turn a sent delivery into one that may have arrived.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic

import structlog

from bot.delivery.errors import TryLater
from bot.delivery.outcomes import attempt_of, outcome_of, values_of
from storage.db.engine import is_transient
from storage.outbox import CallResult, Claimed, record_results
from storage.states import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.delivery.errors import DeliveryError
    from bot.delivery.outcomes import Outcome
    from bot.delivery.pace import Timer
    from bot.delivery.sender import Channel
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
_BEYOND_THE_ROW = frozenset(
    {
        Effect.FALLBACK,
        Effect.SUSPEND_CHAT,
        Effect.SUSPEND_MAILBOX,
        Effect.MIGRATE_CHAT,
        Effect.PAUSE_CHAT,
        Effect.PAUSE_TOKEN,
    }
)


@dataclass(frozen=True, slots=True)
class CallResponse(Generic[Claimed]):
    """*error* is None for a yes; then *message_id* is the id of the message, if it has one."""

    claimed: Claimed
    outcome: Outcome
    message_id: int | None = None
    error: DeliveryError | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing but its delivery."""
        beyond = self.outcome.transition.effects & _BEYOND_THE_ROW
        return not beyond and not isinstance(self.error, TryLater)  # counts against its mailbox


def response_to(
    claimed: Claimed, message_id: int | None = None, error: DeliveryError | None = None
) -> CallResponse[Claimed]:
    outcome = outcome_of(attempt_of(claimed.delivery, begun=1), error)
    return CallResponse(claimed, outcome, message_id, error)


@dataclass(eq=False)
class ResponseWriter(Generic[Claimed]):
    storage: Storage
    channel: Channel[Claimed]
    owner: str
    pace_key: str
    timer: Timer
    _gathered: list[CallResponse[Claimed]] = field(default_factory=list)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, response: CallResponse[Claimed]) -> None:
        """Return once *response* is written down, together with those that came meanwhile."""
        self._gathered.append(response)
        async with self._one_at_a_time:
            together, self._gathered = self._gathered, []
            if plain := [each for each in together if each.is_plain]:
                await self._write_down(plain)
            # What touches chats and the pace has a transaction of its own, for the order of its
            # locks.
            for other in (each for each in together if not each.is_plain):
                await self._write_down([other])

    async def _write_down(self, responses: Sequence[CallResponse[Claimed]]) -> None:
        try:
            await self._write_in_time(responses)
        except Exception:  # one bad response must not take the others with it
            if len(responses) == 1:  # it stays `sending`, and its lease runs out
                log.exception("a response is lost", delivery=responses[0].claimed.id)
                return
            for each in responses:
                await self._write_down([each])

    async def _write_in_time(self, responses: Sequence[CallResponse[Claimed]]) -> None:
        """Try until the database is there, for no longer than the leases of the calls last."""
        facts = {"medium": self.channel.limits.medium.value, "responses": len(responses)}
        for seconds in pauses(self.channel.limits.response_seconds):
            try:
                await self._write_once(responses)
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning(
                    "responses cannot be stored; trying again",
                    reason=str(error).partition("\n")[0],
                    in_seconds=seconds,
                    **facts,
                )
                await self.timer.wait(seconds)
            else:
                return
        log.error("responses are lost; what was sent may be sent once more", **facts)

    async def _write_once(self, responses: Sequence[CallResponse[Claimed]]) -> None:
        async with self.storage.writing() as tx:
            await self.channel.before_responses(tx, self.pace_key, responses)
            written = {each.claimed.id: _recorded(tx, each) for each in responses}
            medium = self.channel.limits.medium
            ours = await record_results(tx, self.owner, written, medium=medium)
            await self.channel.after_responses(tx, self.pace_key, responses, ours)


def pauses(total_seconds: float) -> Iterator[float]:
    """Yield ever longer pauses that last *total_seconds* together."""
    pause, left = FIRST_PAUSE_SECONDS, total_seconds
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _recorded(tx: Transaction, response: CallResponse[Claimed]) -> CallResult:
    values = values_of(
        response.outcome,
        tx.now,
        fallback=response.claimed.delivery.fallback,
        message_id=response.message_id,
        error=response.error,
    )
    return CallResult(response.outcome.event, values)
