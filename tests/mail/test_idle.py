"""The mailbox is watched by IDLE, over the standard library's client and a server of ours."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from bot.mail.imap import (
    FIRST_PAUSE_SECONDS,
    MAILS_PER_ROUND,
    RENEW_SECONDS,
    Imap,
    MailboxWatch,
    collect_mails,
)
from tests.mail.imap_server import FakeMailbox, connect_without_tls, serving_mailbox
from tests.story.processes import PATIENCE


@dataclass
class Watched:
    """Counts wake-ups and notes the pauses, which take no time."""

    pauses: list[float] = field(default_factory=list)
    paused: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    wakes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    is_idle: Callable[[], bool] = lambda: False

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.paused.release()
        await asyncio.sleep(0)

    async def woken(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.wakes.acquire()


@pytest.fixture
async def mailbox():
    served = FakeMailbox(idles=True)
    async with serving_mailbox(served):
        yield served


@asynccontextmanager
async def watching(mailbox: FakeMailbox, renew: float = RENEW_SECONDS):
    watched = Watched()
    imap = Imap("127.0.0.1", mailbox.port, "news", "secret", connect=connect_without_tls)
    watch = MailboxWatch(imap, watched.wakes.release, watched.pause, renew)
    watched.is_idle = lambda: watch.is_idle
    task = asyncio.create_task(watch.run())
    try:
        yield watched, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(PATIENCE):
                await task


async def idle(mailbox: FakeMailbox) -> None:
    async with asyncio.timeout(PATIENCE):
        await mailbox.idle.wait()


async def test_a_new_mail_wakes_the_reader_at_once(mailbox):
    async with watching(mailbox) as (watched, _):
        await watched.woken()  # mails that came before the watch
        await idle(mailbox)
        mailbox.put(b"new")
        await watched.woken()
        assert watched.is_idle()

    assert mailbox.commands[3:6] == ["CAPABILITY", "IDLE", "DONE"]


async def test_the_command_is_renewed_on_its_connection(mailbox):
    async with watching(mailbox, renew=0) as (watched, _):
        for _ in range(4):
            await watched.woken()

    assert mailbox.commands.count("DONE") >= 2
    assert sum(command.startswith("LOGIN") for command in mailbox.commands) == 1


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"TAG NO not today\r\n", id="IDLE refused"),
        pytest.param(b"* BYE shutting down\r\n", id="server says BYE"),
        pytest.param(b"", id="connection lost"),
        pytest.param(b"+ idling\r\n* BYE bored\r\n", id="BYE while idle"),
    ],
)
async def test_a_watch_that_ends_is_begun_again_after_a_pause(mailbox, first):
    mailbox.idle_answers.insert(0, first)

    async with watching(mailbox) as (watched, _):
        for _ in range(2):
            await watched.woken()
        await idle(mailbox)
        mailbox.put(b"new")
        await watched.woken()

    assert watched.pauses[0] == FIRST_PAUSE_SECONDS


async def test_pauses_grow_while_the_mailbox_does_not_open(mailbox):
    mailbox.password = "another"
    async with watching(mailbox) as (watched, _), asyncio.timeout(PATIENCE):
        for _ in range(7):
            await watched.paused.acquire()

    assert watched.pauses[:7] == [30, 60, 120, 240, 480, 900, 900]


async def test_a_server_without_idle_is_only_polled(mailbox):
    mailbox.idles = False

    async with watching(mailbox) as (watched, task), asyncio.timeout(PATIENCE):
        await task

    assert (watched.wakes.locked(), watched.pauses) == (True, [])


async def test_a_watch_ends_at_once_although_the_server_is_silent(mailbox):
    async with watching(mailbox) as (watched, task):
        await idle(mailbox)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(PATIENCE):
                await task

    assert not watched.is_idle()


async def test_a_full_round_is_followed_by_another(mailbox):
    for number in range(MAILS_PER_ROUND + 1):
        mailbox.put(b"%d" % number)
    imap = Imap("127.0.0.1", mailbox.port, "news", "secret", connect=connect_without_tls)

    async def take(_: bytes) -> bool:
        return True

    async def note_read() -> None:
        pass

    assert await collect_mails(imap, take, note_read) == MAILS_PER_ROUND
    assert await collect_mails(imap, take, note_read) == 0
