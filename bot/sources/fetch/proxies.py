"""Requests through the proxy of one source.

The address guard stands before the proxy: the name of the site is resolved and checked here, and
the proxy is asked for the checked address, so that no name can lead it or us elsewhere. TLS and
the header Host still carry the name.

SOCKS5 and CONNECT take a few lines. `aiohttp-socks` leaves names to the proxy or resolves them past
our resolver, so it could not keep this guard; it overrides the same private method of aiohttp.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from base64 import b64encode
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from bot.sources.fetch.connection import RefusedError
from bot.sources.fetch.problems import AddressRefused, FetchError, ProblemCode
from bot.sources.fetch.ssrf import AddressPolicy, is_public
from bot.sources.limits import CONNECT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aiohttp import AddrInfoType, SocketFactoryType
    from aiohttp.abc import AbstractResolver
    from aiohttp.client_proto import ResponseHandler

    from bot.sources.credentials import Proxy

_LONGEST_ANSWER: Final = 16_384  # bytes of a proxy's headers
_UNAUTHORIZED: Final = 407
_NO_TUNNEL: Final = frozenset({400, 403, 404, 405, 501})  # of a proxy that refuses CONNECT
_SOCKS_SUCCESS: Final = 0
_SOCKS_WITHOUT, _SOCKS_PASSWORD = 0, 2  # methods of RFC 1928
_SOCKS_IPV4, _SOCKS_NAME, _SOCKS_IPV6 = 1, 3, 4


class ProxyConnector(aiohttp.TCPConnector):
    """Connects through *proxy*, whose own address *policy* checks.

    Overrides the private method with which aiohttp opens a socket to resolved addresses, because
    its own support of proxies sends them names and knows no SOCKS.
    """

    def __init__(
        self,
        proxy: Proxy,
        *,
        policy: AddressPolicy,
        operators: AddressPolicy,
        names: AbstractResolver,
        sockets: Callable[[AddressPolicy], SocketFactoryType],
        tls: ssl.SSLContext | None,
        **options: Any,
    ) -> None:
        """*policy*: of the site. *names* resolves the proxy. *sockets*: checks and opens.

        *operators*: of the proxy, whatever the site redirects to. *tls*: for an https proxy; None:
        the certificates of the system.
        """
        super().__init__(**options)
        self._proxy, self._policy, self._names, self._tls = proxy, policy, names, tls
        self._open_socket = sockets(_ProxyPolicy(operators.networks, operators.endpoints))

    async def _wrap_create_connection(
        self,
        *args: Any,
        addr_infos: Sequence[AddrInfoType],
        **kwargs: Any,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        (factory,) = args
        address, port = _checked(self._policy, addr_infos)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                transport = await self._tunnel(address, port)
        except TimeoutError:
            raise FetchError(ProblemCode.PROXY_UNREACHABLE) from None
        protocol: ResponseHandler = factory()
        context, name = kwargs.get("ssl"), kwargs.get("server_hostname")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await _handed_over(transport, protocol, context, name), protocol
        except aiohttp.client_exceptions.ssl_errors as error:
            transport.abort()
            raise _tls_error(kwargs["req"].connection_key, error) from error
        except BaseException:
            transport.abort()
            raise

    async def _tunnel(self, address: str, port: int) -> asyncio.Transport:
        """Return a connection to *address* through the proxy."""
        proxy, loop = self._proxy, asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LONGEST_ANSWER)
        sock = await self._connected()
        try:
            transport, _ = await loop.create_connection(
                lambda: asyncio.StreamReaderProtocol(reader),
                sock=sock,
                ssl=self._tls or True if proxy.scheme == "https" else None,
                server_hostname=proxy.host if proxy.scheme == "https" else None,
            )
        except ssl.SSLError:
            raise FetchError(ProblemCode.PROXY_TLS_FAILED) from None
        except OSError:
            sock.close()
            raise FetchError(ProblemCode.PROXY_UNREACHABLE) from None
        speak = _socks if proxy.scheme == "socks5" else _connect
        try:
            await speak(proxy, reader, transport, address, port)
            _require_silence(reader)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError):
            transport.abort()
            raise FetchError(ProblemCode.PROXY_INVALID) from None
        except BaseException:
            transport.abort()
            raise
        return transport

    async def _connected(self) -> socket.socket:
        """Return a socket that is connected to the proxy. Raises FetchError."""
        proxy, loop = self._proxy, asyncio.get_running_loop()
        try:
            found = await self._names.resolve(proxy.host, proxy.port, socket.AF_UNSPEC)
        except OSError:
            raise FetchError(ProblemCode.PROXY_UNREACHABLE) from None
        is_refused = False
        for each in found:
            at = (each["host"], proxy.port)
            try:
                opened = self._open_socket((each["family"], socket.SOCK_STREAM, 0, "", at))
            except RefusedError:
                is_refused = True
                continue
            opened.setblocking(False)  # noqa: FBT003 - its only argument
            try:
                await loop.sock_connect(opened, at)
            except OSError:
                opened.close()
            except BaseException:
                opened.close()
                raise
            else:
                return opened
        raise FetchError(ProblemCode.PROXY_INSIDE if is_refused else ProblemCode.PROXY_UNREACHABLE)


class _ProxyPolicy(AddressPolicy):
    """Proxies have ports of their own; inside they have to be in an allowed network."""

    def check_address(self, address: Any, port: int) -> None:
        address = ip_address(address) if isinstance(address, str) else address
        if not self.is_exempt(address, port) and not is_public(address):
            raise AddressRefused(ProblemCode.PRIVATE_ADDRESS)


def _checked(policy: AddressPolicy, addresses: Sequence[AddrInfoType]) -> tuple[str, int]:
    """Return the first address of a site that its policy allows.

    Refuses a site of which any address is inside, because its name may be a trap.
    """
    for _family, _kind, _protocol, _name, at in addresses:
        policy.check_address(at[0], at[1])
    at = addresses[0][4]
    return at[0], at[1]


async def _handed_over(
    transport: asyncio.Transport,
    protocol: ResponseHandler,
    context: ssl.SSLContext | None,
    name: str | None,
) -> asyncio.Transport:
    """Give the connection to aiohttp's *protocol*, after TLS with the site if it has *context*."""
    if context is None:
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        return transport
    loop = asyncio.get_running_loop()
    secured = await loop.start_tls(transport, protocol, context, server_hostname=name)
    if secured is None:
        raise ConnectionResetError
    protocol.connection_made(secured)
    return secured


