"""The states of a delivery and every transition between them, in one table.

`storage.outbox` applies the table and is the only module that writes a state.
`bot.delivery.outcomes` maps the responses of Telegram and of mail servers to events. Rules:
- A delivery in a *blocking* state holds back those behind it in the same chat; the other states do
  not block.
- An event does not change a delivery whose state is missing in the event's row of the table.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from storage.enums import DeliveryState as State
from storage.enums import Medium


class Event(StrEnum):
    """An event in the life of a delivery; the value is the sentence that documents it."""

    # in the queue
    QUEUE = "a claim finds another delivery of its chat ahead"
    ADVANCE = "no other delivery is ahead of it any more"
    SUSPEND = "its chat or mailbox is suspended or paused"
    RESUME = "its chat or mailbox is active again"
    EXPIRE = "it is too old to be news, or its broadcast was stopped"

    # on its way
    CLAIM = "a process claims it"
    OVERTAKEN = "it is an edit, and a newer edit replaces it or the message to edit does not exist"
    BEGIN = "the intent to call is committed"
    RELEASE = "the process gives its claim back without a call"
    LEASE_EXPIRED = "the process that claimed it died before the call"
    ABANDONED = "the process that called died, and another takes it over"
    RESEND = "the pause after an unknown outcome has ended, and the channel answers"

    # responses
    ACCEPTED = "accepted, or not modified"
    RATE_LIMITED = "429: too many requests"
    TOKEN_REJECTED = "401: the token is rejected"  # noqa: S105 - a sentence, no password
    NOT_CONNECTED = "no connection"
    TRY_LATER = "a mail server asks to try again later"
    SERVER_ERROR = "5xx, or an edit whose outcome is unknown"
    PATIENCE_OVER = "too many attempts ended in the same error, or a second outcome is unknown"
    CHAT_CLOSED = "403: blocked, kicked, closed or gone"
    CHAT_MIGRATED = "the group has become a supergroup"
    MAILBOX_REFUSED = "the mailbox takes no mail"
    REFUSED_WITH_FALLBACK = "its markup was refused, and it has a fallback"
    REFUSED = "its markup was refused, and it has no fallback"
    TARGET_GONE = "the message to edit no longer exists"
    OUTCOME_UNKNOWN = "time-out, reset or crash after the request left"

    # the operator
    RELEASE_STUCK = "the operator releases it"
    DROP = "the operator drops it"
    RESTORE_HELD = "the operator undoes the drop of a held delivery"
    RESTORE_FAILED = "the operator undoes the drop of a failed delivery"


class Effect(StrEnum):
    """A side effect of a transition; the value is the phrase that documents it."""

    DUE_NOW = "due at once"
    DUE_LATER = "due after a pause"
    COUNTED = "counts as an attempt"
    UNCOUNTED = "does not count as an attempt"
    RESET = "the count of attempts starts again"
    SILENT = "silent from now on"
    RESENT = "will not be resent a second time"
    FALLBACK = "the fallback takes the place of the body"
    SUSPEND_CHAT = "the chat is suspended"
    SUSPEND_MAILBOX = "the mailbox is suspended"
    MIGRATE_CHAT = "the chat gets its new id"
    PAUSE_CHAT = "the chat pauses"
    PAUSE_TOKEN = "all calls with the token pause"  # noqa: S105 - a phrase, no password


class Transition(NamedTuple):
    state: State
    effects: frozenset[Effect] = frozenset()


def _to(state: State, *effects: Effect) -> Transition:
    return Transition(state, frozenset(effects))


# The longest pause of a single delivery. If Telegram asks for a longer one, the chat pauses.
LONGEST_RETRY: Final[Mapping[Medium, timedelta]] = {
    Medium.TELEGRAM: timedelta(minutes=5),
    Medium.EMAIL: timedelta(hours=4),
}

_RESUMED = _to(State.PENDING, Effect.DUE_NOW)

TRANSITIONS: Final[dict[Event, dict[State, Transition]]] = {
    Event.QUEUE: {State.PENDING: _to(State.QUEUED)},
    Event.ADVANCE: {State.QUEUED: _to(State.PENDING)},
    Event.SUSPEND: dict.fromkeys((State.PENDING, State.QUEUED), _to(State.SUSPENDED)),
    Event.RESUME: {State.SUSPENDED: _RESUMED},
    Event.EXPIRE: dict.fromkeys((State.PENDING, State.QUEUED, State.SUSPENDED), _to(State.EXPIRED)),
    Event.CLAIM: {State.PENDING: _to(State.CLAIMED)},
    Event.OVERTAKEN: {State.CLAIMED: _to(State.DROPPED)},
    Event.BEGIN: {State.CLAIMED: _to(State.SENDING, Effect.COUNTED)},
    Event.RELEASE: {
        State.CLAIMED: _to(State.PENDING),
        # The response to the commit of the intent was lost or came too late.
        State.SENDING: _to(State.PENDING, Effect.UNCOUNTED),
    },
    Event.LEASE_EXPIRED: {State.CLAIMED: _to(State.PENDING)},
    Event.ABANDONED: {State.SENDING: _to(State.SENDING)},
    Event.RESEND: {State.UNKNOWN: _to(State.PENDING, Effect.RESENT, Effect.SILENT)},
    Event.ACCEPTED: {State.SENDING: _to(State.SENT)},
    Event.RATE_LIMITED: {
        State.SENDING: _to(State.PENDING, Effect.DUE_LATER, Effect.UNCOUNTED, Effect.PAUSE_CHAT)
    },
    Event.TOKEN_REJECTED: {
        State.SENDING: _to(State.PENDING, Effect.DUE_LATER, Effect.UNCOUNTED, Effect.PAUSE_TOKEN)
    },
    Event.NOT_CONNECTED: {State.SENDING: _to(State.PENDING, Effect.DUE_LATER)},
    Event.TRY_LATER: {State.SENDING: _to(State.PENDING, Effect.DUE_LATER)},
    Event.SERVER_ERROR: {State.SENDING: _to(State.PENDING, Effect.DUE_LATER, Effect.SILENT)},
    Event.PATIENCE_OVER: {State.SENDING: _to(State.HELD)},
    Event.CHAT_CLOSED: {State.SENDING: _to(State.SUSPENDED, Effect.UNCOUNTED, Effect.SUSPEND_CHAT)},
    Event.CHAT_MIGRATED: {
        State.SENDING: _to(State.PENDING, Effect.DUE_NOW, Effect.UNCOUNTED, Effect.MIGRATE_CHAT)
    },
    Event.MAILBOX_REFUSED: {
        State.SENDING: _to(State.SUSPENDED, Effect.UNCOUNTED, Effect.SUSPEND_MAILBOX)
    },
    Event.REFUSED_WITH_FALLBACK: {
        State.SENDING: _to(State.PENDING, Effect.DUE_NOW, Effect.FALLBACK)
    },
    Event.REFUSED: {State.SENDING: _to(State.FAILED)},
    Event.TARGET_GONE: {State.SENDING: _to(State.DROPPED)},
    Event.OUTCOME_UNKNOWN: {State.SENDING: _to(State.UNKNOWN, Effect.DUE_LATER, Effect.SILENT)},
    Event.RELEASE_STUCK: {
        # Silent, because it may have arrived.
        State.HELD: _to(State.PENDING, Effect.DUE_NOW, Effect.RESET, Effect.SILENT),
        State.FAILED: _to(State.PENDING, Effect.DUE_NOW, Effect.RESET),
    },
    Event.DROP: dict.fromkeys((State.HELD, State.FAILED), _to(State.DROPPED)),
    Event.RESTORE_HELD: {State.DROPPED: _to(State.HELD)},
    Event.RESTORE_FAILED: {State.DROPPED: _to(State.FAILED)},
}


def transition_of(state: State, event: Event) -> Transition:
    """Return the transition of a delivery in *state*. Raises KeyError if *event* has none."""
    return TRANSITIONS[event][state]


def transitions_of(event: Event) -> Iterator[tuple[Transition, tuple[State, ...]]]:
    """Yield each distinct transition of *event*, with the states that it starts from."""
    by_state = TRANSITIONS[event]
    for transition in dict.fromkeys(by_state.values()):
        yield transition, tuple(state for state in by_state if by_state[state] == transition)
