"""The webhook at Telegram: set, set again, taken away; against the playground."""

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
from tests.chat.test_polling import bot_on
from tests.local_playground import LocalPlayground

WEBHOOK = Webhook("https://news.example.org/telegram/path", "secret", ("message", "chat_member"))
ELSEWHERE = Webhook("https://elsewhere.example/secret-path", "another", ("message",))


@pytest.fixture
async def bot(playground):
    async with bot_on(playground) as opened:
        yield opened


@pytest.fixture
def waited():
    return []


@pytest.fixture
def registration(bot, waited):
    async def pause(_: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)

    return WebhookRegistration(bot, WEBHOOK, pause)


async def test_it_is_set_with_all_that_belongs_to_it(bot, registration, playground):
    await registration.set(asyncio.Event())

    info = await bot.get_webhook_info()
    assert WEBHOOK.is_set(info)
    assert info.max_connections == MOST_CONNECTIONS
    assert playground.journal("setWebhook")[0]["params"]["secret_token"] == WEBHOOK.secret


async def test_what_waits_is_kept(bot, registration, playground):
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
async def test_it_is_tried_until_it_is_set(bot, registration, playground, waited, fault, pauses):
    playground.inject(method="setWebhook", times=2, **fault)

    await registration.set(asyncio.Event())

    assert waited == pauses
    assert WEBHOOK.is_set(await bot.get_webhook_info())


async def test_an_address_that_telegram_refuses_is_told(bot):
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
async def test_a_wrong_token_ends_it(act):
    async with (
        LocalPlayground(token="2:another-token") as playground,
        bot_on(playground, "1:playground") as bot,
    ):
        with pytest.raises(TokenRefusedError):
            await act(WebhookRegistration(bot, WEBHOOK))


@pytest.mark.parametrize("method", ["setWebhook", "getWebhookInfo"])
async def test_a_token_that_is_refused_once_and_then_known_ends_nothing(
    bot, registration, playground, method
):
    playground.inject("401", method=method)

    await registration.set(asyncio.Event())
    await registration.check(asyncio.Event(), may_set=True)

    assert WEBHOOK.is_set(await bot.get_webhook_info())


@pytest.mark.parametrize("others", [None, ELSEWHERE], ids=["lost", "another"])
async def test_one_that_is_not_ours_any_more_is_set_again(bot, registration, others):
    if others:
        await WebhookRegistration(bot, others).set(asyncio.Event())

    with capture_logs() as logged:
        await registration.check(asyncio.Event(), may_set=True)

    assert WEBHOOK.is_set(await bot.get_webhook_info())
    assert [(line["log_level"], line["had"]) for line in logged] == [
        ("warning", "https://elsewhere.example" if others else "none")
    ]


async def test_who_may_not_set_it_only_looks(bot, registration):
    await registration.check(asyncio.Event(), may_set=False)

    assert not (await bot.get_webhook_info()).url


async def test_one_that_is_there_is_left_alone(registration, playground):
    await registration.set(asyncio.Event())

    with capture_logs() as logged:
        await registration.check(asyncio.Event(), may_set=True)

    assert len(playground.journal("setWebhook")) == 1
    assert logged == []


async def test_trouble_while_looking_is_no_reason_to_stop(registration, playground):
    playground.inject("502_html", method="getWebhookInfo")

    await registration.check(asyncio.Event(), may_set=True)


async def test_it_is_taken_away_for_polling(bot, registration, playground):
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
