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
_POLICY_HEADER = "Content-Security-Policy"
_OLD_FRAMES = "X-Frame-Options"  # for browsers from before frame-ancestors
_HEADERS = {
    _POLICY_HEADER: _POLICY,
    "X-Content-Type-Options": "nosniff",
    _OLD_FRAMES: "DENY",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


async def put_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Add what the answer does not say itself, and do not say what serves it."""
    may_be_framed = _POLICY_HEADER in answer.headers  # its own policy says by whom
    for name, value in _HEADERS.items():
        if not (may_be_framed and name == _OLD_FRAMES):
            answer.headers.setdefault(name, value)
    answer.headers.pop("Server", None)
