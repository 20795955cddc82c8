"""The newcomer's story in a real browser: from `dateline run` to an alert and a digest."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.story.processes import Command, Workplace

# One browser serves all tests, and they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def bot(workplace: Workplace) -> AsyncIterator[Command]:
    async with workplace.dateline("run") as command:
        await command.said("ready")
        yield command
        await command.stop()


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[
        pytest.param({"width": 1280, "height": 900}, id="on a desk"),
        pytest.param({"width": 390, "height": 800}, id="on a phone", marks=pytest.mark.slow),
    ],
)
async def page(
    request: pytest.FixtureRequest, browser: Browser, bot: Command
) -> AsyncIterator[Page]:
    """Yield the page that the bot printed first; an error on it fails the test."""
    opened = await browser.new_page(viewport=request.param, locale="en-GB")
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text))
    await opened.goto(address_of(bot))
    yield opened
    await opened.close()
    assert complaints == []


def address_of(bot: Command) -> str:
    found = re.search(r"http://\S+", bot.lines[0])
    assert found
    return found[0]


async def publish(page: Page) -> None:
    """Press the newsroom's button; on a narrow screen it stands behind another."""
    button = page.get_by_role("button", name="Publish an article")
    narrow = not await button.is_visible()
    if narrow:
        await page.click("#toggle-panel")
    await button.click()
    if narrow:
        await page.click("#toggle-panel")


async def say(page: Page, words: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(words)
    await page.get_by_role("button", name="Send", exact=True).click()


def bold(message: Locator, word: str) -> Locator:
    return message.locator("strong", has_text=word).first


async def test_a_newcomer_gets_a_card_an_alert_and_a_digest(page):
    said = page.locator(".message.bot")

    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(said).to_contain_text(["What should I look for?"])

    await say(page, "Taiwan")
    card = said.nth(1)
    await expect(card).to_contain_text("in the last 7 days")
    await expect(bold(card, "Taiwan")).to_be_visible()
    await expect(card.get_by_role("link")).not_to_have_count(0)

    await card.get_by_role("button", name="Both").click()
    await expect(said.filter(has_text="alerts at once")).to_be_visible()

    await publish(page)
    alert = said.filter(has_text="Consul-General in Osaka to Visit Taiwan").last
    await expect(alert).to_be_visible()
    await expect(bold(alert, "Taiwan")).to_be_visible()

    await say(page, "/digest")
    digest = said.filter(has_text="Your digest so far")
    await expect(digest).to_contain_text("Taiwan")
    await expect(digest).to_contain_text("Alerted earlier")
    await expect(digest.get_by_role("button", name="Time & pause")).to_be_visible()


async def test_the_link_of_an_article_offers_its_words_and_its_publishers_feed(page):
    said = page.locator(".message.bot")
    article = re.sub(r"/[^/]*$", "/news/copper-stocks", page.url)

    await say(page, article)
    words = said.filter(has_text="Copper Stocks in Warehouses at Lowest in Two Years")
    await expect(words).to_contain_text("Subscribe to its words?")
    await words.get_by_role("button", name="copper").click()
    await expect(said.last).to_contain_text("copper · 1 story")
    await words.get_by_role("button", name="Feeds of this site").click()

    await expect(said.last).to_contain_text("I already read Example Wire for everybody")


async def test_the_link_of_the_front_page_offers_the_feeds_of_the_publishers(page):
    front = re.sub(r"127\.0\.0\.1(.*)/[^/]*$", r"localhost\1/news/", page.url)

    await say(page, front)

    await expect(page.locator(".message.bot").last).to_contain_text("has 8 feeds")
