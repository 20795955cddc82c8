"""The cache of group administrators: few requests, and no answer kept for long."""

from datetime import timedelta

import pytest

from bot.chat import administrators as module
from bot.chat.administrators import NO_SECONDS, YES_SECONDS, Administrators


@pytest.fixture
def administrators(one_storage, seconds):
    return Administrators(one_storage, seconds)


@pytest.fixture
def group(ann, playground):
    return playground.chat("supergroup", "Newsroom", [ann.who, playground.user("Eve")])


async def test_a_yes_is_cached_for_minutes_and_a_no_for_seconds(
    house, ann, group, playground, administrators, clock
):
    async def has(user_id: int) -> bool:
        return bool(await administrators.has(house.bot, group.id, user_id))

    eve = next(number for number in group.members if number != ann.who.id)
    assert await has(ann.who.id)
    assert not await has(eve)
    assert len(playground.journal("getChatAdministrators")) == 1

    playground.member(group, playground.world.users[eve], "administrator")
    clock.turn(timedelta(seconds=NO_SECONDS))
    assert await has(eve)
    playground.member(group, playground.world.users[eve], "member")
    clock.turn(timedelta(seconds=YES_SECONDS - 1))
    assert await has(eve)
    clock.turn(timedelta(seconds=1))
    assert not await has(eve)


async def test_a_forgotten_chat_is_requested_again(house, ann, group, playground, administrators):
    await administrators.has(house.bot, group.id, ann.who.id)
    administrators.forget(group.id)
    await administrators.has(house.bot, group.id, ann.who.id)

    assert len(playground.journal("getChatAdministrators")) == 2


async def test_channel_administrators_are_those_with_the_right_to_post(
    house, ann, playground, administrators
):
    eve, max_ = playground.user("Eve"), playground.user("Max")
    channel = playground.chat("channel", "Desk", [ann.who])
    playground.member(channel, eve, "administrator", rights=["can_edit_messages"])
    playground.member(channel, max_, "administrator", rights=["can_post_messages"])

    asked = [ann.who.id, eve.id, max_.id]
    found = [await administrators.has(house.bot, channel.id, user_id) for user_id in asked]

    assert found == [True, False, True]


async def test_a_chat_without_the_bot_has_no_administrators(
    house, ann, group, playground, administrators
):
    playground.membership(group, "kicked")

    assert not await administrators.has(house.bot, group.id, ann.who.id)


async def test_the_number_of_cached_groups_is_bounded(
    house, ann, playground, administrators, monkeypatch
):
    monkeypatch.setattr(module, "MOST_CHATS", 2)
    groups = [playground.chat("group", f"No. {n}", [ann.who]) for n in range(3)]

    for group in [*groups, groups[0], groups[2]]:
        await administrators.has(house.bot, group.id, ann.who.id)

    assert len(playground.journal("getChatAdministrators")) == 4


async def test_a_change_is_never_allowed_from_the_cache(
    house, ann, group, playground, administrators, clock
):
    async def has(user_id: int, *, is_change: bool) -> bool:
        return bool(await administrators.has(house.bot, group.id, user_id, is_change=is_change))

    eve = next(number for number in group.members if number != ann.who.id)
    assert await has(ann.who.id, is_change=False)
    assert not await has(eve, is_change=True)  # a member cannot cause a request per press
    assert len(playground.journal("getChatAdministrators")) == 1

    playground.member(group, ann.who, "member")
    assert await has(ann.who.id, is_change=False)
    assert not await has(ann.who.id, is_change=True)
    assert not await has(ann.who.id, is_change=False)
    assert len(playground.journal("getChatAdministrators")) == 2
