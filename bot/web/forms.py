"""The forms of our pages: small, from our own pages, and not too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from bot.web.allowances import Allowances, client_of

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_FORM = 4096  # bytes
_MOST_FIELDS = 20
# Under our referrer policy a browser hides even our own origin.
_HIDDEN = "null"


@dataclass(frozen=True, slots=True)
class Forms:
    """*origin* is that of our pages (`https://news.example.org`).

    No page knows a cookie, so who has an address may send its form. What another site sends in
    somebody's name is refused all the same.
    """

    origin: str
    allowances: Allowances = field(default_factory=Allowances)

    async def read(self, request: web.Request) -> Mapping[str, str]:
        """Return the fields; an error page where the form is none of ours, or one too many."""
        self._check_sender(request)
        self._check_pace(request)
        body = await small_body(request)
        if b"%00" in body:  # no text that a database takes
            raise web.HTTPBadRequest
        try:
            return dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise web.HTTPBadRequest from None

    def _check_sender(self, request: web.Request) -> None:
        origin = request.headers.get("Origin", _HIDDEN)
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise web.HTTPForbidden
        if origin not in {self.origin, _HIDDEN}:
            raise web.HTTPForbidden

    def _check_pace(self, request: web.Request) -> None:
        client = client_of(request.remote, request.headers.get("X-Forwarded-For", ""))
        if wait := self.allowances.take(client):
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(int(wait) + 1)})


async def small_body(request: web.Request, most: int = LARGEST_FORM) -> bytes:
    """Return what was sent, at most *most* bytes; 413 where it is more."""
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body))
    return body
