"""The accessibility of the chat page: contrast, sizes, and use by keyboard."""

import pytest
from playwright.async_api import expect

from tests.playground.page.conftest import keyboard

# One browser serves all tests, and they share its event loop.
pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"width": 360, "height": 740}
CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
TOUCH_PX = 44  # success criterion 2.5.5

# Returns the elements whose text has too low a contrast, with the contrast.
LOW_CONTRAST = """(least) => {
    const parse = (text) => {
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        const context = canvas.getContext("2d");
        context.fillStyle = text;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = ([r, g, b, a], below) =>
        [r, g, b].map((value, i) => value * a + below[i] * (1 - a));
    const luminance = (rgb) => {
        const [r, g, b] = rgb.map((value) => {
            const part = value / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    // Read from an element of the page, because a canvas ignores the page's colour scheme.
    const probe = document.body.appendChild(document.createElement("div"));
    probe.style.backgroundColor = "Canvas";
    const canvas = parse(getComputedStyle(probe).backgroundColor).slice(0, 3);
    probe.remove();
    const behind = (element) => {
        if (!element) return canvas;
        const colour = parse(getComputedStyle(element).backgroundColor);
        return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(element.parentElement));
    };
    const hasText = (element) => [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const low = [];
    for (const element of document.querySelectorAll("body *")) {
        if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const field = element.matches("input, textarea, select");
        if (!field && !hasText(element)) continue;
        const below = behind(element);
        const styles = [getComputedStyle(element)];
        if (field && element.placeholder) styles.push(getComputedStyle(element, "::placeholder"));
        for (const style of styles) {
            const text = over(parse(style.color), below);
            const [light, dark] = [luminance(text), luminance(below)].sort((a, b) => b - a);
            const ratio = (light + 0.05) / (dark + 0.05);
            const name = `${element.tagName} ${element.textContent.slice(0, 30)}`;
            if (ratio < least) low.push(`${name}: ${ratio.toFixed(2)}`);
        }
    }
    return low;
}"""


async def fill(page, bot) -> None:
    """Fill the chat with each kind of text."""
    await bot.send(
        "<b>Taiwan</b> <i>alert</i> <a href='https://example.org/'>a link</a> /topics "
        "<code>code</code><blockquote>said</blockquote>",
        parse_mode="HTML",
        disable_notification=True,
        reply_markup=keyboard(
            {"text": "Both", "callback_data": "a"}, {"text": "Open", "url": "https://example.org/"}
        ),
    )
    await bot.send("Pick", reply_markup=keyboard({"text": "Mute", "callback_data": "b"}))
    await page.fill("#group-title", "Newsroom")
    await page.click("#publish")
    await expect(page.locator(".key")).to_have_count(3)
    await expect(page.locator("#latest li").first).to_contain_text("Consul-General")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_enough_contrast(page, bot, scheme):
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await fill(page, bot)
    await page.get_by_role("button", name="Commands").click()

    assert await page.evaluate(LOW_CONTRAST, CONTRAST) == []

    for path in ("/mail", "/news/", "/news/copper-stocks"):
        await page.goto(page.url.rstrip("/") + path)
        assert await page.evaluate(LOW_CONTRAST, CONTRAST) == [], path
        await page.go_back()


async def test_buttons_under_a_message_are_large_enough_for_a_finger(page, bot):
    await page.set_viewport_size(NARROW)
    await bot.send("Pick", reply_markup=keyboard({"text": "Both", "callback_data": "a"}))

    box = await page.locator(".key").bounding_box()

    assert box["height"] >= TOUCH_PX
    for button in ("#toggle-panel", "#menu", ".send"):
        assert (await page.locator(button).bounding_box())["height"] >= TOUCH_PX


async def test_a_screen_of_360_pixels_needs_no_horizontal_scrolling(page, bot):
    await fill(page, bot)
    await page.set_viewport_size(NARROW)

    for selector in (".key", ".send", "#panel", "#publish", "#group-title"):
        for box in [await match.bounding_box() for match in await page.locator(selector).all()]:
            if box:
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= NARROW["width"]
    assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


async def test_the_focused_element_is_outlined(page, bot):
    await fill(page, bot)
    await page.focus("#scroll")
    unmarked = []
    for _ in range(25):
        await page.keyboard.press("Tab")
        marked = await page.evaluate(
            """() => {
                const at = document.activeElement;
                const line = at.closest(".line");
                return at === document.body
                    || parseFloat(getComputedStyle(at).outlineWidth) >= 2
                    && getComputedStyle(at).outlineStyle !== "none"
                    || at.id === "text" && line.matches(":focus-within") ? "" : at.outerHTML;
            }"""
        )
        unmarked += [marked] if marked else []

    assert unmarked == []
