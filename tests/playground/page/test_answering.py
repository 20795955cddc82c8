"""How people answer: by buttons, in writing, by commands."""

import pytest
from playwright.async_api import expect

from tests.playground.page.conftest import keyboard

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_start_is_a_button_until_something_is_said(page, playground):
    await expect(page.locator("#start")).to_be_visible()

    await page.click("#start")

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#start")).to_be_hidden()
    assert playground.chats()[0]["first_name"] == "Ann"


async def test_a_pressed_button_reaches_the_bot_and_its_answer_the_reader(page, bot):
    await bot.say("choose", reply_markup=keyboard({"text": "Both", "callback_data": "both"}))

    await page.get_by_role("button", name="Both").click()
    query = await bot.callback()
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Watching")

    assert query["data"] == "both"
    await expect(page.locator("#toast")).to_have_text("Watching")


async def test_an_alert_waits_until_it_is_closed(page, bot):
    await bot.say("choose", reply_markup=keyboard({"text": "Both", "callback_data": "both"}))
    await page.get_by_role("button", name="Both").click()
    query = await bot.callback()

    await bot.call(
        "answerCallbackQuery",
        callback_query_id=query["id"],
        text="Too many topics",
        show_alert=True,
    )

    await expect(page.locator("#alert-text")).to_have_text("Too many topics")
    await page.get_by_role("button", name="OK").click()
    await expect(page.locator("#alert")).to_be_hidden()


async def test_a_forced_reply_is_a_reply(page, bot, playground):
    asked = await bot.say("When?", reply_markup={"force_reply": True})
    await expect(page.locator("#reply-text")).to_have_text("When?")

    await page.keyboard.type("07:30")
    await page.keyboard.press("Enter")

    await expect(page.locator(".mine .quoted")).to_contain_text("When?")
    replied = playground.messages(bot.chat_id)[-1]
    assert replied["reply_to_message"]["message_id"] == asked


async def test_commands_are_offered_after_a_slash(page, bot):
    await bot.call(
        "setMyCommands",
        commands=[
            {"command": "topics", "description": "What you watch"},
            {"command": "digest", "description": "Today's digest"},
        ],
    )
    # The page hears of commands by itself, and of what happens later after that.
    await bot.say("later")
    await expect(page.locator(".bot")).to_have_count(1)

    await page.click("#menu")
    await expect(page.locator("#suggestions li")).to_have_count(2)

    await page.fill("#text", "/di")
    await expect(page.locator("#suggestions li")).to_have_count(1)
    await page.press("#text", "ArrowDown")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body").last).to_have_text("/digest")
