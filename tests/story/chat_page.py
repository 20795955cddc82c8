"""Actions on the playground's chat page in a browser."""

import re

from playwright.async_api import Page

from tests.story.processes import Command


def address_of(bot: Command) -> str:
    """Return the address of the chat page, which the bot prints at the start."""
    address = re.search(r"http://\S+", bot.output)
    assert address
    return address[0]


async def open_as_new_user(page: Page, bot: Command) -> None:
    """Open the chat page as another user; a new browser alone would show the first one."""
    address, user = address_of(bot), {"first_name": "Ann", "language_code": "en", "started": False}
    added = await page.request.post(f"{address}control/add_user", data=user)
    chat_id = (await added.json())["chat_id"]
    await page.add_init_script(f"localStorage['playground-chat'] ??= '{chat_id}'")
    await page.goto(address)


async def publish(page: Page) -> None:
    """Press the newsroom's button, which a narrow screen hides in its panel."""
    button = page.get_by_role("button", name="Publish an article")
    is_narrow = not await button.is_visible()
    if is_narrow:
        await page.click("#toggle-panel")
    await button.click()
    if is_narrow:
        await page.click("#toggle-panel")


async def send(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()
