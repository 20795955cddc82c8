"""The stage that sends: which deliveries, in which order, at which pace."""

from datetime import timedelta

import pytest

from bot.delivery import errors
from bot.delivery.sender import Calls, SendStage
from bot.delivery.telegram import LIMITS
from bot.subscribers import maintenance
from storage.chats import Chat
from storage.enums import ChatState, DeliveryKind, DeliveryState, Medium
from storage.stats import lags_by_stage
from storage.suspension import restore_chat
from tests.delivery.conftest import PACE_KEY, FakeTelegram, TurnedTimer, send_all

SECOND = timedelta(seconds=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PENDING, SENT, SUSPENDED = DeliveryState.PENDING, DeliveryState.SENT, DeliveryState.SUSPENDED


async def test_a_due_delivery_is_sent_once(sending, outbox, telegram):
    chat = await outbox.chat(7)
    delivery = await outbox.add(chat, "Taiwan")

    assert await send_all(sending) == 1
    assert await send_all(sending) == 0

    row = await outbox.get(delivery)
    assert telegram.texts == ["Taiwan"]
    assert (row.state, row.message_id, row.attempts) == (SENT, 1, 1)
    assert (row.owner, row.lease_until) == (None, None)


async def test_a_delivery_that_is_due_later_waits(sending, outbox, telegram, clock):
    await outbox.add(await outbox.chat(7), due_at=clock.now + MINUTE)

    assert await send_all(sending) == 0

    clock.turn(MINUTE)
    assert await send_all(sending) == 1


async def test_a_chat_gets_its_deliveries_in_the_order_of_their_creation(
    sending, outbox, telegram, clock
):
    chat = await outbox.chat(7)
    await outbox.add(chat, "first", DeliveryKind.EDITION)
    await outbox.add(chat, "second", DeliveryKind.ALERT)

    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    assert telegram.texts == ["first", "second"]


async def test_a_reply_names_the_message_that_it_answers(sending, outbox, telegram, clock):
    chat = await outbox.chat(7)
    first = await outbox.add(chat, "Ferry sinks", state=SENT, message_id=31)
    await outbox.add(chat, "Captain detained", reply_to_id=first)

    await send_all(sending)

    assert telegram.replies == [("Captain detained", 31)]


@pytest.mark.parametrize("state", [DeliveryState.HELD, DeliveryState.FAILED])
async def test_a_reply_to_a_message_that_was_never_sent_goes_alone(
    sending, outbox, telegram, state
):
    chat = await outbox.chat(7)
    first = await outbox.add(chat, "Ferry sinks", state=state)
    await outbox.add(chat, "Captain detained", reply_to_id=first)

    await send_all(sending)

    assert telegram.texts == ["Captain detained"]
    assert telegram.replies == []


async def test_between_chats_alerts_go_before_digests(sending, outbox, telegram):
    await outbox.add(await outbox.chat(7), "digest", DeliveryKind.EDITION)
    await outbox.add(await outbox.chat(8), "alert", DeliveryKind.ALERT)

    await send_all(sending)

    assert telegram.texts == ["alert", "digest"]


async def test_the_pace_is_kept(sending, outbox, telegram, clock):
    for i in range(1, 61):
        await outbox.add(await outbox.chat(i))

    while len(telegram.calls) < 60:
        await send_all(sending)
        clock.turn(SECOND / 10)

    moments = [at for at, *_ in telegram.calls]
    for first in moments:
        assert sum(first <= at < first + SECOND for at in moments) <= 28


async def test_a_group_gets_no_more_than_twenty_a_minute(sending, outbox, telegram, clock):
    chat = await outbox.chat(-7)
    for _ in range(25):
        await outbox.add(chat)

    while len(telegram.calls) < 25:
        await send_all(sending)
        clock.turn(SECOND / 2)

    moments = [at for at, *_ in telegram.calls]
    for first in moments:
        assert sum(first <= at < first + MINUTE for at in moments) <= 20


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
    [
        pytest.param(errors.NotModified("same"), SENT, id="not modified"),
        pytest.param(errors.EditTargetGone("gone"), DeliveryState.DROPPED, id="message gone"),
    ],
)
async def test_an_edit_is_never_resent_as_a_send(sending, outbox, telegram, error, state):
    telegram.errors[7] = [error]
    chat = await outbox.chat(7)
    target = await outbox.add(chat, state=SENT, message_id=3)
    edit = await outbox.add(chat, "+1", DeliveryKind.EDIT, target_id=target, version=1)

    await send_all(sending)

    assert await outbox.states(edit) == [state]
    assert telegram.calls == []


async def test_an_edit_of_a_message_that_was_never_sent_is_dropped(sending, outbox, telegram):
    chat = await outbox.chat(7)
    target = await outbox.add(chat, state=DeliveryState.FAILED)
    edit = await outbox.add(chat, "+1", DeliveryKind.EDIT, target_id=target, version=1)

    await send_all(sending)

    assert await outbox.states(edit) == [DeliveryState.DROPPED]


