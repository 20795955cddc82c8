"""A group with forum topics, one of which watches something."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, ViewportSize, expect

from tests.screenshots.studio import FIRST_PERSON, ordered, with_few_colours
from tests.story.test_browser import say

WINDOW = ViewportSize(width=560, height=700)


async def of_a_group(page: Page) -> AsyncIterator[tuple[str, bytes]]:
    """Yield a question in a topic of a group, its answer, and the alert that follows."""
    made = await ordered(
        page,
        "add_chat",
        type="supergroup",
        title="Harbour desk",
        members=[FIRST_PERSON],
        bot="left",
    )
    chat = made["chat_id"]
    thread = await ordered(page, "topic", chat_id=chat, name="Central banks")
    await ordered(page, "membership", chat_id=chat, status="member", from_id=FIRST_PERSON)
    await show(page, chat, thread["thread_id"])
    said = page.locator(".message.bot")
    await say(page, '@dateline_playground_bot "central bank"')
    card = said.filter(has_text="in the last 7 days")
    await card.get_by_role("button", name="Alert me").click()
    await expect(said.filter(has_text="Subscribed to")).to_be_visible()
    await ordered(page, "publish", slug="oslo-rate-cut")
    alert = said.filter(has_text="Norway's Central Bank").last
    await expect(alert.get_by_role("button", name="Mute story")).to_be_visible()
    await page.mouse.move(0, 0)
    yield "group.png", with_few_colours(await page.locator("main.chat").screenshot())


async def show(page: Page, chat: int, thread: int) -> None:
    """Open the group, and stand in one of its topics."""
    await page.set_viewport_size(WINDOW)
    await page.evaluate("id => { localStorage['playground-chat'] = id }", chat)
    await page.reload()
    await page.click("#toggle-panel")
    await page.select_option("#thread", str(thread))
    await page.click("#toggle-panel")
