"""The headers of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

# Pages of ours load nothing but our stylesheet and icon, run nothing, and stand in no frame.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers from before frame-ancestors
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def put_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Add what the answer does not say itself, and do not say what serves it."""
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.pop("Server", None)
