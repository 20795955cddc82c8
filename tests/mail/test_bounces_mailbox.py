"""Bounces are read from a mailbox, by the standard library's client and a server of ours."""

import asyncio
import imaplib
import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from bot.mail.bounces import Imap, ImapError, collect_bounces
from bot.mail.check import imap
from tests.mail.returned import TOKEN, notification, request
from tests.story.processes import PATIENCE, free_port


@dataclass
class FakeMailbox:
    """An IMAP server with as much of the protocol as is spoken here."""

    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    password: str = "secret"
    port: int = 0

    def put(self, content: bytes) -> None:
        number = len(self.mails) + 1
        self.mails[number], self.flags[number] = content, set()

    def marked(self, flag: str) -> list[int]:
        return [number for number, flags in self.flags.items() if flag in flags]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            self.commands.append(command)
            for answer in self._answers(command):
                writer.write(answer)
            said = "NO no" if self._refuses(command) else "OK done"
            writer.write(f"{tag} {said}\r\n".encode())
            await writer.drain()
            if command == "LOGOUT":
                break
        writer.close()

    def _refuses(self, command: str) -> bool:
        return command.startswith("LOGIN") and self.password not in command

    def _answers(self, command: str) -> list[bytes]:
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1\r\n"]
        if command.startswith("SELECT"):
            return [f"* {len(self.mails)} EXISTS\r\n".encode()]
        if command.startswith("SEARCH"):
            unseen = [n for n, flags in self.flags.items() if not flags]
            return [f"* SEARCH {' '.join(map(str, unseen))}\r\n".encode()]
        if found := re.match(r"FETCH (\d+)", command):
            content = self.mails[int(found[1])]
            head = f"* {found[1]} FETCH (BODY[]<0> {{{len(content)}}}\r\n".encode()
            return [head, content, b")\r\n"]
        if found := re.match(r"STORE (\d+) \+FLAGS \(?(\\\w+)", command):
            self.flags[int(found[1])].add(found[2])
        return []


@dataclass
class Noted:
    """Takes what was read; understands mails with one token. Each of *errors* is raised once."""

    taken: list[bytes] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    async def take(self, message: bytes) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(message)
        return TOKEN.encode() in message


@asynccontextmanager
async def opened(mailbox: FakeMailbox, tls: ssl.SSLContext | None = None):
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0, ssl=tls)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield


@pytest.fixture
async def mailbox():
    served = FakeMailbox()
    async with opened(served):
        yield served


@pytest.fixture
def noted() -> Noted:
    return Noted()


async def collect(mailbox: FakeMailbox, noted: Noted, password: str = "secret") -> None:
    imap = Imap("127.0.0.1", mailbox.port, "bounces", password, connect=plainly)
    await collect_bounces(imap, noted.take)


def plainly(host: str, port: int) -> imaplib.IMAP4:
    return imaplib.IMAP4(host, port, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("password", "code", "words"),
    [
        pytest.param("secret", "imap.reached", "can be opened", id="right"),
        pytest.param("wrong", "imap.refused", "cannot be opened: no.", id="wrong password"),
    ],
)
async def test_the_doctor_logs_in_and_leaves_all_mails(mailbox, password, code, words):
    mailbox.put(request("a mail"))

    found = await imap(Imap("127.0.0.1", mailbox.port, "bounces", password, connect=plainly))

    assert found.code == code
    assert words in found.sentence
    assert password not in f"{found.sentence} {found.remedy}"
    assert mailbox.marked(r"\Seen") == []


async def test_the_doctor_says_that_no_mailbox_answers():
    found = await imap(Imap("127.0.0.1", free_port(), "bounces", "secret", connect=plainly))

    assert (found.code, "refused" in found.sentence) == ("imap.refused", True)


async def test_what_came_back_is_understood_and_deleted(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1", "550 no such user"))
    mailbox.put(request(f"unsubscribe {TOKEN}"))

    await collect(mailbox, noted)

    assert noted.taken == list(mailbox.mails.values())
    assert mailbox.marked(r"\Deleted") == [1, 2]


async def test_what_is_not_understood_stays_for_the_operator(mailbox, noted):
    mailbox.put(request("A mail of a reader"))
    mailbox.put(request("unsubscribe 7.0.somebodyelses"))

    await collect(mailbox, noted)
    await collect(mailbox, noted)

    assert len(noted.taken) == 2
    assert (mailbox.marked(r"\Seen"), mailbox.marked(r"\Deleted")) == ([1, 2], [])


async def test_a_mail_that_cannot_be_taken_is_marked_and_those_behind_it_are_read(mailbox, noted):
    for content in (request("first"), notification("failed", "5.1.1")):
        mailbox.put(content)
    noted.errors.append(AttributeError("it broke"))

    with capture_logs() as logs:
        await collect(mailbox, noted)

    assert (mailbox.marked(r"\Seen"), mailbox.marked(r"\Deleted")) == ([1], [2])
    assert [one["event"] for one in logs if one["log_level"] == "error"] == [
        "a mail that came back is not acted on; it stays, marked as read"
    ]


async def test_a_mail_waits_unread_for_a_database_that_is_away(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1"))
    noted.errors.append(OperationalError("select 1", {}, Exception("it is away")))

    with pytest.raises(OperationalError):
        await collect(mailbox, noted)
    assert mailbox.flags == {1: set()}
    await collect(mailbox, noted)

    assert mailbox.marked(r"\Deleted") == [1]


async def test_a_mailbox_that_does_not_open_is_tried_again_the_next_time(mailbox, noted):
    mailbox.put(notification("failed", "5.1.1"))

    await collect(mailbox, noted, password="wrong")
    assert noted.taken == []
    await collect(mailbox, noted)

    assert len(noted.taken) == 1


async def test_a_trusted_server_gets_the_password(certificate, of_the_server, noted, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    mailbox = FakeMailbox()
    mailbox.put(notification("failed", "5.1.1"))
    async with opened(mailbox, of_the_server):
        await Imap("127.0.0.1", mailbox.port, "bounces", "secret").read_new(noted.take)

    assert noted.taken == [mailbox.mails[1]]


@pytest.mark.parametrize(
    ("host", "is_trusted"),
    [
        pytest.param("127.0.0.1", False, id="no authority vouches for it"),
        pytest.param("localhost", True, id="it is another server's"),
    ],
)
async def test_who_shows_a_wrong_certificate_gets_no_password(
    certificate, of_the_server, noted, monkeypatch, host, is_trusted
):
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    mailbox = FakeMailbox()
    async with opened(mailbox, of_the_server):
        with pytest.raises(ImapError, match="certificate"):
            await Imap(host, mailbox.port, "bounces", "secret").read_new(noted.take)

    assert mailbox.commands == []
