import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.subscribers import audit, deletion, invites, users
from bot.subscribers.access import Access
from bot.subscribers.errors import NotADate, NotANumber
from bot.subscribers.invites import Redeemed, as_code, looks_like_a_code, new_code
from bot.subscribers.users import Sender
from storage.db.engine import Storage
from storage.enums import AuditAction

ADMIN = 9


@pytest.fixture
def access() -> Access:
    return Access(is_open=False, invites=True, admins=frozenset({ADMIN}))


async def test_a_code_gives_access_to_as_many_users_as_it_allows(storage, access):
    made = await invites.create_invite_for(storage, 2, 7, by=ADMIN)

    came = [
        await invites.redeem_invite(storage, user_id, made.code, access=access)
        for user_id in (1, 1, 2, 3)
    ]

    assert came == [Redeemed.IN, Redeemed.ALREADY_IN, Redeemed.IN, Redeemed.USED_UP]
    found = [
        await users.identify(storage, Sender(user_id, user_id), access=access)
        for user_id in (1, 2, 3)
    ]
    assert [user is not None for user in found] == [True, True, False]
    assert (await invites.invite_page(storage)).items[0].used == 2


async def test_a_drawn_code_makes_one_invitation_even_if_requested_often(storage, database_url):
    code = new_code()
    elsewhere = Storage.open(database_url)
    asking = [
        invites.create_invite_for(one, 2, 7, by=ADMIN, code=code)
        for one in (storage, elsewhere) * 4
    ]

    made = await asyncio.gather(*asking)
    await elsewhere.close()

    assert {(one.id, one.code) for one in made} == {(made[0].id, code)}
    assert (await invites.invite_page(storage)).total == 1
    assert (await audit.activity_page(storage)).total == 1


async def test_a_code_is_read_with_gaps_and_in_small_letters(storage):
    made = await invites.create_invite_for(storage, 1, 7)
    code = made.code

    assert looks_like_a_code(code)
    assert as_code(f" {code[:4].lower()}-{code[4:8]} {code[8:]}\n") == code
    assert not looks_like_a_code("Taiwan OR consul")
    assert len({(await invites.create_invite_for(storage, 1, 7)).code for _ in range(20)}) == 20


async def test_a_code_is_valid_through_its_last_day(clock, storage, access):
    made = await invites.create_invite_for(storage, 5, 2)
    clock.turn(timedelta(days=1))

    on_the_last_day = await invites.redeem_invite(storage, 1, made.code, access=access)
    clock.turn(timedelta(days=1))

    assert on_the_last_day is Redeemed.IN
    assert await invites.redeem_invite(storage, 2, made.code, access=access) is Redeemed.EXPIRED


async def test_a_revoked_code_is_unknown_and_its_users_keep_access(storage, access):
    made = await invites.create_invite_for(storage, 5, 2)
    await invites.redeem_invite(storage, 1, made.code, access=access)

    ended = await invites.revoke_invite(storage, made.id, by=ADMIN)

    assert ended
    assert await invites.redeem_invite(storage, 2, made.code, access=access) is Redeemed.UNKNOWN
    assert await invites.redeem_invite(storage, 1, made.code, access=access) is Redeemed.ALREADY_IN
    assert not await invites.revoke_invite(storage, made.id)
    assert (await invites.invite_page(storage)).total == 0


async def test_a_user_may_try_five_wrong_codes_an_hour(clock, storage, access):
    made = await invites.create_invite_for(storage, 5, 2)

    guesses = [await invites.redeem_invite(storage, 1, "A" * 16, access=access) for _ in range(6)]

    assert guesses == [Redeemed.UNKNOWN] * 5 + [Redeemed.TOO_OFTEN]
    assert await invites.redeem_invite(storage, 1, made.code, access=access) is Redeemed.TOO_OFTEN
    assert await invites.redeem_invite(storage, 2, made.code, access=access) is Redeemed.IN
    clock.turn(timedelta(hours=1, minutes=1))
    assert await invites.redeem_invite(storage, 1, made.code, access=access) is Redeemed.IN


async def test_two_processes_never_exceed_the_uses_of_a_code(database_url, access, clock):
    ours, theirs = (Storage.open(database_url, clock=clock) for _ in range(2))
    made = await invites.create_invite_for(ours, 3, 7)

    came = await asyncio.gather(
        *(
            invites.redeem_invite(storage, user_id, made.code, access=access)
            for user_id in range(1, 9)
            for storage in (ours, theirs)
        )
    )

    counted = Counter(came)
    assert counted[Redeemed.IN] == 3
    assert (await invites.invite_page(ours)).items[0].used == 3
    assert counted[Redeemed.USED_UP] >= 5
    await ours.close()
    await theirs.close()


@pytest.mark.parametrize(
    ("uses", "days", "refused"),
    [
        pytest.param(0, 7, NotANumber, id="for nobody"),
        pytest.param(10_001, 7, NotANumber, id="for everybody"),
        pytest.param(1, 0, NotADate, id="over before it begins"),
        pytest.param(1, 400, NotADate, id="for ever"),
    ],
)
async def test_an_invitation_has_bounds(uses, days, refused, storage):
    with pytest.raises(refused):
        await invites.create_invite_for(storage, uses, days)


async def test_the_code_is_in_no_audit_event(storage):
    made = await invites.create_invite_for(storage, 2, 7, by=ADMIN)

    (event,) = await audit.newest_events(storage, 5)

    assert (event.user_id, event.action) == (ADMIN, AuditAction.INVITED)
    assert made.code not in str(event.model_dump())


async def test_a_user_who_deletes_everything_loses_access(storage, access):
    made = await invites.create_invite_for(storage, 2, 7)
    await invites.redeem_invite(storage, 1, made.code, access=access)
    user = await users.identify(storage, Sender(1, 1), access=access)
    assert user

    await deletion.delete_chat(storage, user.chat_id, 1)

    assert await invites.is_unauthorized(storage, 1, access=access)
