"""Stores the responses to calls durably, many in one transaction.

While one transaction commits, further responses gather for the next. If a response cannot be stored
because the database is full or unreachable, storing is retried for as long as the call's lease
lasts. If the response were lost, a sent delivery would count as one that may have arrived.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic

import structlog

from bot.delivery.outcomes import result_columns
from storage.db.problems import is_transient
from storage.outbox import CallResult, Claimed, record_results

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.delivery.channel import CallResponse, Channel
    from bot.delivery.pace import Timer
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0


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
        """Store *response* with others that arrive meanwhile; return once it is stored."""
        self._gathered.append(response)
        async with self._one_at_a_time:
            together, self._gathered = self._gathered, []
            if plain := [each for each in together if each.is_plain]:
                await self._write_all(plain)
            # The others change chats or paces too. Each gets a transaction of its own, so that
            # locks are taken in the usual order.
            for other in (each for each in together if not each.is_plain):
                await self._write_all([other])

    async def _write_all(self, responses: Sequence[CallResponse[Claimed]]) -> None:
        try:
            await self._write_in_time(responses)
        except Exception:  # one bad response must not lose the others
            if len(responses) == 1:  # its delivery stays `sending` until the lease expires
                log.exception("a response is lost", delivery=responses[0].claimed.id)
                return
            for response in responses:
                await self._write_all([response])

    async def _write_in_time(self, responses: Sequence[CallResponse[Claimed]]) -> None:
        """Store the responses; retry until the database is back or the calls' leases end."""
        facts = {"medium": self.channel.limits.medium.value, "responses": len(responses)}
        for seconds in retry_pauses(self.channel.limits.response_seconds):
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
        await self.storage.write_at_once(partial(self._write_in, responses))

    async def _write_in(self, responses: Sequence[CallResponse[Claimed]], tx: Transaction) -> None:
        await self.channel.before_responses(tx, self.pace_key, responses)
        results = {response.claimed.id: _result_of(tx, response) for response in responses}
        medium = self.channel.limits.medium
        ours = await record_results(tx, self.owner, results, medium=medium)
        await self.channel.after_responses(tx, self.pace_key, responses, ours)


def retry_pauses(total_seconds: float) -> Iterator[float]:
    """Yield increasing pauses in seconds that add up to *total_seconds*."""
    pause, left = FIRST_PAUSE_SECONDS, total_seconds
    while left > 0:
        yield min(pause, left)
        left -= pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _result_of(tx: Transaction, response: CallResponse[Claimed]) -> CallResult:
    columns = result_columns(
        response.outcome,
        tx.now,
        delivery=response.claimed.delivery,
        message_id=response.message_id,
        error=response.error,
    )
    return CallResult(response.outcome.event, columns)
