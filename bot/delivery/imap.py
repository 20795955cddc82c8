"""Reading a mailbox of ours by IMAP (RFC 3501), the standard library's client in a thread.

Each mail is handed over whole. What was understood is deleted; what was not is marked as read and
stays, for the operator.
"""

from __future__ import annotations

import asyncio
import imaplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Reader = Callable[[bytes], Awaitable[bool]]

TIMEOUT_SECONDS = 30
MOST_AT_ONCE = 100
LARGEST = 256 * 1024  # bytes of a mail that are read: a report stands in front of what it is about


def by_tls(host: str, port: int) -> imaplib.IMAP4_SSL:
    """Connect; OSError where the system does not trust the certificate, or it is for another host.

    Without a context imaplib would check neither.
    """
    context = ssl.create_default_context()
    return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)


class ImapError(Exception):
    """The mailbox cannot be read for now; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Imap:
    """TLS from the first byte on, but in tests."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    connect: Callable[[str, int], imaplib.IMAP4] = by_tls

    async def read_new(self, reader: Reader) -> int:
        """Let *reader* see each unread mail; it says whether it understood. Return how many."""
        try:
            client = await asyncio.to_thread(self._opened)
        except (imaplib.IMAP4.error, OSError) as error:
            raise ImapError(f"the mailbox of bounces cannot be opened: {error}") from error
        try:
            numbers = await asyncio.to_thread(_unread, client)
            for number in numbers:
                content = await asyncio.to_thread(_content, client, number)
                flag = r"\Deleted" if await reader(content) else r"\Seen"
                await asyncio.to_thread(client.store, number, "+FLAGS", flag)
            if numbers:
                await asyncio.to_thread(client.expunge)
        except (imaplib.IMAP4.error, OSError) as error:
            raise ImapError(f"the mailbox of bounces cannot be read: {error}") from error
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                await asyncio.to_thread(client.logout)
        return len(numbers)

    def _opened(self) -> imaplib.IMAP4:
        client = self.connect(self.host, self.port)
        try:
            client.login(self.user, self.password)
            _select(client, self.folder)
        except (imaplib.IMAP4.error, OSError):
            client.shutdown()
            raise
        return client


def _select(client: imaplib.IMAP4, folder: str) -> None:
    answer, told = client.select(f'"{folder}"')
    if answer != "OK":
        raise imaplib.IMAP4.error(f"IMAP_FOLDER {folder}: {told!r}")


def _unread(client: imaplib.IMAP4) -> list[str]:
    _, found = client.search(None, "UNSEEN")
    return [number.decode() for number in (found[0] or b"").split()][:MOST_AT_ONCE]


def _content(client: imaplib.IMAP4, number: str) -> bytes:
    """Return the mail, left unread: it is marked once it is done."""
    _, parts = client.fetch(number, f"(BODY.PEEK[]<0.{LARGEST}>)")
    return next((part[1] for part in parts if isinstance(part, tuple)), b"")
