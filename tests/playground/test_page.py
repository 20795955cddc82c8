"""The chat page in a real browser, on a real playground; the test plays the bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.playground.server import Playground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# One browser serves all tests, and they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@dataclass
class Bot:
    """Calls the Bot API for the one chat that the page shows."""

    playground: Playground
    session: aiohttp.ClientSession
    chat_id: int = 0

    async def call(self, method: str, **params: Any) -> Any:
        url = f"{self.playground.base_url}/bot1:playground/{method}"
        async with self.session.post(url, json=params) as response:
            answer = await response.json()
        assert answer["ok"], answer
        return answer["result"]

    async def say(self, text: str, **params: Any) -> int:
        sent = await self.call("sendMessage", chat_id=self.chat_id, text=text, **params)
        return int(sent["message_id"])


@pytest_asyncio.fixture(loop_scope="session")
async def playground() -> AsyncIterator[Playground]:
    async with Playground(flood="off") as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, playground: Playground) -> AsyncIterator[Page]:
    """Yield the page with Ann's chat open; an error or a breach of its policy fails the test."""
    context = await browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    opened = await context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda line: complaints.append(line.text))
    await opened.goto(playground.base_url)
    await opened.wait_for_selector("body[data-ready]")
    yield opened
    await context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def bot(page: Page, playground: Playground) -> AsyncIterator[Bot]:
    async with aiohttp.ClientSession() as session:
        await page.click("#start")
        await expect(page.locator(".mine")).to_have_count(1)
        yield Bot(playground, session, playground.directing.chats()[0]["id"])


async def test_start_is_a_button_until_something_is_said(page, playground):
    await expect(page.locator("#start")).to_be_visible()

    await page.click("#start")

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#start")).to_be_hidden()
    assert playground.directing.chats()[0]["first_name"] == "Ann"


@pytest.mark.parametrize(
    ("html", "selector", "text"),
    [
        pytest.param("<b>strong</b>", ".bot strong", "strong", id="bold"),
        pytest.param("<i>𝒳 slanted</i>", ".bot em", "𝒳 slanted", id="italic beyond the BMP"),
        pytest.param("<b>a <i>b</i> c</b>", ".bot strong em", "b", id="nested"),
        pytest.param("<code>x &lt; y</code>", ".bot code", "x < y", id="code"),
        pytest.param("<pre>a\n  b</pre>", ".bot pre", "a\n  b", id="pre"),
        pytest.param("<blockquote>said</blockquote>", ".bot blockquote", "said", id="quote"),
        pytest.param("see https://example.org/a", ".bot a", "https://example.org/a", id="url"),
        pytest.param("try /topics now", ".bot .command", "/topics", id="command"),
        pytest.param(
            '<tg-time unix="1772454900" format="t">then</tg-time>', ".bot time", "21:35", id="time"
        ),
    ],
)
async def test_entities_are_shown_as_what_they_are(page, bot, html, selector, text):
    await bot.say(html, parse_mode="HTML")

    shown = page.locator(selector).first
    await expect(shown).to_have_text(text, use_inner_text=True)


async def test_a_link_keeps_its_address_and_opens_apart(page, bot):
    await bot.say('<a href="https://example.org/a?b=1&amp;c=2">title</a>', parse_mode="HTML")

    link = page.locator(".bot a")
    await expect(link).to_have_attribute("href", "https://example.org/a?b=1&c=2")
    await expect(link).to_have_attribute("target", "_blank")


async def test_a_long_quotation_unfolds_and_a_spoiler_shows_itself(page, bot):
    lines = "\n".join(f"line {n}" for n in range(9))
    await bot.say(
        f"<blockquote expandable>{lines}</blockquote><tg-spoiler>secret</tg-spoiler>",
        parse_mode="HTML",
    )
    quotation, spoiler = page.locator(".expandable"), page.locator(".spoiler")
    await expect(quotation).to_have_class("expandable folded")

    await quotation.locator(".more").click()
    await spoiler.press("Enter")

    await expect(quotation).to_have_class("expandable")
    await expect(spoiler.locator("span")).to_be_visible()


async def test_what_a_bot_sends_is_never_markup(page, bot):
    await bot.say(HOSTILE, reply_markup=_keyboard({"text": HOSTILE[:60], "callback_data": "x"}))

    await expect(page.locator(".bot .body")).to_have_text(HOSTILE)
    await expect(page.locator("#log img, #log script")).to_have_count(0)
    await expect(page).to_have_title("Dateline")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "nonsense"]
)
async def test_only_harmless_addresses_become_links(page, address):
    links = await page.evaluate(
        """async (url) => {
            const { renderText } = await import("/page/entities.js");
            const made = renderText("x", [{ type: "text_link", offset: 0, length: 1, url }]);
            return made.querySelectorAll("a").length;
        }""",
        address,
    )

    assert links == 0


async def test_a_pressed_button_reaches_the_bot_and_its_answer_the_reader(page, bot):
    await bot.say("choose", reply_markup=_keyboard({"text": "Both", "callback_data": "both"}))

    await page.get_by_role("button", name="Both").click()
    query = await _callback(bot)
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Watching")

    assert query["data"] == "both"
    await expect(page.locator("#toast")).to_have_text("Watching")


