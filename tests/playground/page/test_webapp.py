"""A Mini App in the chat page: opened from the menu or a message, told who and how, closed."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest.fixture
def app(playground) -> dict[str, Any]:
    """Return the button of a page that is there and asks for nothing."""
    return {"text": "Topics", "web_app": {"url": f"{playground.base_url}/page/icon.svg"}}


async def test_the_menu_button_opens_it_with_signed_data_and_colours(page, bot, app):
    await bot.call("setChatMenuButton", menu_button={"type": "web_app", **app})
    await page.get_by_role("button", name="Topics").click()

    frame = page.get_by_role("dialog", name="Dateline").locator("iframe")
    told = parse_qs(urlsplit(await frame.get_attribute("src")).fragment)
    assert json.loads(parse_qs(told["tgWebAppData"][0])["user"][0])["id"] == bot.chat_id
    assert json.loads(told["tgWebAppThemeParams"][0])["text_color"] == "#1c2326"

    await page.get_by_role("button", name="Close").click()
    await expect(frame).to_have_count(0)


async def test_a_button_under_a_message_opens_it_too(page, bot, app):
    await bot.say("Look", reply_markup={"inline_keyboard": [[app]]})
    await page.locator(".message.bot").get_by_role("button", name="Topics").click()

    frame = page.locator("#app iframe")
    await expect(frame).to_be_visible()
    await expect(page.get_by_role("button", name="Back")).to_be_hidden()

    inside = await (await frame.element_handle()).content_frame()
    post = """([eventType, eventData]) =>
        parent.postMessage(JSON.stringify({eventType, eventData}), "*")"""
    await inside.evaluate(post, ["web_app_setup_back_button", {"is_visible": True}])
    await expect(page.get_by_role("button", name="Back")).to_be_visible()
    await inside.evaluate(post, ["web_app_close", {}])
    await expect(frame).to_have_count(0)
