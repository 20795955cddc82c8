"""The chat page: the actions of its user, and its view of the bot and other users."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Route, expect

from bot.playground.modelroom.server import AnswerMode
from tests.browsing import strict_page
from tests.playground.page.conftest import keyboard

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]


async def test_start_is_a_button_until_the_first_message(page, playground):
    await expect(page.locator("#start")).to_be_visible()

    await page.click("#start")

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#start")).to_be_hidden()
    assert playground.chats()[0]["first_name"] == "Ann"


async def test_messages_sent_while_the_page_loads_wait_for_its_chat(browser, playground):
    is_sent = asyncio.Event()

    async def hold(route: Route) -> None:
        await is_sent.wait()
        await route.continue_()

    async with strict_page(browser) as page:
        await page.route("**/control/chats", hold)
        await page.goto(playground.base_url)
        await page.get_by_role("textbox", name="Message").fill("Taiwan")
        await page.get_by_role("button", name="Send", exact=True).click()
        is_sent.set()

        await expect(page.locator(".mine .body")).to_have_text("Taiwan")


async def test_a_pressed_button_reaches_the_bot_and_its_answer_the_user(page, bot):
    await bot.send("choose", reply_markup=keyboard({"text": "Both", "callback_data": "both"}))

    await page.get_by_role("button", name="Both").click()
    query = await bot.callback()
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Watching")

    assert query["data"] == "both"
    await expect(page.locator("#toast")).to_have_text("Watching")


async def test_an_alert_stays_until_it_is_closed(page, bot):
    await bot.send("choose", reply_markup=keyboard({"text": "Both", "callback_data": "both"}))
    await page.get_by_role("button", name="Both").click()
    query = await bot.callback()

    await bot.call(
        "answerCallbackQuery",
        callback_query_id=query["id"],
        text="Too many topics",
        show_alert=True,
    )

    await expect(page.locator("#alert-text")).to_have_text("Too many topics")
    await page.get_by_role("button", name="OK").click()
    await expect(page.locator("#alert")).to_be_hidden()


async def test_a_forced_reply_is_a_reply(page, bot, playground):
    asked = await bot.send("When?", reply_markup={"force_reply": True})
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
    # The page learns of the commands before it shows a later message.
    await bot.send("later")
    await expect(page.locator(".bot")).to_have_count(1)

    await page.click("#menu")
    await expect(page.locator("#suggestions li")).to_have_count(2)

    await page.fill("#text", "/di")
    await expect(page.locator("#suggestions li")).to_have_count(1)
    await page.press("#text", "ArrowDown")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body").last).to_have_text("/digest")


async def _create(page, title: str, kind: str = "supergroup") -> None:
    await page.fill("#group-title", title)
    await page.select_option("#group-type", kind)
    await page.click("#group >> text=Create")
    await expect(page.locator("#groups [aria-current]")).to_contain_text(title)


async def _set_role(page, who: str, role: str) -> None:
    """Choose the *role* and wait for the playground, because the field shows it at once."""
    async with page.expect_response("**/control/member*"):
        await page.select_option(who, role)


async def test_a_group_is_created_and_the_bot_added(page, bot, playground):
    await _create(page, "Newsroom")

    await _set_role(page, "#bot-role", "member")

    update = (await bot.call("getUpdates"))[-1]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert update["my_chat_member"]["from"]["first_name"] == "Ann"


@pytest.mark.parametrize(("kind", "role"), [("group", "member"), ("channel", "administrator")])
async def test_an_empty_group_or_channel_offers_to_add_the_bot(page, bot, kind, role):
    await _create(page, "Newsroom", kind)
    await expect(page.locator("#status")).to_have_text(f"{kind} without the bot")
    await expect(page.locator("#start")).to_be_hidden()

    await page.get_by_role("button", name="Add the bot").click()

    await expect(page.locator("#add-bot")).to_be_hidden()
    await expect(page.locator("#bot-role")).to_have_value(role)
    await expect(page.locator("#status")).to_have_text(kind)


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
    message = playground.messages(group["id"])[-1]
    assert message["from"]["id"] == ben.id
    assert message["message_thread_id"] == group["threads"][0]["id"]


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


async def test_posts_of_a_channel_are_written_and_edited(page, bot, playground):
    await _create(page, "News", "channel")
    await _set_role(page, "#bot-role", "administrator")
    channel = playground.chats()[-1]["id"]

    await page.fill("#text", "Good morning")
    await page.press("#text", "Enter")
    await page.locator(".mine").get_by_role("button", name="Edit").click()
    await expect(page.locator("#reply-kind")).to_have_text("Edit")
    await page.press("#text", "Escape")
    await expect(page.locator("#text")).to_have_value("")
    await page.locator(".mine").get_by_role("button", name="Edit").click()
    await page.fill("#text", "Good evening")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body")).to_have_text("Good evening")
    await expect(page.locator(".who-said")).to_have_text("News")
    updates = await bot.call("getUpdates")
    assert [each["channel_post"]["text"] for each in updates if "channel_post" in each] == [
        "Good morning"
    ]
    assert updates[-1]["edited_channel_post"]["text"] == "Good evening"
    (post,) = playground.messages(channel)
    assert post["text"] == "Good evening"


async def test_a_post_of_a_named_channel_is_forwarded_into_a_channel(page, bot, playground):
    await _create(page, "News", "channel")
    await page.check("#as-forward")
    await page.fill("#forwarded-from", "@sample_harbour")

    await page.fill("#text", "Fog")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body")).to_have_text("Fog")
    (post,) = playground.messages(playground.chats()[-1]["id"])
    assert post["forward_origin"]["chat"]["username"] == "sample_harbour"


async def test_an_edit_changes_the_message_in_place(page, bot):
    first = await bot.send(
        "one publisher", reply_markup=keyboard({"text": "a", "callback_data": "a"})
    )
    await bot.send("something later")

    await bot.call("editMessageText", chat_id=bot.chat_id, message_id=first, text="two publishers")

    await expect(page.locator(".bot .body")).to_have_text(["two publishers", "something later"])
    await expect(page.locator(".key")).to_have_count(0)
    await expect(page.locator(".bot .meta").first).to_contain_text("edited")


async def test_a_deleted_message_goes_away(page, bot):
    gone = await bot.send("gone")
    await expect(page.locator(".bot")).to_have_count(1)

    await bot.call("deleteMessage", chat_id=bot.chat_id, message_id=gone)

    await expect(page.locator(".bot")).to_have_count(0)


async def test_typing_is_shown_until_the_message_arrives(page, bot):
    await bot.call("sendChatAction", chat_id=bot.chat_id, action="typing")
    await expect(page.locator("#typing")).to_be_visible()

    await bot.send("here")

    await expect(page.locator("#typing")).to_be_hidden()


async def test_a_silent_message_carries_a_muted_bell(page, bot):
    await bot.send("hush", disable_notification=True)

    await expect(page.locator(".bot .silent")).to_be_visible()


async def test_new_messages_wait_below_for_a_reader_who_has_scrolled_up(page, bot):
    for n in range(30):
        await bot.send(f"message {n}")
    await expect(page.locator(".bot")).to_have_count(30)
    await page.locator("#scroll").evaluate("it => { it.scrollTop = 0; }")

    await bot.send("the newest")

    await page.get_by_role("button", name="1 new message").click()
    await expect(page.locator(".bot").last).to_be_in_viewport()


async def test_a_blocked_bot_is_unblocked_in_the_composer(page, bot, playground):
    await page.click("#block")
    await expect(page.locator("#text")).to_be_hidden()
    assert playground.chats()[0]["blocked"]

    await page.click("#unblock")

    await expect(page.locator("#text")).to_be_visible()
    assert not playground.chats()[0]["blocked"]


async def test_the_newsroom_publishes_on_a_button(page):
    await page.click("#publish")

    await expect(page.locator("#latest a").first).to_contain_text("Taiwan")


async def test_another_user_has_a_chat_of_their_own(page, bot, playground):
    await page.fill("#user-name", "美玲")
    await page.select_option("#user-language", "zh-hant")
    await page.get_by_role("button", name="Add").click()

    await expect(page.locator("#start")).to_be_visible()
    assert playground.chats()[1]["language_code"] == "zh-hant"
    await page.locator("#chats button", has_text="Ann").click()
    await expect(page.locator(".mine .body")).to_have_text("/start")


async def test_a_reload_keeps_the_chat(page, bot):
    await page.reload()

    await expect(page.locator(".mine .body")).to_have_text("/start")
    await expect(page.locator("#chats li")).to_have_count(1)


async def test_another_browser_shows_the_same_users(browser, page, bot, playground):
    async with strict_page(browser, timezone_id="Asia/Tokyo") as other:
        await other.goto(playground.base_url)

        await expect(other.locator(".mine .body")).to_have_text("/start")
        await expect(other.locator("#chats li")).to_have_count(1)


async def test_a_narrow_screen_hides_the_panel_at_first(browser, playground):
    phone = await browser.new_page(viewport={"width": 390, "height": 800})
    await phone.goto(playground.base_url)

    await expect(phone.locator("#panel")).to_be_hidden()
    await phone.click("#toggle-panel")

    await expect(phone.locator("#publish")).to_be_visible()
    assert await phone.evaluate("document.documentElement.scrollWidth") == 390
    await phone.close()


async def test_an_inline_query_is_answered_and_a_result_is_sent(page, bot, playground):
    await page.fill("#inline-text", "ferry")
    await page.get_by_role("button", name="Ask").click()
    updates = await bot.call("getUpdates", timeout=50, allowed_updates=["inline_query"])
    while not any("inline_query" in update for update in updates):
        updates = await bot.call("getUpdates", timeout=50, offset=updates[-1]["update_id"] + 1)
    query = updates[-1]["inline_query"]
    card = {
        "type": "article",
        "id": "1",
        "title": "Ferry sinks",
        "description": "Sample Times",
        "input_message_content": {"message_text": "A ferry sank."},
    }

    await bot.call("answerInlineQuery", inline_query_id=query["id"], results=[card])
    await page.locator("#inline-results button", has_text="Ferry sinks").click()

    assert query["query"] == "ferry"
    await expect(page.locator(".mine .body").last).to_have_text("A ferry sank.")


async def test_a_text_can_be_sent_as_a_forwarded_post(page, bot, playground):
    await page.check("#as-forward")
    await page.fill("#text", "News")
    await page.press("#text", "Enter")

    await expect(page.locator(".mine .body").last).to_have_text("News")
    assert playground.messages(bot.chat_id)[-1]["forward_origin"]["type"] == "channel"


async def test_a_file_is_sent(page, bot, playground):
    content = {"name": "list.opml", "mimeType": "text/x-opml", "buffer": b"<opml/>"}
    await page.set_input_files("#file", content)

    await expect(page.locator(".document").last).to_contain_text("list.opml")
    assert playground.messages(bot.chat_id)[-1]["document"]["file_size"] == 7


@pytest.fixture
def app(playground) -> dict[str, Any]:
    """Return a button for a page that makes no requests."""
    return {"text": "Topics", "web_app": {"url": f"{playground.base_url}/page/icon.svg"}}


async def test_the_menu_button_opens_the_mini_app_with_signed_data_and_colours(page, bot, app):
    await bot.call("setChatMenuButton", menu_button={"type": "web_app", **app})
    await page.get_by_role("button", name="Topics").click()

    frame = page.get_by_role("dialog", name="Dateline").locator("iframe")
    fragment = parse_qs(urlsplit(await frame.get_attribute("src")).fragment)
    assert json.loads(parse_qs(fragment["tgWebAppData"][0])["user"][0])["id"] == bot.chat_id
    assert json.loads(fragment["tgWebAppThemeParams"][0])["text_color"] == "#1c2326"

    await page.get_by_role("button", name="Close").click()
    await expect(frame).to_have_count(0)


async def test_a_button_under_a_message_opens_the_mini_app(page, bot, app):
    await bot.send("Look", reply_markup={"inline_keyboard": [[app]]})
    await page.locator(".message.bot").get_by_role("button", name="Topics").click()

    frame = page.locator("#app iframe")
    await expect(frame).to_be_visible()
    await expect(page.get_by_role("button", name="Back")).to_be_hidden()

    inside = await (await frame.element_handle()).content_frame()
    post = """([eventType, eventData]) =>
        parent.postMessage(JSON.stringify({eventType, eventData}), "*")"""
    await inside.evaluate(post, ["web_app_setup_back_button", {"is_visible": True}])
    await expect(page.get_by_role("button", name="Back")).to_be_visible()
    await inside.evaluate(post, ["web_app_close", {}])
    await expect(frame).to_have_count(0)


HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


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
async def test_entities_are_shown(page, bot, html, selector, text):
    await bot.send(html, parse_mode="HTML")

    shown = page.locator(selector).first
    await expect(shown).to_have_text(text, use_inner_text=True)


async def test_a_link_keeps_its_address_and_opens_a_new_tab(page, bot):
    await bot.send('<a href="https://example.org/a?b=1&amp;c=2">title</a>', parse_mode="HTML")

    link = page.locator(".bot a")
    await expect(link).to_have_attribute("href", "https://example.org/a?b=1&c=2")
    await expect(link).to_have_attribute("target", "_blank")


async def test_a_long_quotation_unfolds_and_a_spoiler_is_revealed(page, bot):
    lines = "\n".join(f"line {n}" for n in range(9))
    await bot.send(
        f"<blockquote expandable>{lines}</blockquote><tg-spoiler>secret</tg-spoiler>",
        parse_mode="HTML",
    )
    quotation, spoiler = page.locator(".expandable"), page.locator(".spoiler")
    await expect(quotation).to_have_class("expandable folded")

    await quotation.locator(".more").click()
    await spoiler.press("Enter")

    await expect(quotation).to_have_class("expandable")
    await expect(spoiler.locator("span")).to_be_visible()


async def test_text_of_a_bot_is_never_markup(page, bot):
    await bot.send(HOSTILE, reply_markup=keyboard({"text": HOSTILE[:60], "callback_data": "x"}))

    await expect(page.locator(".bot .body")).to_have_text(HOSTILE)
    await expect(page.locator("#log img, #log script")).to_have_count(0)
    await expect(page).to_have_title("Dateline")


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "nonsense"]
)
async def test_only_web_addresses_become_links(page, address):
    links = await page.evaluate(
        """async (url) => {
            const { renderText } = await import("/page/entities.js");
            const made = renderText("x", [{ type: "text_link", offset: 0, length: 1, url }]);
            return made.querySelectorAll("a").length;
        }""",
        address,
    )

    assert links == 0


async def test_the_answers_of_the_language_model_are_chosen_on_the_page(page, playground):
    chosen = page.get_by_label("The language model answers")
    await expect(chosen).to_have_value("right")

    async with page.expect_response("**/control/model"):
        await chosen.select_option("hostile")

    assert playground.world.model.mode is AnswerMode.HOSTILE
    await page.reload()
    await expect(chosen).to_have_value("hostile")
