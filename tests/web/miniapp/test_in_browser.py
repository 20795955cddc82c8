"""The page in a real browser, in a language that runs from right to left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.catalogues.pseudo import pseudo
from tests.web.showing import DESK, PHONE, opened

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


SIZES = [pytest.param(DESK, id="on a desk"), pytest.param(PHONE, id="on a phone")]


@asynccontextmanager
async def opened_page(browser: Browser, address: str, viewport: Any) -> AsyncIterator[Page]:
    async with opened(browser, viewport=viewport) as context:
        page = await context.new_page()
        await page.goto(address)
        await expect(page.locator("main")).to_be_visible()
        yield page


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def page(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> AsyncIterator[Page]:
    async with opened_page(browser, address, request.param) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def filled_page(
    request: pytest.FixtureRequest, browser: Browser, filled_address: str
) -> AsyncIterator[Page]:
    """Yield the page of a chat with 250 topics."""
    async with opened_page(browser, filled_address, request.param) as page:
        yield page


async def test_250_topics_are_listed_while_the_user_scrolls(filled_page):
    topics = filled_page.locator(".topic")
    await expect(filled_page.locator("#topics-count")).to_have_text("250")
    assert await topics.count() < 250

    while await topics.count() < 250:
        count = await topics.count()
        await topics.last.scroll_into_view_if_needed()
        await expect(topics.nth(count)).to_be_attached()

    names = await filled_page.locator(".topic .name bdi").all_text_contents()
    assert sorted(names) == sorted(f"Topic {number}" for number in range(250))


async def test_any_of_250_topics_is_found_by_its_name_and_changed(filled_page):
    topics, find = filled_page.locator(".topic"), filled_page.locator("#topics-filter")
    await find.fill("TOPIC 249")
    await expect(topics).to_have_count(1)
    await topics.locator(".open").click()
    await topics.locator(".rename input").fill("The last one")
    await topics.locator(".rename button").click()
    await expect(topics.locator(".name bdi")).to_have_text("The last one")

    await find.fill("no such topic")
    await expect(topics).to_have_count(0)
    await expect(filled_page.locator("#topics-count")).to_have_text("0 / 250")
    await find.fill("last one")
    await topics.locator(".open").click()
    await topics.locator(".unsubscribe").click()
    await find.fill("")
    await expect(filled_page.locator("#topics-count")).to_have_text("249")


async def test_the_page_is_in_the_language_of_the_chat_not_of_the_browser(page):
    await expect(page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)

    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text(pseudo("What should I look for?"))
    await expect(page.locator("#digest-text")).to_have_text(
        pseudo("Your digest has no topics yet.")
    )


async def test_the_page_fits_the_screen_from_right_to_left(page):
    await page.locator("#query").fill("Taiwan")
    await page.locator("#found-modes [data-mode=both]").click()
    await page.locator(".topic .open").click()
    await expect(page.locator(".topic .text")).not_to_be_empty()

    overflow = "html => html.scrollWidth - html.clientWidth"
    assert await page.locator("html").evaluate(overflow) <= 0
    name = await box(page, ".topic .name bdi")
    mode = await box(page, ".topic .open .mode:visible")
    assert name["x"] > mode["x"]


@pytest.mark.parametrize("has_mail", [True, False], ids=["mail server", "none"])
async def test_mail_is_shown_only_where_there_is_a_mail_server(page, has_mail):
    await expect(page.locator("#mail-section")).to_be_visible(visible=has_mail)


async def test_a_chosen_language_reloads_the_page(page):
    await page.locator("#language").select_option("en")

    await expect(page.locator("html[lang=en][dir=ltr]")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_text("What should I look for?")
    await page.get_by_role("combobox", name="Language").select_option("")
    await expect(page.locator("html[lang=ar]")).to_have_count(1)


async def box(page: Page, selector: str) -> dict[str, float]:
    found = await page.locator(selector).first.bounding_box()
    assert found
    return cast("dict[str, float]", found)
