"""The mail server, and where its letters are kept: in memory, the newest few hundred."""

from collections import deque
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from bot.playground.mailroom.letters import Letter
from bot.playground.mailroom.pages import HTML_POLICY, PAGE_POLICY, write_letter, write_list
from bot.playground.mailroom.smtp import SmtpServer

_SIZE = 500
_ANSWERS = {"refused": "550 5.1.1 No such user", "later": "450 4.2.0 Come again later"}


class Mailroom:
    """*clock* gives Unix seconds; *came* is told of each letter. The server has a free port."""

    def __init__(self, clock: Callable[[], float], came: Callable[[Letter], None]) -> None:
        self.port = 0
        self.letters: deque[Letter] = deque(maxlen=_SIZE)
        self._clock = clock
        self._came = came
        self._count = 0

    async def lifetime(self, _app: web.Application) -> AsyncIterator[None]:
        server = await SmtpServer(_judged, self._take).start("127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        yield
        server.close()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/mail", self.show_list),
            web.get("/mail/{n}", self.show_letter),
            web.get("/mail/{n}/html", self.show_html),
            web.get("/mail/{n}/raw", self.show_raw),
            web.get("/control/mail", self.tell),
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

    async def tell(self, _request: web.Request) -> web.Response:
        return web.json_response([letter.to_json() for letter in self.letters])

    def _take(self, sender: str, recipients: list[str], content: bytes) -> None:
        for address in recipients:
            self._count += 1
            letter = Letter(self._count, self._clock(), sender, address, content)
            self.letters.append(letter)
            self._came(letter)

    def _letter(self, request: web.Request) -> Letter:
        asked = request.match_info["n"]
        found = next((letter for letter in self.letters if str(letter.n) == asked), None)
        if found is None:
            raise web.HTTPNotFound(text="There is no such letter (any more).")
        return found


def _judged(address: str) -> str:
    refused = (answer for name, answer in _ANSWERS.items() if address.startswith(name))
    return next(refused, "250 2.1.5 Welcome")


def _page(html: str, policy: str = PAGE_POLICY) -> web.Response:
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(text=html, content_type="text/html", headers=headers)
