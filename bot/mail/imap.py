"""The mailbox of bounces and newsletters, read by IMAP (RFC 3501) in a thread.

The client is that of the standard library. A mail that was understood is deleted. Any other is
marked as read and stays for the operator. A mail that raises an error is logged and marked as read,
and the next one is read.

A watch by IDLE (RFC 2177) wakes the stage that reads the mailbox within seconds. The stage also
polls, so that mails come later without the watch, but they come.

- The mailbox is opened before the wake-up. Older mails are read by the round that it starts, and
  newer ones are announced to the watch.
- The command is renewed before the 29 minutes after which a server may close the connection.
- A lost connection is opened again after a growing pause. A server without IDLE is not watched.
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from storage.db.problems import is_transient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    TakesMail = Callable[[bytes], Awaitable[bool]]
    NotesRead = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 30
MAILS_PER_ROUND = 100
LARGEST_MAIL = 256 * 1024  # bytes to read of a mail; a report comes before the mail that it quotes
LARGEST_LETTER = 4 * 1024 * 1024  # bytes to read of a newsletter; what comes after is left out


class ImapError(Exception):
    """The mailbox cannot be opened or read; the text is for the operator."""


def connect_by_tls(host: str, port: int) -> imaplib.IMAP4_SSL:
    """Connect; raise OSError if the certificate is untrusted or for another host.

    Without a context imaplib would check neither.
    """
    context = ssl.create_default_context()
    return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True, slots=True)
class Imap:
    """A mailbox, reached by TLS from the first byte on, except in tests."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    largest: int = LARGEST_MAIL
    connect: Callable[[str, int], imaplib.IMAP4] = connect_by_tls

    async def check(self) -> bool:
        """Return whether the server offers IDLE; raise ImapError if the folder cannot be opened."""
        client = await self.open()
        try:
            return await asyncio.to_thread(offers_idle, client)
        except (imaplib.IMAP4.error, OSError) as error:
            raise ImapError(f"the mailbox cannot be read: {error}") from error
        finally:
            await _log_out(client)

    async def read_new(self, take: TakesMail) -> int:
        """Pass each unread mail to *take*, which returns whether it understood the mail.

        Returns the number of mails.
        """
        client = await self.open()
        try:
            numbers = await asyncio.to_thread(_unread, client)
            for number in numbers:
                content = await asyncio.to_thread(_content, client, number, self.largest)
                flag = r"\Deleted" if await take(content) else r"\Seen"
                await asyncio.to_thread(client.store, number, "+FLAGS", flag)
            if numbers:
                await asyncio.to_thread(client.expunge)
        except (imaplib.IMAP4.error, OSError) as error:
            raise ImapError(f"the mailbox cannot be read: {error}") from error
        finally:
            await _log_out(client)
        return len(numbers)

    async def open(self) -> imaplib.IMAP4:
        """Log in and open the folder; raise ImapError if that fails."""
        try:
            return await asyncio.to_thread(self._logged_in)
        except (imaplib.IMAP4.error, OSError) as error:
            words = _server_words(error)
            raise ImapError(f"the mailbox cannot be opened: {words}") from error

    def _logged_in(self) -> imaplib.IMAP4:
        client = self.connect(self.host, self.port)
        try:
            client.login(self.user, self.password)
            _select(client, self.folder)
        except (imaplib.IMAP4.error, OSError):
            client.shutdown()
            raise
        return client


async def collect_mails(mailbox: Imap, take: TakesMail, note_read: NotesRead) -> int:
    """Read the new mails of *mailbox*; return their number if there may be more, else 0.

    *note_read* is called after each round that read the mailbox, even if it was empty.
    """

    async def take_one(message: bytes) -> bool:
        try:
            return await take(message)
        except Exception as error:
            if is_transient(error):
                raise
            log.exception("a mail could not be processed; it stays, marked as read")
            return False

    try:
        read = await mailbox.read_new(take_one)
    except ImapError as error:
        log.warning("the mailbox could not be read", reason=str(error))
        return 0
    await note_read()
    if read:
        log.info("mails were read", mails=read)
    return read if read >= MAILS_PER_ROUND else 0


def offers_idle(client: imaplib.IMAP4) -> bool:
    """Ask again after the login, because some servers name IDLE only then."""
    _, found = client.capability()
    return b"IDLE" in b" ".join(each or b"" for each in found).upper().split()


async def _log_out(client: imaplib.IMAP4) -> None:
    with suppress(imaplib.IMAP4.error, OSError):
        await asyncio.to_thread(client.logout)


def _server_words(error: Exception) -> str:
    """Return the words of the server, which imaplib leaves as bytes."""
    words = error.args[0] if len(error.args) == 1 else str(error)
    return words.decode(errors="replace") if isinstance(words, bytes) else str(words)


