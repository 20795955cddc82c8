"""Chromium, for tests and for pictures: where it is, and how it is started."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

from tests.story.processes import PATIENCE

CHROMIUM = Path(os.environ.get("DATELINE_CHROMIUM", "/usr/bin/chromium"))
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@asynccontextmanager
async def launched(*flags: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS, *flags])
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE * 1000))
        yield browser
        await browser.close()
