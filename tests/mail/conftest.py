"""Mailboxes, mails to them, and a mail server that can fail."""

import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest

from bot.delivery.sender import Calls, SendStage
from bot.mail.smtp import PACE_KEY, MailChannel
from tests.conftest import missing
from tests.delivery.conftest import Outbox, TurnedTimer
from tests.mail.mailed import PER_HOUR, CountedSmtp, FakeBounces, MailOutbox
from tests.mail.relay import open_relay
from tests.subscribers.conftest import (  # noqa: F401 - fixtures
    arrive,
    mailer,
    sent,
)


@pytest.fixture
def outbox(storage) -> Outbox:
    return Outbox(storage)


@pytest.fixture
async def server():
    async with open_relay() as opened:
        yield opened


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the key and the certificate of a server on this machine."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    arguments += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    arguments += ["-out", str(certificate)]
    if not which("openssl"):
        missing("no openssl to make a certificate with")
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    return key, certificate


@pytest.fixture
def of_the_server(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


@pytest.fixture
def mails(outbox, storage) -> MailOutbox:
    return MailOutbox(outbox, storage)


@pytest.fixture
def bounces_noted() -> FakeBounces:
    return FakeBounces()


@pytest.fixture
async def mailing(storage, server, bounces_noted, clock):
    smtp = CountedSmtp(server.relay())
    channel = MailChannel(
        smtp, lambda mailbox_id: f"back+{mailbox_id}@dateline.example", bounces_noted
    )
    async with Calls(timer=TurnedTimer(clock)) as calls:
        yield SendStage(storage, channel, "me", calls, PACE_KEY, PER_HOUR / 3600)
    await smtp.close()
