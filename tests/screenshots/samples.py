"""A daily digest of invented news, in the chat and as an e-mail."""

from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, ViewportSize, expect

from bot.publishing.pages import edition_page
from bot.publishing.samples import sample_edition, sample_mail
from bot.rendering.renderer import Renderer
from tests.screenshots.studio import SCREEN, picture, with_few_colours
from tests.snapshots.pictures import chat_with

MAIL = ViewportSize(width=640, height=900)
WHERE: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Asia/Tokyo", "device_scale_factor": 2}


async def of_samples(browser: Browser) -> AsyncIterator[tuple[str, bytes]]:
    yield "digest.png", await in_the_chat(browser)
    yield "mail.png", await as_a_mail(browser)


async def in_the_chat(browser: Browser) -> bytes:
    messages = edition_page(Renderer(), sample_edition())
    async with chat_with(messages) as (address, chat_id):
        page = await browser.new_page(viewport=SCREEN, color_scheme="light", **WHERE)
        await page.add_init_script(f"localStorage['playground-chat'] = {chat_id}")
        await page.goto(address)
        sent = page.locator(".message.bot")
        await expect(sent).to_have_count(len(messages))
        return await picture(page, sent.first, sent.last)


async def as_a_mail(browser: Browser) -> bytes:
    page = await browser.new_page(viewport=MAIL, color_scheme="light", **WHERE)
    await page.set_content(sample_mail(Renderer(), sample_edition()).html)
    return with_few_colours(await page.screenshot(full_page=True))
