"""Private chats: blocking the bot, failures, and the menu of admins."""

import asyncio

from bot.chat.menu import register_commands
from bot.rendering.renderer import Renderer
from bot.subscribers import users
from storage.enums import ChatState
from tests.resources import ADMIN
from tests.story.processes import PATIENCE


async def test_a_chat_that_blocks_the_bot_is_suspended_and_restored(house, ann, playground):
    await ann.says("Taiwan", "Both")

    playground.block(ann.who)
    blocked = await _state_after(house, ann, ChatState.ACTIVE)
    playground.unblock(ann.who)
    back = await _state_after(house, ann, ChatState.BLOCKED)

    assert blocked is ChatState.BLOCKED
    assert back is ChatState.ACTIVE
    assert (await ann.says("/topics"))["text"].startswith("Your topics")


async def _state_after(house, ann, before: ChatState):
    """Wait until the state is no longer *before*.

    A reply to another user shows that earlier updates were handled.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            await house.talk("Marker").says("/help")
            chat = await house.row_of(ann)
            if chat and chat.state is not before:
                return chat.state


async def test_a_failure_is_reported_and_the_next_update_is_handled(ann, playground):
    await ann.says("/start")
    playground.inject("400", method="sendMessage", times=1, description="Bad Request: made up")

    answer = await ann.says("/help")

    assert answer["text"].startswith("Something went wrong on my side.")
    assert (await ann.says("/help"))["text"].startswith("Subscribe · type what you want")


async def test_a_failure_before_the_handler_is_reported(ann, monkeypatch):
    async def fails(*_args: object, **_options: object) -> None:
        raise RuntimeError("made up")

    monkeypatch.setattr(users, "identify", fails)

    assert (await ann.says("/start"))["text"].startswith("Something went wrong on my side.")


async def test_a_button_stops_spinning_when_its_handler_fails(ann, playground):
    card = await ann.says("Taiwan")
    playground.inject("400", method="sendMessage", times=2, description="Bad Request: made up")

    assert await ann.presses_quietly(card, "Both") == ""


async def test_the_menu_of_admins_has_more_commands(house, playground):
    house.talk("Ada", id=ADMIN)

    await register_commands(house.bot, Renderer(), dict.fromkeys([ADMIN, 12345], "en"))

    told = playground.journal("setMyCommands")
    everybody, groups, admins = (call["params"]["commands"] for call in told[:3])
    assert told[1]["params"]["scope"] == {"type": "all_group_chats"}
    assert "delete_me" not in str(groups)
    assert "admin" not in {one["command"] for one in everybody}
    assert "admin" in {one["command"] for one in admins}
    assert "State, stuck messages, activity" in str(admins)


async def test_messages_have_no_link_previews(ann):
    assert (await ann.says("/help"))["link_preview_options"] == {"is_disabled": True}
