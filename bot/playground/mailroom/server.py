"""A mail server with as much of SMTP (RFC 5321) as the bot needs, and the pages of its e-mails.

It keeps the newest few hundred e-mails in memory. SMTP is implemented here, because the bot
would otherwise depend on a package that only the playground needs.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from bot.playground.mailroom.letters import (
    HTML_POLICY,
    PAGE_POLICY,
    Letter,
    write_letter,
    write_list,
)
from bot.playground.state.journal import Events

LARGEST_MAIL = 32 * 1024 * 1024  # bytes
_LONGEST_LINE = 64 * 1024
_KEPT_LETTERS = 500
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>", re.IGNORECASE)
_BYE = "221 2.0.0 Bye"
_REJECTED = {"refused": "550 5.1.1 No such user", "later": "450 4.2.0 Come again later"}
_REPLIES = {
    "EHLO": f"250-playground.example\r\n250-SIZE {LARGEST_MAIL}\r\n250 8BITMIME",
    "HELO": "250 playground.example",
    "NOOP": "250 2.0.0 OK",
    "RSET": "250 2.0.0 OK",
    "DATA": "503 5.5.1 RCPT first",
    "QUIT": _BYE,
}


class _Session:
    """The state of one SMTP session."""

    def __init__(self, mailroom: "Mailroom") -> None:
        self._mailroom = mailroom
        self._sender: str | None = None
        self._recipients: list[str] = []
        self.expects_data = False

    def reply_to(self, line: str) -> str:
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if verb in {"MAIL", "RCPT"}:
            return self._envelope(verb, argument)
        if verb == "DATA" and self._recipients:
            self.expects_data = True
            return "354 End with a dot on a line of its own"
        if verb == "RSET":
            self._reset()
        return _REPLIES.get(verb, "502 5.5.1 Command not implemented")

    def _envelope(self, verb: str, argument: str) -> str:
        path = _PATH.match(argument)
        if path is None:
            return "501 5.5.4 Invalid address"
        if verb == "MAIL":
            self._reset()
            self._sender = path[1]
            return "250 2.1.0 OK"
        if self._sender is None:
            return "503 5.5.1 MAIL first"
        rejected = (reply for name, reply in _REJECTED.items() if path[1].startswith(name))
        reply = next(rejected, "250 2.1.5 OK")
        if reply.startswith("2"):
            self._recipients.append(path[1])
        return reply

    def receive(self, content: bytes | None) -> str:
        """Deliver the content that followed DATA; None stands for content that was too large."""
        sender, recipients = self._sender or "", self._recipients
        self._reset()
        if content is None:
            return "552 5.3.4 Message too large"
        self._mailroom.receive(sender, recipients, content)
        return "250 2.0.0 OK"

    def _reset(self) -> None:
        self._sender, self._recipients, self.expects_data = None, [], False


class Mailroom:
    """Listens on a free port. *clock* gives Unix seconds; each e-mail publishes one of *events*."""

    def __init__(self, clock: Callable[[], float], events: Events) -> None:
        self.port = 0
        self.letters: deque[Letter] = deque(maxlen=_KEPT_LETTERS)
        self._clock = clock
        self._events = events
        self._count = 0

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=_LONGEST_LINE
        )
        self.port = server.sockets[0].getsockname()[1]
        yield
        server.close()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/mail", self.show_list),
            web.get("/mail/{n}", self.show_letter),
            web.get("/mail/{n}/html", self.show_html),
            web.get("/mail/{n}/raw", self.show_raw),
            web.get("/control/mail", self.list_as_json),
        ]

    async def show_list(self, _request: web.Request) -> web.Response:
        return _page(write_list(self.letters))

    async def show_letter(self, request: web.Request) -> web.Response:
        return _page(write_letter(self._letter(request)))

    async def show_html(self, request: web.Request) -> web.Response:
        return _page(self._letter(request).html, HTML_POLICY)

    async def show_raw(self, request: web.Request) -> web.Response:
        text = self._letter(request).content.decode("utf-8", "replace")
        return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})

    async def list_as_json(self, _request: web.Request) -> web.Response:
        return web.json_response([letter.to_json() for letter in self.letters])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self)
        reply = "220 playground.example"
        try:
            while reply:
                writer.write(f"{reply}\r\n".encode())
                await writer.drain()
                if reply == _BYE:
                    break
                reply = await self._next_reply(session, reader)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass  # the client disconnected, or sent a line that is too long
        finally:
            writer.close()

    async def _next_reply(self, session: _Session, reader: asyncio.StreamReader) -> str:
        """Return the reply to the next line; "" at the end of the connection."""
        line = await reader.readline()
        if not line:
            return ""
        if not session.expects_data:
            return session.reply_to(line.decode("utf-8", "replace").rstrip("\r\n"))
        content, size = [], 0
        while line != b".\r\n":
            if not line:
                return ""
            size += len(line)
            if size <= LARGEST_MAIL:
                content.append(line.removeprefix(b"."))  # the client doubles a leading dot (4.5.2)
            line = await reader.readline()
        return session.receive(b"".join(content) if size <= LARGEST_MAIL else None)

    def receive(self, sender: str, recipients: list[str], content: bytes) -> None:
        for address in recipients:
            self._count += 1
            letter = Letter(self._count, self._clock(), sender, address, content)
            self.letters.append(letter)
            self._events.publish("mail", letter=letter.n)

    def _letter(self, request: web.Request) -> Letter:
        number = request.match_info["n"]
        letter = next((letter for letter in self.letters if str(letter.n) == number), None)
        if letter is None:
            raise web.HTTPNotFound(text="There is no such e-mail (any more).")
        return letter


def _page(html: str, policy: str = PAGE_POLICY) -> web.Response:
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=html, content_type="text/html", headers=headers)
