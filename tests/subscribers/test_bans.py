from datetime import timedelta

import pytest

from bot.subscribers.access import Access
from bot.subscribers.arrivals import Arrivals, Sender
from bot.subscribers.bans import Allowed, Bans
from bot.subscribers.errors import Banned, CannotBan
from bot.subscribers.settings import ChatSettings
from storage.chats import Chat
from storage.enums import AuditAction, ChatState, DeliveryState, Medium
from storage.outbox import Delivery, claim_deliveries
from storage.suspension import migrate_chat, resume_chats, suspend_chat
from tests.delivery.conftest import Outbox

OPERATOR, ANN = 9, 1
OPEN = Access(is_open=True, admins=frozenset({OPERATOR}))


@pytest.fixture
def bans(storage) -> Bans:
    return Bans(storage, OPEN)


@pytest.fixture
def state_of(storage):
    async def state(chat_id: int) -> ChatState:
        async with storage.reading() as tx:
            found: ChatState = (await tx.session.get_one(Chat, chat_id)).state
            return found

    return state


async def claimed(storage) -> int:
    async with storage.writing() as tx:
        lease = timedelta(minutes=1)
        return len(await claim_deliveries(tx, "us", limit=9, lease=lease))


async def test_who_is_shut_out_gets_nothing_until_it_is_lifted(storage, bans, arrive, state_of):
    chat_id = await arrive(ANN)
    delivery = await Outbox(storage).add(chat_id)

    await bans.ban(ANN, by=OPERATOR)

    assert await state_of(chat_id) is ChatState.BANNED
    assert await claimed(storage) == 0
    async with storage.reading() as tx:
        assert (await tx.session.get_one(Delivery, delivery)).state is DeliveryState.SUSPENDED
    assert await bans.allow(ANN, by=OPERATOR) is Allowed.LIFTED
    assert await state_of(chat_id) is ChatState.ACTIVE
    assert await claimed(storage) == 1


async def test_who_is_shut_out_is_told_once(storage, bans):
    arrivals = Arrivals(storage, OPEN)
    await bans.ban(ANN)

    told = []
    for _ in range(3):
        with pytest.raises(Banned) as refused:
            await arrivals.welcome(Sender(ANN, ANN))
        told.append(refused.value.is_first)

    assert told == [True, False, False]


async def test_a_person_is_shut_out_of_groups_too_and_a_group_shuts_out_its_members(storage, bans):
    arrivals = Arrivals(storage, OPEN)
    await bans.ban(ANN)
    await bans.ban(-100)

    with pytest.raises(Banned):
        await arrivals.welcome(Sender(ANN, -200))
    with pytest.raises(Banned):
        await arrivals.welcome(Sender(2, -100))
    assert await arrivals.welcome(Sender(2, -200))


async def test_a_ban_ends_no_pause_and_no_pause_ends_a_ban(storage, bans, arrive, state_of, clock):
    chat_id = await arrive(ANN)
    await ChatSettings(storage).pause_for(chat_id, 3)

    await bans.ban(ANN)
    clock.turn(timedelta(days=5))
    async with storage.writing() as tx:
        woken = await resume_chats(tx, limit=9)
    while_banned = await state_of(chat_id)
    await bans.allow(ANN)

    assert woken == 0
    assert while_banned is ChatState.BANNED
    assert await state_of(chat_id) is ChatState.PAUSED
    async with storage.writing() as tx:
        assert await resume_chats(tx, limit=9) == 1


@pytest.mark.parametrize("state", [ChatState.BLOCKED, ChatState.PAUSED, ChatState.KICKED])
async def test_nothing_that_happens_meanwhile_ends_a_ban(storage, bans, arrive, state_of, state):
    chat_id = await arrive(ANN)
    arrivals = Arrivals(storage, OPEN)
    await bans.ban(ANN)

    async with storage.writing() as tx:
        await suspend_chat(tx, chat_id, state)
    await arrivals.gone(ANN, ChatState.BLOCKED)
    await arrivals.back(ANN)
    await ChatSettings(storage).resume(chat_id)

    assert await state_of(chat_id) is ChatState.BANNED


async def test_a_group_that_becomes_a_supergroup_stays_shut_out(storage, bans):
    await Outbox(storage).chat(-5)
    await bans.ban(-5)

    async with storage.writing() as tx:
        await migrate_chat(tx, -5, -1005)

    with pytest.raises(Banned):
        await Arrivals(storage, OPEN).welcome(Sender(2, -1005))


async def test_the_operator_cannot_be_shut_out_nor_an_admin_by_themselves(storage, bans):
    with pytest.raises(CannotBan):
        await bans.ban(OPERATOR, by=ANN)
    with pytest.raises(CannotBan):
        await bans.ban(ANN, by=ANN)


async def test_allowing_lets_a_stranger_in(storage):
    few = Access(is_open=False)
    bans, arrivals = Bans(storage, few), Arrivals(storage, few)

    before = await arrivals.welcome(Sender(ANN, ANN))
    came = [await bans.allow(ANN), await bans.allow(ANN)]

    assert before is None
    assert came == [Allowed.LET_IN, Allowed.THERE]
    assert await arrivals.welcome(Sender(ANN, ANN))


async def test_each_is_an_act_and_what_changes_nothing_is_none(storage, bans):
    from bot.subscribers.audit import Audit

    await bans.ban(ANN, by=OPERATOR)
    await bans.ban(ANN, by=OPERATOR)
    await bans.allow(ANN)
    await bans.allow(ANN)

    acts = await Audit(storage).newest(9)

    assert [(act.deed, act.user_id) for act in acts] == [
        (AuditAction.ALLOWED, None),
        (AuditAction.BANNED, OPERATOR),
    ]


def test_a_ban_holds_every_medium():
    assert set(ChatState.BANNED.media_held) == set(Medium)