async def test_an_alert_waits_until_it_is_closed(page, bot):
    await bot.say("choose", reply_markup=_keyboard({"text": "Both", "callback_data": "both"}))
    await page.get_by_role("button", name="Both").click()
    query = await _callback(bot)

    await bot.call(
        "answerCallbackQuery",
        callback_query_id=query["id"],
        text="Too many topics",
        show_alert=True,
    )

    await expect(page.locator("#alert-text")).to_have_text("Too many topics")
    await page.get_by_role("button", name="OK").click()
    await expect(page.locator("#alert")).to_be_hidden()


async def test_an_edit_changes_the_message_in_its_place(page, bot):
    first = await bot.say("one outlet", reply_markup=_keyboard({"text": "a", "callback_data": "a"}))
    await bot.say("something later")

    await bot.call("editMessageText", chat_id=bot.chat_id, message_id=first, text="two outlets")

    await expect(page.locator(".bot .body")).to_have_text(["two outlets", "something later"])
    await expect(page.locator(".key")).to_have_count(0)
    await expect(page.locator(".bot .meta").first).to_contain_text("edited")


async def test_a_deleted_message_goes_away(page, bot):
    gone = await bot.say("gone")
    await expect(page.locator(".bot")).to_have_count(1)

    await bot.call("deleteMessage", chat_id=bot.chat_id, message_id=gone)

    await expect(page.locator(".bot")).to_have_count(0)


async def test_a_forced_reply_is_a_reply(page, bot, playground):
    asked = await bot.say("When?", reply_markup={"force_reply": True})
    await expect(page.locator("#reply-text")).to_have_text("When?")

    await page.keyboard.type("07:30")
    await page.keyboard.press("Enter")

    await expect(page.locator(".mine .quoted")).to_contain_text("When?")
    replied = playground.messages(bot.chat_id)[-1]
    assert replied["reply_to_message"]["message_id"] == asked


async def test_commands_are_offered_after_a_slash(page, bot):
    await bot.call(
        "setMyCommands",
        commands=[
            {"command": "topics", "description": "What you watch"},
            {"command": "digest", "description": "Today's digest"},
        ],
    )
    await page.click("#menu")
    await expect(page.locator("#suggestions li")).to_have_count(2)

    await page.fill("#text", "/di")
    await expect(page.locator("#suggestions li")).to_have_count(1)
    await page.press("#text", "ArrowDown")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body").last).to_have_text("/digest")


async def test_typing_is_shown_until_the_message_comes(page, bot):
    await bot.call("sendChatAction", chat_id=bot.chat_id, action="typing")
    await expect(page.locator("#typing")).to_be_visible()

    await bot.say("here")

    await expect(page.locator("#typing")).to_be_hidden()


async def test_a_silent_message_carries_a_muted_bell(page, bot):
    await bot.say("hush", disable_notification=True)

    await expect(page.locator(".bot .silent")).to_be_visible()


async def test_new_messages_wait_below_for_a_reader_who_has_scrolled_up(page, bot):
    for n in range(30):
        await bot.say(f"message {n}")
    await expect(page.locator(".bot")).to_have_count(30)
    await page.locator("#scroll").evaluate("it => { it.scrollTop = 0; }")

    await bot.say("the newest")

    await page.get_by_role("button", name="1 new message").click()
    await expect(page.locator(".bot").last).to_be_in_viewport()


async def test_a_blocked_bot_is_unblocked_where_one_writes(page, bot, playground):
    await page.click("#block")
    await expect(page.locator("#text")).to_be_hidden()
    assert playground.directing.chats()[0]["blocked"]

    await page.click("#unblock")

    await expect(page.locator("#text")).to_be_visible()
    assert not playground.directing.chats()[0]["blocked"]


async def test_the_newsroom_publishes_on_its_button(page):
    await page.click("#publish")

    await expect(page.locator("#latest a").first).to_contain_text("Taiwan")


async def test_another_person_has_a_chat_of_their_own(page, bot, playground):
    await page.fill("#person-name", "美玲")
    await page.select_option("#person-language", "zh-hant")
    await page.get_by_role("button", name="Add").click()

    await expect(page.locator("#start")).to_be_visible()
    assert playground.directing.chats()[1]["language_code"] == "zh-hant"
    await page.locator("#chats button", has_text="Ann").click()
    await expect(page.locator(".mine .body")).to_have_text("/start")


async def test_a_reload_comes_back_to_the_same_chat(page, bot):
    await page.reload()

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#chats li")).to_have_count(1)


async def test_a_narrow_screen_shows_the_chat_alone_until_asked(browser, playground):
    phone = await browser.new_page(viewport={"width": 390, "height": 800})
    await phone.goto(playground.base_url)

    await expect(phone.locator("#panel")).to_be_hidden()
    await phone.click("#toggle-panel")

    await expect(phone.locator("#publish")).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await phone.close()


def _keyboard(*buttons: dict[str, str]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


async def _callback(bot: Bot) -> Any:
    params: dict[str, Any] = {"timeout": 10, "allowed_updates": ["callback_query"]}
    updates = await bot.call("getUpdates", **params)
    while not any("callback_query" in update for update in updates):
        updates = await bot.call("getUpdates", offset=updates[-1]["update_id"] + 1, **params)
    return next(u["callback_query"] for u in updates if "callback_query" in u)
