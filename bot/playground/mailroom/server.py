"""A mail server with as much of SMTP (RFC 5321) as the bot needs, and the pages of its e-mails.

It keeps the newest few hundred e-mails in memory. SMTP is implemented here, because the bot
would otherwise depend on a package that only the playground needs.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parseaddr
from typing import Any

from aiohttp import web

from bot.playground.mailroom.letters import (
    FORM_POLICY,
    HTML_POLICY,
    PAGE_POLICY,
    Letter,
    write_letter,
    write_list,
    write_page,
)
from bot.playground.mailroom.newsletters import (
    CONFIRMED,
    UNSUBSCRIBED,
    addresses_in,
    read_fields,
    write_form,
    write_mail,
)
from bot.playground.state.world import World

LARGEST_MAIL = 32 * 1024 * 1024  # bytes
_LONGEST_LINE = 64 * 1024
_KEPT_LETTERS = 500
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>", re.IGNORECASE)
_OPENED = {
    CONFIRMED: "Your subscription is confirmed",
    UNSUBSCRIBED: "You have unsubscribed",
}
_NO_READER = "This bot does not read mail: it runs without its role send."
_NO_NEWSLETTER = "This is not the address of a newsletter. Follow one in the chat, under /sources."
_UNREADABLE = "The bot could not read this letter."
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
    """Listens on a free port. Each e-mail publishes an event of the *world*.

    *take*: gives a newsletter to the bot that reads mail, and returns whether it is done with, None
    if it is none.
    """

    def __init__(self, world: World) -> None:
        self.port = 0
        self.letters: deque[Letter] = deque(maxlen=_KEPT_LETTERS)
        self.take: Callable[[bytes], Awaitable[bool | None]] | None = None
        self._world = world
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
            web.get("/mail/new", self.show_form),
            web.post("/mail/new", self.send_form),
            web.get(f"/mail/{{link:{'|'.join(_OPENED)}}}", self.show_opened),
            web.get("/mail/{n}", self.show_letter),
            web.get("/mail/{n}/html", self.show_html),
            web.get("/mail/{n}/raw", self.show_raw),
            web.get("/control/mail", self.list_as_json),
            web.post("/control/newsletter", self.send_json),
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

    async def show_form(self, _request: web.Request) -> web.Response:
        return self._form()

    async def send_form(self, request: web.Request) -> web.Response:
        """Send the newsletter of the form, and show it in the list."""
        try:
            letter = await self._send(dict(await request.post()), request)
        except ValueError as error:
            return self._form(str(error))
        raise web.HTTPSeeOther(f"/mail/{letter.n}")

    async def send_json(self, request: web.Request) -> web.Response:
        """Send a newsletter from the fields of `NewLetter`."""
        try:
            letter = await self._send(await request.json(), request)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(letter.to_json())

    async def show_opened(self, request: web.Request) -> web.Response:
        title = _OPENED[request.match_info["link"]]
        return _page(write_page(title, "opened.html"))

    def _form(self, problem: str = "") -> web.Response:
        page = write_form(addresses_in(self._world), problem)
        # Without the origin, which `no-referrer` withholds, the form would be refused.
        return _page(page, FORM_POLICY, "same-origin", status=400 if problem else 200)

    async def _send(self, fields: dict[str, Any], request: web.Request) -> Letter:
        """Give a newsletter to the bot. Raises ValueError with the reason if it takes none."""
        new = read_fields(fields)
        mail = write_mail(new, self._world, f"{request.scheme}://{request.host}/mail").as_bytes()
        if self.take is None:
            raise ValueError(_NO_READER)
        if not (taken := await self.take(mail)):
            raise ValueError(_NO_NEWSLETTER if taken is None else _UNREADABLE)
        (letter,) = self.receive(parseaddr(new.sender)[1], [new.to], mail)
        return letter

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

    def receive(self, sender: str, recipients: list[str], content: bytes) -> list[Letter]:
        received = list[Letter]()
        for address in recipients:
            self._count += 1
            letter = Letter(self._count, self._world.clock(), sender, address, content)
            received.append(letter)
            self._world.events.publish("mail", letter=letter.n)
        self.letters.extend(received)
        return received

    def _letter(self, request: web.Request) -> Letter:
        number = request.match_info["n"]
        letter = next((letter for letter in self.letters if str(letter.n) == number), None)
        if letter is None:
            raise web.HTTPNotFound(text="There is no such e-mail (any more).")
        return letter


def _page(
    html: str, policy: str = PAGE_POLICY, referrer: str = "no-referrer", *, status: int = 200
) -> web.Response:
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": referrer,
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)
