"""Chats suspend when the bot loses its place or rights, and resume by themselves."""

import asyncio
from dataclasses import dataclass

import pytest

from storage.chats import chats_of
from storage.enums import ChatState
from tests.chat.conftest import House, Talk
from tests.story.processes import PATIENCE


@pytest.fixture
async def group(house, ann):
    talk = await house.group(ann, thread="Elections")
    await talk.says("/topics", message_thread_id=next(iter(talk.who.threads)))
    return talk


@dataclass
class States:
    """The states of a chat's rows after all earlier updates were handled."""

    house: House
    talk: Talk

    async def become(self, *wanted: ChatState) -> bool:
        async with asyncio.timeout(PATIENCE):
            while await self._now() != [*wanted]:
                await self.talk.settled()
        return True

    async def _now(self) -> list[ChatState]:
        async with self.house.storage.reading() as tx:
            return [chat.state for chat in await chats_of(tx, self.talk.who.id)]


@pytest.fixture
def states(house, group):
    return States(house, group)


async def test_a_removed_bot_is_suspended_in_all_topics_until_it_returns(
    group, states, ann, playground
):
    playground.membership(group.who, "kicked", from_id=ann.who.id)
    assert await states.become(ChatState.KICKED, ChatState.KICKED)

    playground.membership(group.who, "member", from_id=ann.who.id)

    assert await states.become(ChatState.ACTIVE, ChatState.ACTIVE)
    assert (await group.next())["text"].startswith("Thank you for adding me.")


async def test_a_group_without_the_right_to_write_is_suspended(group, states, playground):
    playground.membership(group.who, "restricted", rights=[])
    assert await states.become(ChatState.BLOCKED, ChatState.BLOCKED)

    playground.membership(group.who, "member")

    assert await states.become(ChatState.ACTIVE, ChatState.ACTIVE)
    assert len(group.all()) == 2  # no thanks for a right


async def test_a_pause_survives_removal_from_the_group(group, states, ann, playground):
    await group.says("/stop", from_id=ann.who.id)
    playground.membership(group.who, "kicked")
    assert await states.become(ChatState.PAUSED, ChatState.KICKED)

    playground.membership(group.who, "member", from_id=ann.who.id)

    assert await states.become(ChatState.PAUSED, ChatState.ACTIVE)


async def test_a_channel_without_the_right_to_post_is_suspended(house, ann, playground):
    await ann.says("/start")
    channel = playground.chat("channel", "Desk", [ann.who], bot="left")
    playground.membership(channel, "administrator", from_id=ann.who.id)
    await ann.next()
    states = States(house, house.talk_in(channel))

    playground.membership(channel, "administrator", rights=["can_edit_messages"])
    assert await states.become(ChatState.BLOCKED)
    playground.membership(channel, "administrator", rights=["can_post_messages"])

    assert await states.become(ChatState.ACTIVE)
