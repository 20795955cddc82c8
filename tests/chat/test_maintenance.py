"""Maintenance mode: what users and admins of the bot get while it lasts, on both databases."""

from datetime import timedelta

import pytest

from bot.chat import middlewares
from bot.subscribers import maintenance
from storage.db.engine import Storage


@pytest.fixture
async def one_storage(database_url, clock):
    opened = Storage.open(database_url, clock=clock)
    yield opened
    await opened.close()


async def test_a_chat_is_told_once_and_admins_are_answered(house, ann, admin, clock):
    await ann.says("/topics")
    await maintenance.begin(house.storage, "2026-03-02T13:30+01:00", "A new disk.")

    told = await ann.says("Taiwan")
    house.playground.send(ann.who, "Taiwan again")
    seen_by_admin = await admin.says("/admin")
    clock.turn(timedelta(hours=1))
    answered = await ann.says("Taiwan")

    assert told["text"] == (
        "I'm under maintenance and will be back at 21:30. "
        "I did not carry this out: please send it again then.\n\nA new disk."
    )
    assert "Maintenance mode is on and ends in 30 min, at 12:30 UTC." in seen_by_admin["text"]
    assert sum("under maintenance" in message["text"] for message in ann.all()) == 1
    assert answered["text"].startswith("Taiwan")


async def test_the_process_remembers_a_bounded_number_of_chats(house, ann, monkeypatch):
    await maintenance.begin(house.storage, "2026-03-02T13:30+01:00", "")
    monkeypatch.setattr(middlewares, "MOST_ANSWERED", 1)

    ben = house.talk("Ben")
    for user in (ann, ben, ann):
        await user.says("Taiwan")

    assert sum("under maintenance" in message["text"] for message in ann.all()) == 2


async def test_each_press_is_answered_and_changes_nothing(house, ann):
    card = await ann.says("Taiwan")
    await maintenance.begin(house.storage, "2026-03-02T13:30+01:00", "")

    first = await ann.presses_quietly(card, "Both")
    second = await ann.presses_quietly(card, "Both")

    assert first == second
    assert first.startswith("I'm under maintenance and will be back at 21:30.")
    assert await house.subscriptions_of(ann) == []
    await maintenance.end(house.storage)
    await ann.presses(card, "Both")
    assert await house.subscriptions_of(ann) == ["Taiwan"]
