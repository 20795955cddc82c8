from datetime import timedelta

import pytest

from bot.rendering.renderer import Renderer
from bot.subscribers import audit, settings, users
from bot.subscribers.access import Access, AllowResult, allow_user, ban_user
from bot.subscribers.errors import Banned, CannotBan
from bot.subscribers.users import Sender
from storage.chats import Chat
from storage.enums import AuditAction, ChatState, DeliveryState, Medium
from storage.outbox import Delivery, claim_deliveries
from storage.suspension import migrate_chat, resume_chats, suspend_chat
from tests.delivery.conftest import Outbox

OPERATOR, ANN = 9, 1
OPEN = Access(is_open=True, admins=frozenset({OPERATOR}))


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


async def test_who_is_shut_out_gets_nothing_until_it_is_lifted(storage, arrive, state_of):
    chat_id = await arrive(ANN)
    delivery = await Outbox(storage).add(chat_id)

    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)

    assert await state_of(chat_id) is ChatState.BANNED
    assert await claimed(storage) == 0
    async with storage.reading() as tx:
        assert (await tx.session.get_one(Delivery, delivery)).state is DeliveryState.SUSPENDED
    assert (
        await allow_user(storage, ANN, by=OPERATOR, access=OPEN, renderer=Renderer())
        is AllowResult.UNBANNED
    )
    assert await state_of(chat_id) is ChatState.ACTIVE
    assert await claimed(storage) == 1


async def test_who_is_shut_out_is_told_once(storage):
    await ban_user(storage, ANN, access=OPEN)

    told = []
    for _ in range(3):
        with pytest.raises(Banned) as refused:
            await users.identify(storage, Sender(ANN, ANN), access=OPEN)
        told.append(refused.value.is_first)

    assert told == [True, False, False]


async def test_a_person_is_shut_out_of_groups_too_and_a_group_shuts_out_its_members(storage):
    await ban_user(storage, ANN, access=OPEN)
    await ban_user(storage, -100, access=OPEN)

    with pytest.raises(Banned):
        await users.identify(storage, Sender(ANN, -200), access=OPEN)
    with pytest.raises(Banned):
        await users.identify(storage, Sender(2, -100), access=OPEN)
    assert await users.identify(storage, Sender(2, -200), access=OPEN)


async def test_a_ban_ends_no_pause_and_no_pause_ends_a_ban(storage, arrive, state_of, clock):
    chat_id = await arrive(ANN)
    await settings.pause_for(storage, chat_id, 3)

    await ban_user(storage, ANN, access=OPEN)
    clock.turn(timedelta(days=5))
    async with storage.writing() as tx:
        woken = await resume_chats(tx, limit=9)
    while_banned = await state_of(chat_id)
    await allow_user(storage, ANN, access=OPEN, renderer=Renderer())

    assert woken == 0
    assert while_banned is ChatState.BANNED
    assert await state_of(chat_id) is ChatState.PAUSED
    async with storage.writing() as tx:
        assert await resume_chats(tx, limit=9) == 1


@pytest.mark.parametrize("state", [ChatState.BLOCKED, ChatState.PAUSED, ChatState.KICKED])
async def test_nothing_that_happens_meanwhile_ends_a_ban(storage, arrive, state_of, state):
    chat_id = await arrive(ANN)
    await ban_user(storage, ANN, access=OPEN)

    async with storage.writing() as tx:
        await suspend_chat(tx, chat_id, state)
    await users.suspend(storage, ANN, ChatState.BLOCKED)
    await users.restore(storage, ANN)
    await settings.resume(storage, chat_id)

    assert await state_of(chat_id) is ChatState.BANNED


async def test_a_group_that_becomes_a_supergroup_stays_shut_out(storage):
    await Outbox(storage).chat(-5)
    await ban_user(storage, -5, access=OPEN)

    async with storage.writing() as tx:
        await migrate_chat(tx, -5, -1005)

    with pytest.raises(Banned):
        await users.identify(storage, Sender(2, -1005), access=OPEN)


async def test_the_operator_cannot_be_shut_out_nor_an_admin_by_themselves(storage):
    with pytest.raises(CannotBan):
        await ban_user(storage, OPERATOR, by=ANN, access=OPEN)
    with pytest.raises(CannotBan):
        await ban_user(storage, ANN, by=ANN, access=OPEN)


async def test_allowing_lets_a_stranger_in(storage):
    few = Access(is_open=False)

    before = await users.identify(storage, Sender(ANN, ANN), access=few)
    came = [
        await allow_user(storage, ANN, access=few, renderer=Renderer()),
        await allow_user(storage, ANN, access=few, renderer=Renderer()),
    ]

    assert before is None
    assert came == [AllowResult.ADMITTED, AllowResult.UNCHANGED]
    assert await users.identify(storage, Sender(ANN, ANN), access=few)


async def test_each_is_an_act_and_what_changes_nothing_is_none(storage):

    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)
    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)
    await allow_user(storage, ANN, access=OPEN, renderer=Renderer())
    await allow_user(storage, ANN, access=OPEN, renderer=Renderer())

    acts = await audit.newest_events(storage, 9)

    assert [(act.action, act.user_id) for act in acts] == [
        (AuditAction.ALLOWED, None),
        (AuditAction.BANNED, OPERATOR),
    ]


def test_a_ban_holds_every_medium():
    assert set(ChatState.BANNED.media_held) == set(Medium)
