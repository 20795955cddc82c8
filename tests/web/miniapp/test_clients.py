"""Clients of Telegram around the page: what each is told, and what each tells, in its own way.

As https://core.telegram.org/api/web-events and https://core.telegram.org/api/bots/webapps have it.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Frame, Page, Route, expect

from tests.web.showing import PHONE, opened

# One browser serves all tests, and they share its event loop.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

NIGHT = {
    "bg_color": "#17212b",
    "secondary_bg_color": "#232e3c",
    "text_color": "#f5f5f5",
    "hint_color": "#708499",
    "link_color": "#6ab3f3",
    "button_color": "#5288c1",
    "button_text_color": "#ffffff",
}
DAY = NIGHT | {"bg_color": "#ffffff", "secondary_bg_color": "#f1f1f1", "text_color": "#000000"}
NIGHT_PAPER, DAY_PAPER = "rgb(35, 46, 60)", "rgb(241, 241, 241)"

# What a native client puts into the page before its scripts run.
PROXY = """
window.told = [];
window.TelegramWebviewProxy = {
  postEvent: (type, data) => window.told.push([type, JSON.parse(data)]),
};
"""
# What Windows Phone and the browser it had put there.
NOTIFY = """
window.told = [];
window.external.notify = (text) => {
  const { eventType, eventData } = JSON.parse(text);
  window.told.push([eventType, eventData]);
};
"""
OURS = "https://dateline.example"

# A web client: it has the page in a frame, and both send texts.
FRAME = """<!doctype html><meta charset="utf-8"><script>
window.told = [];
addEventListener("message", ({ source, data }) => {
  if (source !== frames[0]) return;
  const { eventType, eventData } = JSON.parse(data);
  window.told.push([eventType, eventData]);
});
const tell = (eventType, eventData) =>
  frames[0].postMessage(JSON.stringify({ eventType, eventData }), "*");
