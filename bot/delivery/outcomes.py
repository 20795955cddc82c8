"""Outcomes: the event of the state machine that a response is, and the columns that it changes.

`storage.states` says what each event makes of a delivery. The rules:
- a message on which only the server fails is tried again with a back-off, then held
- a message that may have arrived is resent once, silently; if it may have arrived again, it is
  held. An edit may be repeated, so it is only tried again
- a mail that its server wants later is tried again with a back-off of hours, held after two days
- a message that is refused for its form goes once more as its fallback
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
from storage.states import LONGEST_PAUSE, Effect, Event, Transition, transition_of

if TYPE_CHECKING:
    from storage.outbox import Delivery

FIRST_PAUSE: Final = timedelta(seconds=1)
TOKEN_PAUSE: Final = timedelta(minutes=1)

# With the pauses above, a delivery on which the server always fails is held after ten minutes.
PATIENCE: Final = 10

# A mail server that wants a mail later is asked 17 times in two days.
FIRST_LATER: Final = timedelta(minutes=5)
MAIL_PATIENCE: Final = 17

MAX_ERROR_LENGTH: Final = 500
_NONE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery as it was when the call began; *number* counts its calls from 1."""

    number: int = 1
    is_edit: bool = False
    resent: bool = False  # its outcome was unknown once before
    has_fallback: bool = False


def attempt_of(row: "Delivery", *, begun: int = 0) -> Attempt:
    return Attempt(
        number=row.attempts + begun,
        is_edit=row.kind is DeliveryKind.EDIT,
        resent=row.resent,
        has_fallback=row.fallback is not None,
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The event, and the values that its effects need."""

    event: Event
    pause: timedelta = _NONE  # before it is due again
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
        """How long the chat pauses; the token too if another chat pauses already."""
        return self.pause if self.has(Effect.PAUSE_CHAT) else None

    @property
    def token_pause(self) -> timedelta | None:
        return self.pause if self.has(Effect.PAUSE_TOKEN) else None


def outcome_of(attempt: Attempt, error: DeliveryError | None) -> Outcome:  # noqa: C901, PLR0911 - one case a rule
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
    number: int, first: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_PAUSE[Medium.TELEGRAM]
) -> timedelta:
    """Return the pause after call *number*: twice the last one, up to *longest*."""
    doublings = max(0, min(number - 1, MAIL_PATIENCE))  # by then any pause is the longest
    return min(first * (1 << doublings), longest)


def _after_try_later(attempt: Attempt) -> Outcome:
    if attempt.number >= MAIL_PATIENCE:
        return Outcome(Event.PATIENCE_OVER)
    return Outcome(
        Event.TRY_LATER, back_off(attempt.number, FIRST_LATER, LONGEST_PAUSE[Medium.EMAIL])
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
    fallback: Mapping[str, Any] | None = None,
    message_id: int | None = None,
    error: DeliveryError | None = None,
) -> dict[str, Any]:
    """Return the new values of columns that the transition itself does not change, by name."""
    if outcome.state is DeliveryState.SENT:
        return {"sent_at": now, "message_id": message_id, "last_error": None}
    columns: dict[str, Any] = {"last_error": str(error)[:MAX_ERROR_LENGTH] if error else None}
    if outcome.has(Effect.DUE_LATER):
        columns["due_at"] = now + _own_pause(outcome)
    if outcome.has(Effect.FALLBACK) and fallback is not None:
        columns |= fallback_columns(fallback)
    return columns


def _own_pause(outcome: Outcome) -> timedelta:
    """Return how long the delivery itself waits; its chat waits for the rest of a long pause."""
    longest = LONGEST_PAUSE[Medium.TELEGRAM]
    return min(outcome.pause, longest) if outcome.has(Effect.PAUSE_CHAT) else outcome.pause


def counts_for_pace(is_edit: bool, error: DeliveryError | None) -> bool:  # noqa: FBT001 - a fact
    """Whether Telegram may have counted the call as a message to the chat."""
    return not is_edit and (error is None or isinstance(error, (Unknown, ServerError)))


# Fallbacks: sent instead of a body that was refused
#
# 1. Text with entities falls back to plain text.
# 2. A picture falls back to its caption.
# 3. A rich message falls back to its classic parts. The first takes its row; the others, which the
#    fallback lists as `following`, become rows. Each part falls back to its plain text.


def fallback_columns(fallback: Mapping[str, Any]) -> dict[str, Any]:
    """Return `body` and `fallback` of the row once *fallback* has become its body."""
    body = {name: value for name, value in fallback.items() if name != "following"}
    message = Message.from_json(body)
    # Plain text has no fallback.
    return {
        "body": body,
        "fallback": message.fallback() if message.entities or message.photo else None,
    }


def following_parts(fallback: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """Return `body` and `fallback` of each part behind the first of *fallback*."""
    return [fallback_columns(body) for body in fallback.get("following", ())]


# The log of responses that are errors

LogLine = tuple[str, str]  # the level, as a logger's method is named, and the sentence

_BY_EVENT: Final[Mapping[Event, LogLine]] = {
    Event.TOKEN_REJECTED: (
        "error",
        "the login is rejected and nothing is sent: check BOT_TOKEN or SMTP_PASSWORD",
    ),
    Event.RATE_LIMITED: (
        "warning",
        "the server asks for a pause; nothing goes to this chat until it is over",
    ),
    Event.CHAT_CLOSED: (
        "info",
        "a chat cannot be written to; it is suspended until it comes back",
    ),
    Event.CHAT_MIGRATED: (
        "info",
        "a group has become a supergroup; what waits goes to its new id",
    ),
    Event.ACCEPTED: ("info", "a message already says what it should say"),
    Event.TARGET_GONE: ("info", "the message to change is gone; the change is dropped"),
    Event.PATIENCE_OVER: ("error", "a message is held for you: dateline deliveries"),
    Event.REFUSED: ("error", "a message was refused and waits for you: dateline deliveries"),
    Event.NOT_CONNECTED: ("warning", "there is no connection to the server; the message waits"),
    Event.TRY_LATER: ("warning", "the mail server wants the mail later; it waits"),
    Event.MAILBOX_REFUSED: ("info", "a mailbox takes no mail; it is suspended"),
    Event.REFUSED_WITH_FALLBACK: (
        "warning",
        "a message was refused as it was; it goes as its fallback",
    ),
}
_AGAIN: Final = ("warning", "a message may have arrived; it goes once more, without a sound")
_EDIT_AGAIN: Final = ("warning", "a change may not have arrived; it goes once more")


def log_line(outcome: Outcome, *, is_edit: bool = False) -> LogLine:
    return _BY_EVENT.get(outcome.event, _EDIT_AGAIN if is_edit else _AGAIN)
