"""A group with forum topics, one of which subscribes to a topic."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, ViewportSize, expect

from tests.screenshots.studio import FIRST_USER, control, with_few_colours
from tests.story.chat_page import send

WINDOW = ViewportSize(width=560, height=700)


async def of_a_group(page: Page) -> AsyncIterator[tuple[str, bytes]]:
    """Yield a keyword query in a forum topic, the bot's card, and the alert that follows."""
    facts = {"type": "supergroup", "title": "Harbour desk", "members": [FIRST_USER], "bot": "left"}
    chat = (await control(page, "add_chat", **facts))["chat_id"]
    thread = await control(page, "topic", chat_id=chat, name="Central banks")
    await control(page, "membership", chat_id=chat, status="member", from_id=FIRST_USER)
    await show(page, chat, thread["thread_id"])
    messages = page.locator(".message.bot")
    await send(page, '@dateline_playground_bot "central bank"')
    card = messages.filter(has_text="in the last 7 days")
    await card.get_by_role("button", name="Alert me").click()
    await expect(messages.filter(has_text="Subscribed to")).to_be_visible()
    await control(page, "publish", slug="oslo-rate-cut")
    alert = messages.filter(has_text="Norway's Central Bank").last
    await expect(alert.get_by_role("button", name="Mute story")).to_be_visible()
    await page.mouse.move(0, 0)
    yield "group.png", with_few_colours(await page.locator("main.chat").screenshot())


async def show(page: Page, chat: int, thread: int) -> None:
    """Open one of the group's topics."""
    await page.set_viewport_size(WINDOW)
    await page.evaluate("id => { localStorage['playground-chat'] = id }", chat)
    await page.reload()
    await page.click("#toggle-panel")
    await page.select_option("#thread", str(thread))
    await page.click("#toggle-panel")
