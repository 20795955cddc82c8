"""The pages in a real browser: nothing from elsewhere, no script, on a phone, by keyboard."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.rendering.links import Links
from tests.web.showing import DESK, PHONE, opened, pages, showing

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

PAGES = ["edition", "manage", "unsubscribe", "confirm"]


@pytest_asyncio.fixture(loop_scope="session")
async def links() -> AsyncIterator[Links]:
    async with showing() as served:
        yield served


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[pytest.param(DESK, id="on a desk"), pytest.param(PHONE, id="on a phone")],
)
async def page(
    request: pytest.FixtureRequest, browser: Browser, links: Links
) -> AsyncIterator[Page]:
    """Yield a page without script; a complaint, or a request to another host, fails the test."""
    failed: list[str] = []
    hosts: set[str | None] = set()
    async with opened(browser, viewport=request.param, java_script_enabled=False) as context:
        page = await context.new_page()
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        yield page
    assert failed == []
    assert hosts <= {"127.0.0.1"}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_has_its_style_and_fits_the_screen(page, links, name):
    await page.goto(pages(links)[name])

    style = await _computed(page, "body", "max-width")
    assert style == "640px"
    assert await _overflow(page) <= 0


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_names_its_language_and_has_one_heading_and_a_title(page, links, name):
    await page.goto(pages(links)[name])

    await expect(page.locator("html[lang=en][dir=ltr]")).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await expect(page.get_by_role("main")).to_have_count(1)
    assert (await page.title()).endswith("Dateline")


async def test_an_edition_needs_no_script(page, links):
    await page.goto(pages(links)["edition"])

    await expect(page.get_by_role("heading", name="Wednesday, 18 November")).to_be_visible()
    await expect(page.locator("article")).to_have_count(4)
    await expect(page.get_by_role("heading", name="Alerted earlier: 1 story")).to_be_visible()
    alerted = page.get_by_role("link", name="Ministry asks consul-general to explain post")
    await expect(alerted).to_be_visible()


async def test_topics_are_changed_by_buttons(page, links):
    await page.goto(pages(links)["manage"])

    ties = page.get_by_role("group", name="How to get Cross-strait ties")
    await expect(ties.get_by_role("button", name="Digest", pressed=True)).to_be_visible()
    await ties.get_by_role("button", name="Alerts").click()

    await expect(page.get_by_role("status")).to_have_text("Saved.")
    await expect(ties.get_by_role("button", name="Alerts", pressed=True)).to_be_visible()
    await page.get_by_role("button", name="Pause everything").click()
    await expect(page.get_by_role("status")).to_have_text("You'll get nothing until you resume.")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("status")).to_have_text("You'll get alerts and digests again.")


async def test_an_address_is_unsubscribed_by_keyboard_alone(page, links):
    await page.goto(pages(links)["unsubscribe"])

    await page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Unsubscribe")
    await expect(button).to_be_focused()
    assert await _computed(page, "button", "outline-style") == "solid"
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()


async def test_buttons_are_large_enough_to_touch(page, links):
    await page.goto(pages(links)["manage"])

    for button in await page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box["height"] >= 44
        assert box["width"] >= 44


async def test_names_keep_their_own_direction(page, links):
    await page.goto(pages(links)["manage"])

    name = page.get_by_text("اقتصاد مصر", exact=True)
    await expect(name).to_have_css("direction", "rtl")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_page_follows_the_readers_colour_scheme(browser, links, scheme):
    page = await browser.new_page(color_scheme=scheme)
    await page.goto(pages(links)["edition"])

    ground = await _computed(page, "body", "background-color")

    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 28)"}[scheme]
    await page.close()


async def _computed(page: Page, selector: str, name: str) -> str:
    found: str = await page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element).getPropertyValue(name)", name
    )
    return found


async def _overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its screen."""
    wide: int = await page.locator("html").evaluate("html => html.scrollWidth - html.clientWidth")
    return wide
