"""How the log follows what a bot does."""

import pytest
from playwright.async_api import expect

from tests.playground.page.conftest import keyboard

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_an_edit_changes_the_message_in_its_place(page, bot):
    first = await bot.say(
        "one publisher", reply_markup=keyboard({"text": "a", "callback_data": "a"})
    )
    await bot.say("something later")

    await bot.call("editMessageText", chat_id=bot.chat_id, message_id=first, text="two publishers")

    await expect(page.locator(".bot .body")).to_have_text(["two publishers", "something later"])
    await expect(page.locator(".key")).to_have_count(0)
    await expect(page.locator(".bot .meta").first).to_contain_text("edited")


async def test_a_deleted_message_goes_away(page, bot):
    gone = await bot.say("gone")
    await expect(page.locator(".bot")).to_have_count(1)

    await bot.call("deleteMessage", chat_id=bot.chat_id, message_id=gone)

    await expect(page.locator(".bot")).to_have_count(0)


async def test_typing_is_shown_until_the_message_comes(page, bot):
    await bot.call("sendChatAction", chat_id=bot.chat_id, action="typing")
    await expect(page.locator("#typing")).to_be_visible()

    await bot.say("here")

    await expect(page.locator("#typing")).to_be_hidden()


async def test_a_silent_message_carries_a_muted_bell(page, bot):
    await bot.say("hush", disable_notification=True)

    await expect(page.locator(".bot .silent")).to_be_visible()


async def test_new_messages_wait_below_for_a_reader_who_has_scrolled_up(page, bot):
    for n in range(30):
        await bot.say(f"message {n}")
    await expect(page.locator(".bot")).to_have_count(30)
    await page.locator("#scroll").evaluate("it => { it.scrollTop = 0; }")

    await bot.say("the newest")

    await page.get_by_role("button", name="1 new message").click()
    await expect(page.locator(".bot").last).to_be_in_viewport()
