"""Outcomes: maps the response to a call to an event of the state machine and to column values.

`storage.states` has the transitions of each event. The rules:
- A message is retried with a back-off while the server reports errors, and then held.
- A message that may have arrived is resent once, silently. If the outcome is unknown again, it is
  held. An edit does no harm when repeated, so it is retried like after a server error.
- A mail that its server asks to retry later is retried for two days with a back-off of up to
  hours, and then held.
- A message that is refused for its form is sent once more as its fallback.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.delivery.errors import (
    ChatClosed,
    ChatMigrated,
    DeliveryError,
    EditTargetGone,
    FloodWait,
    MailboxRefused,
    NeverSent,
    NotModified,
    Refused,
    ServerError,
    TokenRejected,
    TryLater,
    Unknown,
)
from bot.rendering.messages import Message
from storage.enums import ChatState, DeliveryKind, DeliveryState, Medium
from storage.states import LONGEST_RETRY, Effect, Event, Transition, transition_of

if TYPE_CHECKING:
    from storage.outbox import Delivery

FIRST_PAUSE: Final = timedelta(seconds=1)
TOKEN_PAUSE: Final = timedelta(minutes=1)

# The number of calls after which a delivery is held if the server fails each time; with the
# back-off this takes about ten minutes.
PATIENCE: Final = 10

# A mail that its server defers is tried 17 times in two days, and then held.
FIRST_LATER: Final = timedelta(minutes=5)
MAIL_PATIENCE: Final = 17

MAX_ERROR_LENGTH: Final = 500
_NONE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The state of a delivery when the call began. *number* counts its calls from 1."""

    number: int = 1
    is_edit: bool = False
    resent: bool = False  # its outcome was unknown once before
    has_fallback: bool = False


