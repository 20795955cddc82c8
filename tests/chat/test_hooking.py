"""The webhook at Telegram: set, set again, taken away; against the playground."""

from __future__ import annotations

import asyncio

import pytest
from aiogram.exceptions import TelegramConflictError
from structlog.testing import capture_logs

from bot.chat.hooking import MOST_CONNECTIONS, Hook, Hooking, HookRefusedError, unhook
from bot.chat.polling import TokenRefusedError
from bot.playground.server import Playground
from tests.chat.test_polling import bot_on

HOOK = Hook("https://news.example.org/telegram/path", "secret", ("message", "chat_member"))
ELSEWHERE = Hook("https://elsewhere.example/secret-path", "another", ("message",))


@pytest.fixture
async def bot(playground: Playground):
    async with bot_on(playground) as opened:
        yield opened


@pytest.fixture
def waited():
    return []


@pytest.fixture
def hooking(bot, waited):
    async def pause(_: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)

    return Hooking(bot, HOOK, pause)


async def test_it_is_set_with_all_that_belongs_to_it(bot, hooking, playground):
    await hooking.set(asyncio.Event())

    info = await bot.get_webhook_info()
    assert HOOK.is_set(info)
    assert info.max_connections == MOST_CONNECTIONS
    assert playground.journal("setWebhook")[0]["params"]["secret_token"] == HOOK.secret


async def test_what_waits_is_kept(bot, hooking, playground):
    playground.send(playground.person("Ann"), "hello")

    await hooking.set(asyncio.Event())
    await unhook(bot)

    assert [update.message.text for update in await bot.get_updates()] == ["hello"]


@pytest.mark.parametrize(
    ("fault", "pauses"),
    [
        pytest.param({"fault": "429", "retry_after": 1}, [1.0, 1.0], id="set by another just now"),
        pytest.param({"fault": "502_html"}, [1.0, 2.0], id="trouble on the way"),
    ],
)
async def test_it_is_tried_until_it_is_set(bot, hooking, playground, waited, fault, pauses):
    playground.inject(method="setWebhook", times=2, **fault)

    await hooking.set(asyncio.Event())

    assert waited == pauses
    assert HOOK.is_set(await bot.get_webhook_info())


async def test_an_address_that_telegram_refuses_is_told(bot):
    hook = Hook("http://news.example.org/telegram/path", "secret")

    with pytest.raises(HookRefusedError, match=r"PUBLIC_URL is wrong: .*HTTPS"):
        await Hooking(bot, hook).set(asyncio.Event())


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda hooking: hooking.set(asyncio.Event()), id="set"),
        pytest.param(lambda hooking: hooking.check(asyncio.Event(), may_set=True), id="check"),
    ],
)
async def test_a_wrong_token_ends_it(act):
    async with (
        Playground(token="2:another-token") as playground,
        bot_on(playground, "1:playground") as bot,
    ):
        with pytest.raises(TokenRefusedError):
            await act(Hooking(bot, HOOK))


@pytest.mark.parametrize("method", ["setWebhook", "getWebhookInfo"])
async def test_a_token_that_is_refused_once_and_then_known_ends_nothing(
    bot, hooking, playground, method
):
    playground.inject("401", method=method)

    await hooking.set(asyncio.Event())
    await hooking.check(asyncio.Event(), may_set=True)

    assert HOOK.is_set(await bot.get_webhook_info())


@pytest.mark.parametrize("others", [None, ELSEWHERE], ids=["lost", "another"])
async def test_one_that_is_not_ours_any_more_is_set_again(bot, hooking, others):
    if others:
        await Hooking(bot, others).set(asyncio.Event())

    with capture_logs() as logged:
        await hooking.check(asyncio.Event(), may_set=True)

    assert HOOK.is_set(await bot.get_webhook_info())
    assert [(line["log_level"], line["had"]) for line in logged] == [
        ("warning", "https://elsewhere.example" if others else "none")
    ]


async def test_who_may_not_set_it_only_looks(bot, hooking):
    await hooking.check(asyncio.Event(), may_set=False)

    assert not (await bot.get_webhook_info()).url


async def test_one_that_is_there_is_left_alone(hooking, playground):
    await hooking.set(asyncio.Event())

    with capture_logs() as logged:
        await hooking.check(asyncio.Event(), may_set=True)

    assert len(playground.journal("setWebhook")) == 1
    assert logged == []


async def test_trouble_while_looking_is_no_reason_to_stop(hooking, playground):
    playground.inject("502_html", method="getWebhookInfo")

    await hooking.check(asyncio.Event(), may_set=True)


async def test_it_is_taken_away_for_polling(bot, hooking, playground):
    await hooking.set(asyncio.Event())
    with pytest.raises(TelegramConflictError):
        await bot.get_updates()

    await unhook(bot)
    await unhook(bot)

    assert await bot.get_updates() == []
    assert len(playground.journal("deleteWebhook")) == 1


def test_secrets_are_not_shown():
    assert "path" not in repr(HOOK)
    assert "secret" not in repr(HOOK).replace("secret=", "")
