"""Keeps pages of other origins away: whoever steers the playground sits at this machine.

A browser says where a request comes from. Refused with 403 are: a Host that is not loopback (a name
that was re-bound to 127.0.0.1), an Origin other than the playground's own, and anything that
Sec-Fetch-Site calls foreign. Programs send none of these but Host.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

GUARDED = ("/control", "/bot", "/file", "/mail")
_OWN_SITE = {"same-origin", "none"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.path.startswith(GUARDED) and (problem := _foreign(request)):
        return web.json_response({"error": f"refused: {problem}"}, status=403)
    return await handler(request)


def _foreign(request: web.Request) -> str:
    host = request.headers.get("Host", "")
    if not _is_loopback(host):
        return "the host is not this machine"
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return "another origin"
    if request.headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE:
        return "another site"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
