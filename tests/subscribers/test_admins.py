from bot.subscribers import settings
from bot.subscribers.access import (
    Access,
    admin_languages,
    make_first_admin,
    new_admin_code,
    redeem_admin_code,
)


async def test_a_code_makes_one_admin(storage):
    code = await new_admin_code(storage, access=Access(is_open=False))

    assert code
    assert await redeem_admin_code(storage, 1, code, access=Access(is_open=False))
    assert not await redeem_admin_code(storage, 2, code, access=Access(is_open=False))
    assert await redeem_admin_code(storage, 1, code, access=Access(is_open=False))


async def test_with_an_admin_there_is_no_code(storage):
    await redeem_admin_code(
        storage,
        1,
        await new_admin_code(storage, access=Access(is_open=False)) or "",
        access=Access(is_open=False),
    )

    assert await new_admin_code(storage, access=Access(is_open=False)) is None
    assert await new_admin_code(storage, access=Access(is_open=True, admins=frozenset({9}))) is None


async def test_a_newer_code_replaces_the_older(storage):
    older, newer = (
        await new_admin_code(storage, access=Access(is_open=False)),
        await new_admin_code(storage, access=Access(is_open=False)),
    )

    assert older
    assert newer
    assert not await redeem_admin_code(storage, 1, older, access=Access(is_open=False))
    assert await redeem_admin_code(storage, 1, newer, access=Access(is_open=False))


async def test_no_code_opens_nothing(storage):
    assert not await redeem_admin_code(storage, 1, "", access=Access(is_open=False))


async def test_where_it_is_for_the_first_there_is_one(storage):

    assert await make_first_admin(storage, 1, access=Access(is_open=True), is_playground=True)
    assert not await make_first_admin(storage, 2, access=Access(is_open=True), is_playground=True)
    assert not await make_first_admin(storage, 1, access=Access(is_open=True), is_playground=True)
    assert await admin_languages(storage, access=Access(is_open=True)) == {1: None}


async def test_elsewhere_nobody_runs_the_bot_for_coming_first(storage):
    named = Access(is_open=True, admins=frozenset({9}))

    assert not await make_first_admin(storage, 1, access=Access(is_open=True), is_playground=False)
    assert not await make_first_admin(storage, 1, access=named, is_playground=True)


async def test_those_who_run_it_are_known_with_the_language_that_they_chose(storage, arrive):
    await settings.set_language(storage, await arrive(1), "ja")
    await settings.set_language(storage, await arrive(4), "fr")
    await arrive(2)

    assert await admin_languages(
        storage, access=Access(is_open=True, admins=frozenset({1, 2, 3}))
    ) == {1: "ja", 2: None, 3: None}
