"""Groups, topics and channels on the chat page: created, written into as another user."""

import pytest
from playwright.async_api import expect

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def _create(page, title: str, kind: str = "supergroup") -> None:
    await page.fill("#group-title", title)
    await page.select_option("#group-type", kind)
    await page.click("#group >> text=Create")
    await expect(page.locator("#groups [aria-current]")).to_contain_text(title)


async def _set_role(page, who: str, role: str) -> None:
    """Choose the *role*, and wait until the playground has it; the field shows it at once."""
    async with page.expect_response("**/control/member*"):
        await page.select_option(who, role)


async def test_a_group_is_created_and_the_bot_added(page, bot, playground):
    await _create(page, "Newsroom")

    await _set_role(page, "#bot-role", "member")

    update = (await bot.call("getUpdates"))[-1]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert update["my_chat_member"]["from"]["first_name"] == "Ann"


async def test_a_message_is_sent_as_another_user_into_a_topic(page, bot, playground):
    ben = playground.user("Ben")
    await _create(page, "Newsroom")
    await page.select_option("#acting", label="Ben")
    await _set_role(page, "#role", "administrator")
    await page.fill("#topic-name", "Elections")
    await page.click("#topic >> text=Add")
    await expect(page.locator("#thread")).to_contain_text("Elections")
    await page.select_option("#thread", label="Elections")

    await page.fill("#text", "/topics")
    await page.press("#text", "Enter")

    await expect(page.locator(".who-said")).to_have_text("Ben")
    await expect(page.locator(".meta").last).to_contain_text("Elections")
    await expect(page.get_by_role("heading", name="Newsroom").first).to_be_visible()
    group = playground.chats()[-1]
    said = playground.messages(group["id"])[-1]
    assert (said["from"]["id"], said["message_thread_id"]) == (ben.id, group["threads"][0]["id"])


async def test_a_topic_is_closed_and_reopened(page, bot, playground):
    await _create(page, "Newsroom")
    await page.fill("#topic-name", "Elections")
    await page.click("#topic >> text=Add")
    await page.select_option("#thread", label="Elections")

    await page.click("#turn-topic")
    await expect(page.locator("#turn-topic")).to_have_text("Reopen")

    assert playground.chats()[-1]["threads"][0]["state"] == "closed"


async def test_a_channel_has_posts_and_no_topics(page, bot, playground):
    await _create(page, "News", "channel")
    await _set_role(page, "#bot-role", "administrator")
    channel = playground.chats()[-1]["id"]

    await bot.call("sendMessage", chat_id=channel, text="Good morning")

    await expect(page.locator(".bot .body")).to_have_text("Good morning")
    await expect(page.locator("#in-topic")).to_be_hidden()
