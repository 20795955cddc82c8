"""The e-mail channel: SMTP (RFC 5321) over a few connections, kept for as long as there is work.

Each answer is read once:
- no connection, none as safe as asked for, or lost before the content goes: never sent
- it is lost, or silent, from then on: unknown
- 421, at any time: the server wants a pause
- 4xx: later
- 5xx to the recipient: the mailbox refuses; not where the status is 5.7 (policy, RFC 3463), which
  is mostly about us: later, and with patience at an end the operator's, who is told
- 5xx to our name and password, or to our address: we are not let in
- 5xx to the content: refused
It never retries.
"""

from __future__ import annotations

import re
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)
from aiosmtplib.errors import SMTPAuthenticationError, SMTPSenderRefused

from bot.delivery.errors import (
    DeliveryError,
    FloodWait,
    MailboxRefused,
    NeverSent,
    PolicyRefused,
    Refused,
    TokenRejected,
    TryLater,
    Unknown,
)
from bot.subscribers.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ssl import SSLContext

TIMEOUT_SECONDS = 30
ASKED_TO_PAUSE = timedelta(minutes=5)
_CLOSING = 421
_PERMANENT = 500
_POLICY = re.compile(r"^\s*5\.7\.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who gets *content*, and where it comes back to if it must."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail; *hello* is how we introduce ourselves."""

    host: str
    port: int
    use_tls: bool = False  # from the first byte on
    start_tls: bool = True  # before anything is said; neither: for a server in your own network
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    hello: str = "localhost"
    tls: SSLContext | None = None  # None: the system's


@dataclass(eq=False)
class Smtp:
    """`async with` it for as long as the process mails; as many connections as calls at once."""

    relay: Relay
    timeout_seconds: float = TIMEOUT_SECONDS
    _idle: deque[SMTP] = field(default_factory=deque)

    async def send(self, envelope: Envelope) -> None:
        """Hand it over; return for a yes, raise a DeliveryError for all else."""
        client = await self._connected()
        try:
            with _before_the_content():
                await client.mail(envelope.sender)
                await client.rcpt(envelope.recipient)
            with _from_the_content_on():
                await client.data(envelope.content)
        except DeliveryError:
            client.close()  # whatever state it is in, the next mail is not to meet it
            raise
        self._idle.append(client)

    async def answers(self) -> bool:
        """Whether the server lets us in at all."""
        try:
            await self.greet()
        except DeliveryError:
            return False
        return True

    async def greet(self) -> None:
        """Connect and log in, or raise what stands in the way."""
        self._idle.append(await self._connected())

    async def close(self) -> None:
        while self._idle:
            client = self._idle.pop()
            with suppress(SMTPException):
                await client.quit()
            client.close()

    async def _connected(self) -> SMTP:
        while self._idle:
            client = self._idle.pop()
            with suppress(SMTPException):
                await client.noop()  # servers close what is idle
                return client
            client.close()
        client = self._client()
        with _before_the_content():
            await client.connect()
        return client

    def _client(self) -> SMTP:
        relay = self.relay
        return SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.user,
            password=relay.password,
            local_hostname=relay.hello,
            use_tls=relay.use_tls,
            start_tls=relay.start_tls,
            tls_context=relay.tls,
            timeout=self.timeout_seconds,
        )


@contextmanager
def _before_the_content() -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as error:
        raise _refusal(error) from error
    except (SMTPException, OSError) as error:
        raise NeverSent(str(error) or type(error).__name__) from error


@contextmanager
def _from_the_content_on() -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as error:
        raise _refusal(error) from error
    except (SMTPException, OSError) as error:
        raise Unknown(str(error) or type(error).__name__) from error


def _refusal(error: SMTPResponseException) -> DeliveryError:
    said = one_line(f"{error.code} {error.message}")
    if error.code == _CLOSING:
        return FloodWait(said, ASKED_TO_PAUSE)
    if isinstance(error, SMTPAuthenticationError | SMTPSenderRefused):
        return TokenRejected(said) if error.code >= _PERMANENT else TryLater(said)
    if error.code < _PERMANENT:
        return TryLater(said)
    if isinstance(error, SMTPRecipientRefused):
        return PolicyRefused(said) if _POLICY.match(error.message) else MailboxRefused(said)
    return Refused(said)
