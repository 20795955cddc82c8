"""The checks, on databases, the playground and servers on this machine."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import update

from bot.app.resources import alone_on
from bot.app.webhook import webhook_at
from bot.ops.doctor.checks import Check, make_checks, run_checks
from bot.ops.doctor.findings import Finding, HealthLevel, healthy
from bot.ops.health import Health, Wait, make_web
from bot.playground.state.updates import WebhookInfo
from bot.rendering.links import Signer
from bot.settings import Settings
from storage.access import signing_key
from storage.articles import Article
from storage.backup import LastBackup, note_backup
from storage.db.engine import Storage
from storage.enums import ArticleStage
from tests.local_playground import LocalPlayground
from tests.matching.stored import stored_article

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

        (found,) = await check.run()

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


def settings_on(database_url: str, **given: object) -> Settings:
    return Settings.model_validate({"bot_token": TOKEN, "database_url": database_url, **given})


async def codes_of(name: str, settings: Settings) -> list[str]:
    found = await run_checks(one for one in make_checks(settings) if one.name == name)
    return [finding.code for finding in found]


async def test_a_port_of_another_program_is_found(sqlite_url):
    async with TestServer(web.Application()) as server:
        settings = settings_on(sqlite_url, web_host="127.0.0.1", web_port=server.port)

        assert await codes_of("the ports", settings) == ["port.taken"]


async def test_the_port_of_the_bot_that_runs_is_its_own(sqlite_url):
    async with TestServer(make_web()) as server:
        settings = settings_on(sqlite_url, web_host="127.0.0.1", web_port=server.port)
        before = await codes_of("the ports", settings)
        with alone_on(sqlite_url):
            beside = await codes_of("the ports", settings)

    assert (before, beside) == (["port.taken"], ["port.used"])


async def test_a_bot_that_is_not_ready_is_found(sqlite_url):
    async with TestServer(make_web(health=Health({Wait.TELEGRAM}))) as server:
        settings = settings_on(sqlite_url, web_host="127.0.0.1", web_port=server.port)
        with alone_on(sqlite_url):
            found = await codes_of("the process", settings)

    assert found == ["process.running", "process.not-ready"]


async def test_articles_that_wait_for_long_are_found_while_the_bot_runs(sqlite_url):
    storage = Storage.open(sqlite_url)
    article = await stored_article(storage, "Taiwan votes")
    async with storage.writing() as tx:
        found = await tx.get_one(Article, article)
        found.stage, found.stored_at = ArticleStage.STORED, tx.now - timedelta(minutes=6)
    await storage.close()
    settings = settings_on(sqlite_url, web_port=0)

    stopped = await codes_of("the process", settings)
    with alone_on(sqlite_url):
        running = await codes_of("the process", settings)

    assert (stopped, running) == (["process.none"], ["process.running", "process.late"])


@pytest.mark.parametrize(
    ("days", "code"),
    [
        pytest.param(6, "backup.made", id="lately"),
        pytest.param(8, "backup.old", id="long ago"),
        pytest.param(None, "backup.none", id="never"),
    ],
)
async def test_the_last_backup_is_known_by_the_database(sqlite_url, days, code):
    if days is not None:
        await note_backup(sqlite_url)
        storage = Storage.open(sqlite_url)
        async with storage.writing() as tx:
            await tx.change(update(LastBackup).values(made_at=tx.now - timedelta(days=days)))
        await storage.close()

    assert await codes_of("the backup", settings_on(sqlite_url)) == [code]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(None, "dkim.key", id="missing"),
        pytest.param(b"no key", "dkim.key", id="something else"),
    ],
)
async def test_a_dkim_key_that_cannot_sign_is_found(sqlite_url, tmp_path, content, code):
    file = tmp_path / "dkim.pem"
    if content is not None:
        file.write_bytes(content)
    mail = {"smtp_host": "mail.example.org", "smtp_from": "news@example.org"}
    settings = settings_on(sqlite_url, dkim_key_file=file, dkim_selector="news", **mail)

    assert await codes_of("the DKIM key", settings) == [code]


async def test_a_misspelt_name_is_found_in_the_file_too(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMPT_HOST", "mail.example.org")
    (tmp_path / ".env").write_text("METRICS_PROT=9100\nPGPASSWORD=x\n")

    found = await run_checks(
        one for one in make_checks(settings_on(sqlite_url)) if one.name == "the names of settings"
    )

    assert [finding.sentence.split()[0] for finding in found] == ["METRICS_PROT", "SMPT_HOST"]


async def test_without_a_mailbox_of_bounces_nothing_is_asked(sqlite_url):
    assert await codes_of("the mailbox of bounces", settings_on(sqlite_url)) == []