async def test_a_claim_with_an_expired_lease_is_due_again_with_sound(
    sending, outbox, telegram, clock
):
    delivery = await outbox.add(
        await outbox.chat(7),
        state=DeliveryState.CLAIMED,
        owner="dead",
        lease_until=clock.now + LIMITS.claim_lease,
    )

    assert await send_all(sending) == 0
    clock.turn(LIMITS.claim_lease)
    await send_all(sending)

    assert await outbox.states(delivery) == [SENT]
    assert [silent for *_, silent in telegram.calls] == [False]


async def test_a_call_that_a_dead_process_began_is_repeated_once_silently(
    sending, outbox, telegram, clock
):
    delivery = await outbox.add(
        await outbox.chat(7),
        state=DeliveryState.SENDING,
        owner="dead",
        attempts=1,
        lease_until=clock.now + LIMITS.call_lease,
    )

    assert await send_all(sending) == 0
    clock.turn(LIMITS.call_lease)
    await send_all(sending)
    clock.turn(2 * SECOND)
    await send_all(sending)

    row = await outbox.get(delivery)
    assert (row.state, row.resent) == (SENT, True)
    assert [silent for *_, silent in telegram.calls] == [True]


@pytest.mark.parametrize("state", [DeliveryState.CLAIMED, DeliveryState.SENDING])
async def test_abandoned_deliveries_of_another_medium_are_not_touched(
    sending, outbox, clock, state
):
    mail = await outbox.add(
        await outbox.chat(7), medium=Medium.EMAIL, state=state, owner="dead", lease_until=clock.now
    )

    assert await send_all(sending) == 0

    assert (await outbox.get(mail)).owner == "dead"


async def test_two_processes_send_nothing_twice(storage, outbox, clock):
    chats = [await outbox.chat(i) for i in range(1, 31)]
    ids = [await outbox.add(chat, f"to {chat}") for chat in chats]
    telegram = FakeTelegram(clock)

    async with Calls(timer=TurnedTimer(clock)) as calls, Calls(timer=TurnedTimer(clock)) as more:
        one = SendStage(storage, telegram, "one", calls, PACE_KEY)
        two = SendStage(storage, telegram, "two", more, PACE_KEY)
        while await one.run_once(3) + await two.run_once(3):
            clock.turn(SECOND / 10)
        await calls.all_done()
        await more.all_done()

    assert sorted(telegram.texts) == sorted(f"to {chat}" for chat in chats)
    assert set(await outbox.states(*ids)) == {SENT}


async def test_a_blocked_chat_gets_its_waiting_messages_when_it_comes_back(
    sending, outbox, telegram, clock, storage
):
    telegram.errors[7] = [errors.ChatBlocked("blocked by the user")]
    chat = await outbox.chat(7)
    delivery = await outbox.add(chat, kind=DeliveryKind.EDITION)

    await send_all(sending)

    async with storage.reading() as tx:
        assert (await tx.get_one(Chat, chat)).state is ChatState.BLOCKED
    assert await outbox.states(delivery) == [SUSPENDED]

    async with storage.writing() as tx:
        await restore_chat(tx, chat)
    clock.turn(2 * SECOND)
    await send_all(sending)
    assert await outbox.states(delivery) == [SENT]


async def test_alerts_over_six_hours_old_expire_when_a_chat_comes_back(
    sending, outbox, telegram, clock, storage
):
    telegram.errors[7] = [errors.ChatKicked("kicked")]
    chat = await outbox.chat(7)
    alert = await outbox.add(chat, "old alert")
    digest = await outbox.add(chat, "digest", DeliveryKind.EDITION)
    await send_all(sending)
    clock.turn(timedelta(hours=7))
    fresh = await outbox.add(chat, "fresh alert")

    async with storage.writing() as tx:
        assert await restore_chat(tx, chat) == 1
    for _ in range(3):
        await send_all(sending)
        clock.turn(2 * SECOND)

    assert await outbox.states(alert, digest, fresh) == [DeliveryState.EXPIRED, SENT, SENT]


async def test_a_chat_that_was_never_away_loses_no_alert_by_being_restored(outbox, clock, storage):
    chat = await outbox.chat(7)
    alert = await outbox.add(chat)
    clock.turn(timedelta(hours=7))  # a long flood wait, say

    async with storage.writing() as tx:
        assert await restore_chat(tx, chat) == 0

    assert await outbox.states(alert) == [PENDING]


async def test_a_migrated_group_is_reached_under_its_new_id(sending, outbox, telegram):
    telegram.errors[-7] = [errors.ChatMigrated("upgraded", -1007)]
    delivery = await outbox.add(await outbox.chat(-7))

    await send_all(sending)

    assert [chat_id for _, chat_id, *_ in telegram.calls] == [-7, -1007]
    assert await outbox.states(delivery) == [SENT]


async def test_deliveries_wait_for_the_end_of_a_maintenance_and_are_not_late(
    sending, outbox, telegram, clock, storage
):
    await outbox.add(await outbox.chat(7), "Ferry sinks")
    await maintenance.begin(storage, "2026-03-02T14:00Z", "")

    assert await send_all(sending) == 0

    clock.turn(HOUR)
    async with storage.reading() as tx:
        during = await lags_by_stage(tx)
    clock.turn(HOUR + MINUTE)
    async with storage.reading() as tx:
        after = await lags_by_stage(tx)
    assert await send_all(sending) == 1
    assert telegram.texts == ["Ferry sinks"]
    assert (during["send"], after["send"]) == (timedelta(), MINUTE)
