"""The checks, on databases, the playground and servers on this machine."""

import asyncio

import pytest
from aiohttp.test_utils import TestServer

from bot.app.webhook import webhook_at
from bot.ops.doctor.checks import Check, make_checks, run_checks
from bot.ops.doctor.findings import Finding, HealthLevel, healthy
from bot.ops.health import Health, Wait, make_web
from bot.playground.api.updates import WebhookInfo
from bot.rendering.links import Signer
from bot.settings import Settings
from storage.access import signing_key
from storage.db.engine import Storage
from tests.local_playground import LocalPlayground

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


async def pages_checked(settings: Settings) -> list[Finding]:
    return await run_checks([one for one in make_checks(settings) if one.name == "the pages"])


async def test_checks_run_side_by_side_and_their_findings_keep_the_order():
    second_has_begun = asyncio.Event()

    async def first():
        await second_has_begun.wait()
        return [healthy("a.well", "First.")]

    async def second():
        second_has_begun.set()
        return [healthy("b.well", "Second.")]

    found = await run_checks([Check("a", first), Check("b", second)])

    assert [finding.sentence for finding in found] == ["First.", "Second."]


async def test_a_check_that_hangs_or_breaks_hides_no_other():
    async def hangs():
        await asyncio.Event().wait()
        return []

    async def breaks():
        raise ZeroDivisionError("with a secret in it")

    async def works():
        return [healthy("c.well", "Well.")]

    checks = [Check("the moon", hangs, seconds=0.01), Check("zero", breaks), Check("c", works)]
    found = await run_checks(checks)

    assert [finding.code for finding in found] == ["check.slow", "check.broke", "c.well"]
    assert "the moon" in found[0].sentence
    assert "secret" not in found[1].sentence


@pytest.mark.parametrize("is_set", [True, False])
async def test_the_webhook_at_telegram_is_compared_with_this_bots(storage, database_url, is_set):
    async with storage.writing() as tx:
        hook = webhook_at("https://news.example.org", Signer(await signing_key(tx)))
    async with LocalPlayground() as playground:
        if is_set:
            playground.world.updates.use_webhook(WebhookInfo(hook.url, hook.secret))
        settings = Settings.model_validate(
            {
                "bot_token": TOKEN,
                "bot_api_url": playground.base_url,
                "database_url": database_url,
                "updates": "webhook",
                "public_url": "https://news.example.org",
            }
        )
        (check,) = [one for one in make_checks(settings) if one.name == "the updates"]

        (found,) = await check.ask()

    assert found.code == ("updates.delivered" if is_set else "updates.unhooked")


async def test_without_a_public_address_the_pages_are_missing():
    (found,) = await pages_checked(Settings.model_validate({}))

    assert found.health is HealthLevel.WARNING
    assert "Set PUBLIC_URL." in found.remedy


async def test_the_bot_is_asked_under_its_public_address(sqlite_url):
    storage = Storage.open(sqlite_url)
    async with storage.writing() as tx:
        await signing_key(tx)
    await storage.close()
    async with TestServer(make_web(health=Health(waits={Wait.TELEGRAM}))) as server:
        base = str(server.make_url("/"))
        settings = Settings.model_validate(
            {
                "public_url": base,
                "database_url": sqlite_url,
                "smtp_host": "mail.example.org",
                "smtp_from": "news@example.org",
            }
        )

        pages, returned = await pages_checked(settings)

    assert "not ready" in pages.sentence
    assert f"{base}b/0." in returned.sentence


async def test_a_public_address_without_an_answer_is_unhealthy():
    (found,) = await pages_checked(Settings.model_validate({"public_url": "http://127.0.0.1:1"}))

    assert found.health is HealthLevel.UNHEALTHY
    assert "does not answer" in found.sentence
