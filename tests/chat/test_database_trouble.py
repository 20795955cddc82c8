"""The same with the real thing: a lock that somebody holds, connections that are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chat.pressings import press, say
from tests.database_trouble import Trouble, on_writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.engine import Storage

EVE = 666
AWAY = "I can't reach my notes right now. Please try that again in a minute."


@pytest.fixture
async def one_storage(storage: Storage) -> Storage:
    return storage


@pytest.fixture
def pauses_seconds() -> Sequence[float]:
    return (0,)


@pytest.fixture
async def eve(house):
    house.talk("Eve", id=EVE)
    await house.dispatcher.feed_update(house.bot, say(EVE, "/start"))
    return house


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_lock_is_said_and_the_next_press_works(eve, one_storage, database_url):
    trouble = Trouble(one_storage, database_url)
    await trouble.begin()

    await eve.dispatcher.feed_update(eve.bot, press(EVE, "renewfeeds"))
    trouble.end()
    await eve.dispatcher.feed_update(eve.bot, press(EVE, "renewfeeds"))

    first, second = eve.playground.journal("answerCallbackQuery")
    assert first["params"]["text"] == AWAY
    assert not second["params"].get("text")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_connections_that_were_cut_are_made_anew_unseen(eve, one_storage, database_url):
    await Trouble(one_storage, database_url).begin()

    await eve.dispatcher.feed_update(eve.bot, say(EVE, "/settings"))

    said = [call["params"]["text"] for call in eve.playground.journal("sendMessage")]
    assert said[-1].startswith("Settings")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_room_is_used_again(eve, one_storage):
    # No page more, and none that is free.
    await on_writer(one_storage, "CREATE TABLE filler (blob)")
    await on_writer(one_storage, "INSERT INTO filler VALUES (zeroblob(4000000))")
    await on_writer(one_storage, "PRAGMA max_page_count = 1")
    long = "okapi " * 600

    said = []
    for _ in range(9):
        await eve.dispatcher.feed_update(eve.bot, say(EVE, f"/feedback {long}"))
        said.append(eve.playground.journal("sendMessage")[-1]["params"]["text"])

    assert AWAY in said
