"""What stands beside the chat: users, the newsroom, the way back."""

import pytest
from playwright.async_api import expect

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_a_blocked_bot_is_unblocked_in_the_composer(page, bot, playground):
    await page.click("#block")
    await expect(page.locator("#text")).to_be_hidden()
    assert playground.chats()[0]["blocked"]

    await page.click("#unblock")

    await expect(page.locator("#text")).to_be_visible()
    assert not playground.chats()[0]["blocked"]


async def test_the_newsroom_publishes_on_its_button(page):
    await page.click("#publish")

    await expect(page.locator("#latest a").first).to_contain_text("Taiwan")


async def test_another_user_has_a_chat_of_their_own(page, bot, playground):
    await page.fill("#user-name", "美玲")
    await page.select_option("#user-language", "zh-hant")
    await page.get_by_role("button", name="Add").click()

    await expect(page.locator("#start")).to_be_visible()
    assert playground.chats()[1]["language_code"] == "zh-hant"
    await page.locator("#chats button", has_text="Ann").click()
    await expect(page.locator(".mine .body")).to_have_text("/start")


async def test_a_reload_comes_back_to_the_same_chat(page, bot):
    await page.reload()

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#chats li")).to_have_count(1)


async def test_a_narrow_screen_shows_the_chat_alone_until_asked(browser, playground):
    phone = await browser.new_page(viewport={"width": 390, "height": 800})
    await phone.goto(playground.base_url)

    await expect(phone.locator("#panel")).to_be_hidden()
    await phone.click("#toggle-panel")

    await expect(phone.locator("#publish")).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await phone.close()
