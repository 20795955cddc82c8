"""What the page can do beside writing: ask inline, forward, send a file."""

import pytest
from playwright.async_api import expect

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_an_inline_query_is_answered_and_a_result_is_sent(page, bot, playground):
    await page.fill("#inline-text", "ferry")
    await page.get_by_role("button", name="Ask").click()
    updates = await bot.call("getUpdates", timeout=10, allowed_updates=["inline_query"])
    while not any("inline_query" in update for update in updates):
        updates = await bot.call("getUpdates", timeout=10, offset=updates[-1]["update_id"] + 1)
    asked = updates[-1]["inline_query"]
    card = {
        "type": "article",
        "id": "1",
        "title": "Ferry sinks",
        "description": "Sample Times",
        "input_message_content": {"message_text": "A ferry sank."},
    }

    await bot.call("answerInlineQuery", inline_query_id=asked["id"], results=[card])
    await page.locator("#inline-results button", has_text="Ferry sinks").click()

    assert asked["query"] == "ferry"
    await expect(page.locator(".mine .body").last).to_have_text("A ferry sank.")


async def test_a_text_can_be_sent_as_a_forwarded_post(page, bot, playground):
    await page.check("#as-forward")
    await page.fill("#text", "News")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body").last).to_have_text("News")
    assert playground.messages(bot.chat_id)[-1]["forward_origin"]["type"] == "channel"


async def test_a_file_is_sent(page, bot, playground):
    content = {"name": "list.opml", "mimeType": "text/x-opml", "buffer": b"<opml/>"}
    await page.set_input_files("#file", content)

    await expect(page.locator(".document").last).to_contain_text("list.opml")
    assert playground.messages(bot.chat_id)[-1]["document"]["file_size"] == 7
