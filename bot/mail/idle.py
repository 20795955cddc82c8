"""Watches the mailbox by IMAP IDLE (RFC 2177), so that a new mail is read within seconds.

The watch only wakes the stage that reads the mailbox. The stage also polls it, so that mails come
later without the watch, but they come.

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
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from bot.mail.imap import TIMEOUT_SECONDS, ImapError, offers_idle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bot.mail.imap import Imap

log = structlog.get_logger(__name__)

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
