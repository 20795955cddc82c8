"""Where the client meets the network: names, sockets, and its errors in our words."""

import errno
import socket
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.sources.getting.failures import (
    AddressRefused,
    BadCertificate,
    CannotConnect,
    FetchError,
    TimedOut,
)
from bot.sources.getting.guard import Guard

_REMEMBERED = 10_000  # names whose addresses were the operator's own


# The first that fits wins.
_TRANSLATIONS: tuple[tuple[type[Exception], type[FetchError], str], ...] = (
    (TimeoutError, TimedOut, "does not answer in time"),
    (aiohttp.ClientConnectorDNSError, CannotConnect, "has a host name that nobody knows"),
    (aiohttp.ClientSSLError, CannotConnect, "cannot make a secure connection"),
    (aiohttp.ClientConnectorError, CannotConnect, "cannot be connected to"),
    (aiohttp.ClientPayloadError, CannotConnect, "breaks off in the middle of its answer"),
    (aiohttp.ClientResponseError, CannotConnect, "answers, but not in proper HTTP"),
    (ValueError, AddressRefused, "is not a web address"),
)
# What the system says of names and connections, where it is exact.
_BY_NUMBER = {
    socket.EAI_AGAIN: "has a host name that cannot be looked up just now",
    errno.ECONNREFUSED: "cannot be connected to: its host refuses",
    errno.ENETUNREACH: "cannot be connected to: no way leads to its host",
    errno.EHOSTUNREACH: "cannot be connected to: no way leads to its host",
}


class RefusedError(OSError):
    """An OSError, so that the client goes on to the host's next address.

    All have one sentence: the client only lets the original through when they are equal.
    """

    def __init__(self) -> None:
        super().__init__("leads to an address that is not on the public Internet")


@dataclass(frozen=True, slots=True)
class Sockets:
    """Opens a socket only after the real address, as resolved for this connection, was judged."""

    guard: Guard

    def __call__(self, found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _name, target = found
        scope = target[3] if family == socket.AF_INET6 and len(target) > 3 else 0  # noqa: PLR2004 - host, port, flow, scope
        if scope:
            raise RefusedError
        try:
            self.guard.check_address(target[0], target[1])
        except (AddressRefused, ValueError):
            raise RefusedError from None
        return socket.socket(family, kind, protocol)


class Resolver(AbstractResolver):
    """Resolves by another, and remembers which names stand in the operator's own network."""

    def __init__(self, inner: AbstractResolver, guard: Guard) -> None:
        self._inner = inner
        self._guard = guard
        self._own: OrderedDict[tuple[str, int], None] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        self._own.pop((host, port), None)
        if found and all(self._guard.is_exempt(each["host"], port) for each in found):
            self._own[host, port] = None
            if len(self._own) > _REMEMBERED:
                self._own.popitem(last=False)
        return found

    def is_own(self, host: str, port: int) -> bool:
        """Whether it is, as far as is known: a name must have been resolved once."""
        try:
            return self._guard.is_exempt(ip_address(host), port)
        except ValueError:
            return (host, port) in self._own

    async def close(self) -> None:
        await self._inner.close()


async def once(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """A middleware of the client: one that only saw the connection break would ask again."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise translated(error) from error


def translated(error: Exception) -> FetchError:
    """Return what the client raised as the error whose type is our policy."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return BadCertificate(_certificate(str(error.certificate_error)))
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, RefusedError):
        return AddressRefused(str(error.os_error))
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno in _BY_NUMBER:
        return CannotConnect(_BY_NUMBER[error.os_error.errno])
    for kind, ours, sentence in _TRANSLATIONS:
        if isinstance(error, kind):
            return ours(sentence)
    return CannotConnect("breaks off the connection")


def _certificate(words: str) -> str:
    if "expired" in words:
        return "has a certificate that has expired"
    if "self-signed" in words or "self signed" in words:
        return "has a certificate that it signed itself"
    if "doesn't match" in words or "not valid for" in words or "mismatch" in words:
        return "has a certificate for another name"
    return "has a certificate that nobody vouches for"
