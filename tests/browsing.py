"""Chromium for tests and screenshots, and pages whose errors fail a test."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.story.processes import PATIENCE

# The shell has no window, and takes two thirds of the CPU time.
_CHROMIUM = which("chromium-headless-shell") or which("chromium") or "/usr/bin/chromium"
CHROMIUM = Path(os.environ.get("DATELINE_CHROMIUM", _CHROMIUM))
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@asynccontextmanager
async def launched(*flags: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*_FLAGS, *flags])
        browser.on("context", lambda context: context.set_default_timeout(PATIENCE * 1000))
        yield browser
        await browser.close()


@asynccontextmanager
async def strict_page(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """Yield a page; fail if it raises an error or logs to its console, as policy breaches do."""
    context = await browser.new_context(locale="en-GB", **options)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text))
    yield page
    await context.close()
    assert complaints == []
