"""A newsletter in the playground, from its address to the alert, without any mailbox."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browsing import strict_page
from tests.story.chat_page import address_of, send
from tests.story.processes import Command, Workplace

# One browser serves all tests, and they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBJECT = "Coffee prices rise for a third week"


@pytest_asyncio.fixture(loop_scope="session")
async def bot(workplace: Workplace) -> AsyncIterator[Command]:
    async with workplace.dateline("run") as command:
        await command.wait_for("ready")
        yield command
        await command.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, bot: Command) -> AsyncIterator[Page]:
    async with strict_page(browser, permissions=["clipboard-read", "clipboard-write"]) as opened:
        await opened.goto(address_of(bot))
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def address(page: Page) -> str:
    """Subscribe to coffee, follow a newsletter, and return its address."""
    messages = page.locator(".message.bot")
    await send(page, "coffee")
    await messages.last.get_by_role("button", name="Alert me").click()
    await expect(messages.filter(has_text="alerts at once")).to_be_visible()
    await send(page, "/sources")
    await page.get_by_role("button", name="Your own sources").click()
    await page.get_by_role("button", name="Follow a newsletter").click()
    opened = messages.filter(has_text="Sign up for the newsletter")
    await expect(opened).to_be_visible()
    found = re.search(r"news\+\w+@playground\.example", await opened.inner_text())
    assert found
    return found[0]


async def deliver(page: Page, to: str, **fields: Any) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{page.url}control/newsletter", json={"to": to, **fields}) as answer,
    ):
        body: dict[str, Any] = await answer.json()
    return body


async def test_the_address_is_copied(page, address):
    await page.get_by_role("button", name="Copy the address").click()
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()

    assert await page.evaluate("navigator.clipboard.readText()") == address


async def test_a_letter_of_the_form_becomes_an_alert_with_a_page(page, address):
    messages = page.locator(".message.bot")

    form = await page.context.new_page()
    await form.goto(f"{page.url}mail/new")
    await expect(form.get_by_role("combobox", name="To")).to_have_value(address)
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("heading", name=SUBJECT)).to_be_visible()
    alert = messages.filter(has_text=SUBJECT).last
    await expect(alert).to_contain_text("Cafe Weekly")
    await form.goto(str(await alert.get_by_role("link", name=SUBJECT).get_attribute("href")))

    await expect(form.locator("body")).to_contain_text("Two ships with beans from the islands")
    await expect(form.locator("body")).not_to_contain_text("You get this e-mail because")


async def test_a_confirmation_and_a_new_sender_are_shown_until_the_chat_decides(page, address):
    messages = page.locator(".message.bot")

    await deliver(page, address, asks_to_confirm=True, text="", subject="Please confirm")
    asked = messages.filter(has_text="asks you to confirm")
    await expect(asked).to_contain_text(f"{page.url}mail/confirmed")
    await deliver(page, address, is_signed=True)
    await expect(messages.filter(has_text=SUBJECT).last).to_be_visible()
    await deliver(page, address, subject="Coffee for nothing")
    held = messages.filter(has_text="is a new sender")
    await held.get_by_role("button", name="Open the newsletter").click()
    await messages.last.get_by_role("button", name="Accept 1").click()

    await expect(messages.filter(has_text="More on this story")).to_contain_text("for nothing")
    await expect(messages.filter(has_text="confirmed by dkim").last).to_be_visible()


async def test_a_letter_to_no_newsletter_is_refused_with_the_next_step(page, address):
    wrong = await deliver(page, "news@playground.example")
    spelled = await deliver(page, "nobody")
    split = await deliver(page, address, subject="One\nBcc: two@cafe.example")

    assert "Follow one in the chat" in wrong["error"]
    assert spelled["error"].startswith("to: ")
    assert "error" in split
