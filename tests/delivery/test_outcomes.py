"""The outcome of each response to a call."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import errors
from bot.delivery.errors import DeliveryError
from bot.delivery.outcomes import (
    PATIENCE,
    TOKEN_PAUSE,
    Attempt,
    Outcome,
    back_off,
    outcome_of,
)
from storage.enums import ChatState, DeliveryState, Medium
from storage.states import LONGEST_RETRY, Effect, Event

FIRST = Attempt()
SECOND = timedelta(seconds=1)
FLOOD = errors.FloodWait("slow down", timedelta(seconds=600))
UNKNOWN = Outcome(Event.OUTCOME_UNKNOWN, SECOND)
SENT, DROPPED = Outcome(Event.ACCEPTED), Outcome(Event.TARGET_GONE)
FAILED, HELD = Outcome(Event.REFUSED), Outcome(Event.PATIENCE_OVER)

ERRORS: tuple[DeliveryError, ...] = (
    FLOOD,
    errors.TokenRejected("Unauthorized"),
    errors.NeverSent("refused"),
    errors.ServerError("Bad Gateway"),
    errors.GatewayFailed("the response is not JSON of the Bot API"),
    errors.Unknown("no answer in time"),
    errors.ChatBlocked("blocked"),
    errors.ChatKicked("kicked"),
    errors.ChatGone("deactivated"),
    errors.TopicClosed("TOPIC_CLOSED"),
    errors.ChatMigrated("upgraded", -1001),
    errors.Refused("BUTTON_URL_INVALID"),
    errors.BadMarkup("can't parse entities"),
    errors.TooLong("message is too long"),
    errors.NotModified("not modified"),
    errors.EditTargetGone("message to edit not found"),
)


@pytest.mark.parametrize(
    ("attempt", "error", "outcome"),
    [
        pytest.param(FIRST, None, SENT, id="a yes is sent"),
        pytest.param(
            FIRST,
            FLOOD,
            Outcome(Event.RATE_LIMITED, FLOOD.pause),
            id="a flood wait pauses its chat, exactly as long as asked",
        ),
        pytest.param(
            FIRST,
            errors.TokenRejected("Unauthorized"),
            Outcome(Event.TOKEN_REJECTED, TOKEN_PAUSE),
            id="a rejected token is no fault of the message",
        ),
        pytest.param(
            FIRST,
            errors.NeverSent(""),
            Outcome(Event.NOT_CONNECTED, SECOND),
            id="no connection: again, aloud",
        ),
        pytest.param(
            Attempt(number=3),
            errors.NeverSent(""),
            Outcome(Event.NOT_CONNECTED, 4 * SECOND),
            id="no connection for the third time: later",
        ),
        pytest.param(
            FIRST,
            errors.ServerError(""),
            Outcome(Event.SERVER_ERROR, SECOND),
            id="a 5xx may have come after the effect: again, silently",
        ),
        pytest.param(
            Attempt(number=PATIENCE), errors.ServerError(""), HELD, id="a 5xx for ever is held"
        ),
        pytest.param(FIRST, errors.Unknown(""), UNKNOWN, id="a time-out is unknown"),
        pytest.param(Attempt(resent=True), errors.Unknown(""), HELD, id="unknown twice is held"),
        pytest.param(
            Attempt(is_edit=True),
            errors.Unknown(""),
            Outcome(Event.SERVER_ERROR, SECOND),
            id="an unknown edit is simply repeated",
        ),
        pytest.param(
            FIRST,
            errors.ChatBlocked(""),
            Outcome(Event.CHAT_CLOSED, suspend=ChatState.BLOCKED),
            id="a blocked chat is suspended and loses nothing",
        ),
        pytest.param(
            FIRST,
            errors.ChatMigrated("", -1001),
            Outcome(Event.CHAT_MIGRATED, migrate_to=-1001),
            id="a migrated group goes on under its new id",
        ),
        pytest.param(
            Attempt(has_fallback=True),
            errors.BadMarkup(""),
            Outcome(Event.REFUSED_WITH_FALLBACK),
            id="bad markup goes once more as plain text",
        ),
        pytest.param(FIRST, errors.BadMarkup(""), FAILED, id="bad markup without fallback fails"),
        pytest.param(FIRST, errors.TooLong(""), FAILED, id="too long fails"),
        pytest.param(
            Attempt(is_edit=True), errors.NotModified(""), SENT, id="an edit of nothing is sent"
        ),
        pytest.param(
            Attempt(is_edit=True),
            errors.EditTargetGone(""),
            DROPPED,
            id="an edit of what is gone is dropped",
        ),
    ],
)
def test_each_response_has_its_outcome(attempt, error, outcome):
    assert outcome_of(attempt, error) == outcome


attempts = st.builds(
    Attempt,
    number=st.integers(min_value=1, max_value=200),
    is_edit=st.booleans(),
    resent=st.booleans(),
    has_fallback=st.booleans(),
)


@given(attempts, st.sampled_from(ERRORS))
def test_every_outcome_has_the_values_that_its_effects_need(attempt, error):
    outcome = outcome_of(attempt, error)

    assert outcome.state not in {DeliveryState.CLAIMED, DeliveryState.SENDING}
    assert outcome.has(Effect.SUSPEND_CHAT) == (outcome.suspend is not None)
    assert outcome.has(Effect.MIGRATE_CHAT) == (outcome.migrate_to is not None)
    assert outcome.has(Effect.DUE_LATER) == (outcome.pause > timedelta())


@given(attempts, st.sampled_from(ERRORS))
def test_a_message_that_may_have_arrived_never_makes_a_sound_again(attempt, error):
    outcome = outcome_of(attempt, error)

    if isinstance(error, (errors.Unknown, errors.ServerError)) and outcome != HELD:
        assert outcome.has(Effect.SILENT)


@given(st.integers(min_value=1, max_value=10_000))
def test_the_back_off_grows_up_to_its_bound(number):
    assert back_off(number) <= back_off(number + 1) <= LONGEST_RETRY[Medium.TELEGRAM]
