"""The ledger's decisions: what a delivery becomes after a call.

Each answer has one decision:
- yes, or an edit that changes nothing: sent
- flood wait: pending, later by what was asked; its chat pauses, or all mail
- no connection: pending with back-off
- 5xx: pending with back-off, silent from now on, since it may have arrived; held when the server
  answers others and still fails on this one
- may have arrived: unknown, then resent once, silently; after the second time held. An edit may be
  repeated, so it is pending again
- later, says a mail server: pending with a back-off of hours, held after two days
- the mailbox refuses: pending, the mailbox is suspended
- address closed: pending, the chat is suspended; group migrated: pending under the new id
- refused: pending once more with its fallback, then failed
- the message to edit is gone: dropped
"""

from dataclasses import dataclass
from datetime import timedelta

from bot.delivery.errors import (
    AddressClosed,
    ChatMigrated,
    DeliveryError,
    EditTargetGone,
    FloodWait,
    MailboxRefused,
    NeverSent,
    NotModified,
    Refused,
    ServerTrouble,
    TokenRejected,
    TryLater,
    Unknown,
)
from storage.enums import ChatState, DeliveryState

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
TOKEN_PAUSE = timedelta(minutes=1)

# With the pauses above, a delivery that the server alone of all fails on is held after ten minutes.
PATIENCE = 10

# A mail server that says "later" means it: it is asked 17 times in two days.
FIRST_LATER = timedelta(minutes=5)
LONGEST_LATER = timedelta(hours=4)
MAIL_PATIENCE = 17


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery as it was when the call began; *number* counts its calls from 1."""

    number: int = 1
    is_edit: bool = False
    resent: bool = False  # it was unknown once before
    has_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    state: DeliveryState = DeliveryState.PENDING
    pause: timedelta = timedelta()  # before it is due again
    counts: bool = True  # as an attempt of this delivery; else the fault was not its own
    silent: bool = False  # from now on without sound
    swap: bool = False  # the fallback becomes its body
    suspend: ChatState | None = None
    migrate_to: int | None = None
    chat_pause: timedelta | None = None  # all of the chat; the token too if it is not the only one
    token_pause: timedelta | None = None


SENT = Decision(DeliveryState.SENT)
DROPPED = Decision(DeliveryState.DROPPED)
FAILED = Decision(DeliveryState.FAILED)
HELD = Decision(DeliveryState.HELD)


def decide(attempt: Attempt, error: DeliveryError | None) -> Decision:  # noqa: C901, PLR0911 - one case a rule
    match error:
        case None | NotModified():
            return SENT
        case FloodWait():
            return Decision(pause=error.pause, chat_pause=error.pause, counts=False)
        case TokenRejected():
            return Decision(pause=TOKEN_PAUSE, token_pause=TOKEN_PAUSE, counts=False)
        case NeverSent():
            return Decision(pause=back_off(attempt.number))
        case TryLater():
            return _later(attempt)
        case MailboxRefused():
            return Decision(counts=False)
        case ServerTrouble():
            return _after_trouble(attempt)
        case AddressClosed():
            return Decision(suspend=error.state, counts=False)
        case ChatMigrated():
            return Decision(migrate_to=error.new_id, counts=False)
        case Refused():
            return Decision(swap=True) if attempt.has_fallback else FAILED
        case EditTargetGone():
            return DROPPED
        case _:
            return _after_unknown(attempt)


def back_off(number: int) -> timedelta:
    doublings = max(0, min(number - 1, PATIENCE))
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def after_crash(attempt: Attempt) -> Decision:
    """What a delivery becomes whose call was begun by a process that is no more."""
    return decide(attempt, Unknown("the process ended during the call"))


def _later(attempt: Attempt) -> Decision:
    if attempt.number >= MAIL_PATIENCE:
        return HELD
    doublings = min(attempt.number - 1, MAIL_PATIENCE)
    return Decision(pause=min(FIRST_LATER * (1 << doublings), LONGEST_LATER))


def _after_trouble(attempt: Attempt) -> Decision:
    if attempt.number >= PATIENCE:
        return HELD
    return Decision(pause=back_off(attempt.number), silent=True)


def _after_unknown(attempt: Attempt) -> Decision:
    if attempt.is_edit:
        return _after_trouble(attempt)
    if attempt.resent:
        return HELD
    return Decision(DeliveryState.UNKNOWN, FIRST_PAUSE, silent=True)