def _require_silence(reader: asyncio.StreamReader) -> None:
    """Refuse a proxy that sends more than its answer, because a site never speaks first."""
    if reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - nothing public tells
        raise FetchError(ProblemCode.PROXY_INVALID)


def _tls_error(key: Any, error: Exception) -> aiohttp.ClientError:
    if isinstance(error, aiohttp.client_exceptions.cert_errors):
        return aiohttp.ClientConnectorCertificateError(key, error)
    return aiohttp.ClientConnectorSSLError(key, error)


async def _connect(
    proxy: Proxy,
    reader: asyncio.StreamReader,
    transport: asyncio.Transport,
    address: str,
    port: int,
) -> None:
    """Ask an HTTP proxy for a tunnel (RFC 9110, section 9.3.6)."""
    at = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    lines = [f"CONNECT {at} HTTP/1.1", f"Host: {at}"]
    if proxy.user or proxy.password:
        login = b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    transport.write("\r\n".join([*lines, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    status = int(rest[:3]) if version.startswith(b"HTTP/1.") else 0
    if status not in range(100, 600):
        raise FetchError(ProblemCode.PROXY_INVALID)
    if status == _UNAUTHORIZED:
        raise _demand(proxy, head.decode("latin-1"))
    if status in _NO_TUNNEL:
        raise FetchError(ProblemCode.PROXY_NO_TUNNEL, status=status)
    if status not in range(200, 300):
        raise FetchError(ProblemCode.PROXY_FAILED, status=status)


def _demand(proxy: Proxy, head: str) -> FetchError:
    """Return what is missing after a 407 with *head* (RFC 9110, section 11.7.1)."""
    demands = re.findall(r"(?im)^proxy-authenticate:\s*([\w-]{1,30})", head)
    if demands and "basic" not in head.lower():
        return FetchError(ProblemCode.PROXY_LOGIN_REQUIRED, scheme=demands[0])
    return _without_entry(proxy)


def _without_entry(proxy: Proxy) -> FetchError:
    has_login = proxy.user or proxy.password
    code = ProblemCode.PROXY_LOGIN_REFUSED if has_login else ProblemCode.PROXY_LOGIN_REQUIRED
    return FetchError(code)


async def _socks(
    proxy: Proxy,
    reader: asyncio.StreamReader,
    transport: asyncio.Transport,
    address: str,
    port: int,
) -> None:
    """Ask a SOCKS5 proxy for a connection (RFC 1928), with a login if there is one (RFC 1929)."""
    methods = [_SOCKS_WITHOUT] + [_SOCKS_PASSWORD] * bool(proxy.user or proxy.password)
    transport.write(bytes((5, len(methods), *methods)))
    version, chosen = await reader.readexactly(2)
    if version != 5:  # noqa: PLR2004 - SOCKS5
        raise FetchError(ProblemCode.PROXY_INVALID)
    if chosen not in methods:
        raise _without_entry(proxy)
    if chosen == _SOCKS_PASSWORD:
        user, password = proxy.user.encode(), proxy.password.encode()
        transport.write(bytes((1, len(user))) + user + bytes((len(password),)) + password)
        if (await reader.readexactly(2))[1] != _SOCKS_SUCCESS:
            raise FetchError(ProblemCode.PROXY_LOGIN_REFUSED)
    target = ip_address(address)
    kind = _SOCKS_IPV4 if target.version == 4 else _SOCKS_IPV6  # noqa: PLR2004 - IPv4
    transport.write(bytes((5, 1, 0, kind)) + target.packed + struct.pack(">H", port))
    version, reply, _, bound = await reader.readexactly(4)
    if version != 5:  # noqa: PLR2004 - SOCKS5
        raise FetchError(ProblemCode.PROXY_INVALID)
    if reply != _SOCKS_SUCCESS:
        raise FetchError(ProblemCode.PROXY_FAILED)
    length = {_SOCKS_IPV4: 4, _SOCKS_IPV6: 16}.get(bound, 0)
    if bound == _SOCKS_NAME:
        (length,) = await reader.readexactly(1)
    await reader.readexactly(length + 2)
