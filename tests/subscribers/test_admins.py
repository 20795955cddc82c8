from bot.subscribers.access import Access
from bot.subscribers.admins import Admins


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
