"""The state that each response of Telegram leaves in the outbox."""

from datetime import timedelta

import pytest

from bot.delivery import errors
from bot.delivery.sender import Calls
from storage.enums import DeliveryState
from storage.pace import advance_all, chat_pace_key, pause_chat, pauses_by_key
from tests.delivery.conftest import PACE_KEY, TurnedTimer, send_all, stage

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PENDING, SENT = DeliveryState.PENDING, DeliveryState.SENT


@pytest.mark.parametrize(
    ("error", "state", "due_in"),
    [
        pytest.param(errors.FloodWait("slow", MINUTE), PENDING, MINUTE, id="flood wait"),
        pytest.param(errors.NeverSent("refused"), PENDING, SECOND, id="no connection"),
        pytest.param(errors.ServerError("Bad Gateway"), PENDING, SECOND, id="server error"),
        pytest.param(errors.Unknown("no answer"), DeliveryState.UNKNOWN, SECOND, id="unknown"),
        pytest.param(errors.Refused("strange"), DeliveryState.FAILED, None, id="refused"),
        pytest.param(errors.TooLong("too long"), DeliveryState.FAILED, None, id="too long"),
    ],
)
async def test_each_error_leaves_the_delivery_in_its_state(
    sending, outbox, telegram, clock, error, state, due_in
):
    telegram.errors[7] = [error]
    delivery = await outbox.add(await outbox.chat(7))

    await sending.run_once()
    await sending.calls.all_done()

    row = await outbox.get(delivery)
    assert (row.state, row.last_error) == (state, str(error))
    if due_in:
        assert row.due_at == clock.now + due_in


async def test_a_flood_wait_pauses_its_chat_alone_as_long_as_asked(
    sending, outbox, telegram, clock, storage
):
    telegram.errors[7] = [errors.FloodWait("retry after 600", 10 * MINUTE)]
    chat = await outbox.chat(7)
    first = await outbox.add(chat)
    await send_all(sending)
    behind, other = await outbox.add(chat), await outbox.add(await outbox.chat(8))

    clock.turn(9 * MINUTE)
    await send_all(sending)
    assert await outbox.states(first, behind, other) == [PENDING, PENDING, SENT]
    async with storage.reading() as tx:
        chat = await chat_pace_key(tx, 7)
        until = await pauses_by_key(tx, [PACE_KEY, chat])
        assert until == {chat: pytest.approx(tx.now + MINUTE, abs=SECOND)}

    clock.turn(MINUTE)
    await send_all(sending)
    clock.turn(MINUTE)
    await send_all(sending)
    assert await outbox.states(first, behind) == [SENT, SENT]
    assert (await outbox.get(first)).attempts == 1  # the flood wait does not count


async def test_a_flood_wait_of_a_second_chat_while_the_first_lasts_pauses_the_token(
    sending, outbox, telegram, clock
):
    for chat in (7, -8):
        telegram.errors[chat] = [errors.FloodWait("retry after 60", MINUTE)]
        await outbox.add(await outbox.chat(chat))
        await send_all(sending)
    await outbox.add(await outbox.chat(9))

    assert await send_all(sending) == 0
    clock.turn(MINUTE)
    assert await send_all(sending) == 3


async def test_a_claim_waits_where_its_chat_has_begun_to_pause(
    storage, outbox, telegram, clock, sending
):
    """A reply to the chat is refused between the claim and the call."""
    delivery = await outbox.add(await outbox.chat(-7))

    class Interrupted(TurnedTimer):
        async def wait(self, seconds: float) -> None:
            await super().wait(seconds)
            async with storage.writing() as tx:
                await pause_chat(tx, PACE_KEY, -7, tx.now + MINUTE)

    async with Calls(timer=Interrupted(clock)) as calls:
        async with storage.writing() as tx:  # so that its permit is not yet there
            await advance_all(tx, {PACE_KEY: tx.now + SECOND / 10})
        await stage(storage, telegram, calls).run_once()

    assert telegram.calls == []
    assert await outbox.states(delivery) == [PENDING]


async def test_a_message_that_may_have_arrived_is_resent_once_silently(
    sending, outbox, telegram, clock
):
    telegram.errors[7] = [errors.Unknown("no answer")]
    delivery = await outbox.add(await outbox.chat(7))

    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    assert await outbox.states(delivery) == [SENT]
    assert [silent for *_, silent in telegram.calls] == [False, True]


async def test_a_message_that_may_have_arrived_twice_is_held(sending, outbox, telegram, clock):
    telegram.errors[7] = [errors.Unknown("no answer"), errors.Unknown("no answer")]
    chat = await outbox.chat(7)
    first, behind = await outbox.add(chat), await outbox.add(chat, "behind")

    for _ in range(3):
        await send_all(sending)
        clock.turn(2 * SECOND)

    assert await outbox.states(first, behind) == [DeliveryState.HELD, SENT]


async def test_nothing_is_resent_until_telegram_answers(sending, outbox, telegram, clock):
    telegram.errors[7] = [errors.Unknown("no answer")]
    delivery = await outbox.add(await outbox.chat(7))
    await send_all(sending)
    telegram.is_there = False

    for _ in range(50):
        clock.turn(MINUTE)
        assert await send_all(sending) == 0
    telegram.is_there = True
    await send_all(sending)

    assert await outbox.states(delivery) == [SENT]


async def test_one_bad_delivery_holds_up_no_other_chat(sending, outbox, telegram, clock):
    telegram.errors[7] = [errors.ServerError("500")] * 99
    bad = await outbox.chat(7)
    first, behind = await outbox.add(bad), await outbox.add(bad)
    others = [await outbox.add(await outbox.chat(100 + i)) for i in range(20)]

    await send_all(sending)

    assert set(await outbox.states(*others)) == {SENT}
    assert await outbox.states(first, behind) == [PENDING, DeliveryState.QUEUED]


async def test_a_delivery_that_the_server_always_fails_on_is_held_in_the_end(
    sending, outbox, telegram, clock
):
    telegram.errors[7] = [errors.ServerError("500")] * 99
    delivery = await outbox.add(await outbox.chat(7))

    for _ in range(15):
        await send_all(sending)
        clock.turn(5 * MINUTE)

    assert await outbox.states(delivery) == [DeliveryState.HELD]


async def test_a_body_that_cannot_be_read_fails_and_lets_the_next_one_pass(
    sending, outbox, telegram, clock
):
    chat = await outbox.chat(7)
    broken = await outbox.add(chat, body={"nonsense": 1})
    behind = await outbox.add(chat)

    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    assert await outbox.states(broken, behind) == [DeliveryState.FAILED, SENT]
