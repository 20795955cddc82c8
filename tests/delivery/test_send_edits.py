"""Edits: which of them go, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery import errors
from storage.enums import DeliveryKind, DeliveryState
from tests.delivery.conftest import send_all

SECOND = timedelta(seconds=1)
SENT = DeliveryState.SENT


async def test_an_edit_waits_for_its_target_and_the_newest_wins(sending, outbox, telegram, clock):
    chat = await outbox.chat(7)
    target = await outbox.add(chat, "alert")
    edits = [
        await outbox.add(chat, f"+{n}", DeliveryKind.EDIT, target_id=target, version=n)
        for n in (1, 2)
    ]

    for _ in range(3):
        await send_all(sending)
        clock.turn(2 * SECOND)

    assert telegram.edits == [(7, 1, "+2")]
    assert await outbox.states(*edits) == [DeliveryState.DROPPED, SENT]


@pytest.mark.parametrize(
    ("error", "state"),
    [(errors.NotModified("same"), SENT), (errors.EditTargetGone("gone"), DeliveryState.DROPPED)],
)
async def test_an_edit_is_never_resent_as_a_send(sending, outbox, telegram, error, state):
    telegram.errors[7] = [error]
    chat = await outbox.chat(7)
    target = await outbox.add(chat, state=SENT, message_id=3)
    edit = await outbox.add(chat, "+1", DeliveryKind.EDIT, target_id=target, version=1)

    await send_all(sending)

    assert await outbox.states(edit) == [state]
    assert telegram.calls == []


async def test_an_edit_of_what_never_went_out_is_dropped(sending, outbox, telegram):
    chat = await outbox.chat(7)
    target = await outbox.add(chat, state=DeliveryState.FAILED)
    edit = await outbox.add(chat, "+1", DeliveryKind.EDIT, target_id=target, version=1)

    await send_all(sending)

    assert await outbox.states(edit) == [DeliveryState.DROPPED]
