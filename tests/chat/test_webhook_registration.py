"""The webhook registration at Telegram: set, checked and removed."""

import asyncio

import pytest
from aiogram.exceptions import TelegramConflictError
from structlog.testing import capture_logs

from bot.chat.polling import TokenRefusedError
from bot.chat.webhook import (
    MOST_CONNECTIONS,
    Webhook,
    WebhookRefusedError,
    WebhookRegistration,
    remove_webhook,
)
from tests.chat.receiving import RecordedPauses, bot_on
from tests.local_playground import LocalPlayground

WEBHOOK = Webhook("https://news.example.org/telegram/path", "secret", ("message", "chat_member"))
ELSEWHERE = Webhook("https://elsewhere.example/secret-path", "another", ("message",))


@pytest.fixture
def pause():
    return RecordedPauses()


@pytest.fixture
def registration(bot, pause):
    return WebhookRegistration(bot, WEBHOOK, pause)


async def test_the_webhook_is_set_with_secret_and_limits(bot, registration, playground):
    await registration.set(asyncio.Event())

    info = await bot.get_webhook_info()
    assert WEBHOOK.is_set(info)
    assert info.max_connections == MOST_CONNECTIONS
    assert playground.journal("setWebhook")[0]["params"]["secret_token"] == WEBHOOK.secret


async def test_setting_the_webhook_keeps_waiting_updates(bot, registration, playground):
    playground.send(playground.user("Ann"), "hello")

    await registration.set(asyncio.Event())
    await remove_webhook(bot)

    assert [update.message.text for update in await bot.get_updates()] == ["hello"]


@pytest.mark.parametrize(
    ("fault", "pauses"),
    [
        pytest.param({"fault": "429", "retry_after": 1}, [1.0, 1.0], id="set by another just now"),
        pytest.param({"fault": "502_html"}, [1.0, 2.0], id="trouble on the way"),
    ],
)
async def test_setting_the_webhook_is_retried(bot, registration, playground, pause, fault, pauses):
    playground.inject(method="setWebhook", times=2, **fault)

    await registration.set(asyncio.Event())

    assert pause.seconds == pauses
    assert WEBHOOK.is_set(await bot.get_webhook_info())


async def test_a_refused_address_raises_with_the_reason(bot):
    webhook = Webhook("http://news.example.org/telegram/path", "secret")

    with pytest.raises(WebhookRefusedError, match=r"PUBLIC_URL is wrong: .*HTTPS"):
        await WebhookRegistration(bot, webhook).set(asyncio.Event())


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda registration: registration.set(asyncio.Event()), id="set"),
        pytest.param(
            lambda registration: registration.check(asyncio.Event(), may_set=True), id="check"
        ),
    ],
)
async def test_a_wrong_token_ends_the_registration(act):
    async with (
        LocalPlayground(token="2:another-token") as playground,
        bot_on(playground, "1:playground") as bot,
    ):
        with pytest.raises(TokenRefusedError):
            await act(WebhookRegistration(bot, WEBHOOK))


@pytest.mark.parametrize("method", ["setWebhook", "getWebhookInfo"])
async def test_one_refusal_of_a_valid_token_is_retried(bot, registration, playground, method):
    playground.inject("401", method=method)

    await registration.set(asyncio.Event())
    await registration.check(asyncio.Event(), may_set=True)

    assert WEBHOOK.is_set(await bot.get_webhook_info())


@pytest.mark.parametrize("others", [None, ELSEWHERE], ids=["lost", "another"])
async def test_a_lost_or_replaced_webhook_is_set_again(bot, registration, others):
    if others:
        await WebhookRegistration(bot, others).set(asyncio.Event())

    with capture_logs() as logged:
        await registration.check(asyncio.Event(), may_set=True)

    assert WEBHOOK.is_set(await bot.get_webhook_info())
    assert [(line["log_level"], line["had"]) for line in logged] == [
        ("warning", "https://elsewhere.example" if others else "none")
    ]


async def test_a_check_without_permission_sets_nothing(bot, registration):
    await registration.check(asyncio.Event(), may_set=False)

    assert not (await bot.get_webhook_info()).url


async def test_a_valid_webhook_is_left_unchanged(registration, playground):
    await registration.set(asyncio.Event())

    with capture_logs() as logged:
        await registration.check(asyncio.Event(), may_set=True)

    assert len(playground.journal("setWebhook")) == 1
    assert logged == []


async def test_a_failed_check_does_not_raise(registration, playground):
    playground.inject("502_html", method="getWebhookInfo")

    await registration.check(asyncio.Event(), may_set=True)


async def test_the_webhook_is_removed_for_polling(bot, registration, playground):
    await registration.set(asyncio.Event())
    with pytest.raises(TelegramConflictError):
        await bot.get_updates()

    await remove_webhook(bot)
    await remove_webhook(bot)

    assert await bot.get_updates() == []
    assert len(playground.journal("deleteWebhook")) == 1


def test_secrets_are_not_shown():
    assert "path" not in repr(WEBHOOK)
    assert "secret" not in repr(WEBHOOK).replace("secret=", "")