def _select(client: imaplib.IMAP4, folder: str) -> None:
    status, words = client.select(f'"{folder}"')
    if status != "OK":
        raise imaplib.IMAP4.error(f"IMAP_FOLDER {folder}: {words!r}")


def _unread(client: imaplib.IMAP4) -> list[str]:
    _, found = client.search(None, "UNSEEN")
    return [number.decode() for number in (found[0] or b"").split()][:MAILS_PER_ROUND]


def _content(client: imaplib.IMAP4, number: str, largest: int) -> bytes:
    """Return the mail and leave it unread, because it is marked only once it is processed."""
    _, parts = client.fetch(number, f"(BODY.PEEK[]<0.{largest}>)")
    return next((part[1] for part in parts if isinstance(part, tuple)), b"")


RENEW_SECONDS: Final = 20 * 60.0
FIRST_PAUSE_SECONDS: Final = 30.0
LONGEST_PAUSE_SECONDS: Final = 900.0
_BATCH_SECONDS: Final = 1.0  # in which mails that come together are read together
_TAG: Final = b"WATCH"
_NEWS: Final = re.compile(rb"\* \d+ (?:EXISTS|RECENT)\b", re.IGNORECASE)
_BYE: Final = re.compile(rb"\* BYE\b", re.IGNORECASE)


@dataclass(eq=False, slots=True)
class MailboxWatch:
    """Calls *wake* when *mailbox* may have new mails. *is_idle*: the server announces them now."""

    mailbox: Imap
    wake: Callable[[], None]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    renew_seconds: float = RENEW_SECONDS
    is_idle: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Watch until the task is cancelled; return early if the server does not offer IDLE."""
        seconds = FIRST_PAUSE_SECONDS
        while True:
            try:
                async for _ in self._rounds():
                    seconds = FIRST_PAUSE_SECONDS
            except ImapError:
                log.debug("the mailbox cannot be watched")  # the stage that reads it says why
            except Exception as error:  # noqa: BLE001 - polling goes on without the watch
                log.info("the watch of the mailbox ended; it is tried again", reason=str(error))
            else:
                log.info("the mail server does not offer IDLE; the mailbox is polled")
                return
            await self.pause(seconds)
            seconds = min(2 * seconds, LONGEST_PAUSE_SECONDS)

    async def _rounds(self) -> AsyncIterator[None]:
        """Yield after each command; end if the server does not offer it."""
        client = await self.mailbox.open()
        try:
            if not await asyncio.to_thread(offers_idle, client):
                return
            while True:
                await self._next_news(client)
                yield
        finally:
            self.is_idle = False
            _disconnect(client)

    async def _next_news(self, client: imaplib.IMAP4) -> None:
        """Wake the stage, then idle until the server announces mails or the time is up."""
        self.wake()
        if await asyncio.to_thread(_begin, client):
            self.wake()
        self.is_idle = True
        limit = self.renew_seconds + TIMEOUT_SECONDS
        timer = asyncio.get_running_loop().call_later(self.renew_seconds, _end, client)
        try:
            has_news = await asyncio.to_thread(_idle, client, limit)
        finally:
            timer.cancel()
        if has_news:
            await self.pause(_BATCH_SECONDS)


def _begin(client: imaplib.IMAP4) -> bool:
    """Begin to idle; return whether the server announced mails before it agreed."""
    client.sock.settimeout(TIMEOUT_SECONDS)
    client.send(_TAG + b" IDLE\r\n")
    has_news = False
    while not (line := _line(client)).startswith(b"+"):
        if line.startswith(_TAG + b" "):
            raise imaplib.IMAP4.error("the server refused IDLE")
        has_news = has_news or _NEWS.match(line) is not None
    return has_news


def _idle(client: imaplib.IMAP4, limit: float) -> bool:
    """Idle until the command ends; return whether the server announced mails.

    Raises an error of imaplib or OSError if the server is gone or says nothing for *limit* seconds.
    """
    client.sock.settimeout(limit)
    has_news = False
    while not (line := _line(client)).startswith(_TAG + b" "):
        if _NEWS.match(line) and not has_news:
            has_news = True
            client.sock.settimeout(TIMEOUT_SECONDS)
            client.send(b"DONE\r\n")
    return has_news


def _line(client: imaplib.IMAP4) -> bytes:
    line = client.readline()
    if not line or _BYE.match(line):
        raise imaplib.IMAP4.abort("the server closed the connection")
    return line


def _end(client: imaplib.IMAP4) -> None:
    with suppress(OSError):  # the thread that reads finds it too
        client.send(b"DONE\r\n")


def _disconnect(client: imaplib.IMAP4) -> None:
    """Close the connection under a thread that reads from it, which ends its wait."""
    with suppress(OSError):
        client.sock.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        client.sock.close()
