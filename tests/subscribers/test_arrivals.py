import pytest

from bot.subscribers.access import Access
from bot.subscribers.arrivals import Arrivals, Sender
from bot.subscribers.settings import ChatSettings
from storage.access import add_admin
from storage.chats import Chat, chat_at
from storage.enums import ChatState

ANN = Sender(user_id=7, telegram_id=7, name="Ann", language="ja")


async def chat_of(storage, telegram_id: int = 7) -> Chat | None:
    async with storage.reading() as tx:
        return await chat_at(tx, telegram_id)


async def test_the_first_update_makes_the_chats_row(storage, arrivals, clock):
    user = await arrivals.welcome(ANN)

    chat = await chat_of(storage)
    assert chat
    assert user
    assert user.chat_id == chat.id
    assert (chat.zone, chat.zone_guessed, chat.language) == ("Asia/Tokyo", True, "ja")
    assert user.now == clock.now


async def test_the_second_update_finds_it(arrivals):
    assert await arrivals.welcome(ANN) == await arrivals.welcome(ANN)


async def test_a_new_name_and_language_are_kept_but_the_zone_stays(storage, arrivals):
    await arrivals.welcome(ANN)
    await arrivals.welcome(Sender(7, 7, name="Anna", language="de"))

    chat = await chat_of(storage)
    assert chat
    assert (chat.name, chat.language, chat.zone) == ("Anna", "de", "Asia/Tokyo")


async def test_a_stranger_leaves_no_row(storage):
    assert await Arrivals(storage, Access(is_open=False)).welcome(ANN) is None
    assert await chat_of(storage) is None


async def test_an_appointed_admin_is_no_stranger(storage):
    async with storage.writing() as tx:
        await add_admin(tx, 7)

    user = await Arrivals(storage, Access(is_open=False)).welcome(ANN)

    assert user
    assert user.is_admin


async def test_who_writes_again_is_back(storage, arrivals):
    await arrivals.welcome(ANN)
    await arrivals.gone(7, ChatState.BLOCKED)
    gone = await chat_of(storage)
    await arrivals.welcome(ANN)
    back = await chat_of(storage)

    assert gone
    assert back
    assert (gone.state, back.state) == (ChatState.BLOCKED, ChatState.ACTIVE)


async def test_blocking_and_coming_back_does_not_end_a_pause(storage, arrivals):
    user = await arrivals.welcome(ANN)
    await ChatSettings(storage).pause(user.chat_id)
    await arrivals.gone(7, ChatState.BLOCKED)
    await arrivals.back(7)

    assert (await arrivals.welcome(ANN)).is_paused


@pytest.mark.parametrize("act", ["gone", "back"])
async def test_a_chat_that_was_never_here_may_go_and_come(storage, arrivals, act):
    await (arrivals.gone(8, ChatState.BLOCKED) if act == "gone" else arrivals.back(8))

    assert await chat_of(storage, 8) is None
