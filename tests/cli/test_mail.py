"""`dateline mail`: a mail to a server in the test, and the mailboxes that returned mail."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from storage.chats import Chat
from storage.db.engine import Transaction
from storage.enums import ChatKind, MailboxProblem, MailboxState
from storage.mailboxes import Mailbox
from tests.cli.conftest import with_storage_at
from tests.mail.relay import open_relay
from tests.mail.test_signing import openssl
from tests.ops.doctor.test_mail import FakeDns
from tests.tls import certificate_for, context_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def dns(monkeypatch):
    dns = FakeDns(hosts={}, text={"dateline.example": ["v=spf1 mx -all"]})
    monkeypatch.setattr("bot.ops.doctor.mail.Resolver", lambda: dns)
    return dns


@pytest.fixture
def mailing(monkeypatch, dateline):
    """Return a function that names a server in the settings and sends a test mail there."""

    async def send(server, **settings):
        names = {
            "SMTP_HOST": "localhost",
            "SMTP_PORT": str(server.port),
            "SMTP_TLS": "none",
            "SMTP_FROM": "News <news@dateline.example>",
        }
        for name, value in {**names, **settings}.items():
            monkeypatch.setenv(name, str(value))
        return await asyncio.to_thread(dateline, "mail", "test", "ann@example.org")

    return send


async def test_a_signed_mail_is_verified_and_shown(mailing, dns, tmp_path, monkeypatch):
    key = openssl("genrsa", "-traditional", "2048")
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "der", given=key)).decode()
    dns.text["news._domainkey.dateline.example"] = [f"v=DKIM1; k=rsa; p={public}"]
    (tmp_path / "dkim.pem").write_bytes(key)
    certificate = certificate_for(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))

    async with open_relay(tls=context_of(certificate)) as server:
        result = await mailing(
            server, SMTP_TLS="starttls", DKIM_KEY_FILE=tmp_path / "dkim.pem", DKIM_SELECTOR="news"
        )

    message = server.mails[0].message
    assert message["To"] == "ann@example.org"
    assert message["Message-ID"].endswith("@dateline.example>")
    lines = result.output.splitlines()
    assert f"localhost:{server.port} took the mail: 250 fine" in lines
    assert [line for line in lines if line.startswith("The connection used TLSv1.")]
    assert [line for line in lines if line.startswith("Its certificate is for localhost")]
    assert [line for line in lines if line.startswith("DKIM-Signature:")]
    assert "The signature fits the key at news._domainkey.dateline.example." in result.output
    assert "The SPF record of dateline.example is v=spf1 mx -all" in result.output
    assert "[dmarc.missing]" in result.output
    assert result.exit_code == 1


async def test_a_signature_that_the_dns_contradicts_is_reported(mailing, dns, tmp_path):
    key = openssl("genrsa", "-traditional", "2048")
    other = openssl("genrsa", "-traditional", "2048")
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "der", given=other)).decode()
    dns.text["news._domainkey.dateline.example"] = [f"v=DKIM1; k=rsa; p={public}"]
    (tmp_path / "dkim.pem").write_bytes(key)

    async with open_relay() as server:
        result = await mailing(server, DKIM_KEY_FILE=tmp_path / "dkim.pem", DKIM_SELECTOR="news")

    assert "[dkim.differs]" in result.output
    assert "not encrypted" in result.output


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ("550 5.1.1 no such user", "Check the recipient's address"),
        ("550 5.7.1 not trusted", "The server distrusts the sender"),
        ("451 later", "Try again later."),
    ],
)
async def test_a_refusal_is_shown_with_what_to_do(mailing, answer, advice):
    async with open_relay(rcpt=[answer]) as server:
        result = await mailing(server)

    assert result.exit_code == 1
    assert f"localhost:{server.port} did not take the mail: {answer}" in result.output
    assert advice in result.output


def test_without_a_server_no_mail_is_sent(dateline):
    result = dateline("mail", "test", "ann@example.org")

    assert result.exit_code == 2
    assert "SMTP_HOST is not set" in result.output


def test_bounces_are_listed_without_the_address(dateline_on, database_url):
    async def add(tx: Transaction, number: int, **facts: Any) -> None:
        times: dict[str, Any] = {"state_since": NOW, "created_at": NOW}
        await tx.add(Chat(telegram_id=number, kind=ChatKind.PRIVATE, **times))
        address = f"ann{number}@example.org"
        await tx.add(Mailbox(chat_id=number, address=address, asked_at=NOW, **times, **facts))

    async def store(storage):
        async with storage.writing() as tx:
            words = "550 5.1.1 ann1@example.org unknown: ANN1@EXAMPLE.ORG"
            problem = MailboxProblem.NO_SUCH_MAILBOX
            state = MailboxState.SUSPENDED
            await add(tx, 1, state=state, problem=problem, problem_text=words)
            await add(tx, 2, state=MailboxState.ACTIVE, soft_bounces=2, soft_since=NOW)
            await add(tx, 3, state=MailboxState.ACTIVE)

    with_storage_at(database_url, store)

    result = dateline_on(database_url)("mail", "bounces", "--json")

    rows = [json.loads(line) for line in result.output.splitlines()]
    assert [(row["address"], row["status"], row["action"]) for row in rows] == [
        ("a…@example.org", "550 5.1.1", "suspended: no_such_mailbox"),
        ("a…@example.org", "", "counted 2 of 5"),
    ]
    assert "ann1" not in result.output.lower()
