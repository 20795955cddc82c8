"""What a bot writes, as the page shows it."""

import pytest
from playwright.async_api import expect

from tests.playground.page.conftest import keyboard

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

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
    await bot.say(HOSTILE, reply_markup=keyboard({"text": HOSTILE[:60], "callback_data": "x"}))

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
