"""Updates by webhook: every hour the registration is checked."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import webhook
from bot.app.webhook import CHECK_SECONDS, LEASE, ROLE, WebhookUpdates
from bot.chat.webhook import Webhook
from storage.db.engine import Storage
from storage.db.leases import acquire_lease
from tests.chat.receiving import bot_on
from tests.local_playground import LocalPlayground

HOOK = Webhook("https://news.example.org/telegram/path", "secret", ("message",))
ELSEWHERE = "https://elsewhere.example/path"


class NoUpdates:
    """Stands for `WebhookReceiver`."""

    @asynccontextmanager
    async def open(self, _handling: object, _stopping: asyncio.Event):
        yield


@pytest.fixture
async def playground():
    async with LocalPlayground(token="1:playground", flood="off") as opened:
        yield opened


@pytest.fixture
async def bot(playground):
    async with bot_on(playground) as opened:
        yield opened


@pytest.fixture
def updates(storage: Storage) -> WebhookUpdates:
    return updates_of(storage, "me")


def updates_of(storage: Storage, owner: str) -> WebhookUpdates:
    process: Any = SimpleNamespace(storage=storage, owner=owner)
    no_updates: Any = NoUpdates()
    return WebhookUpdates(process, HOOK, no_updates)


@pytest.fixture
def hours(monkeypatch):
    """Return a list of what happens in each hour; after the last one the bot is asked to stop."""
    happens: list[Any] = []

    async def sleep(stopping: asyncio.Event, seconds: float) -> None:
        assert seconds == CHECK_SECONDS
        if happens:
            await happens.pop(0)()
        else:
            stopping.set()

    monkeypatch.setattr(webhook, "sleep_until", sleep)
    return happens


async def run(updates: WebhookUpdates, bot) -> list[str]:
    said: list[str] = []
    handling: Any = None
    await updates.run(bot, handling, lambda: said.append("ready"), asyncio.Event())
    return said


async def nothing() -> None:
    return


def sets(playground: LocalPlayground) -> int:
    return len(playground.journal("setWebhook"))


async def test_the_webhook_is_set_before_the_bot_is_ready_and_then_only_checked(
    updates, bot, playground, hours
):
    hours += [nothing, nothing]

    assert await run(updates, bot) == ["ready"]
    assert sets(playground) == 1
    assert len(playground.journal("getWebhookInfo")) == 2


async def test_a_lost_webhook_is_set_again_within_the_hour(updates, bot, playground, hours):
    async def lose() -> None:
        await bot.set_webhook(ELSEWHERE)

    hours += [nothing, lose, nothing]

    await run(updates, bot)

    assert [call["params"]["url"] for call in playground.journal("setWebhook")] == [
        HOOK.url,
        ELSEWHERE,
        HOOK.url,
    ]


async def test_one_of_several_processes_sets_the_webhook_again(storage, bot, playground, hours):
    async def lose() -> None:
        async with storage.writing() as tx:
            assert await acquire_lease(tx, ROLE, "another", LEASE)
        await bot.set_webhook(ELSEWHERE)

    hours += [lose, nothing]

    await run(updates_of(storage, "me"), bot)

    assert (await bot.get_webhook_info()).url == ELSEWHERE
    assert sets(playground) == 2


async def test_a_stopping_process_releases_the_lease(storage, updates, bot, hours):
    hours += [nothing]

    await run(updates, bot)

    async with storage.writing() as tx:
        assert await acquire_lease(tx, ROLE, "another", LEASE)


async def test_the_lease_lasts_from_one_check_to_the_next(storage, updates, bot, hours, clock):
    async def pass_by() -> None:
        clock.turn(LEASE / 2)
        async with storage.writing() as tx:
            assert not await acquire_lease(tx, ROLE, "another", LEASE)

    hours += [nothing, pass_by, pass_by]

    await run(updates, bot)


async def test_the_webhook_is_only_checked_while_the_database_is_down(
    updates, bot, playground, hours, storage
):
    async def lose() -> None:
        await bot.set_webhook(ELSEWHERE)
        updates.process.storage = Away()

    hours += [lose]

    await run(updates, bot)

    assert (await bot.get_webhook_info()).url == ELSEWHERE
    assert len(playground.journal("getWebhookInfo")) == 2  # one of them ours, just now


class Away:
    def writing(self) -> Any:
        raise OSError("away")


async def test_an_error_of_telegram_does_not_end_the_process(updates, bot, playground, hours):
    async def lose() -> None:
        await bot.set_webhook(ELSEWHERE)
        playground.inject("502_html", method="getWebhookInfo")

    hours += [lose, nothing]

    await run(updates, bot)

    assert (await bot.get_webhook_info()).url == HOOK.url
