"""A channel: the medium by which deliveries go out, Telegram or mail, and its responses.

`sender` claims and calls by a channel, and `responses` stores the responses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, Protocol

from bot.delivery.errors import TryLater
from bot.delivery.outcomes import attempt_of, outcome_of
from bot.delivery.pace import HORIZON
from storage.outbox import Claimed
from storage.states import Effect

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.delivery.errors import DeliveryError
    from bot.delivery.outcomes import Outcome
    from storage.db.engine import Transaction
    from storage.enums import Medium

# How long after its intent a call may begin. That is less than others wait before they take this
# process for dead (`app.peers`), and together with the call's time-out less than its lease, so
# that nobody has taken the call over and sent it once more by then.
BEGINS_WITHIN_SECONDS: Final = 8.0

_BEYOND_THE_ROW: Final = frozenset(
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
class SendLimits:
    """How long the parts of a delivery by one medium may take."""

    medium: Medium
    claim_lease: timedelta  # from claim to intent, which includes the wait for a permit
    call_lease: timedelta  # from intent to response, which includes the time-out of the call
    response_seconds: float
    """How long storing a response is tried; together with the call less than its lease."""
    horizon: timedelta = HORIZON
    ask_again: timedelta = timedelta()
    """How long a server that did not respond is left alone."""


@dataclass(frozen=True, slots=True)
class CallResponse(Generic[Claimed]):
    """*error* is None if the call was accepted; *message_id* is set if the message has one."""

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


class Channel(Protocol[Claimed]):
    """One medium: what it claims, how it calls, what its responses change beside the delivery."""

    @property
    def limits(self) -> SendLimits: ...

    async def claim(
        self, tx: Transaction, owner: str, permits: Sequence[datetime]
    ) -> list[Claimed]:
        """Claim due deliveries, at most one for each permit."""

    def paused_by(self, claimed: Claimed) -> str:
        """Return the key of the pace row whose pause holds this delivery back."""

    async def call(self, claimed: Claimed) -> int | None:
        """Send or edit the message, without a retry; return its id there.

        Raises DeliveryError unless the call was accepted.
        """

    async def responds(self) -> bool:
        """Return whether the server responds at all, to a call without effect."""

    async def before_responses(
        self, tx: Transaction, pace_key: str, responses: Sequence[CallResponse[Claimed]]
    ) -> None:
        """Lock and change what comes before deliveries in the order of locks (see `storage`)."""

    async def after_responses(
        self,
        tx: Transaction,
        pace_key: str,
        responses: Sequence[CallResponse[Claimed]],
        ours: set[int],
    ) -> None:
        """Change what follows from the responses; *ours*: the deliveries that we still own."""
