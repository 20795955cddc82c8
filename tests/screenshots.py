"""Takes the pictures of the README: `python -m tests.screenshots docs/images`.

Starts the bot in its playground and drives the chat page as a newcomer would.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import FloatRect, Page, ViewportSize, expect

from tests.browsing import launched
from tests.palette import with_few_colours
from tests.story.processes import PATIENCE, Workplace
from tests.story.test_browser import address_of, publish, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Locator

# Few enough columns that the text is readable where a README shows the picture.
SCREEN = ViewportSize(width=560, height=2400)
PHONE = ViewportSize(width=390, height=760)
MARGIN = 4  # so that no neighbour shows
# Grey edges compress better than coloured ones, and look the same on every screen.
LOOK = ("--disable-lcd-text", "--font-render-hinting=none")
IN_THE_DIGEST = {
    "Semiconductors": ("accra-chip-packaging",),
    "Central banks": ("oslo-rate-cut", "oslo-cut-households"),
}
PUBLISH = """slug => fetch("/control/publish", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({slug}),
})"""


async def take() -> dict[str, bytes]:
    """Return the pictures by the names of their files."""
    taken = {}
    async with chat_page() as page:
        said = page.locator(".message.bot")
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(said).to_have_count(1)

        await say(page, "Taiwan")
        card = said.filter(has_text="in the last 7 days")
        taken["card.png"] = await picture(page, card)

        await card.get_by_role("button", name="Both").click()
        await expect(said.filter(has_text="alerts at once")).to_be_visible()
        await publish(page)
        alert = said.filter(has_text="Consul-General in Osaka to Visit Taiwan").last
        taken["alert.png"] = await picture(page, alert)

        for topic, slugs in IN_THE_DIGEST.items():
            await watch(page, topic)
            for slug in slugs:
                await page.evaluate(PUBLISH, slug)
        taken["digest.png"] = await picture(page, await full_digest(page))
        taken["app.png"] = await mini_app(page)
    return taken


async def watch(page: Page, topic: str) -> None:
    """Take a topic of the greeting into the digest."""
    said = page.locator(".message.bot")
    before = await said.count()
    await said.first.get_by_role("button", name=topic).click()
    await expect(said).to_have_count(before + 1)
    await said.last.get_by_role("button", name="Daily digest").click()
    await expect(said.filter(has_text=f"Watching {topic}")).to_be_visible()


async def full_digest(page: Page) -> Locator:
    """Ask for the digest until all that was published has been read; return the last."""
    digests = page.locator(".message.bot").filter(has_text="Your digest so far")
    for asked in range(1, PATIENCE):
        await say(page, "/digest")
        await expect(digests).to_have_count(asked)
        text = await digests.last.inner_text()
        if all(topic in text for topic in IN_THE_DIGEST):
            break
    return digests.last


async def mini_app(page: Page) -> bytes:
    """Return the Mini App, with words typed into it."""
    await page.set_viewport_size(PHONE)
    await page.click("#open-app")
    app = page.frame_locator("#app iframe")
    await app.get_by_role("searchbox").fill("Taiwan OR semiconductor*")
    await expect(app.locator("#found-hits li")).to_have_count(5)
    assert page.context.browser
    blank = await page.context.browser.new_page()
    return await with_few_colours(blank, await page.locator("#app").screenshot())


async def picture(page: Page, message: Locator) -> bytes:
    """Return one message with a margin around it."""
    await message.scroll_into_view_if_needed()
    box = await message.bounding_box()
    assert box
    clip = FloatRect(
        x=box["x"] - MARGIN,
        y=box["y"] - MARGIN,
        width=box["width"] + 2 * MARGIN,
        height=box["height"] + 2 * MARGIN,
    )
    shot = await page.screenshot(clip=clip)
    assert page.context.browser
    blank = await page.context.browser.new_page()
    return await with_few_colours(blank, shot)


@asynccontextmanager
async def chat_page() -> AsyncIterator[Page]:
    with tempfile.TemporaryDirectory() as folder:
        async with Workplace(Path(folder)).dateline("run") as bot, launched(*LOOK) as browser:
            await bot.said("ready")
            page = await browser.new_page(
                viewport=SCREEN, device_scale_factor=2, color_scheme="light", locale="en-GB"
            )
            await page.goto(address_of(bot))
            yield page
            await bot.stop()


def main(folder: Path) -> None:
    taken = asyncio.run(take())
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in taken.items():
        (folder / name).write_bytes(png)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
