"""Simultaneous transactions on PostgreSQL queue, and never deadlock."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain
from typing import Any

import pytest
from sqlmodel import col, select

from bot.delivery.channel import response_to
from bot.delivery.errors import ChatBlocked, ChatMigrated, DeliveryError, FloodWait
from bot.delivery.telegram import LIMITS
from bot.mail import codes
from bot.mail.bounces import unsubscribe_address
from bot.rendering.renderer import Renderers
from bot.subscribers.deletion import delete_chat
from bot.subscribers.mailboxes import confirm_by_code
from storage.db.engine import Storage
from storage.enums import ChatState, Medium
from storage.mailboxes import Mailbox
from storage.outbox import CallResult, begin_sending, claim_deliveries, record_results
from storage.pace import lock_pace
from storage.states import Event
from storage.suspension import migrate_chat, restore_chat, suspend_chat
from tests.delivery.conftest import PACE_KEY, FakeTelegram, Outbox

ROUNDS = 6
CODE = "123456"
RENDERER = Renderers().of("en")

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class Pairs:
    """Chats with a message each, and the events that may happen to one of them at once."""

    def __init__(self, storage: Storage, telegram: FakeTelegram) -> None:
        self.storage = storage
        self.telegram = telegram
        self.outbox = Outbox(storage)

    async def group(self, number: int) -> int:
        """Return a group that has a twin, a mailbox and messages."""
        chat = await self.outbox.chat(-number)
        twin = await self.outbox.chat(-1000 - number)
        for row in (chat, twin):
            await self.outbox.add(row)
        async with self.storage.writing() as tx:
            mailbox = Mailbox(
                chat_id=chat,
                address="ann@example.org",
                state_since=tx.now,
                created_at=tx.now,
                asked_at=tx.now,
                code_hash=codes.hash_secret(CODE, chat),
            )
            await tx.add(mailbox)
        return chat

    async def migrate(self, number: int, _chat: int) -> None:
        async with self.storage.writing() as tx:
            await migrate_chat(tx, -number, -1000 - number)

    async def come_and_go(self, _number: int, chat: int) -> None:
        async with self.storage.writing() as tx:
            await suspend_chat(tx, chat, ChatState.BLOCKED)
        async with self.storage.writing() as tx:
            await restore_chat(tx, chat)

    async def erase(self, _number: int, chat: int) -> None:
        await delete_chat(self.storage, chat, None)

    async def send(self, _number: int, _chat: int) -> None:
        async with self.storage.writing() as tx:
            await lock_pace(tx, PACE_KEY)
            claimed = await claim_deliveries(tx, "me", limit=5, lease=LIMITS.claim_lease)
        async with self.storage.writing() as tx:
            ids = [each.id for each in claimed]
            begun = await begin_sending(tx, ids, "me", LIMITS.call_lease)
        async with self.storage.writing() as tx:
            await record_results(
                tx, "me", dict.fromkeys(begun, CallResult(Event.ACCEPTED)), medium=Medium.TELEGRAM
            )

    def answer(self, error: DeliveryError) -> Callable[[int, int], Awaitable[None]]:
        """Return an event: the chat's first message is sent and gets *error* as response."""

        async def answer(number: int, chat: int) -> None:
            said = ChatMigrated("", -1000 - number) if isinstance(error, ChatMigrated) else error
            async with self.storage.writing() as tx:
                await lock_pace(tx, PACE_KEY)
                claimed = await claim_deliveries(tx, "it", limit=99, lease=LIMITS.claim_lease)
            mine = [each for each in claimed if each.delivery.chat_id == chat][:1]
            async with self.storage.writing() as tx:
                await begin_sending(tx, [each.id for each in mine], "it", LIMITS.call_lease)
            responses = [response_to(each, error=said) for each in mine]
            results = {each.claimed.id: CallResult(each.outcome.event) for each in responses}
            async with self.storage.writing() as tx:
                await self.telegram.before_responses(tx, PACE_KEY, responses)
                ours = await record_results(tx, "it", results, medium=Medium.TELEGRAM)
                await self.telegram.after_responses(tx, PACE_KEY, responses, ours)

        return answer

    async def confirm(self, _number: int, chat: int) -> None:
        await confirm_by_code(self.storage, chat, CODE)

    async def unsubscribe(self, _number: int, chat: int) -> None:
        async with self.storage.reading() as tx:
            mailbox = await tx.first(select(Mailbox.id).where(col(Mailbox.chat_id) == chat))
        if mailbox:
            await unsubscribe_address(self.storage, mailbox, renderer=RENDERER)


@pytest.fixture
def pairs(storage, telegram) -> Pairs:
    return Pairs(storage, telegram)


@pytest.fixture
def telegram(clock) -> FakeTelegram:
    return FakeTelegram(clock)


async def errors_of(pairs: Pairs, *events: Callable[[int, int], Awaitable[Any]]) -> list[str]:
    """Let all *events* happen to each of several groups at once; return the errors."""
    failed: list[BaseException] = []
    for start in range(1, 4 * ROUNDS, 4):
        groups = [(number, await pairs.group(number)) for number in range(start, start + 4)]
        calls = chain.from_iterable([event(*group) for event in events] for group in groups)
        done = await asyncio.gather(*calls, return_exceptions=True)
        failed += [one for one in done if isinstance(one, BaseException)]
    return [repr(one) for one in failed]


async def test_a_migration_and_a_blocked_chat_do_not_deadlock(pairs):
    assert await errors_of(pairs, pairs.migrate, pairs.come_and_go, pairs.come_and_go) == []


async def test_an_erased_chat_and_its_messages_do_not_deadlock(pairs):
    assert await errors_of(pairs, pairs.send, pairs.erase, pairs.send) == []


@pytest.mark.parametrize(
    "error",
    [ChatBlocked("blocked"), ChatMigrated("moved", 0), FloodWait("slower", LIMITS.claim_lease)],
    ids=["blocked", "migrated", "429"],
)
@pytest.mark.parametrize("other", ["come_and_go", "erase"])
async def test_a_response_and_another_event_of_its_chat_do_not_deadlock(pairs, error, other):
    event = getattr(pairs, other)

    assert await errors_of(pairs, pairs.answer(error), event, event) == []


async def test_a_confirmation_and_an_unsubscription_do_not_deadlock(pairs):
    assert await errors_of(pairs, pairs.confirm, pairs.unsubscribe, pairs.unsubscribe) == []
