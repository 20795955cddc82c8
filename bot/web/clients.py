"""Whom a request is counted for: the address that it came from, as far as that can be known."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from aiohttp import web

Network: TypeAlias = IPv4Network | IPv6Network

_OWN_NETWORK_BITS = 64  # of an IPv6 address: what follows is the client's own to choose
_MOST_HOPS = 16
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Clients:
    """*trusted*: where the operator's proxies stand. Others' X-Forwarded-For is hearsay."""

    trusted: tuple[Network, ...] = _LOOPBACK

    def of(self, request: web.Request) -> str:
        told = ",".join(request.headers.getall("X-Forwarded-For", []))
        return client_of(request.remote, told, self.trusted)


def client_of(remote: str | None, forwarded: str, trusted: tuple[Network, ...] = _LOOPBACK) -> str:
    """Return the address, or for IPv6 the network, that a request is counted for.

    Each proxy adds to *forwarded* who came to it, so that its last word is the nearest: it is
    followed from there as long as who says so is trusted.
    """
    address = _address(remote or "")
    for told in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        named = _address(told.strip())
        if named is None or address is None or not _is_in(address, trusted):
            break
        address = named
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _OWN_NETWORK_BITS), strict=False))
    return str(address)


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; one of IPv4 that comes in one of IPv6 (RFC 4291, 2.5.5.2) is itself."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
