"""The stage that mails, as a process runs it: with a mail server that refuses or is late."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from bot.app.deployment import PLAYGROUND_TOKEN, Deployment
from bot.app.mail import mail_stages, make_mailer
from bot.app.resources import ProcessContext
from bot.mail.imap import Imap
from bot.ops.instrumentation import GaugeName
from bot.rendering.links import Links
from bot.settings import AccessMode, Settings
from bot.subscribers import mailboxes
from storage.db.leases import MAILBOX, lease_of
from storage.enums import MailboxProblem, MailboxState
from tests.mail.imap_server import FakeMailbox, connect_without_tls, serving_mailbox
from tests.mail.relay import open_relay
from tests.story.processes import PATIENCE
from tests.subscribers.conftest import SIGNER, arrive  # noqa: F401 - a fixture

ADDRESS = "ann@example.org"


@pytest.fixture
async def server():
    async with open_relay() as opened:
        yield opened


@pytest.fixture
async def process(storage, server):
    smtp = ("127.0.0.1", server.port)
    made = ProcessContext(
        settings=Settings(_env_file=None, bot_token=SecretStr(PLAYGROUND_TOKEN)),  # type: ignore[call-arg]
        deployment=Deployment(PLAYGROUND_TOKEN, "", AccessMode.OPEN, smtp=smtp),
        sources=cast("Any", SimpleNamespace(storage=storage)),
        links=Links(None, SIGNER),
        announce=lambda _said: None,
    )
    yield made
    await made.mail_readers.close()


@pytest.fixture
async def asked(storage, process, arrive) -> int:  # noqa: F811 - the fixture
    """A chat that waits for the code from the mail to its address."""
    chat_id: int = await arrive(language="en")
    await mailboxes.request_confirmation(
        storage, chat_id, ADDRESS, asked_by=1, mailer=make_mailer(process)
    )
    return chat_id


async def test_reading_the_mailbox_is_noted_for_metrics_and_the_doctor(
    storage, process, monkeypatch
):
    mailbox = FakeMailbox(idles=True)
    process = replace(process, deployment=replace(process.deployment, smtp=None))
    async with serving_mailbox(mailbox):
        imap = Imap("127.0.0.1", mailbox.port, "news", "secret", connect=connect_without_tls)
        monkeypatch.setattr("bot.app.mail.imap_of", lambda _: imap)
        async with mail_stages(process) as (reading,):
            await reading.run_once()
            async with asyncio.timeout(PATIENCE):
                await mailbox.idle.wait()
            gauges = process.instrumentation.gauges

            async with storage.reading() as tx:
                reader, read_at = await lease_of(tx, MAILBOX)

            assert (reader, read_at) == (process.owner, tx.now)
            assert gauges[GaugeName.MAILBOX_AGE]() < PATIENCE


async def run(process: ProcessContext) -> None:
    """Mail what is due; the calls end with the block."""
    async with mail_stages(process) as (mail,):
        await mail.run_once()


async def test_a_code_that_cannot_be_sent_is_reported_to_its_chat(storage, process, asked, server):
    server.rcpt.append("550 5.1.1 no such user")

    await run(process)

    seen = await mailboxes.get_mailbox(storage, asked)
    assert (seen.state, seen.problem) == (
        MailboxState.UNREACHABLE,
        MailboxProblem.NO_SUCH_MAILBOX,
    )


async def test_a_code_is_not_sent_after_a_day(storage, process, asked, server, clock):
    clock.turn(timedelta(hours=24))

    await run(process)

    seen = await mailboxes.get_mailbox(storage, asked)
    assert (seen.state, seen.problem) == (MailboxState.UNREACHABLE, MailboxProblem.EXPIRED)
    assert server.mails == []