</script><iframe src="ADDRESS" style="width: 100%; height: 700px"></iframe>"""


class Client:
    """*outer* is where the client hears, *inner* the page of ours; *call* tells it something."""

    def __init__(self, outer: Page, inner: Page | Frame, call: str) -> None:
        self.outer = outer
        self.inner = inner
        self.call = call

    async def tells(self, event: str, data: Any = None) -> None:
        await self.outer.evaluate(f"([type, data]) => {self.call}(type, data)", [event, data])

    async def heard(self, event: str, *told: Any) -> None:
        """Wait until that was the data of each such event so far, the first first."""
        await self.outer.wait_for_function(
            """([type, told]) => told === JSON.stringify(
                window.told.filter((one) => one[0] === type).map((one) => one[1]))""",
            arg=[event, json.dumps(told, separators=(",", ":"))],
        )

    async def hears(self, event: str, data: Any) -> None:
        """Wait until it was told that."""
        await self.outer.wait_for_function(
            "([type, data]) => window.told.some((one) => JSON.stringify(one) === data)",
            arg=[event, json.dumps([event, data], separators=(",", ":"))],
        )


def launched(address: str, version: str | None = "9.1", **more: str) -> str:
    """Return the address with all that clients put behind it."""
    told = {"tgWebAppPlatform": "android", "tgWebAppThemeParams": json.dumps(NIGHT)} | more
    if version:
        told["tgWebAppVersion"] = version
    return f"{address}&{urlencode(told)}"


@asynccontextmanager
async def native(browser: Browser, address: str, script: str, call: str) -> AsyncIterator[Client]:
    async with opened(browser, viewport=PHONE) as context:
        await context.add_init_script(script)
        page = await context.new_page()
        await page.goto(address)
        await expect(page.locator("main")).to_be_visible()
        yield Client(page, page, call)


@asynccontextmanager
async def framed(browser: Browser, address: str) -> AsyncIterator[Client]:
    """Yield the page in a frame of the only site whose frames it may stand in.

    No public page may have one of this machine in a frame: it is given under a name.
    """
    here = address.partition("/app")[0]
    html = FRAME.replace("ADDRESS", escape(address.replace(here, OURS)))

    async def ours(route: Route) -> None:
        answer = await route.fetch(url=route.request.url.replace(OURS, here))
        await route.fulfill(response=answer)

    async def theirs(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    async with opened(browser, viewport=PHONE) as context:
        page = await context.new_page()
        await page.route(f"{OURS}/**", ours)
        await page.route("https://web.telegram.org/**", theirs)
        await page.goto("https://web.telegram.org/k/")
        await expect(page.frame_locator("iframe").locator("main")).to_be_visible()
        yield Client(page, page.frames[1], "tell")


WAYS = {
    "a native one": (PROXY, "window.Telegram.WebView.receiveEvent"),
    "an older native one": (PROXY, "window.TelegramGameProxy.receiveEvent"),
    "one of Windows": (NOTIFY, "window.TelegramGameProxy_receiveEvent"),
    "a web client": ("", ""),
}


@pytest_asyncio.fixture(loop_scope="session", params=WAYS)
async def client(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> AsyncIterator[Client]:
    script, call = WAYS[request.param]
    here = launched(address)
    in_client = native(browser, here, script, call) if script else framed(browser, here)
    async with in_client as opened_in:
        yield opened_in


async def test_the_page_reports_that_it_is_ready_and_its_colours(client):
    await client.heard("web_app_ready", {})
    await client.heard("web_app_expand", {})
    await client.hears("web_app_set_background_color", {"color": NIGHT["secondary_bg_color"]})
    await client.hears("web_app_set_header_color", {"color_key": "secondary_bg_color"})


async def test_the_page_follows_the_theme_of_the_client(client):
    body = client.inner.locator("body")
    await expect(body).to_have_css("background-color", NIGHT_PAPER)

    await client.tells("theme_changed", {"theme_params": DAY})

    await expect(body).to_have_css("background-color", DAY_PAPER)
    await client.hears("web_app_set_background_color", {"color": DAY["secondary_bg_color"]})


async def test_the_back_button_closes_the_open_part(client):
    words = client.inner.locator("#query")
    await words.fill("Taiwan")
    await client.hears("web_app_setup_back_button", {"is_visible": True})

    await client.tells("back_button_pressed")

    await expect(words).to_have_value("")
    await client.heard(
        "web_app_setup_back_button",
        {"is_visible": False},
        {"is_visible": True},
        {"is_visible": False},
    )


async def test_the_page_keeps_clear_of_telegrams_buttons(client):
    await client.hears("web_app_request_safe_area", {})
    await client.hears("web_app_request_content_safe_area", {})
    await client.tells("safe_area_changed", {"top": 40, "bottom": 20, "left": 0, "right": 0})
    await client.tells("content_safe_area_changed", {"top": 46, "bottom": 0, "left": 0, "right": 0})

    await expect(client.inner.locator("body")).to_have_css("padding-top", "98px")


async def test_a_link_opens_beside_the_app(client):
    await client.inner.evaluate(
        """() => {
            const link = document.createElement("a");
            link.href = "https://news.example/1";
            link.textContent = "news";
            document.querySelector("main").prepend(link);
        }"""
    )
    await client.inner.locator("main > a").click()

    await client.hears("web_app_open_link", {"url": "https://news.example/1"})


async def test_unknown_events_are_ignored(client):
    for event, data in (("new_thing", {"a": 1}), ("theme_changed", None), ("theme_changed", "{")):
        await client.tells(event, data)

    await expect(client.inner.locator("body")).to_have_css("background-color", NIGHT_PAPER)


async def test_the_page_sends_a_client_only_the_events_of_its_version(browser, address):
    script, call = WAYS["a native one"]
    async with native(browser, launched(address, version=None), script, call) as client:
        await client.inner.locator("#query").fill("Taiwan")
        await expect(client.inner.locator("#found")).to_be_visible()

        told = {type_ for type_, _ in await client.outer.evaluate("window.told")}
        assert told == {"web_app_ready", "web_app_expand"}


async def test_the_page_notifies_a_web_client_before_it_reloads(browser, address):
    async with framed(browser, launched(address)) as client:
        await client.hears("iframe_ready", {"reload_supported": True})

        await client.tells("reload_iframe")

        await client.hears("iframe_will_reload", {})
        await client.outer.wait_for_function(
            "window.told.filter(([type]) => type === 'web_app_ready').length === 2"
        )
        await expect(client.inner.locator("main")).to_be_visible()


async def test_messages_of_other_windows_are_ignored(browser, address):
    async with framed(browser, launched(address)) as client:
        await client.inner.evaluate(
            "told => window.postMessage(told, '*')",
            json.dumps({"eventType": "theme_changed", "eventData": {"theme_params": DAY}}),
        )
        await client.tells("safe_area_changed", {"top": 10})
        await expect(client.inner.locator("body")).to_have_css("padding-top", "22px")

        await expect(client.inner.locator("body")).to_have_css("background-color", NIGHT_PAPER)
