"""The page in a real browser, in a language that runs from right to left."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.catalogues.pseudo import pseudo
from tests.web.showing import DESK, PHONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[pytest.param(DESK, id="on a desk"), pytest.param(PHONE, id="on a phone")],
)
async def page(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> AsyncIterator[Page]:
    """Yield the page open; an error, or a breach of its policy, fails the test."""
    context = await browser.new_context(viewport=request.param, locale="en-GB")
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda line: complaints.append(line.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    await opened.goto(address)
    await expect(opened.locator("main")).to_be_visible()
    yield opened
    await context.close()
    assert complaints == []


async def test_it_speaks_the_language_of_the_chat_whatever_the_browsers_is(page):
    await expect(page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)

    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text(pseudo("What should I look for?"))
    await expect(page.locator("#digest-text")).to_have_text(
        pseudo("Your digest has no topics yet.")
    )


async def test_from_right_to_left_it_fits_its_screen(page):
    await page.locator("#words").fill("Taiwan")
    await page.locator("#found-modes [data-mode=both]").click()
    await page.locator(".topic .open").click()
    await expect(page.locator(".topic .text")).not_to_be_empty()

    overflow = "html => html.scrollWidth - html.clientWidth"
    assert await page.locator("html").evaluate(overflow) <= 0
    name = await box(page, ".topic .name bdi")
    mode = await box(page, ".topic .open .mode:visible")
    assert name["x"] > mode["x"]


async def test_another_language_is_another_page_for_the_same_person(page):
    await page.locator("#language").select_option("en")

    await expect(page.locator("html[lang=en][dir=ltr]")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_text("What should I look for?")
    await page.get_by_role("combobox", name="Language").select_option("")
    await expect(page.locator("html[lang=ar]")).to_have_count(1)


async def box(page: Page, selector: str) -> dict[str, float]:
    found = await page.locator(selector).first.bounding_box()
    assert found
    return cast("dict[str, float]", found)
