"""The step that mails: claim, write down the intent, hand over, write down the answer.

The ledger's decisions are those of any medium. A mail that may have arrived is sent once more with
the same Message-ID, which most programs show as one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.delivery.answers import attempt_of, in_time
from bot.delivery.errors import DeliveryError, MailboxRefused, PolicyRefused, Refused, Unknown
from bot.delivery.outcomes import after_crash, outcome_of, values_of
from bot.delivery.pace import free_slots
from bot.mail.compose import Mail, message_bytes
from bot.mail.smtp import Envelope
from storage.enums import DeliveryState, Medium
from storage.outbox import (
    Answer,
    ClaimedMail,
    begin_sending,
    claim_abandoned,
    claim_mails,
    has_abandoned,
    record_answers,
    release_claims,
    release_unsent,
    resend_unknown,
)
from storage.pace import advance, lock_pace, pause, paused_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.delivery.calls import Calls
    from bot.delivery.outcomes import Outcome
    from storage.db.engine import Storage, Transaction

log = structlog.get_logger(__name__)

CLAIM_LEASE = timedelta(minutes=1)
CALL_LEASE = timedelta(minutes=5)  # several answers are waited for, each with its own time-out
HORIZON = timedelta(seconds=1)
# Together shorter than the lease of a call, less what the call itself may take.
PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16, 30, 30, 30)
ASK_AGAIN = timedelta(seconds=30)  # after a server that did not answer
PACE_KEY = "smtp"


class TakesMail(Protocol):
    async def send(self, envelope: Envelope) -> None: ...

    async def answers(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Franking:
    """What is put on a mail when it leaves: where it comes back to, and who vouches for it."""

    return_path: Callable[[int], str]
    """From the mailbox's row to the address that bounces go to."""
    sign: Callable[[bytes], bytes] = bytes


