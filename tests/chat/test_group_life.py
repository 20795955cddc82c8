"""Removed from a group, or without its rights there, the bot waits and goes on by itself."""

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
    """In what states the rows of a chat are, once what was done before has been handled."""

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


async def test_removed_it_waits_with_all_topics_and_comes_back(group, states, ann, playground):
    playground.membership(group.who, "kicked", from_id=ann.who.id)
    assert await states.become(ChatState.KICKED, ChatState.KICKED)

    playground.membership(group.who, "member", from_id=ann.who.id)

    assert await states.become(ChatState.ACTIVE, ChatState.ACTIVE)
    assert (await group.next())["text"].startswith("Thank you for adding me.")


async def test_without_the_right_to_write_it_waits_for_the_right(group, states, playground):
    playground.membership(group.who, "restricted", rights=[])
    assert await states.become(ChatState.BLOCKED, ChatState.BLOCKED)

    playground.membership(group.who, "member")

    assert await states.become(ChatState.ACTIVE, ChatState.ACTIVE)
    assert len(group.all()) == 2  # nobody is thanked for a right


async def test_a_pause_outlives_being_removed(group, states, ann, playground):
    await group.says("/stop", from_id=ann.who.id)
    playground.membership(group.who, "kicked")
    assert await states.become(ChatState.PAUSED, ChatState.KICKED)

    playground.membership(group.who, "member", from_id=ann.who.id)

    assert await states.become(ChatState.PAUSED, ChatState.ACTIVE)


async def test_a_channel_without_the_right_to_post_waits(house, ann, playground):
    await ann.says("/start")
    channel = playground.chat("channel", "Desk", [ann.who], bot="left")
    playground.membership(channel, "administrator", from_id=ann.who.id)
    await ann.next()
    states = States(house, Talk(playground, channel))

    playground.membership(channel, "administrator", rights=["can_edit_messages"])
    assert await states.become(ChatState.BLOCKED)
    playground.membership(channel, "administrator", rights=["can_post_messages"])

    assert await states.become(ChatState.ACTIVE)
