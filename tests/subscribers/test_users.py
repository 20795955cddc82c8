import pytest

from bot.subscribers import settings, users
from bot.subscribers.access import Access
from bot.subscribers.users import Sender
from storage.access import add_admin
from storage.chats import Chat, chat_at
from storage.enums import ChatState
from tests.subscribers.conftest import identify

ANN = Sender(user_id=7, telegram_id=7, name="Ann", language="ja")


async def chat_of(storage, telegram_id: int = 7) -> Chat | None:
    async with storage.reading() as tx:
        return await chat_at(tx, telegram_id)


async def test_the_first_update_makes_the_chats_row(storage, clock):
    user = await identify(storage, ANN)

    chat = await chat_of(storage)
    assert chat
    assert user
    assert user.chat_id == chat.id
    assert (chat.zone, chat.zone_guessed, chat.language) == ("Asia/Tokyo", True, "ja")
    assert user.now == clock.now


async def test_the_second_update_finds_it(storage):
    assert await identify(storage, ANN) == await identify(storage, ANN)


async def test_a_new_name_and_language_are_kept_but_the_zone_stays(storage):
    await identify(storage, ANN)
    await identify(storage, Sender(7, 7, name="Anna", language="de"))

    chat = await chat_of(storage)
    assert chat
    assert (chat.name, chat.language, chat.zone) == ("Anna", "de", "Asia/Tokyo")


async def test_a_user_without_access_leaves_no_row(storage):
    assert await users.identify(storage, ANN, access=Access(is_open=False)) is None
    assert await chat_of(storage) is None


async def test_an_appointed_admin_has_access(storage):
    async with storage.writing() as tx:
        await add_admin(tx, 7)

    user = await users.identify(storage, ANN, access=Access(is_open=False))
    assert user

    assert user
    assert user.is_admin


async def test_a_message_restores_the_chat(storage):
    await identify(storage, ANN)
    await users.suspend(storage, 7, ChatState.BLOCKED)
    gone = await chat_of(storage)
    await identify(storage, ANN)
    back = await chat_of(storage)

    assert gone
    assert back
    assert (gone.state, back.state) == (ChatState.BLOCKED, ChatState.ACTIVE)


async def test_blocking_and_coming_back_does_not_end_a_pause(storage):
    user = await identify(storage, ANN)
    await settings.pause(storage, user.chat_id)
    await users.suspend(storage, 7, ChatState.BLOCKED)
    await users.restore(storage, 7)

    back = await identify(storage, ANN)
    assert back.is_paused


@pytest.mark.parametrize("act", ["gone", "back"])
async def test_a_chat_that_was_never_here_may_go_and_come(storage, act):
    await (
        users.suspend(storage, 8, ChatState.BLOCKED) if act == "gone" else users.restore(storage, 8)
    )

    assert await chat_of(storage, 8) is None
