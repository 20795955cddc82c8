"""Requests for access: who may ask how often, and what an admin's decision does."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.rendering.renderer import Renderer
from bot.subscribers import users
from bot.subscribers.access import Access, allow_user, ban_user, way_back
from bot.subscribers.access_requests import MOST_A_DAY, ask, decide_access, may_ask
from bot.subscribers.deletion import Retention, delete_chat
from bot.subscribers.errors import Banned, NoSuchRequest
from bot.subscribers.invites import create_invite_for, redeem_invite
from bot.subscribers.users import Sender
from storage.access import add_admin, forget_admission
from storage.admin_inbox import KEPT_FOR, AccessRequest, pending_requests
from storage.chats import Chat, chat_at
from storage.enums import ChatKind, ChatState
from storage.outbox import Delivery
from storage.suspension import unban
from tests.subscribers.conftest import count

ANN, EVE, ADA, BEA, GROUP = 1, 2, 8, 9, -100
ACCESS = Access(is_open=False, admins=frozenset({ADA, BEA}), invites=True)
RENDERER = Renderer()


def private(user_id: int, name: str = "Ann", language: str = "ja") -> Sender:
    return Sender.in_private(user_id, name, language)


def in_group(user_id: int) -> Sender:
    return Sender(user_id, GROUP, kind=ChatKind.SUPERGROUP, name="Ann", title="Chess")


@pytest.fixture
async def admins(storage):
    for user_id, name in ((ADA, "Ada"), (BEA, "Bea")):
        await users.identify(storage, private(user_id, name, "en"), access=ACCESS)


@pytest.fixture
def asked(storage):
    async def send(sender: Sender) -> bool:
        return await ask(storage, sender, access=ACCESS, renderer=RENDERER)

    return send


@pytest.fixture
def decided(storage):
    async def decide(request_id: int, by: int, *, is_allowed: bool):
        return await decide_access(
            storage, request_id, is_allowed=is_allowed, by=by, access=ACCESS, renderer=RENDERER
        )

    return decide


@pytest.fixture
def bodies(storage):
    async def read() -> list[tuple[int, str]]:
        async with storage.reading() as tx:
            rows = await tx.rows(
                select(Chat.telegram_id, Delivery.body)
                .join(Chat, col(Chat.id) == Delivery.chat_id)
                .order_by(col(Delivery.id))
            )
        return [(telegram_id, body["text"]) for telegram_id, body in rows]

    return read


async def first_request(storage) -> AccessRequest:
    async with storage.reading() as tx:
        request: AccessRequest = await tx.one(select(AccessRequest))
    return request


async def test_each_admin_gets_one_message_about_a_request(storage, admins, asked, bodies):
    results = [await asked(private(ANN)), await asked(private(ANN))]

    assert results == [True, True]
    assert await bodies() == [
        (ADA, "Ann asks to use this bot.\n\nTheir Telegram ID: 1"),
        (BEA, "Ann asks to use this bot.\n\nTheir Telegram ID: 1"),
    ]


async def test_simultaneous_presses_make_one_request(storage, admins, asked):
    await asyncio.gather(*(asked(private(ANN)) for _ in range(8)))

    assert await count(storage, AccessRequest) == 1
    assert await count(storage, Delivery) == 2


async def test_a_user_may_ask_again_after_a_day(storage, admins, asked, clock):
    await asked(private(ANN))
    first = await first_request(storage)
    clock.turn(KEPT_FOR)
    await asked(private(ANN))

    assert (await first_request(storage)).id > first.id
    assert await count(storage, Delivery) == 2


async def test_admins_get_a_bounded_number_of_requests_a_day(storage, admins, asked, clock):
    results = await asyncio.gather(*(asked(private(100 + n)) for n in range(MOST_A_DAY + 5)))
    clock.turn(KEPT_FOR)

    assert sum(results) == MOST_A_DAY
    assert await asked(private(ANN))


async def test_a_request_that_no_admin_can_get_is_refused(storage, asked):
    assert not await asked(private(ANN))
    assert await count(storage, AccessRequest) == 0


async def test_a_banned_user_and_a_banned_group_cannot_ask(storage, admins, asked):
    await ban_user(storage, ANN, access=ACCESS)
    await ban_user(storage, GROUP, access=ACCESS)

    for sender in (private(ANN), in_group(EVE)):
        with pytest.raises(Banned):
            await asked(sender)
    assert await count(storage, Delivery) == 0


async def test_an_allowed_user_has_access_and_is_welcomed(storage, admins, asked, decided, bodies):
    await asked(private(ANN))
    request = await first_request(storage)

    decision = await decided(request.id, ADA, is_allowed=True)

    user = await users.identify(storage, private(ANN), access=ACCESS)
    assert user
    assert user.language == "ja"
    assert (decision.name, decision.is_allowed, decision.by_name) == ("Ann", True, "Ada")
    *_, (to, _) = await bodies()
    assert to == ANN


async def test_the_second_of_two_admins_learns_who_decided(storage, admins, asked, decided, bodies):
    await asked(private(ANN))
    request = await first_request(storage)

    first, second = await asyncio.gather(
        decided(request.id, ADA, is_allowed=True), decided(request.id, BEA, is_allowed=False)
    )

    assert first == second
    assert (first.by, first.is_allowed) in {(ADA, True), (BEA, False)}
    assert len([to for to, _ in await bodies() if to == ANN]) == first.is_allowed


async def test_nothing_is_stored_of_a_refused_user_after_a_day(
    storage, admins, asked, decided, bodies, clock
):
    await asked(private(ANN))
    request = await first_request(storage)
    await decided(request.id, ADA, is_allowed=False)
    month = timedelta(days=30)
    stage = Retention(storage, "me", month, month)

    clock.turn(timedelta(hours=23))
    await stage.run_once()
    is_kept = await count(storage, AccessRequest) == 1
    clock.turn(timedelta(hours=2))
    await stage.run_once()

    assert is_kept
    assert await count(storage, AccessRequest) == 0
    assert await bodies() == []
    async with storage.reading() as tx:
        assert await chat_at(tx, ANN) is None
    with pytest.raises(NoSuchRequest):
        await decided(request.id, ADA, is_allowed=True)


async def test_allowing_an_administrator_opens_their_group(storage, admins, asked, decided, bodies):
    await asked(in_group(ANN))
    request = await first_request(storage)

    await decided(request.id, ADA, is_allowed=True)

    assert await users.identify(storage, in_group(EVE), access=ACCESS)
    assert (await bodies())[-1] == (GROUP, "This group can use me now. To begin: /start")


async def test_a_group_is_asked_for_once_a_day(storage, admins, asked):
    await asked(in_group(ANN))
    await asked(in_group(EVE))

    assert await count(storage, AccessRequest) == 1


async def test_a_closed_group_depends_on_the_administrator_who_asked(
    storage, admins, asked, decided
):
    await allow_user(storage, EVE, access=ACCESS, renderer=RENDERER)
    await users.join_group(storage, in_group(EVE), access=ACCESS)
    await ban_user(storage, EVE, access=ACCESS)
    is_closed = await may_ask(storage, in_group(ANN), access=ACCESS)
    await asked(in_group(ANN))
    request = await first_request(storage)

    await decided(request.id, ADA, is_allowed=True)

    async with storage.reading() as tx:
        group = await chat_at(tx, GROUP)
    assert is_closed
    assert group
    assert (group.state, group.invited_by) == (ChatState.ACTIVE, ANN)
    assert not await may_ask(storage, in_group(77), access=ACCESS)


@pytest.mark.parametrize("number", [ANN, GROUP], ids=["user", "group"])
async def test_allow_by_number_grants_the_request(storage, admins, asked, decided, bodies, number):
    await asked(in_group(ANN))
    request = await first_request(storage)

    allowed = await allow_user(storage, number, by=BEA, access=ACCESS, renderer=RENDERER)
    decision = await decided(request.id, ADA, is_allowed=False)

    assert (allowed.name, allowed.is_told) == ("Chess", True)
    assert (decision.is_allowed, decision.by_name) == (True, "Bea")
    assert (await bodies())[-1][0] == GROUP


async def test_allow_by_number_grants_a_refused_request(storage, admins, asked, decided, bodies):
    await asked(private(ANN))
    request = await first_request(storage)
    await decided(request.id, ADA, is_allowed=False)

    allowed = await allow_user(storage, ANN, by=BEA, access=ACCESS, renderer=RENDERER)

    assert (allowed.name, allowed.is_told) == ("Ann", True)
    assert (await bodies())[-1][0] == ANN


async def test_a_ban_refuses_the_request(storage, admins, asked, decided):
    await asked(private(ANN))
    request = await first_request(storage)
    await ban_user(storage, ANN, by=BEA, access=ACCESS)

    decision = await decided(request.id, ADA, is_allowed=True)

    assert (decision.is_allowed, decision.by) == (False, BEA)
    with pytest.raises(Banned):
        await users.identify(storage, private(ANN), access=ACCESS)


async def test_deleting_everything_deletes_the_request(storage, admins, asked, decided, bodies):
    await asked(private(ANN))
    request = await first_request(storage)
    await decided(request.id, ADA, is_allowed=True)
    async with storage.reading() as tx:
        chat = await chat_at(tx, ANN)
    assert chat

    await delete_chat(storage, chat.id, ANN)

    assert await count(storage, AccessRequest) == 0
    assert await bodies() == []


async def test_a_decision_and_a_deletion_at_once_do_not_deadlock(storage, admins, asked, decided):
    for user_id in range(100, 106):
        await allow_user(storage, user_id, access=ACCESS, renderer=RENDERER)
        user = await users.identify(storage, private(user_id), access=ACCESS)
        assert user
        await ban_user(storage, user_id, access=ACCESS)
        async with storage.writing() as tx:
            await forget_admission(tx, user_id)
            await unban(tx, user_id)
        await asked(private(user_id))
        async with storage.reading() as tx:
            (request,) = await pending_requests(tx, 9)

        decision = decided(request.id, ADA, is_allowed=False)
        results = await asyncio.gather(
            decision, delete_chat(storage, user.chat_id, user_id), return_exceptions=True
        )
        failures = [one for one in results if isinstance(one, Exception)]
        assert all(isinstance(failure, NoSuchRequest) for failure in failures)

    assert await count(storage, AccessRequest) == 0


async def test_an_admin_who_deletes_everything_is_not_named(storage, admins, asked, decided):
    await asked(private(ANN))
    request = await first_request(storage)
    await decided(request.id, ADA, is_allowed=False)
    async with storage.reading() as tx:
        chat = await chat_at(tx, ADA)
    assert chat

    await delete_chat(storage, chat.id, ADA)

    decision = await decided(request.id, BEA, is_allowed=True)
    assert (decision.by, decision.by_name, decision.is_allowed) == (0, "", False)


# The way back after a deletion


async def test_the_way_back_of_an_invited_user_is_a_new_invitation(storage, admins):
    invite = await create_invite_for(storage, 1, 7)
    await redeem_invite(storage, ANN, invite.code, access=ACCESS)
    async with storage.writing() as tx:
        await add_admin(tx, 12)  # who never wrote, so that nobody knows their name

    back = await way_back(storage, ANN, access=ACCESS)

    assert back
    assert (back.by_invitation, back.admins) == (True, ["Ada", "Bea"])


async def test_the_way_back_of_an_allowed_user_is_an_admin(storage):
    await allow_user(storage, ANN, access=ACCESS, renderer=RENDERER)

    back = await way_back(storage, ANN, access=ACCESS)

    assert back
    assert (back.by_invitation, back.admins) == (False, [])


@pytest.mark.parametrize(
    "access",
    [
        pytest.param(Access(is_open=True), id="open to everybody"),
        pytest.param(Access(is_open=False, allowed=frozenset({ANN})), id="on the list"),
    ],
)
async def test_a_user_whom_the_settings_allow_needs_no_way_back(storage, access):
    await allow_user(storage, ANN, access=ACCESS, renderer=RENDERER)

    assert await way_back(storage, ANN, access=access) is None
