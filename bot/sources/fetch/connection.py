"""How the client reaches the network: name resolution, checked sockets, translated errors."""

import errno
import socket
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.sources.fetch.problems import (
    AddressRefused,
    BadCertificate,
    CannotConnect,
    FetchError,
    TimedOut,
)
from bot.sources.fetch.ssrf import AddressPolicy, literal_address

_MAX_NAMES = 10_000  # known to be in the operator's own network


# The first that matches counts.
_TRANSLATIONS: tuple[tuple[type[Exception], type[FetchError], str], ...] = (
    (TimeoutError, TimedOut, "does not answer in time"),
    (aiohttp.ClientConnectorDNSError, CannotConnect, "has a host name that nobody knows"),
    (aiohttp.ClientSSLError, CannotConnect, "cannot make a secure connection"),
    (aiohttp.ClientConnectorError, CannotConnect, "cannot be connected to"),
    (aiohttp.ClientPayloadError, CannotConnect, "breaks off in the middle of its answer"),
    (aiohttp.ClientResponseError, CannotConnect, "answers, but not in proper HTTP"),
    (ValueError, AddressRefused, "is not a web address"),
)
# Where the system says exactly what failed.
_BY_NUMBER = {
    socket.EAI_AGAIN: "has a host name that cannot be looked up just now",
    errno.ECONNREFUSED: "cannot be connected to: its host refuses",
    errno.ENETUNREACH: "cannot be connected to: no way leads to its host",
    errno.EHOSTUNREACH: "cannot be connected to: no way leads to its host",
}


class RefusedError(OSError):
    """An OSError, so that aiohttp goes on to the host's next address.

    All have the same text: aiohttp raises the original only if the errors of all addresses are
    equal.
    """

    def __init__(self) -> None:
        super().__init__("leads to an address that is not on the public Internet")


@dataclass(frozen=True, slots=True)
class CheckedSockets:
    """Opens a socket only once the real address, as resolved for this connection, is allowed."""

    policy: AddressPolicy

    def __call__(self, found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _name, target = found
        scope = target[3] if family == socket.AF_INET6 and len(target) > 3 else 0  # noqa: PLR2004 - host, port, flow, scope
        if scope:
            raise RefusedError
        try:
            self.policy.check_address(target[0], target[1])
        except (AddressRefused, ValueError):
            raise RefusedError from None
        return socket.socket(family, kind, protocol)


class Resolver(AbstractResolver):
    """Resolves names by *inner* and remembers which are in the operator's own network."""

    def __init__(self, inner: AbstractResolver, policy: AddressPolicy) -> None:
        self._inner = inner
        self._policy = policy
        self._own: OrderedDict[tuple[str, int], None] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        self._own.pop((host, port), None)
        if found and all(self._policy.is_exempt(each["host"], port) for each in found):
            self._own[host, port] = None
            if len(self._own) > _MAX_NAMES:
                self._own.popitem(last=False)
        return found

    def is_own(self, host: str, port: int) -> bool:
        """Whether it is in the operator's own network; a name is once it has been resolved."""
        if (host, port) in self._own:
            return True
        address = literal_address(host)
        return address is not None and self._policy.is_exempt(address, port)

    async def close(self) -> None:
        await self._inner.close()


async def without_retry(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Middleware of aiohttp, which would send a request again if the connection breaks."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise as_fetch_error(error) from error


def as_fetch_error(error: Exception) -> FetchError:
    """Translate what aiohttp raised."""
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
