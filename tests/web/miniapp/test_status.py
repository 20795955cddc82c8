"""The status page: what admins see of the bot in the browser, and others do not."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from storage.sources import Source
from tests.resources import ADMIN
from tests.rows import source_row
from tests.web.showing import PHONE, opened

pytestmark = pytest.mark.slow


@pytest.fixture
def admin(make_user, access, site) -> Any:
    return make_user(id=ADMIN)


@pytest.fixture
def access(access) -> Any:
    return replace(access, admins=frozenset({ADMIN}))


async def test_an_admin_sees_delays_sources_and_errors(admin, storage, clock):
    async with storage.writing() as tx:
        for number in range(22):
            url = f"https://news.example.org/{number}.xml"
            values = source_row(url, title=f"Source {number}", error="not_found")
            await tx.add(Source(**values, error_since=clock.now))

    state = await admin.does("bot_status")

    assert not state["isWell"]
    assert state["summary"].startswith("Something needs your attention.")
    delays, problems, errors = state["sections"]
    assert delays[0] == "How long the oldest work has waited"
    assert len(delays) == 5
    assert problems[:2] == ["Problems", "Source 0: has nothing at this address, 0s"]
    assert problems[-1] == "and 2 more"
    assert errors[0] == "Last errors"
    assert "a stage failed · match · OSError: no room" in errors[1]


async def test_others_are_refused(ann):
    refused = await ann.is_refused("bot_status")

    assert refused == "This page is for admins of the bot."


async def test_only_admins_are_led_there(admin, ann):
    assert (await admin.does("state"))["isAdmin"]
    assert not (await ann.does("state"))["isAdmin"]


async def test_the_page_has_the_policy_of_the_mini_app(client):
    page, app = await client.get("/app/status"), await client.get("/app")

    assert page.status == 200
    policies = [answer.headers["Content-Security-Policy"] for answer in (page, app)]
    assert policies[0] == policies[1]


@pytest.mark.asyncio(loop_scope="session")
async def test_without_telegram_the_page_says_how_to_open_it(browser: Browser, address: str):
    async with opened(browser, viewport=PHONE) as context:
        page = await context.new_page()
        await page.goto(address.partition("#")[0] + "/status")
        await expect(page.locator("#stop-text")).to_contain_text("Telegram")


@pytest.mark.parametrize("admin_ids", [{7}], ids=["admin"])
@pytest.mark.asyncio(loop_scope="session")
async def test_an_admin_reads_it_on_a_phone(browser: Browser, address: str):
    async with opened(browser, viewport=PHONE) as context:
        page = await context.new_page()
        await page.add_init_script("window.TelegramWebviewProxy = { postEvent() {} };")
        await page.goto(f"{address}&tgWebAppVersion=8.0")
        await page.locator("#status").click()
        await expect(page.locator("#summary")).to_be_visible()
        await expect(page.locator("#sections section")).to_have_count(2)


@pytest.mark.parametrize("admin_ids", [{7}], ids=["admin"])
@pytest.mark.asyncio(loop_scope="session")
async def test_the_back_button_leads_back_to_the_mini_app(browser: Browser, address: str):
    async with opened(browser, viewport=PHONE) as context:
        page = await context.new_page()
        await page.add_init_script(
            "window.shown = []; window.TelegramWebviewProxy = "
            "{ postEvent: (type, data) => window.shown.push([type, JSON.parse(data || '{}')]) };"
        )
        await page.goto(f"{address}&tgWebAppVersion=8.0")
        await page.locator("#status").click()
        await expect(page.locator("#summary")).to_be_visible()

        assert ["web_app_setup_back_button", {"is_visible": True}] in await page.evaluate("shown")
        await page.evaluate("Telegram.WebView.receiveEvent('back_button_pressed', {})")

        await expect(page.locator("#status")).to_be_visible()
        hidden = ["web_app_setup_back_button", {"is_visible": False}]
        assert hidden in await page.evaluate("shown")