def attempt_of(row: "Delivery", *, begun: int = 0) -> Attempt:
    return Attempt(
        number=row.attempts + begun,
        is_edit=row.kind is DeliveryKind.EDIT,
        resent=row.resent,
        has_fallback=has_fallback(row),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """An event, with the values that its effects need."""

    event: Event
    pause: timedelta = _NONE  # before the delivery is due again
    suspend: ChatState | None = None
    migrate_to: int | None = None

    @property
    def transition(self) -> Transition:
        return transition_of(DeliveryState.SENDING, self.event)

    @property
    def state(self) -> DeliveryState:
        return self.transition.state

    def has(self, effect: Effect) -> bool:
        return effect in self.transition.effects

    @property
    def chat_pause(self) -> timedelta | None:
        """How long the chat pauses, and the whole token if another chat is paused already."""
        return self.pause if self.has(Effect.PAUSE_CHAT) else None

    @property
    def token_pause(self) -> timedelta | None:
        return self.pause if self.has(Effect.PAUSE_TOKEN) else None


def outcome_of(attempt: Attempt, error: DeliveryError | None) -> Outcome:  # noqa: PLR0911 - one case a rule
    match error:
        case None | NotModified():
            return Outcome(Event.ACCEPTED)
        case FloodWait():
            return Outcome(Event.RATE_LIMITED, error.pause)
        case TokenRejected():
            return Outcome(Event.TOKEN_REJECTED, TOKEN_PAUSE)
        case NeverSent():
            return Outcome(Event.NOT_CONNECTED, back_off(attempt.number))
        case TryLater():
            return _after_try_later(attempt)
        case MailboxRefused():
            return Outcome(Event.MAILBOX_REFUSED)
        case ServerError():
            return _after_server_error(attempt)
        case ChatClosed():
            return Outcome(Event.CHAT_CLOSED, suspend=error.state)
        case ChatMigrated():
            return Outcome(Event.CHAT_MIGRATED, migrate_to=error.new_id)
        case Refused():
            refused = Event.REFUSED_WITH_FALLBACK if attempt.has_fallback else Event.REFUSED
            return Outcome(refused)
        case EditTargetGone():
            return Outcome(Event.TARGET_GONE)
        case _:
            return _after_unknown(attempt)


def back_off(
    number: int, first: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_RETRY[Medium.TELEGRAM]
) -> timedelta:
    """Return the pause after call *number*: *first*, doubled after each call, up to *longest*."""
    doublings = max(0, min(number - 1, MAIL_PATIENCE))  # more would exceed any *longest*
    return min(first * (1 << doublings), longest)


def _after_try_later(attempt: Attempt) -> Outcome:
    if attempt.number >= MAIL_PATIENCE:
        return Outcome(Event.PATIENCE_OVER)
    return Outcome(
        Event.TRY_LATER, back_off(attempt.number, FIRST_LATER, LONGEST_RETRY[Medium.EMAIL])
    )


def _after_server_error(attempt: Attempt) -> Outcome:
    if attempt.number >= PATIENCE:
        return Outcome(Event.PATIENCE_OVER)
    return Outcome(Event.SERVER_ERROR, back_off(attempt.number))


def _after_unknown(attempt: Attempt) -> Outcome:
    if attempt.is_edit:
        return _after_server_error(attempt)
    if attempt.resent:
        return Outcome(Event.PATIENCE_OVER)
    return Outcome(Event.OUTCOME_UNKNOWN, FIRST_PAUSE)


# The columns of the row


def result_columns(
    outcome: Outcome,
    now: datetime,
    *,
    delivery: "Delivery | None" = None,
    message_id: int | None = None,
    error: DeliveryError | None = None,
) -> dict[str, Any]:
    """Return the new values of the columns that the transition itself does not set, by name.

    *delivery* is the one that was called, if its fallback may replace its body.
    """
    if outcome.state is DeliveryState.SENT:
        return {"sent_at": now, "message_id": message_id, "last_error": None}
    columns: dict[str, Any] = {"last_error": str(error)[:MAX_ERROR_LENGTH] if error else None}
    if outcome.has(Effect.DUE_LATER):
        columns["due_at"] = now + _own_pause(outcome)
    if outcome.has(Effect.FALLBACK) and delivery is not None:
        columns |= replacement_of(delivery)
    return columns


def _own_pause(outcome: Outcome) -> timedelta:
    """Return the pause of the delivery's row. The chat's pace keeps the rest of a long pause."""
    longest = LONGEST_RETRY[Medium.TELEGRAM]
    return min(outcome.pause, longest) if outcome.has(Effect.PAUSE_CHAT) else outcome.pause


def counts_for_pace(is_edit: bool, error: DeliveryError | None) -> bool:  # noqa: FBT001 - a fact
    """Return whether Telegram may have counted the call as a message to the chat."""
    return not is_edit and (error is None or isinstance(error, (Unknown, ServerError)))


# Fallbacks: sent instead of a body that was refused
#
# 1. Text with entities falls back to plain text, a picture to its caption. Neither is stored,
#    because both are made from the body, and few messages are refused.
# 2. A rich message with a picture is first sent without it, because Telegram may be unable to fetch
#    the picture.
# 3. A rich message falls back to its classic parts. The first part replaces the body of the row.
#    The other parts, which the fallback lists as `following`, become new rows. Each part falls back
#    to its plain text.


def has_fallback(row: "Delivery") -> bool:
    """Return whether a delivery has a fallback. Plain text and mails have none."""
    return bool(row.fallback or row.body.get("entities") or row.body.get("photo"))


def fallback_of(row: "Delivery") -> Mapping[str, Any]:
    """Return the stored fallback of a delivery, or the plain text of its body."""
    return row.fallback or Message.from_json(row.body).plain().to_json()


def is_rich_with_picture(row: "Delivery") -> bool:
    return "rich" in row.body and "preview" in row.body


def replacement_of(row: "Delivery") -> dict[str, Any]:
    """Return the columns of a refused delivery that are replaced, with their new values."""
    if is_rich_with_picture(row):
        return {"body": {name: value for name, value in row.body.items() if name != "preview"}}
    return fallback_columns(fallback_of(row))


def fallback_columns(fallback: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new `body` and `fallback` of a row whose body is replaced by *fallback*."""
    body = {name: value for name, value in fallback.items() if name != "following"}
    return {"body": body, "fallback": None}


def following_parts(fallback: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return the `body` and `fallback` of each part of *fallback* after the first."""
    return [fallback_columns(body) for body in fallback.get("following", ())]


# The log of responses that are errors

LogLine = tuple[str, str]  # the name of the logger's method, and the sentence

_BY_EVENT: Final[Mapping[Event, LogLine]] = {
    Event.TOKEN_REJECTED: (
        "error",
        "the server rejects the login, so nothing is sent: check BOT_TOKEN or SMTP_PASSWORD",
    ),
    Event.RATE_LIMITED: (
        "warning",
        "rate limited: nothing is sent to this chat until the pause ends",
    ),
    Event.CHAT_CLOSED: (
        "info",
        "the chat is closed to the bot; it is suspended until it is open again",
    ),
    Event.CHAT_MIGRATED: (
        "info",
        "the group has become a supergroup; pending messages go to its new id",
    ),
    Event.ACCEPTED: ("info", "the edit changes nothing"),
    Event.TARGET_GONE: ("info", "the message to edit no longer exists; the edit is dropped"),
    Event.PATIENCE_OVER: ("error", "a message is held: see dateline deliveries"),
    Event.REFUSED: ("error", "a message was refused: see dateline deliveries"),
    Event.NOT_CONNECTED: ("warning", "no connection to the server; the message waits"),
    Event.TRY_LATER: ("warning", "the mail server asks to try again later; the mail waits"),
    Event.MAILBOX_REFUSED: ("info", "the mailbox takes no mail; it is suspended"),
    Event.REFUSED_WITH_FALLBACK: (
        "warning",
        "a message was refused; its fallback is sent instead",
    ),
}
_AGAIN: Final = ("warning", "a message may have arrived; it is resent once, silently")
_EDIT_AGAIN: Final = ("warning", "an edit may not have arrived; it is resent")


def log_line(outcome: Outcome, *, is_edit: bool = False) -> LogLine:
    return _BY_EVENT.get(outcome.event, _EDIT_AGAIN if is_edit else _AGAIN)
