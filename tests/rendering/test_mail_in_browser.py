"""Mails in a real browser, as mail programs with a browser engine show them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from bot.mail.compose import FromAddress, Mailer, Recipient
from bot.publishing import samples
from bot.publishing.mails import edition_mail
from bot.rendering.environment import make_environment
from bot.rendering.i18n import LANGUAGES, Translation
from bot.rendering.links import Links, Signer
from bot.rendering.renderer import Renderer

Shown = Callable[..., Awaitable[tuple[Page, list[str]]]]

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

ENOUGH = 4.5  # WCAG 2.1, 1.4.3
PHONE, DESK = 360, 900

# Each piece of text that is seen: its words, its colour and that behind it.
_TEXTS = """() => [...document.querySelectorAll("body *")].flatMap((element) => {
    const words = [...element.childNodes].filter((node) => node.nodeType === 3)
        .map((node) => node.data.trim()).join("");
    if (!words || !element.checkVisibility({ checkOpacity: true })) return [];
    let behind = element;
    const painted = () => getComputedStyle(behind).backgroundColor;
    while (behind.parentElement && painted() === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    const rgb = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    return [[words, rgb(getComputedStyle(element).color), rgb(painted())]];
})"""


def digest(code: str = "en") -> str:
    links = Links("https://dateline.example", Signer(b"k" * 32))
    mailer = Mailer(
        Renderer(make_environment(Translation(LANGUAGES[code]))),
        FromAddress("news@dateline.example"),
        links,
    )
    edition = replace(samples.sample_edition(), url="https://dateline.example/e/1")
    return edition_mail(mailer, Recipient(1, "ann@example.org", 1), edition).html


@pytest_asyncio.fixture(loop_scope="session")
async def shown(browser: Browser) -> AsyncIterator[Shown]:
    """Yield a function that opens HTML in a page, and returns its network requests too."""
    async with AsyncExitStack() as stack:

        async def shown(html: str, **facts: Any) -> tuple[Page, list[str]]:
            context = await stack.enter_async_context(await browser.new_context(**facts))
            page = await context.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.set_content(html)
            return page, asked

        yield shown


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast ratio of two sRGB colours (WCAG 2.1)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: list[float]) -> float:
    parts = [part / 255 for part in colour]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_all_text_has_contrast_in_light_and_dark_mode(shown, scheme):
    page, asked = await shown(digest(), color_scheme=scheme)

    texts = await page.evaluate(_TEXTS)

    faint = [words for words, colour, behind in texts if contrast(colour, behind) < ENOUGH]
    assert len(texts) > 20
    assert faint == []
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_dark_mode_is_dark_and_light_mode_is_light(shown, scheme):
    page, _ = await shown(digest(), color_scheme=scheme)

    (_, _, behind), *_ = await page.evaluate(_TEXTS)

    assert (_luminance(behind) > 0.5) == (scheme == "light")


@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_no_element_leaves_the_screen(shown, width):
    page, _ = await shown(digest(), viewport={"width": width, "height": 800})

    wide = await page.evaluate("document.documentElement.scrollWidth")
    column = await page.evaluate("document.querySelector('.column').offsetWidth")

    assert wide <= width
    assert column <= 600


async def test_a_right_to_left_mail_begins_on_the_right(shown):
    page, _ = await shown(digest("ar"), viewport={"width": DESK, "height": 800})

    left = "(selector) => document.querySelector(selector).getBoundingClientRect().left"
    brand, ways = [await page.evaluate(left, selector) for selector in (".brand", ".ways")]

    assert brand > ways


async def test_the_preview_text_is_hidden_in_the_mail(shown):
    page, _ = await shown(digest())

    assert not await page.locator(".preheader").is_visible()
