"""A new user's first messages in the private chat, and the Mini App."""

from collections.abc import AsyncIterator

from playwright.async_api import Locator, Page, ViewportSize, expect

from tests.screenshots.studio import picture, with_few_colours
from tests.story.chat_page import publish, send

PHONE = ViewportSize(width=390, height=760)


async def of_a_newcomer(page: Page) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the pictures with the names of their files, in the order of the story."""
    messages = page.locator(".message.bot")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(messages).to_have_count(1)
    yield "start.png", await picture(page, messages.first)

    await send(page, "Taiwan")
    card = messages.filter(has_text="in the last 7 days")
    yield "card.png", await picture(page, card)

    await card.get_by_role("button", name="Both").click()
    subscribed = messages.filter(has_text="alerts at once")
    yield "watching.png", await picture(page, subscribed)

    await publish(page)
    alert = messages.filter(has_text="Consul-General in Osaka to Visit Taiwan").last
    yield "alert.png", await picture(page, alert)

    yield "topic.png", await picture(page, await topic_page(page))
    await send(page, "/admin")
    yield "admin.png", await picture(page, messages.filter(has_text="All well.").last)
    yield "app.png", await mini_app(page)


async def topic_page(page: Page) -> Locator:
    messages = page.locator(".message.bot")
    await send(page, "/topics")
    topics = messages.filter(has_text="Your topics").last
    await topics.get_by_role("button", name="Taiwan").click()
    topic = messages.filter(has=page.get_by_role("button", name="More ▸")).last
    await expect(topic).to_be_visible()
    return topic


async def mini_app(page: Page) -> bytes:
    """Return a picture of the Mini App in dark mode, with a query typed in."""
    viewport = page.viewport_size
    await page.set_viewport_size(PHONE)
    await page.emulate_media(color_scheme="dark")
    await page.click("#open-app")
    app = page.frame_locator("#app iframe")
    await app.get_by_role("searchbox").fill("Taiwan OR semiconductor*")
    await expect(app.locator("#found-hits li")).to_have_count(5)
    png = with_few_colours(await page.locator("#app").screenshot())
    await page.click("#app-close")
    await page.emulate_media(color_scheme="light")
    assert viewport
    await page.set_viewport_size(viewport)
    return png