class HearsOfRefusals(Protocol):
    """Told in the transaction that writes it down, with the server's words."""

    async def refused(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """The mailbox takes no mail."""

    async def distrusted(self, tx: Transaction, mailbox_id: int, reason: str) -> None:
        """Its server took none from us for two days, and a mail was given up."""


@dataclass(frozen=True, slots=True)
class Mailing:
    storage: Storage
    relay: TakesMail
    owner: str
    calls: Calls
    franking: Franking
    refusals: HearsOfRefusals
    per_hour: int
    _doubt: asyncio.Event = field(default_factory=asyncio.Event)

    async def mail_due(self, limit: int = 50) -> int:
        """Start handing over what is due, each at its slot; return how many were claimed."""
        if not await self._is_clear():
            return 0
        claimed, moments = await self._claim(min(limit, self.calls.room))
        for each, moment in zip(claimed, moments, strict=True):
            await self.calls.turn(moment, self._interval)
            intended = self.calls.timer.now()
            if await self._begin(each):
                self.calls.start(self._deliver(each, intended))
        return len(claimed)

    @property
    def _interval(self) -> timedelta:
        return timedelta(hours=1) / self.per_hour

    async def _is_clear(self) -> bool:
        """Settle what was left behind. After a doubt nothing goes until the server answers."""
        async with self.storage.reading() as tx:
            if await paused_until(tx, PACE_KEY):
                return False
            left = await has_abandoned(tx, Medium.EMAIL)
        if not left and not self._doubt.is_set():
            return True
        if not await self.relay.answers():
            log.warning("the mail server does not answer; nothing is mailed until it does")
            async with self.storage.writing() as tx:
                await pause(tx, PACE_KEY, tx.now + ASK_AGAIN)
            return False
        self._doubt.clear()
        async with self.storage.writing() as tx:
            await self._settle(tx)
        return True

    async def _settle(self, tx: Transaction) -> None:
        await release_unsent(tx, Medium.EMAIL)
        answers = {}
        for row in await claim_abandoned(tx, self.owner, CALL_LEASE, Medium.EMAIL):
            outcome = after_crash(attempt_of(row))
            values = values_of(outcome, tx.now, error="cut off by a crash")
            answers[row.id] = Answer(outcome.event, values)
        await record_answers(tx, self.owner, answers)
        await resend_unknown(tx, Medium.EMAIL)

    async def _claim(self, limit: int) -> tuple[list[ClaimedMail], list[float]]:
        async with self.storage.writing() as waiting:
            row = await lock_pace(waiting, PACE_KEY)
            started, tx = self.calls.timer.now(), await waiting.anew()
            if limit < 1 or (row.paused_until and row.paused_until > tx.now):
                return [], []
            slots = free_slots(row.tat, tx.now, self._interval, wanted=limit, horizon=HORIZON)
            wanted = len(slots.moments)
            claimed = await claim_mails(tx, self.owner, limit=wanted, lease=CLAIM_LEASE)
            if claimed:
                await advance(tx, PACE_KEY, slots.tat_after(len(claimed)))
            waits = [(moment - tx.now).total_seconds() for moment in slots.moments]
        return claimed, [started + wait for wait in waits[: len(claimed)]]

    async def _begin(self, claimed: ClaimedMail) -> bool:
        """Write down that the call begins; False if the server pauses or the claim is lost."""
        async with self.storage.writing() as tx:
            if await paused_until(tx, PACE_KEY):
                await release_claims(tx, [claimed.id], self.owner)
                return False
            return bool(await begin_sending(tx, [claimed.id], self.owner, CALL_LEASE))

    async def _deliver(self, claimed: ClaimedMail, intended: float) -> None:
        structlog.contextvars.bind_contextvars(delivery=claimed.id, of=claimed.delivery.decision)
        error: DeliveryError | None = None
        try:
            self.calls.check_in_time(intended)
            await self.relay.send(self._envelope(claimed))
        except DeliveryError as known:
            error = known
        except Exception as unexpected:  # one bad mail must not end the others
            log.exception("a mail failed in an unknown way", delivery=claimed.id)
            error = Unknown(repr(unexpected))
        try:
            await self._record(claimed, error)
        except Exception:  # it stays `sending`, and its lease runs out
            log.exception("an answer could not be written down", delivery=claimed.id)

    def _envelope(self, claimed: ClaimedMail) -> Envelope:
        try:
            content = message_bytes(Mail.from_json(claimed.delivery.body))
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("the stored body cannot be read") from error
        back = self.franking.return_path(claimed.mailbox_id)
        return Envelope(back, claimed.address, self.franking.sign(content))

    async def _record(self, claimed: ClaimedMail, error: DeliveryError | None) -> None:
        outcome = outcome_of(attempt_of(claimed.delivery, begun=1), error)
        if error:
            _tell(claimed, outcome, error)
            if error.doubts_channel:
                self._doubt.set()
        write = partial(self._write, claimed, outcome, error)
        await in_time(write, self.calls.timer, PAUSES_SECONDS, delivery=claimed.id)

    async def _write(
        self, claimed: ClaimedMail, outcome: Outcome, error: DeliveryError | None
    ) -> None:
        async with self.storage.writing() as tx:
            if isinstance(error, MailboxRefused):
                await self.refusals.refused(tx, claimed.mailbox_id, str(error))
            if isinstance(error, PolicyRefused) and outcome.state is DeliveryState.HELD:
                await self.refusals.distrusted(tx, claimed.mailbox_id, str(error))
            answer = Answer(outcome.event, values_of(outcome, tx.now, error=error))
            await record_answers(tx, self.owner, {claimed.id: answer})
            if pausing := outcome.chat_pause or outcome.token_pause:  # no chat's, but all mail's
                await pause(tx, PACE_KEY, tx.now + pausing)


def _tell(claimed: ClaimedMail, outcome: Outcome, error: DeliveryError) -> None:
    log.warning(
        "a mail was not answered with a yes",
        delivery=claimed.id,
        answer=type(error).__name__,
        detail=str(error),
        becomes=outcome.state.value,
    )
