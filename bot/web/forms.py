"""What is sent to our pages: small, soon, from our own pages, and not too often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from bot.web.allowances import Allowances
from bot.web.clients import Clients
from bot.web.pacing import count

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_FORM = 4096  # bytes
BODY_SECONDS = 10.0  # in which all of it must have come, so that no trickle holds a place
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
    clients: Clients = field(default_factory=Clients)

    async def read(self, request: web.Request) -> Mapping[str, str]:
        """Return the fields; an error page where the form is none of ours, or one too many."""
        self._check_sender(request)
        count(self.allowances, self.clients.of(request))
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

    def count(self, mailbox: str) -> None:
        """Count what comes for a mailbox, whoever sends it: its token says whose it is."""
        count(self.allowances, f"mailbox {mailbox}")


async def small_body(
    request: web.Request, most: int = LARGEST_FORM, seconds: float | None = None
) -> bytes:
    """Return what was sent; 413 where it is over *most* bytes, 408 where it takes too long."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds or BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most:
                    raise web.HTTPRequestEntityTooLarge(most, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (web.RequestPayloadError, ConnectionResetError):  # not packed as it says, or broken off
        raise web.HTTPBadRequest from None
    return bytes(body)
