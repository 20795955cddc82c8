"""A channel: how deliveries are claimed, sent and answered by one medium, Telegram or mail.

`sender` claims and calls through a channel, and `responses` stores the responses.
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

# How long after its intent a call may begin. It is shorter than the time after which other
# processes take this one for dead (`app.peers`). Together with the call's time-out it is shorter
# than the lease, so that no other process has taken the delivery over and sent it again by then.
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
    """How long each step of a delivery by one medium may take."""

    medium: Medium
    claim_lease: timedelta  # from claim to intent, which includes the wait for a permit
    call_lease: timedelta  # from intent to response, which includes the time-out of the call
    response_seconds: float
    """How long storing a response is retried. Together with the call, it is less than the lease."""
    horizon: timedelta = HORIZON
    ask_again: timedelta = timedelta()
    """How long to wait before asking again whether a server responds that did not."""


@dataclass(frozen=True, slots=True)
class CallResponse(Generic[Claimed]):
    """The result of a call. *error*: None if the call was accepted. *message_id*: Telegram's."""

    claimed: Claimed
    outcome: Outcome
    message_id: int | None = None
    error: DeliveryError | None = None

    @property
    def is_plain(self) -> bool:
        """Whether storing the response changes only the delivery's row."""
        beyond = self.outcome.transition.effects & _BEYOND_THE_ROW
        return not beyond and not isinstance(self.error, TryLater)  # it may suspend the mailbox


def response_to(
    claimed: Claimed, message_id: int | None = None, error: DeliveryError | None = None
) -> CallResponse[Claimed]:
    outcome = outcome_of(attempt_of(claimed.delivery, begun=1), error)
    return CallResponse(claimed, outcome, message_id, error)


class Channel(Protocol[Claimed]):
    """One medium: claims deliveries, makes the calls, and applies the effects of the responses."""

    @property
    def limits(self) -> SendLimits: ...

    async def claim(
        self, tx: Transaction, owner: str, permits: Sequence[datetime]
    ) -> list[Claimed]:
        """Claim due deliveries, at most one for each permit."""

    def paused_by(self, claimed: Claimed) -> str:
        """Return the key of the pace row whose pause holds this delivery back."""

    async def call(self, claimed: Claimed) -> int | None:
        """Send or edit the message, without a retry; return its id, if the medium has ids.

        Raises DeliveryError unless the call was accepted.
        """

    async def responds(self) -> bool:
        """Make a call without effect; return whether the server responds."""

    async def before_responses(
        self, tx: Transaction, pace_key: str, responses: Sequence[CallResponse[Claimed]]
    ) -> None:
        """Lock and change rows that must be locked before deliveries; `storage` has the order."""

    async def after_responses(
        self,
        tx: Transaction,
        pace_key: str,
        responses: Sequence[CallResponse[Claimed]],
        ours: set[int],
    ) -> None:
        """Apply the effects of the responses. *ours*: the deliveries that *owner* still leases."""
