"""What the doctor says of how updates come."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.app.webhook import webhook_at
from bot.ops.doctor.checks import make_checks
from bot.ops.doctor.updates import judge_polling, judge_webhook
from bot.playground.api.updates import WebhookInfo
from bot.rendering.links import Signer
from bot.settings import Settings
from storage.access import signing_key
from tests.local_playground import LocalPlayground

OWN = "https://news.example.org/telegram/secret-path"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


def told(url: str = "", waiting: int = 0, failed: timedelta | None = None) -> dict[str, object]:
    info: dict[str, object] = {"url": url, "pending_update_count": waiting}
    if failed is None:
        return info
    failed_at = int((NOW - failed).timestamp())
    return info | {"last_error_date": failed_at, "last_error_message": "Connection refused"}


JUST_NOW, LONG_AGO = timedelta(minutes=5), timedelta(hours=5)


@pytest.mark.parametrize(
    ("info", "code", "words"),
    [
        pytest.param(told(OWN), "updates.brought", "none waits", id="all is well"),
        pytest.param(told(OWN, 3, LONG_AGO), "updates.brought", "3 wait", id="failed long ago"),
        pytest.param(told(OWN, 3, JUST_NOW), "updates.failing", "11:55 UTC", id="it fails"),
        pytest.param(told(OWN, 500, JUST_NOW), "updates.kept-away", "refused", id="for long"),
        pytest.param(told(), "updates.unhooked", "No webhook", id="there is none"),
        pytest.param(
            told("https://other.example/secret-path"),
            "updates.elsewhere",
            "other.example",
            id="other",
        ),
    ],
)
def test_what_is_said_of_a_webhook(info, code, words):
    found = judge_webhook(info, OWN, NOW)

    assert found.code == code
    assert words in found.sentence
    assert "secret-path" not in found.sentence + found.remedy


@pytest.mark.parametrize(
    ("info", "code"),
    [
        pytest.param(told("", 2), "updates.polled", id="none"),
        pytest.param(told(OWN), "updates.hooked", id="one that is in the way"),
    ],
)
def test_what_is_said_of_a_webhook_where_the_bot_polls(info, code):
    assert judge_polling(info).code == code


@pytest.mark.parametrize("is_set", [True, False])
async def test_telegram_is_asked_for_the_webhook_of_this_bot(storage, database_url, is_set):
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

    assert found.code == ("updates.brought" if is_set else "updates.unhooked")
