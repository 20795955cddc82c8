"""The Mini App in a real browser, opened from the menu button of the playground."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.story.processes import Command, Workplace
from tests.story.test_browser import address_of

# One browser serves all tests, and they share its event loop; one bot serves all, each with a
# person of its own.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Command]:
    async with Workplace(tmp_path_factory.mktemp("app")).dateline("run") as command:
        await command.said("ready")
        yield command
        await command.stop()


@asynccontextmanager
async def watched_page(browser: Browser, **look: Any) -> AsyncIterator[Page]:
    """Yield a page; an error or a breach of its policy fails the test, and so does the console."""
    context = await browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo", **look)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text))
    yield page
    await context.close()
    assert complaints == []


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[
        pytest.param((PHONE, "light"), id="on a phone"),
        pytest.param((PHONE, "dark"), id="on a phone, in the dark"),
        pytest.param((DESK, "light"), id="on a desk"),
        pytest.param((DESK, "dark"), id="on a desk, in the dark"),
    ],
)
async def page(
    request: pytest.FixtureRequest, browser: Browser, bot: Command
) -> AsyncIterator[Page]:
    size, scheme = request.param
    async with watched_page(browser, viewport=size, color_scheme=scheme) as opened:
        await opened.goto(address_of(bot))
        await opened.click("#open-app")
        yield opened


@pytest.fixture
def app(page: Page) -> FrameLocator:
    return page.frame_locator("#app iframe")


async def subscribe(app: FrameLocator, words: str, how: str) -> None:
    await app.get_by_role("searchbox", name="Keywords").fill(words)
    await expect(app.locator("#found-text")).to_contain_text("in the last 7 days")
    await app.get_by_role("button", name=how).click()


async def test_topics_times_and_undo_from_the_first_look_on(page, app):
    await expect(app.get_by_role("heading", name="What should I look for?")).to_be_visible()
    search = app.get_by_role("searchbox", name="Keywords")

    await search.fill("Taiwan OR (consul")
    await expect(app.locator("mark")).to_have_text("(")
    await expect(app.get_by_role("alert")).to_contain_text("This bracket is never closed.")
    await app.get_by_role("button", name="Taiwan OR consul").click()
    await expect(app.locator("#found-text")).to_contain_text("in the last 7 days")
    await expect(app.locator("#found-hits b").first).to_be_visible()

    await subscribe(app, "Taiwan", "Daily digest")
    topic = app.locator(".topic")
    await expect(topic).to_have_count(1)
    await expect(topic.get_by_role("button", name="Taiwan Digest")).to_be_visible()

    await app.get_by_label("Time", exact=True).fill("07:30")
    told = app.locator("#digest-text")
    await expect(told).to_contain_text("every day at 07:30")
    await app.get_by_role("button", name="Sunday").click()
    await expect(told).to_contain_text("Saturday at 07:30")
    await app.get_by_role("button", name="Use this device's time zone").click()
    await expect(told).to_contain_text("Tokyo time")

    await topic.get_by_role("button", name="Taiwan Digest").click()
    await expect(topic.locator(".more > .text")).to_contain_text("in the last 7 days")
    await topic.get_by_label("Name").fill("The strait")
    await topic.get_by_role("button", name="Rename").click()
    await expect(topic.get_by_role("button", name="The strait Digest")).to_be_visible()
    await topic.get_by_role("button", name="Unsubscribe").click()
    await expect(app.get_by_text("You haven't subscribed to anything yet.")).to_be_visible()
    await app.get_by_role("button", name="Undo").click()
    await expect(topic.get_by_role("button", name="The strait Digest")).to_be_visible()


async def test_other_words_are_tried_before_they_are_used(page, app):
    await subscribe(app, "Taiwan", "Both")
    topic = app.locator(".topic")
    await topic.locator(".open").click()
    words = topic.get_by_label("Words")

    await words.fill("Taiwan OR (")
    await expect(topic.get_by_role("alert")).to_contain_text("This bracket is never closed.")
    await expect(topic.get_by_role("button", name="Use it")).to_be_hidden()
    await words.fill("Taiwan AND Atlantis")
    await expect(topic.locator(".change")).to_contain_text("New: 0 a week")
    await expect(topic.locator(".change .summary").nth(1)).to_contain_text("stories dropped:")
    await expect(topic.locator(".change .others")).to_contain_text("more")
    await topic.get_by_role("button", name="For a day").click()
    await expect(topic.locator(".muted")).to_contain_text("Muted until")
    await expect(words).to_have_value("Taiwan AND Atlantis")
    await topic.get_by_role("button", name="Keep the old one").click()
    await expect(words).to_have_value("Taiwan")
    await expect(words).to_be_focused()

    await words.fill("Taiwan OR consul")
    await expect(topic.locator(".change")).to_be_visible()
    await words.press("Enter")
    await expect(topic.locator(".open .name")).to_have_text("Taiwan, consul")
    await expect(topic.locator(".more")).to_be_visible()
    await expect(topic.locator(".change")).to_be_hidden()


async def test_a_topic_is_silent_for_a_while_by_keyboard(page, app):
    await subscribe(app, "Taiwan", "Both")
    topic = app.locator(".topic")
    await topic.locator(".open").click()

    await topic.get_by_role("button", name="Until I unmute").press("Enter")
    await expect(topic.locator(".muted")).to_have_text(
        "Muted until you unmute it: you'll get nothing about it."
    )
    await expect(topic.get_by_role("button", name="Unmute", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(topic.locator(".muted")).to_be_hidden()


async def test_it_fits_its_screen_and_every_button_is_large_enough_to_touch(page, app):
    await subscribe(app, "Taiwan", "Both")
    await app.locator(".topic .open").click()
    await expect(app.locator(".topic .more > .text")).not_to_be_empty()
    await app.locator(".topic").get_by_label("Words").fill("Japan")
    await expect(app.locator(".topic .change")).to_be_visible()
    await app.get_by_label("Hold alerts back").click()
    await expect(app.locator("#hours")).to_be_visible()

    overflow = "html => html.scrollWidth - html.clientWidth"
    assert await app.locator("html").evaluate(overflow) <= 0
    for button in await app.get_by_role("button").all():
        box = await button.bounding_box()
        assert box["height"] >= 44, await button.inner_text()
        assert box["width"] >= 40, await button.inner_text()


async def test_every_text_has_contrast_enough(page, app):
    await subscribe(app, "Taiwan", "Both")
    await app.locator(".topic .open").click()
    await expect(app.locator(".topic .more > .text")).not_to_be_empty()
    await app.locator(".topic").get_by_label("Words").fill("Japan")
    await expect(app.locator(".topic .change")).to_be_visible()
    await app.get_by_role("button", name="Until I unmute").click()
    await expect(app.locator(".topic .muted")).to_be_visible()

    assert await app.locator("body").evaluate(PALE_TEXTS) == []


async def test_the_back_button_closes_what_is_open(page, app):
    await subscribe(app, "Taiwan", "Both")
    back = page.get_by_role("button", name="Back")
    await expect(back).to_be_hidden()

    await app.locator(".topic .open").click()
    await back.click()
    await expect(app.locator(".topic .more")).to_be_hidden()

    await app.get_by_role("searchbox").fill("Japan")
    await back.click()
    await expect(app.get_by_role("searchbox")).to_have_value("")
    await expect(back).to_be_hidden()


# Text elements whose colour does not stand out from what is behind them (WCAG 2.2, 1.4.3).
PALE_TEXTS = r"""body => {
  const part = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) =>
    0.2126 * part(r / 255) + 0.7152 * part(g / 255) + 0.0722 * part(b / 255);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const hasText = (element) => [...element.childNodes].some(
    (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  return [...body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility() && hasText(element))
    .filter((element) => !element.classList.contains("unseen"))
    .filter((element) => {
      const [low, high] = [light(rgb(getComputedStyle(element).color)), light(ground(element))]
        .sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05) < 4.5;
    })
    .map((element) => `${element.className || element.tagName}: ${element.textContent.trim()}`);
}"""

# As some of Telegram's themes have them: hints and links too pale for their ground.
PALE_THEME = {
    "bg_color": "#ffffff",
    "secondary_bg_color": "#efeff3",
    "text_color": "#000000",
    "hint_color": "#c8c8c8",
    "link_color": "#7ab8ff",
    "button_color": "#ffe600",
    "button_text_color": "#ffffff",
    "destructive_text_color": "#ff9a9a",
}


async def test_pale_themes_are_made_readable(browser, bot):
    async with watched_page(browser, viewport=PHONE) as page:
        await page.goto(address_of(bot))
        await page.click("#open-app")
        app = page.frame_locator("#app iframe")
        await subscribe(app, "Taiwan", "Both")
        await page.evaluate(
            """theme => document.querySelector("#app iframe").contentWindow.postMessage(
                JSON.stringify({eventType: "theme_changed", eventData: {theme_params: theme}}),
                "*")""",
            PALE_THEME,
        )
        await expect(app.locator("body")).to_have_css("background-color", "rgb(239, 239, 243)")
        await app.locator(".topic .open").click()
        await expect(app.locator(".topic .more > .text")).not_to_be_empty()

        assert await app.locator("body").evaluate(PALE_TEXTS) == []


async def test_opened_by_its_bare_address_it_says_from_where_it_opens(browser, bot, page):
    source = await page.locator("#app iframe").get_attribute("src")
    async with watched_page(browser) as alone:
        await alone.goto(str(source).partition("#")[0])

        await expect(alone.get_by_role("alert")).to_contain_text("It opens from the chat")
        await expect(alone.locator("main")).to_be_hidden()


async def test_it_is_used_by_keyboard_alone(browser, bot):
    async with watched_page(browser, viewport=DESK) as page:
        await page.goto(address_of(bot))
        await page.click("#open-app")
        app = page.frame_locator("#app iframe")
        search = app.get_by_role("searchbox", name="Keywords")

        await search.focus()
        await page.keyboard.type("Taiwan")
        await expect(app.locator("#found")).to_be_visible()
        await page.keyboard.press("Tab")  # clear
        await page.keyboard.press("Tab")
        await expect(app.get_by_role("button", name="Alert me")).to_be_focused()
        await page.keyboard.press("Enter")

        await expect(app.locator(".topic")).to_have_count(1)
        await expect(search).to_be_focused()
