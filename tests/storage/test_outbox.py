"""The queues of the outbox: the first delivery of each address is never left waiting."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from storage import outbox as outbox_module
from storage.admin_inbox import FEEDBACK_NOTICE, Feedback
from storage.db.engine import Storage, Transaction
from storage.enums import ChatState, DeliveryKind, DeliveryState, Medium, Notification
from storage.outbox import (
    BLOCKING_SQL,
    MOST_ROUNDS,
    CallResult,
    Delivery,
    begin_sending,
    claim_deliveries,
    delete_deliveries,
    record_results,
    release_deliveries,
    release_unsent,
    resend_unknown,
)
from storage.pace import advance_all, chat_pace_key
from storage.retention import erase_chat
from storage.states import Event
from storage.suspension import migrate_chat, restore_chat, suspend_chat
from tests.conftest import TurnedClock
from tests.delivery.conftest import Outbox

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
QUEUED = DeliveryState.QUEUED
GROUPS = (-1, -2, -3)
RESULTS = (
    Event.ACCEPTED,
    Event.ACCEPTED,
    Event.PATIENCE_OVER,
    Event.REFUSED,
    Event.SERVER_ERROR,
    Event.OUTCOME_UNKNOWN,
)


@dataclass
class Life:
    """An outbox to which random things happen, one after the other."""

    storage: Storage
    clock: TurnedClock
    dice: random.Random
    outbox: Outbox = field(init=False)
    chats: list[int] = field(default_factory=list)
    group: int = GROUPS[0]

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.storage)

    async def arrive(self) -> None:
        await self.outbox.add(self.dice.choice(self.chats), kind=self.dice.choice([*DeliveryKind]))

    async def send(self) -> None:
        async with self.storage.writing() as tx:
            claimed = await claim_deliveries(tx, "me", limit=self.dice.randint(1, 5), lease=LEASE)
            begun = await begin_sending(tx, [each.id for each in claimed], "me", LEASE)
        await self.check()
        async with self.storage.writing() as tx:
            results = {each: CallResult(self.dice.choice(RESULTS)) for each in begun}
            await record_results(tx, "me", results, medium=Medium.TELEGRAM)

    async def crash(self) -> None:
        async with self.storage.writing() as tx:
            await claim_deliveries(tx, "dead", limit=2, lease=LEASE)
        self.clock.turn(LEASE)
        async with self.storage.writing() as tx:
            await release_unsent(tx)
            await resend_unknown(tx)

    async def go_and_come_back(self) -> None:
        chat = self.dice.choice(self.chats)
        async with self.storage.writing() as tx:
            await suspend_chat(tx, chat, ChatState.BLOCKED)
        await self.outbox.add(chat)
        await self.send()
        self.clock.turn(timedelta(hours=self.dice.choice([1, 7])))
        async with self.storage.writing() as tx:
            await restore_chat(tx, chat)

    async def release(self) -> None:
        async with self.storage.writing() as tx:
            await release_deliveries(tx)

    async def upgrade(self) -> None:
        """A group migrates to an id that another row of ours has already."""
        new = self.group * 10
        twin = await self.outbox.chat(new)
        same: dict[str, Any] = {"notice": "warning", "subject": str(new)}
        for chat in (self.chats[0], twin):  # only one of these two is kept
            await self.outbox.add(chat, kind=DeliveryKind.NOTICE, **same)
        await self.outbox.add(twin, state=QUEUED)
        async with self.storage.writing() as tx:
            await migrate_chat(tx, self.group, new)
        self.group = new

    async def delete(self) -> None:
        """Delete some in any state, as retention and the erasing of feedback do."""
        async with self.storage.reading() as tx:
            ids = await tx.rows(select(Delivery.id).order_by(col(Delivery.id)))
        chosen = self.dice.sample(ids, min(len(ids), 2))
        async with self.storage.writing() as tx:
            await delete_deliveries(tx, col(Delivery.id).in_(chosen))

    async def check(self) -> None:
        async with self.storage.reading() as tx:
            first = (
                select(func.min(Delivery.id))
                .where(text(BLOCKING_SQL))
                .group_by(col(Delivery.chat_id), col(Delivery.medium))
            )
            left = select(Delivery.id).where(
                col(Delivery.id).in_(first), col(Delivery.state) == QUEUED
            )
            assert await tx.rows(left) == []


@pytest.mark.parametrize("seed", range(4))
async def test_the_first_delivery_of_each_address_is_never_left_queued(storage, clock, seed):
    life = Life(storage, clock, random.Random(seed))
    life.chats = [await life.outbox.chat(group) for group in GROUPS]
    happenings = [life.arrive] * 6 + [life.send] * 4
    happenings += [life.crash, life.go_and_come_back, life.release, life.upgrade, life.delete]

    for _ in range(80):
        await life.dice.choice(happenings)()
        await life.check()
        clock.turn(timedelta(seconds=life.dice.choice([0, 1, 5])))


@pytest.mark.parametrize(
    "state", [DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.UNKNOWN]
)
async def test_a_deleted_delivery_lets_the_next_one_go(storage, outbox, state):
    chat = await outbox.chat(7)
    first = await outbox.add(chat, state=state)
    second, third = [await outbox.add(chat, state=QUEUED) for _ in range(2)]

    async with storage.writing() as tx:
        deleted = await delete_deliveries(tx, col(Delivery.id) == first)

    assert deleted == 1
    assert await outbox.states(second, third) == [DeliveryState.PENDING, QUEUED]


async def test_an_edit_deleted_with_its_message_lets_the_next_delivery_go(storage, outbox):
    chat = await outbox.chat(7)
    message = await outbox.add(chat, state=DeliveryState.SENT)
    edit = await outbox.add(chat, kind=DeliveryKind.EDIT, target_id=message, version=1)
    behind = await outbox.add(chat, state=QUEUED)

    async with storage.writing() as tx:
        await delete_deliveries(tx, col(Delivery.id) == message)
    async with storage.reading() as tx:
        left = await tx.rows(select(Delivery.id))

    assert edit not in left
    assert await outbox.states(behind) == [DeliveryState.PENDING]


async def test_erased_feedback_lets_the_deliveries_behind_it_go_to_its_admin(storage, outbox):
    writer, admin = await outbox.chat(7), await outbox.chat(8)
    async with storage.writing() as tx:
        await tx.add(Feedback(id=1, chat_id=writer, made_at=tx.now, words="hello"))
    notice: dict[str, Any] = {"notice": FEEDBACK_NOTICE, "subject": "1", "owner": "me"}
    kind = DeliveryKind.NOTICE
    await outbox.add(admin, kind=kind, state=DeliveryState.CLAIMED, **notice)
    behind = await outbox.add(admin, state=QUEUED)

    async with storage.writing() as tx:
        await erase_chat(tx, writer)

    assert await outbox.states(behind) == [DeliveryState.PENDING]


async def test_a_claim_passes_over_a_delivery_that_vanished_meanwhile(storage, outbox, monkeypatch):
    gone, stays = [await outbox.add(await outbox.chat(user)) for user in (7, 8)]

    async def vanish(tx: Transaction, *rest: Any) -> list[Delivery]:
        await delete_deliveries(tx, col(Delivery.id) == gone)
        return await claim_rows(tx, *rest)

    claim_rows = outbox_module._claim_rows
    monkeypatch.setattr(outbox_module, "_claim_rows", vanish)
    async with storage.writing() as tx:
        claimed = await claim_deliveries(tx, "me", limit=9, lease=LEASE)

    assert [each.id for each in claimed] == [stays]


async def test_a_claim_queues_the_deliveries_behind_the_first(storage, outbox, clock):
    chat = await outbox.chat(7)
    first, *behind = [await outbox.add(chat) for _ in range(5)]

    async with storage.writing() as tx:
        (claimed,) = await claim_deliveries(tx, "me", limit=9, lease=LEASE)

    assert claimed.id == first
    assert await outbox.states(*behind) == [QUEUED] * 4


async def test_a_long_backlog_is_queued_in_several_transactions_that_each_call_the_next(
    storage, outbox, monkeypatch
):
    monkeypatch.setattr("storage.outbox.QUEUED_AT_ONCE", 2)
    chat, other = await outbox.chat(7), await outbox.chat(8)
    for _ in range(2 + 2 * MOST_ROUNDS):
        await outbox.add(chat)
    last = await outbox.add(other)
    transactions = []

    for _ in range(3):
        async with storage.writing() as tx:
            claimed = await claim_deliveries(tx, "me", limit=1, lease=LEASE)
            transactions.append(([each.id for each in claimed], tx.notifications))

    assert transactions == [([1], set()), ([], {Notification.DELIVERIES}), ([last], set())]


async def test_the_next_delivery_may_go_once_the_first_is_sent(storage, outbox):
    chat = await outbox.chat(7)
    first, second, third = [await outbox.add(chat) for _ in range(3)]
    async with storage.writing() as tx:
        await claim_deliveries(tx, "me", limit=9, lease=LEASE)
        await begin_sending(tx, [first], "me", LEASE)

        await record_results(tx, "me", {first: CallResult(Event.ACCEPTED)}, medium=Medium.TELEGRAM)

    assert await outbox.states(second, third) == [DeliveryState.PENDING, QUEUED]


async def test_the_parts_of_a_digest_follow_each_other_before_other_digests(storage, outbox, clock):
    first, others = await outbox.chat(1), [await outbox.chat(person) for person in range(2, 6)]
    parts = [await outbox.add(first, kind=DeliveryKind.EDITION) for _ in range(2)]
    for other in others:
        await outbox.add(other, kind=DeliveryKind.EDITION)
    async with storage.writing() as tx:
        await claim_deliveries(tx, "me", limit=2, lease=LEASE)
        await begin_sending(tx, [parts[0]], "me", LEASE)
        await record_results(
            tx, "me", {parts[0]: CallResult(Event.ACCEPTED)}, medium=Medium.TELEGRAM
        )
        await advance_all(tx, {await chat_pace_key(tx, 1): clock.now + SECOND})

    async with storage.writing() as tx:
        too_early = await claim_deliveries(tx, "me", limit=1, lease=LEASE)
    clock.turn(SECOND)
    async with storage.writing() as tx:
        in_time = await claim_deliveries(tx, "me", limit=1, lease=LEASE)

    assert [each.telegram_id for each in too_early] == [3]
    assert [each.id for each in in_time] == [parts[1]]
