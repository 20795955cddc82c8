from bot.subscribers.access import Access
from bot.subscribers.admins import Admins
from bot.subscribers.settings import ChatSettings


async def test_a_code_makes_one_admin(storage):
    admins = Admins(storage, Access(is_open=False))
    code = await admins.new_code()

    assert code
    assert await admins.redeem(1, code)
    assert not await admins.redeem(2, code)
    assert await admins.redeem(1, code)


async def test_with_an_admin_there_is_no_code(storage):
    admins = Admins(storage, Access(is_open=False))
    await admins.redeem(1, await admins.new_code() or "")

    assert await admins.new_code() is None
    assert await Admins(storage, Access(is_open=True, admins=frozenset({9}))).new_code() is None


async def test_a_newer_code_replaces_the_older(storage):
    admins = Admins(storage, Access(is_open=False))
    older, newer = await admins.new_code(), await admins.new_code()

    assert older
    assert newer
    assert not await admins.redeem(1, older)
    assert await admins.redeem(1, newer)


async def test_no_code_opens_nothing(storage):
    assert not await Admins(storage, Access(is_open=False)).redeem(1, "")


async def test_where_it_is_for_the_first_there_is_one(storage):
    admins = Admins(storage, Access(is_open=True), is_for_first=True)

    assert await admins.come_first(1)
    assert not await admins.come_first(2)
    assert not await admins.come_first(1)
    assert await admins.languages() == {1: None}


async def test_elsewhere_nobody_runs_the_bot_for_coming_first(storage):
    named = Access(is_open=True, admins=frozenset({9}))

    assert not await Admins(storage, Access(is_open=True)).come_first(1)
    assert not await Admins(storage, named, is_for_first=True).come_first(1)


async def test_those_who_run_it_are_known_with_the_language_that_they_chose(storage, arrive):
    admins = Admins(storage, Access(is_open=True, admins=frozenset({1, 2, 3})))
    await ChatSettings(storage).set_language(await arrive(1), "ja")
    await ChatSettings(storage).set_language(await arrive(4), "fr")
    await arrive(2)

    assert await admins.languages() == {1: "ja", 2: None, 3: None}
