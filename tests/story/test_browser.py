"""A new user's first minutes in a browser: from `dateline run` to an alert and a digest."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.browsing import strict_page
from tests.story.chat_page import open_as_new_user, publish, send
from tests.story.processes import Command, Workplace

# One browser serves all tests, and they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param({"width": 1280, "height": 900}, id="on a desk"),
        pytest.param({"width": 390, "height": 800}, id="on a phone", marks=pytest.mark.slow),
    ],
)
def size(request: pytest.FixtureRequest) -> dict[str, int]:
    viewport: dict[str, int] = request.param
    return viewport


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def bot(
    size: dict[str, int],  # each has a bot of its own, because its newsroom prints an article once
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Command]:
    async with Workplace(tmp_path_factory.mktemp("browser")).dateline("run") as command:
        await command.wait_for("ready")
        yield command
        await command.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, bot: Command, size: dict[str, int]) -> AsyncIterator[Page]:
    """Yield the chat page of the bot, as a new user."""
    async with strict_page(browser, viewport=size) as opened:
        await open_as_new_user(opened, bot)
        yield opened


def bold(message: Locator, word: str) -> Locator:
    return message.locator("strong", has_text=word).first


async def test_a_new_user_gets_a_card_an_alert_and_a_digest(page):
    messages = page.locator(".message.bot")

    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(messages).to_contain_text(["What should I look for?"])

    await send(page, "Taiwan")
    card = messages.nth(1)
    await expect(card).to_contain_text("in the last 7 days")
    await expect(bold(card, "Taiwan")).to_be_visible()
    await expect(card.get_by_role("link")).not_to_have_count(0)

    await card.get_by_role("button", name="Both").click()
    await expect(messages.filter(has_text="alerts at once")).to_be_visible()

    await publish(page)
    alert = messages.filter(has_text="Consul-General in Osaka to Visit Taiwan").last
    await expect(alert).to_be_visible()
    await expect(bold(alert, "Taiwan")).to_be_visible()

    await send(page, "/digest")
    digest = messages.filter(has_text="Your digest so far")
    await expect(digest).to_contain_text("Taiwan")
    await expect(digest).to_contain_text("Alerted earlier")
    await expect(digest.get_by_role("button", name="Time & pause")).to_be_visible()


async def test_a_link_to_an_article_offers_its_keywords_and_its_publishers_feed(page):
    messages = page.locator(".message.bot")
    article = re.sub(r"/[^/]*$", "/news/copper-stocks", page.url)

    await send(page, article)
    why = messages.filter(has_text="You did not get it because")
    await why.get_by_role("button", name="Its keywords").click()
    offer = messages.filter(has_text="Subscribe to its words?")
    await offer.get_by_role("button", name="copper").click()
    await expect(messages.last).to_contain_text("copper · 1 story")
    await offer.get_by_role("button", name="Feeds of this site").click()

    await expect(messages.last).to_contain_text("I already read Example Wire for everybody")


async def test_a_link_to_the_front_page_offers_the_feeds_of_its_publishers(page):
    front = re.sub(r"127\.0\.0\.1(.*)/[^/]*$", r"localhost\1/news/", page.url)

    await send(page, front)

    await expect(page.locator(".message.bot").last).to_contain_text("has 8 feeds")


async def test_the_button_publishes_what_a_new_topic_matches(page):
    messages = page.locator(".message.bot")

    await send(page, "penguin")
    await messages.last.get_by_role("button", name="Alert me").click()
    await expect(messages.filter(has_text="alerts at once")).not_to_have_count(0)
    await publish(page)

    alert = messages.filter(has_text="Sample report").last
    await expect(alert).to_be_visible()
    await expect(bold(alert, "penguin")).to_be_visible()


async def test_a_feed_of_the_newsroom_is_added_by_its_link(page):
    messages = page.locator(".message.bot")
    feed = re.sub(r"127\.0\.0\.1(.*)/[^/]*$", r"localhost\1/news/feed.xml", page.url)

    await send(page, feed)
    offer = messages.filter(has_text="Sample news").last
    await offer.get_by_role("button", name="Add", exact=True).click()

    await expect(messages.filter(has_text="Added Sample news")).to_be_visible()
