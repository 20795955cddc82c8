"""The operator sees stuck deliveries, and releases them."""

from bot.delivery.release import list_deliveries, release_stuck
from storage.enums import DeliveryState
from tests.delivery.conftest import send_all

HELD, FAILED, SENT = DeliveryState.HELD, DeliveryState.FAILED, DeliveryState.SENT


async def test_the_operator_sees_held_deliveries_with_the_reason(storage, outbox):
    chat = await outbox.chat(7, name="Ann")
    held = await outbox.add(chat, "Taiwan\nmore", state=HELD, last_error="no answer in time")
    await outbox.add(chat, state=SENT)

    (listed,) = await list_deliveries(storage, [HELD, FAILED])

    assert (listed.id, listed.chat, listed.chat_name) == (held, 7, "Ann")
    assert (listed.state, listed.error, listed.begins) == (HELD, "no answer in time", "Taiwan")


async def test_released_deliveries_are_sent_silently_if_they_may_have_arrived(
    storage, outbox, sending, telegram
):
    held = await outbox.add(await outbox.chat(7), state=HELD, resent=True, attempts=2)
    failed = await outbox.add(await outbox.chat(8), state=FAILED)

    assert await release_stuck(storage) == 2
    await send_all(sending)

    assert await outbox.states(held, failed) == [SENT, SENT]
    assert {chat: silent for _, chat, _, silent in telegram.calls} == {7: True, 8: False}


async def test_only_named_deliveries_are_released(storage, outbox):
    chat = await outbox.chat(7)
    first, second = await outbox.add(chat, state=HELD), await outbox.add(chat, state=HELD)
    sent = await outbox.add(chat, state=SENT)

    assert await release_stuck(storage, [first, sent]) == 1

    assert await outbox.states(first, second, sent) == [DeliveryState.PENDING, HELD, SENT]
