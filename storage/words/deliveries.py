"""What is on its way, by what medium, and how far it is."""

from enum import StrEnum


class Medium(StrEnum):
    TELEGRAM = "telegram"
    EMAIL = "email"


class DeliveryKind(StrEnum):
    ALERT = "alert"
    BUNDLE = "bundle"
    EDITION = "edition"
    EDIT = "edit"
    NOTICE = "notice"
    BROADCAST = "broadcast"

    @property
    def priority(self) -> int:
        """Lower goes first, between chats: alerts before digests before everything to everybody."""
        return _PRIORITY[self]


_PRIORITY = {
    DeliveryKind.NOTICE: 0,
    DeliveryKind.ALERT: 1,
    DeliveryKind.BUNDLE: 1,
    DeliveryKind.EDIT: 2,
    DeliveryKind.EDITION: 3,
    DeliveryKind.BROADCAST: 4,
}


class DeliveryState(StrEnum):
    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"  # it may have arrived
    HELD = "held"  # waits for the operator
    FAILED = "failed"
    EXPIRED = "expired"
    DROPPED = "dropped"  # an edit that came too late


# Deliveries in these states hold back those behind them in the same chat.
IN_THE_WAY = (
    DeliveryState.PENDING,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
)
# What is in these has not arrived and is not on its way.
NEVER_THERE = (
    DeliveryState.HELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.DROPPED,
)
