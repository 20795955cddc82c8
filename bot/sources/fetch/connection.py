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
    FetchError,
    ProblemCode,
)
from bot.sources.fetch.ssrf import AddressPolicy, literal_address

_MAX_NAMES = 10_000  # remembered to be in the operator's own network


# The first match counts.
_TRANSLATIONS: tuple[tuple[type[Exception], ProblemCode], ...] = (
    (TimeoutError, ProblemCode.TIMED_OUT),
    (aiohttp.ClientConnectorDNSError, ProblemCode.UNKNOWN_HOST),
    (aiohttp.ClientSSLError, ProblemCode.TLS_FAILED),
    (aiohttp.ClientConnectorError, ProblemCode.CANNOT_CONNECT),
    (aiohttp.ClientPayloadError, ProblemCode.RESPONSE_CUT_OFF),
    (aiohttp.ClientResponseError, ProblemCode.INVALID_HTTP),
)
# Where the system says exactly what failed.
_BY_NUMBER = {
    socket.EAI_AGAIN: ProblemCode.LOOKUP_FAILED,
    errno.ECONNREFUSED: ProblemCode.CONNECTION_REFUSED,
    errno.ENETUNREACH: ProblemCode.NO_ROUTE,
    errno.EHOSTUNREACH: ProblemCode.NO_ROUTE,
}


class RefusedError(OSError):
    """An OSError, so that aiohttp goes on to the host's next address.

    All have the same text, because aiohttp raises the original error only if the errors of all
    addresses are equal.
    """

    def __init__(self) -> None:
        super().__init__("not a public address")


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


class CheckedResolver(AbstractResolver):
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
        """Return whether a host is in the operator's network; a name only once it was resolved."""
        if (host, port) in self._own:
            return True
        address = literal_address(host)
        return address is not None and self._policy.is_exempt(address, port)

    async def close(self) -> None:
        await self._inner.close()


async def without_retry(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp, as its middleware, from repeating a request after a broken connection."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise as_fetch_error(error) from error


def as_fetch_error(error: Exception) -> FetchError:
    """Translate what aiohttp raised."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return FetchError(_certificate(str(error.certificate_error)))
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, RefusedError):
        return AddressRefused(ProblemCode.PRIVATE_ADDRESS)
    if isinstance(error, aiohttp.ClientConnectorError) and error.os_error.errno in _BY_NUMBER:
        return FetchError(_BY_NUMBER[error.os_error.errno])
    if isinstance(error, ValueError):
        return AddressRefused(ProblemCode.INVALID_ADDRESS)
    for kind, code in _TRANSLATIONS:
        if isinstance(error, kind):
            return FetchError(code)
    return FetchError(ProblemCode.CONNECTION_LOST)


def _certificate(words: str) -> ProblemCode:
    if "expired" in words:
        return ProblemCode.CERTIFICATE_EXPIRED
    if "self-signed" in words or "self signed" in words:
        return ProblemCode.CERTIFICATE_SELF_SIGNED
    if "doesn't match" in words or "not valid for" in words or "mismatch" in words:
        return ProblemCode.CERTIFICATE_WRONG_NAME
    return ProblemCode.CERTIFICATE_UNTRUSTED
