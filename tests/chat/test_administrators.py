"""Administrators of a group: Telegram is asked seldom, and never remembered wrongly for long."""

import pytest

from bot.chat import administrators as module
from bot.chat.administrators import NO_SECONDS, YES_SECONDS, Administrators


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds():
    return Seconds()


@pytest.fixture
def administrators(seconds):
    return Administrators(seconds)


@pytest.fixture
def group(ann, playground):
    return playground.chat("supergroup", "Newsroom", [ann.who, playground.user("Eve")])


async def test_a_yes_holds_for_minutes_and_a_no_for_seconds(
    house, ann, group, playground, administrators, seconds
):
    async def has(user_id: int) -> bool:
        return bool(await administrators.has(house.bot, group.id, user_id))

    eve = next(number for number in group.members if number != ann.who.id)
    assert await has(ann.who.id)
    assert not await has(eve)
    assert len(playground.journal("getChatAdministrators")) == 1

    playground.member(group, playground.world.users[eve], "administrator")
    seconds.now = NO_SECONDS
    assert await has(eve)
    playground.member(group, playground.world.users[eve], "member")
    seconds.now = NO_SECONDS + YES_SECONDS - 1
    assert await has(eve)
    seconds.now += 1
    assert not await has(eve)


async def test_what_is_forgotten_is_asked_again(house, ann, group, playground, administrators):
    await administrators.has(house.bot, group.id, ann.who.id)
    administrators.forget(group.id)
    await administrators.has(house.bot, group.id, ann.who.id)

    assert len(playground.journal("getChatAdministrators")) == 2


async def test_of_a_channel_those_count_who_may_post(house, ann, playground, administrators):
    eve, max_ = playground.user("Eve"), playground.user("Max")
    channel = playground.chat("channel", "Desk", [ann.who])
    playground.member(channel, eve, "administrator", rights=["can_edit_messages"])
    playground.member(channel, max_, "administrator", rights=["can_post_messages"])

    asked = [ann.who.id, eve.id, max_.id]
    found = [await administrators.has(house.bot, channel.id, user_id) for user_id in asked]

    assert found == [True, False, True]


async def test_where_the_bot_is_not_nobody_counts(house, ann, group, playground, administrators):
    playground.membership(group, "kicked")

    assert not await administrators.has(house.bot, group.id, ann.who.id)


async def test_only_so_many_groups_are_remembered(
    house, ann, playground, administrators, monkeypatch
):
    monkeypatch.setattr(module, "MOST_CHATS", 2)
    groups = [playground.chat("group", f"No. {n}", [ann.who]) for n in range(3)]

    for group in [*groups, groups[0], groups[2]]:
        await administrators.has(house.bot, group.id, ann.who.id)

    assert len(playground.journal("getChatAdministrators")) == 4


async def test_a_change_is_not_made_on_what_was_remembered(
    house, ann, group, playground, administrators, seconds
):
    async def has(user_id: int, *, is_change: bool) -> bool:
        return bool(await administrators.has(house.bot, group.id, user_id, is_change=is_change))

    eve = next(number for number in group.members if number != ann.who.id)
    assert await has(ann.who.id, is_change=False)
    assert not await has(eve, is_change=True)  # who is none may not make us ask each time
    assert len(playground.journal("getChatAdministrators")) == 1

    playground.member(group, ann.who, "member")
    assert await has(ann.who.id, is_change=False)
    assert not await has(ann.who.id, is_change=True)
    assert not await has(ann.who.id, is_change=False)
    assert len(playground.journal("getChatAdministrators")) == 2
