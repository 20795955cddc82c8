"""The mailbox of bounces and newsletters, read by IMAP (RFC 3501) in a thread.

The client is that of the standard library. A mail that was understood is deleted. Any other is
marked as read and stays for the operator. A mail that raises an error is logged and marked as read,
and the next one is read.
"""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from storage.db.problems import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

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
