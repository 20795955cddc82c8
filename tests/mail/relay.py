"""A mail server in the test's event loop that refuses, waits or hangs up on request."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from bot.mail.smtp import Relay
from tests.story.processes import PATIENCE

HANG_UP = "hang up"
HANG_UP_AFTER = "take it, then hang up"
SAY_NOTHING = "say nothing"


@dataclass
class TakenMail:
    """A mail that the server has accepted."""

    sender: str
    recipient: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class FakeRelay:
    """A mail server. Each list has the next responses to a command; an empty one accepts.

    A response is a line such as `450 later`, or one of the constants above.
    """

    greeting: list[str] = field(default_factory=list)
    mail: list[str] = field(default_factory=list)
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    rset: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)  # in order, except greetings and logins
    auth: dict[str, str] = field(default_factory=dict)
    mails: list[TakenMail] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    tls_at_once: bool = False
    connections: int = 0
    port: int = 0
    _protocols: set[Any] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.commands.append("MAIL")
        answer = await _next(server, self.mail)
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        self.commands.append("RCPT")
        answer = await _next(server, self.rcpt)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.commands.append("DATA")
        assert isinstance(envelope.content, bytes)
        taken = TakenMail(str(envelope.mail_from), envelope.rcpt_tos[0], envelope.content)
        if not self.data or self.data[0] == HANG_UP_AFTER:
            self.mails.append(taken)
        return await _next(server, self.data)

    async def handle_RSET(  # noqa: N802
        self, server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        self.commands.append("RSET")
        return await _next(server, self.rset)

    async def handle_NOOP(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope, _said: str
    ) -> str:
        self.commands.append("NOOP")
        return "250 fine"

    async def handle_QUIT(  # noqa: N802
        self, _server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        self.commands.append("QUIT")
        return "221 bye"

    def relay(self, **facts: Any) -> Relay:
        return Relay("127.0.0.1", self.port, **{"start_tls": False, **facts})

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        at_once = self.tls if self.tls_at_once else None
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=at_once)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and cut every connection."""
        assert self._server
        self._server.close()
        self.hang_up_on_all()
        await self._server.wait_closed()

    async def left_alone(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(PATIENCE):
            while any(one.transport for one in self._protocols):  # noqa: ASYNC110 - aiosmtpd's
                await asyncio.sleep(0.01)

    def hang_up_on_all(self) -> None:
        for protocol in self._protocols:
            _cut_off(protocol)

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = _Protocol(
            self,
            hostname="relay.example",
            ident="relay",
            tls_context=None if self.tls_at_once else self.tls,
            require_starttls=self.tls is not None and not self.tls_at_once,
            auth_require_tls=False,
            authenticator=self._knows if self.auth else None,
            loop=asyncio.get_running_loop(),
        )
        self._protocols.add(protocol)
        return protocol

    def _knows(self, *given: Any) -> AuthResult:
        login = given[-1]
        self.logins.append(login.login.decode())
        known = self.auth.get(login.login.decode()) == login.password.decode()
        return AuthResult(success=known, handled=known)  # otherwise aiosmtpd answers 535


class _Protocol(SMTP):
    async def push(self, status: Any) -> None:
        greeting = self.event_handler.greeting
        await super().push(greeting.pop(0) if greeting else status)


async def _next(server: SMTP, answers: list[str]) -> str:
    answer = answers.pop(0) if answers else "250 fine"
    if answer in {HANG_UP, HANG_UP_AFTER}:
        _cut_off(server)
    if answer == SAY_NOTHING:
        await asyncio.Event().wait()
    return answer


def _cut_off(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.WriteTransport):
        protocol.transport.abort()


@asynccontextmanager
async def open_relay(**facts: Any) -> AsyncIterator[FakeRelay]:
    relay = FakeRelay(**facts)
    await relay.open()
    try:
        yield relay
    finally:
        await relay.close()
