"""The Mini App in a real browser, opened from the menu button of the playground."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FrameLocator, Page, expect

from tests.browsing import strict_page
from tests.story.chat_page import open_as_new_user
from tests.story.processes import Command, Workplace

# One browser and one bot serve all tests, which share an event loop; each page is a new user.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 900}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Command]:
    async with Workplace(tmp_path_factory.mktemp("app")).dateline("run") as command:
        await command.wait_for("ready")
        yield command
        await command.stop()


# Nothing but colours depends on the scheme, so most tests see each scheme at one size.
@pytest_asyncio.fixture(
    loop_scope="session",
    params=[
        pytest.param((PHONE, "light"), id="on a phone"),
        pytest.param((DESK, "dark"), id="on a desk, in the dark"),
    ],
)
async def page(
    request: pytest.FixtureRequest, browser: Browser, bot: Command
) -> AsyncIterator[Page]:
    size, scheme = request.param
    async with strict_page(
        browser, timezone_id="Asia/Tokyo", viewport=size, color_scheme=scheme
    ) as opened:
        await open_as_new_user(opened, bot)
        await opened.click("#open-app")
        yield opened


@pytest.fixture
def app(page: Page) -> FrameLocator:
    return page.frame_locator("#app iframe")


async def subscribe(app: FrameLocator, query: str, mode: str) -> None:
    await app.get_by_role("searchbox", name="Keywords").fill(query)
    await expect(app.locator("#found-text")).to_contain_text("in the last 7 days")
    await app.get_by_role("button", name=mode).click()


async def test_a_new_user_subscribes_sets_times_renames_and_undoes(page, app):
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
    schedule = app.locator("#digest-text")
    await expect(schedule).to_contain_text("every day at 07:30")
    await app.get_by_role("button", name="Sunday").click()
    await expect(schedule).to_contain_text("Saturday at 07:30")
    await app.get_by_role("button", name="Use this device's time zone").click()
    await expect(schedule).to_contain_text("Tokyo time")

    await topic.get_by_role("button", name="Taiwan Digest").click()
    await expect(topic.locator(".more > .text")).to_contain_text("in the last 7 days")
    await topic.get_by_label("Name").fill("The strait")
    await topic.get_by_role("button", name="Rename").click()
    await expect(topic.get_by_role("button", name="The strait Digest")).to_be_visible()
    await topic.get_by_role("button", name="Unsubscribe").click()
    await expect(app.get_by_text("You haven't subscribed to anything yet.")).to_be_visible()
    await app.get_by_role("button", name="Undo").click()
    await expect(topic.get_by_role("button", name="The strait Digest")).to_be_visible()


async def test_a_changed_query_is_previewed_before_it_is_used(page, app):
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


async def test_a_topic_is_muted_and_unmuted_by_keyboard(page, app):
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


async def test_the_app_fits_its_screen_and_every_button_is_large_enough_to_touch(page, app):
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


@pytest.mark.parametrize(
    "page",
    [
        pytest.param((PHONE, "light"), id="on a phone"),
        pytest.param((PHONE, "dark"), id="on a phone, in the dark"),
        pytest.param((DESK, "light"), id="on a desk"),
        pytest.param((DESK, "dark"), id="on a desk, in the dark"),
    ],
    indirect=True,
)
async def test_every_text_has_enough_contrast(page, app):
    await subscribe(app, "Taiwan", "Both")
    await app.locator(".topic .open").click()
    await expect(app.locator(".topic .more > .text")).not_to_be_empty()
    await app.locator(".topic").get_by_label("Words").fill("Japan")
    await expect(app.locator(".topic .change")).to_be_visible()
    await app.get_by_role("button", name="Until I unmute").click()
    await expect(app.locator(".topic .muted")).to_be_visible()

    assert await app.locator("body").evaluate(PALE_TEXTS) == []


async def test_the_back_button_closes_a_topic_and_a_search(page, app):
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


# Returns the texts with too low a contrast (WCAG 2.2, success criterion 1.4.3).
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

# Like some of Telegram's themes, with hints and links too pale for their background.
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
    async with strict_page(browser, viewport=PHONE) as page:
        await open_as_new_user(page, bot)
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


async def test_the_bare_address_says_that_the_app_opens_from_the_chat(browser, bot, page):
    source = await page.locator("#app iframe").get_attribute("src")
    async with strict_page(browser) as alone:
        await alone.goto(str(source).partition("#")[0])

        await expect(alone.get_by_role("alert")).to_contain_text("It opens from the chat")
        await expect(alone.locator("main")).to_be_hidden()


async def test_the_app_can_be_used_by_keyboard_alone(browser, bot):
    async with strict_page(browser, viewport=DESK) as page:
        await open_as_new_user(page, bot)
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
