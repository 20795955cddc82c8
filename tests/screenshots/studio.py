"""A bot in its playground, its chat page, and small PNGs of parts of the page."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, FloatRect, Locator, Page, ViewportSize

from tests.story.chat_page import address_of
from tests.story.processes import Workplace

# Narrow enough that the text is readable in a README.
SCREEN = ViewportSize(width=560, height=2400)
MARGIN = 4  # pixels; narrow, so that no neighbour shows
# Grey edges compress better than coloured ones, and look the same on every screen.
LOOK = ("--disable-lcd-text", "--font-render-hinting=none")
FIRST_USER = 1001  # the playground's own user
_COLOURS = 64
_POST = """([path, facts]) => fetch(`/control/${path}`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(facts),
}).then((response) => response.json())"""


@asynccontextmanager
async def chat_page(browser: Browser) -> AsyncIterator[Page]:
    """Yield the chat page of a new bot, with its admin's chat."""
    with tempfile.TemporaryDirectory() as folder:
        dateline = Workplace(Path(folder)).dateline("run", admin_ids=FIRST_USER)
        async with dateline as bot:
            await bot.wait_for("ready")
            page = await browser.new_page(
                viewport=SCREEN, device_scale_factor=2, color_scheme="light", locale="en-GB"
            )
            await page.goto(address_of(bot))
            yield page
            await bot.stop()


async def control(page: Page, path: str, **facts: Any) -> Any:
    """Call the playground's control API from its page."""
    return await page.evaluate(_POST, [path, facts])


async def picture(page: Page, *parts: Locator) -> bytes:
    """Return the part of the page from the first of *parts* to the last, with a margin."""
    await page.mouse.move(0, 0)  # off the button that was pressed
    await parts[0].scroll_into_view_if_needed()
    boxes = [box for part in parts if (box := await part.bounding_box())]
    left, top = min(box["x"] for box in boxes), min(box["y"] for box in boxes)
    right = max(box["x"] + box["width"] for box in boxes)
    bottom = max(box["y"] + box["height"] for box in boxes)
    clip = FloatRect(
        x=left - MARGIN,
        y=top - MARGIN,
        width=right - left + 2 * MARGIN,
        height=bottom - top + 2 * MARGIN,
    )
    return with_few_colours(await page.screenshot(clip=clip))


def with_few_colours(png: bytes) -> bytes:
    """Return the picture with a palette, which takes a third of the size of the browser's PNG."""
    small = BytesIO()
    image = Image.open(BytesIO(png)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()
