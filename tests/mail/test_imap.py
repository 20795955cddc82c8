"""Bounces are read from a mailbox, by the standard library's client and a server of ours."""

from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.mail.imap import Imap, ImapError, collect_mails
from tests.mail.imap_server import FakeMailbox, connect_without_tls, serving_mailbox
from tests.mail.returned import TOKEN, notification, request


@dataclass
class Noted:
    """Keeps mails, and understands those with the token. Each of *errors* is raised once."""

    taken: list[bytes] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    rounds: int = 0

    async def note_read(self) -> None:
        self.rounds += 1

    async def take(self, message: bytes) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(message)
        return TOKEN.encode() in message


@pytest.fixture
async def mailbox():
    served = FakeMailbox()
    async with serving_mailbox(served):
        yield served


@pytest.fixture
def noted() -> Noted:
    return Noted()


async def collect(mailbox: FakeMailbox, noted: Noted, password: str = "secret") -> None:
    imap = Imap("127.0.0.1", mailbox.port, "bounces", password, connect=connect_without_tls)
    await collect_mails(imap, noted.take, noted.note_read)


async def test_only_a_round_that_reads_the_mailbox_is_noted(mailbox, noted):
    await collect(mailbox, noted, password="wrong")
    unread = noted.rounds

    await collect(mailbox, noted)

    assert (unread, noted.rounds) == (0, 1)


async def test_reports_are_processed_and_deleted(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1", "550 no such user"))
    mailbox.put(request(f"unsubscribe {TOKEN}"))

    await collect(mailbox, noted)

    assert noted.taken == list(mailbox.mails.values())
    assert mailbox.marked(r"\Deleted") == [1, 2]


async def test_other_mails_are_marked_as_read_and_stay(mailbox, noted):
    mailbox.put(request("A mail of a reader"))
    mailbox.put(request("unsubscribe 7.0.somebodyelses"))

    await collect(mailbox, noted)
    await collect(mailbox, noted)

    assert len(noted.taken) == 2
    assert (mailbox.marked(r"\Seen"), mailbox.marked(r"\Deleted")) == ([1, 2], [])


async def test_a_mail_that_fails_is_marked_and_the_next_is_read(mailbox, noted):
    for content in (request("first"), notification("failed", "5.1.1")):
        mailbox.put(content)
    noted.errors.append(AttributeError("it broke"))

    with capture_logs() as logs:
        await collect(mailbox, noted)

    assert (mailbox.marked(r"\Seen"), mailbox.marked(r"\Deleted")) == ([1], [2])
    assert [one["event"] for one in logs if one["log_level"] == "error"] == [
        "a mail could not be processed; it stays, marked as read"
    ]


async def test_a_mail_stays_unread_while_the_database_is_away(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1"))
    noted.errors.append(OperationalError("select 1", {}, Exception("it is away")))

    with pytest.raises(OperationalError):
        await collect(mailbox, noted)
    assert mailbox.flags == {1: set()}
    await collect(mailbox, noted)

    assert mailbox.marked(r"\Deleted") == [1]


async def test_a_mailbox_that_does_not_open_is_tried_again(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1"))

    await collect(mailbox, noted, password="wrong")
    assert noted.taken == []
    await collect(mailbox, noted)

    assert len(noted.taken) == 1


async def test_a_trusted_server_gets_the_password(certificate, of_the_server, noted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    mailbox = FakeMailbox()
    mailbox.put(notification("failed", "5.1.1"))
    async with serving_mailbox(mailbox, of_the_server):
        await Imap("127.0.0.1", mailbox.port, "bounces", "secret").read_new(noted.take)

    assert noted.taken == [mailbox.mails[1]]


@pytest.mark.parametrize(
    ("host", "is_trusted"),
    [
        pytest.param("127.0.0.1", False, id="no authority vouches for it"),
        pytest.param("localhost", True, id="it is another server's"),
    ],
)
async def test_a_server_with_a_wrong_certificate_gets_no_password(
    certificate, of_the_server, noted, monkeypatch, host, is_trusted
):
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    mailbox = FakeMailbox()
    async with serving_mailbox(mailbox, of_the_server):
        with pytest.raises(ImapError, match="certificate"):
            await Imap(host, mailbox.port, "bounces", "secret").read_new(noted.take)

    assert mailbox.commands == []
