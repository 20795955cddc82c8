"""Who may use the bot, who is its admin, and who is banned."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.rendering.renderer import Renderer
from bot.subscribers import audit, groups, settings, users
from bot.subscribers.access import (
    Access,
    AllowResult,
    admin_languages,
    allow_user,
    ban_user,
    follow_access,
    make_first_admin,
    new_admin_code,
    redeem_admin_code,
)
from bot.subscribers.errors import Banned, CannotBan, GroupClosed
from bot.subscribers.users import Sender
from storage.chats import Chat
from storage.enums import CLOSED as CLOSED_STATES
from storage.enums import AuditAction, ChatKind, ChatState, DeliveryState, Medium
from storage.outbox import Delivery, claim_deliveries
from storage.suspension import ban, migrate_chat, resume_chats, suspend_chat, unban
from tests.delivery.conftest import Outbox

CLOSED, ANYBODY = Access(is_open=False), Access(is_open=True)
LISTED = Access(is_open=False, allowed=frozenset({1}), admins=frozenset({2}))


@pytest.mark.parametrize(
    ("access", "user_id", "appointed", "may_use", "may_run"),
    [
        pytest.param(LISTED, 1, (), True, False, id="on the list"),
        pytest.param(LISTED, 2, (), True, True, id="an admin by the settings"),
        pytest.param(LISTED, 3, (3,), True, True, id="an admin by the link"),
        pytest.param(LISTED, 4, (3,), False, False, id="a user without access"),
        pytest.param(Access(is_open=True), 4, (), True, False, id="anybody, where it is open"),
    ],
)
def test_lists_and_the_admin_link_decide_who_may_use_and_run_the_bot(
    access, user_id, appointed, may_use, may_run
):
    assert access.may_use(user_id, appointed) is may_use
    assert access.may_run(user_id, appointed) is may_run


# Admins


async def test_a_code_makes_one_admin(storage):
    code = await new_admin_code(storage, access=CLOSED)

    assert code
    assert await redeem_admin_code(storage, 1, code, access=CLOSED)
    assert not await redeem_admin_code(storage, 2, code, access=CLOSED)
    assert await redeem_admin_code(storage, 1, code, access=CLOSED)


async def test_with_an_admin_there_is_no_code(storage):
    await redeem_admin_code(
        storage,
        1,
        await new_admin_code(storage, access=CLOSED) or "",
        access=CLOSED,
    )

    assert await new_admin_code(storage, access=CLOSED) is None
    assert await new_admin_code(storage, access=Access(is_open=True, admins=frozenset({9}))) is None


async def test_a_newer_code_replaces_the_older(storage):
    older, newer = (
        await new_admin_code(storage, access=CLOSED),
        await new_admin_code(storage, access=CLOSED),
    )

    assert older
    assert newer
    assert not await redeem_admin_code(storage, 1, older, access=CLOSED)
    assert await redeem_admin_code(storage, 1, newer, access=CLOSED)


async def test_an_empty_code_makes_no_admin(storage):
    assert not await redeem_admin_code(storage, 1, "", access=CLOSED)


async def test_the_first_user_of_a_playground_is_its_admin(storage):
    assert await make_first_admin(storage, 1, access=ANYBODY, is_playground=True)
    assert not await make_first_admin(storage, 2, access=ANYBODY, is_playground=True)
    assert not await make_first_admin(storage, 1, access=ANYBODY, is_playground=True)
    assert await admin_languages(storage, access=ANYBODY) == {1: "en"}


async def test_elsewhere_the_first_user_is_no_admin(storage):
    named = Access(is_open=True, admins=frozenset({9}))

    assert not await make_first_admin(storage, 1, access=ANYBODY, is_playground=False)
    assert not await make_first_admin(storage, 1, access=named, is_playground=True)


async def test_admins_are_listed_with_the_language_that_they_read(storage, arrive):
    await settings.set_language(storage, await arrive(1), "ja")
    await settings.set_language(storage, await arrive(4), "fr")
    await arrive(2, language="de")

    assert await admin_languages(
        storage, access=Access(is_open=True, admins=frozenset({1, 2, 3}))
    ) == {1: "ja", 2: "de", 3: "en"}


# Chats whose user may no longer use the bot


BOB, EVE, GROUP = 2, 3, -100


@pytest.fixture
def state_of(storage):
    async def state(chat_id: int) -> ChatState:
        async with storage.reading() as tx:
            found: ChatState = (await tx.get_one(Chat, chat_id)).state
            return found

    return state


@pytest.mark.parametrize(
    ("access", "facts", "banned", "state"),
    [
        pytest.param(LISTED, {}, (), ChatState.ACTIVE, id="a user on the list"),
        pytest.param(CLOSED, {}, (), ChatState.NO_ACCESS, id="a user taken off the list"),
        pytest.param(ANYBODY, {}, (), ChatState.ACTIVE, id="anybody, where it is open"),
        pytest.param(LISTED, {}, (1,), ChatState.BANNED, id="a banned user on the list"),
        pytest.param(CLOSED, {}, (1,), ChatState.BANNED, id="a banned user taken off the list"),
        pytest.param(
            Access(is_open=False, admins=frozenset({1})), {}, (1,), ChatState.ACTIVE, id="an admin"
        ),
        pytest.param(
            LISTED, {"invited_by": 1}, (), ChatState.ACTIVE, id="a group of a user on the list"
        ),
        pytest.param(
            CLOSED, {"invited_by": 1}, (), ChatState.NO_ACCESS, id="a group of a user taken off"
        ),
        pytest.param(
            ANYBODY, {"invited_by": 1}, (1,), ChatState.NO_ACCESS, id="a group of a banned user"
        ),
        pytest.param(ANYBODY, {"invited_by": 1}, (GROUP,), ChatState.BANNED, id="a banned group"),
        pytest.param(
            CLOSED, {"invited_by": 0}, (), ChatState.ACTIVE, id="a group of a user who was deleted"
        ),
        pytest.param(
            CLOSED, {"invited_by": None}, (), ChatState.ACTIVE, id="a group of an unknown user"
        ),
        pytest.param(
            CLOSED, {"state": ChatState.ERASED}, (), ChatState.ERASED, id="a chat that was erased"
        ),
    ],
)
async def test_the_access_of_a_chat_follows_its_user(
    storage, state_of, access, facts, banned, state
):
    chat_id = await Outbox(storage).chat(GROUP if "invited_by" in facts else 1, **facts)
    async with storage.writing() as tx:
        for telegram_id in banned:
            await ban(tx, telegram_id)

    await follow_access(storage, access=access)

    assert await state_of(chat_id) is state
    assert await follow_access(storage, access=access) == 0


@pytest.mark.parametrize("before", [ChatState.ACTIVE, ChatState.PAUSED])
async def test_a_chat_that_is_allowed_again_is_as_it_was(storage, state_of, before):
    chat_id = await Outbox(storage).chat(1, state=before)

    closed = await follow_access(storage, access=CLOSED)
    while_closed = await state_of(chat_id)
    reopened = await follow_access(storage, access=LISTED)

    assert (closed, reopened) == (1, 1)
    assert while_closed is ChatState.NO_ACCESS
    assert await state_of(chat_id) is before


async def test_a_ban_that_is_lifted_leaves_a_chat_without_access(storage, state_of):
    chat_id = await Outbox(storage).chat(1)
    await ban_user(storage, 1, access=LISTED)
    assert await state_of(chat_id) is ChatState.BANNED

    async with storage.writing() as tx:
        await unban(tx, 1)
    await follow_access(storage, access=CLOSED)

    assert await state_of(chat_id) is ChatState.NO_ACCESS


async def test_a_user_who_is_allowed_again_has_their_groups_back(storage, state_of):
    own = await Outbox(storage).chat(1)
    threads = [
        await Outbox(storage).chat(GROUP, thread_id=number, invited_by=1) for number in range(3)
    ]
    await follow_access(storage, access=CLOSED)

    await allow_user(storage, 1, access=CLOSED, renderer=Renderer())

    assert [await state_of(chat_id) for chat_id in (own, *threads)] == [ChatState.ACTIVE] * 4


async def test_many_chats_are_closed_a_bounded_number_at_a_time(storage):
    for number in range(1, 106):
        await Outbox(storage).chat(number)

    closed = [await follow_access(storage, access=CLOSED) for _ in range(3)]

    assert closed == [100, 5, 0]


async def test_a_user_with_access_again_need_not_wait(storage, state_of):
    chat_id = await Outbox(storage).chat(1)
    await follow_access(storage, access=CLOSED)

    assert await users.identify(storage, Sender(1, 1), access=CLOSED) is None
    assert await users.identify(storage, Sender(1, 1), access=LISTED)
    assert await state_of(chat_id) is ChatState.ACTIVE


async def test_a_user_without_access_who_leaves_reopens_nothing(storage, state_of):
    chat_id = await Outbox(storage).chat(1)
    await follow_access(storage, access=CLOSED)

    leaving = await users.identify(
        storage, Sender(1, 1, name="New name"), is_leaving=True, access=CLOSED
    )

    assert leaving
    assert await state_of(chat_id) is ChatState.NO_ACCESS


@pytest.mark.parametrize("thread_id", [0, 5])
async def test_a_group_is_closed_for_all_its_members(storage, state_of, thread_id):
    both = Access(is_open=False, allowed=frozenset({1, BOB}))
    group = Sender(1, GROUP, kind=ChatKind.SUPERGROUP)
    chat_id = await users.join_group(storage, group, access=both)
    without_ann = Access(is_open=False, allowed=frozenset({BOB}))
    await follow_access(storage, access=without_ann)

    for user_id in (1, BOB, EVE):
        sender = replace(group, user_id=user_id, thread_id=thread_id)
        with pytest.raises(GroupClosed):
            await users.identify(storage, sender, access=without_ann)
    assert await users.join_group(storage, replace(group, user_id=EVE), access=without_ann) is None
    assert await state_of(chat_id) is ChatState.NO_ACCESS


async def test_a_user_with_access_who_adds_the_bot_again_reopens_a_group(storage, state_of):
    rows = [
        await Outbox(storage).chat(GROUP, thread_id=number, invited_by=1) for number in range(2)
    ]
    bobs = Access(is_open=False, allowed=frozenset({BOB}))
    await follow_access(storage, access=bobs)

    await users.join_group(storage, Sender(BOB, GROUP, kind=ChatKind.GROUP), access=bobs)

    assert [await state_of(chat_id) for chat_id in rows] == [ChatState.ACTIVE] * 2
    assert await follow_access(storage, access=bobs) == 0


async def test_a_group_without_a_known_inviter_depends_on_its_first_user(storage, state_of):
    sender = Sender(1, GROUP, thread_id=4, kind=ChatKind.SUPERGROUP)
    user = await users.identify(storage, sender, access=LISTED)
    assert user

    assert await follow_access(storage, access=CLOSED) == 2
    assert await state_of(user.chat_id) is ChatState.NO_ACCESS


async def test_a_closed_group_cannot_be_managed_from_a_private_chat(storage, arrive):
    group = await Outbox(storage).chat(GROUP, invited_by=1)
    await arrive(BOB)
    user = await users.identify(storage, Sender(BOB, BOB), access=ANYBODY)
    assert user
    bobs = Access(is_open=False, allowed=frozenset({BOB}))
    await groups.record_admins(storage, GROUP, frozenset({BOB}))
    before = await groups.as_manager(storage, user, group)
    listed = await groups.managed_chats(storage, BOB)

    await follow_access(storage, access=bobs)

    assert before
    assert [chat.chat_id for chat in listed.items] == [group]
    assert await groups.as_manager(storage, user, group) is None
    assert (await groups.managed_chats(storage, BOB)).total == 0


# Bans


OPERATOR, ANN = 9, 1
OPEN = Access(is_open=True, admins=frozenset({OPERATOR}))


async def claimed(storage) -> int:
    async with storage.writing() as tx:
        lease = timedelta(minutes=1)
        return len(await claim_deliveries(tx, "us", limit=9, lease=lease))


async def test_a_banned_user_gets_nothing_until_unbanned(storage, arrive, state_of):
    chat_id = await arrive(ANN)
    delivery = await Outbox(storage).add(chat_id)

    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)

    assert await state_of(chat_id) is ChatState.BANNED
    assert await claimed(storage) == 0
    async with storage.reading() as tx:
        assert (await tx.get_one(Delivery, delivery)).state is DeliveryState.SUSPENDED
    allowed = await allow_user(storage, ANN, by=OPERATOR, access=OPEN, renderer=Renderer())
    assert allowed.result is AllowResult.UNBANNED
    assert await state_of(chat_id) is ChatState.ACTIVE
    assert await claimed(storage) == 1


async def test_a_banned_user_is_notified_once(storage):
    await ban_user(storage, ANN, access=OPEN)

    is_first = []
    for _ in range(3):
        with pytest.raises(Banned) as refused:
            await users.identify(storage, Sender(ANN, ANN), access=OPEN)
        is_first.append(refused.value.is_first)

    assert is_first == [True, False, False]


async def test_a_banned_user_is_banned_in_groups_and_a_banned_group_for_its_members(storage):
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
    await users.suspend_chats(storage, ANN, ChatState.BLOCKED)
    await users.restore_chats(storage, ANN)
    await settings.resume(storage, chat_id)

    assert await state_of(chat_id) is ChatState.BANNED


async def test_a_group_that_becomes_a_supergroup_stays_banned(storage):
    await Outbox(storage).chat(-5)
    await ban_user(storage, -5, access=OPEN)

    async with storage.writing() as tx:
        await migrate_chat(tx, -5, -1005)

    with pytest.raises(Banned):
        await users.identify(storage, Sender(2, -1005), access=OPEN)


async def test_nobody_bans_the_operator_or_themselves(storage):
    with pytest.raises(CannotBan):
        await ban_user(storage, OPERATOR, by=ANN, access=OPEN)
    with pytest.raises(CannotBan):
        await ban_user(storage, ANN, by=ANN, access=OPEN)


async def test_allowing_gives_access(storage):
    few = Access(is_open=False)

    before = await users.identify(storage, Sender(ANN, ANN), access=few)
    came = [
        await allow_user(storage, ANN, access=few, renderer=Renderer()),
        await allow_user(storage, ANN, access=few, renderer=Renderer()),
    ]

    assert before is None
    assert [allowed.result for allowed in came] == [AllowResult.ADMITTED, AllowResult.UNCHANGED]
    assert await users.identify(storage, Sender(ANN, ANN), access=few)


async def test_each_is_an_audit_event_unless_nothing_changes(storage):
    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)
    await ban_user(storage, ANN, by=OPERATOR, access=OPEN)
    await allow_user(storage, ANN, access=OPEN, renderer=Renderer())
    await allow_user(storage, ANN, access=OPEN, renderer=Renderer())

    events = await audit.newest_events(storage, 9)

    assert [(event.action, event.user_id) for event in events] == [
        (AuditAction.ALLOWED, None),
        (AuditAction.BANNED, OPERATOR),
    ]


@pytest.mark.parametrize("state", CLOSED_STATES)
def test_a_chat_without_access_gets_nothing_by_any_medium(state):
    assert set(state.media_held) == set(Medium)
