"""The output of the bot holds no secret, whatever fails."""

import pytest

from bot.app.webhook import webhook_at
from bot.rendering.links import Signer
from tests.secrecy import (
    DATABASE_PASSWORD,
    ERRORS_KEY,
    IMAP_PASSWORD,
    SMTP_PASSWORD,
    TRACES_KEY,
    secrets_in,
)
from tests.story.conftest import TOKEN
from tests.story.processes import free_port

pytestmark = pytest.mark.slow

HOOK = webhook_at("https://news.example", Signer(b"k" * 32))


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_bot_with_failing_services_logs_no_secret(workplace, telegram, form):
    nowhere = f"127.0.0.1:{free_port()}"
    settings = {
        "bot_token": TOKEN,
        "bot_api_url": telegram.base_url,
        "access": "open",
        "log_format": form,
        "log_level": "debug",
        "metrics_port": 0,
        "smtp_host": "127.0.0.1",
        "smtp_port": free_port(),
        "smtp_user": "dateline",
        "smtp_password": SMTP_PASSWORD,
        "smtp_from": "news@example.org",
        "imap_host": "127.0.0.1",
        "imap_port": free_port(),
        "imap_user": "dateline",
        "imap_password": IMAP_PASSWORD,
        "traces_url": f"http://dateline:{TRACES_KEY}@{nowhere}/v1/traces",
        "errors_url": f"http://{ERRORS_KEY}@{nowhere}/1",
    }
    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("ready")
        ann = telegram.user("Ann")
        telegram.send(ann, "/start")
        await telegram.wait_for_message(ann)

        await command.stop()


@pytest.mark.parametrize("form", ["console", "json"])
async def test_a_failed_webhook_is_logged_without_its_secrets(workplace, telegram, form):
    settings = {
        "bot_token": TOKEN,
        "bot_api_url": telegram.base_url,
        "log_format": form,
        "log_level": "debug",
        "updates": "webhook",
        "public_url": "https://news.example",
    }
    telegram.inject(method="setWebhook", fault="502_html", times=1)
    async with workplace.dateline("run", **settings) as command:
        await command.wait_for("ready")
        await command.stop()

    (_, hook) = telegram.journal("setWebhook")
    assert hook["params"]["url"].startswith("https://news.example/telegram/")
    assert "setting the webhook failed" in command.output
    assert hook["params"]["secret_token"] not in command.output
    assert hook["params"]["url"] not in command.output


async def test_a_database_that_cannot_be_opened_is_named_without_its_password(workplace):
    url = f"postgresql://dateline:{DATABASE_PASSWORD}@127.0.0.1:1/news"

    async with workplace.dateline("run", bot_token=TOKEN, database_url=url) as command:
        assert await command.exit_code() == 75

    assert "DATABASE_URL" in command.output


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"polling with {TOKEN}", id="a token"),
        pytest.param("postgresql://dateline:word@host/news", id="a database"),
        pytest.param(f"https://{ERRORS_KEY}@errors.example/1", id="a DSN"),
        pytest.param(f"AUTH {SMTP_PASSWORD}", id="a password"),
        pytest.param(f"POST {HOOK.url} 200", id="the URL of a webhook"),
        pytest.param(f"{{'secret_token': '{HOOK.secret}'}}", id="the secret of a webhook"),
        pytest.param(
            f"X-Telegram-Bot-Api-Secret-Token: {HOOK.secret}", id="the secret as a header"
        ),
    ],
)
def test_secrets_are_recognized(text):
    assert secrets_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://dateline:…@host/news",
        "https://news.example:8443/a@b",
        "2026-11-26 11:40:00 delivery 123456:17",
        "GET https://news.example/telegram/logo.png",
    ],
)
def test_harmless_texts_are_not_taken_for_secrets(text):
    assert secrets_in(text) == set()
