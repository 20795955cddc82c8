"""What a newcomer sees in the private chat, and in the Mini App."""

from collections.abc import AsyncIterator

from playwright.async_api import Locator, Page, ViewportSize, expect

from tests.screenshots.studio import picture, with_few_colours
from tests.story.test_browser import publish, say

PHONE = ViewportSize(width=390, height=760)


async def of_a_newcomer(page: Page) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the pictures by the names of their files, in the order in which things happen."""
    said = page.locator(".message.bot")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(said).to_have_count(1)
    yield "start.png", await picture(page, said.first)

    await say(page, "Taiwan")
    card = said.filter(has_text="in the last 7 days")
    yield "card.png", await picture(page, card)

    await card.get_by_role("button", name="Both").click()
    watching = said.filter(has_text="alerts at once")
    yield "watching.png", await picture(page, watching)

    await publish(page)
    alert = said.filter(has_text="Consul-General in Osaka to Visit Taiwan").last
    yield "alert.png", await picture(page, alert)

    yield "topic.png", await picture(page, await topic_page(page))
    await say(page, "/admin")
    yield "admin.png", await picture(page, said.filter(has_text="All well.").last)
    yield "app.png", await mini_app(page)


async def topic_page(page: Page) -> Locator:
    said = page.locator(".message.bot")
    await say(page, "/topics")
    topics = said.filter(has_text="Your topics").last
    await topics.get_by_role("button", name="Taiwan").click()
    shown = said.filter(has=page.get_by_role("button", name="More ▸")).last
    await expect(shown).to_be_visible()
    return shown


async def mini_app(page: Page) -> bytes:
    """Return the Mini App in the dark, with words typed into it."""
    was = page.viewport_size
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    await page.click("#open-app")
    app = page.frame_locator("#app iframe")
    await app.get_by_role("searchbox").fill("Taiwan OR semiconductor*")
    await expect(app.locator("#found-hits li")).to_have_count(5)
    taken = with_few_colours(await page.locator("#app").screenshot())
    await page.click("#app-close")
    await page.emulate_media(color_scheme="light")
    assert was
    await page.set_viewport_size(was)
    return taken
