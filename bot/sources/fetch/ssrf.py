"""Limits the addresses that a fetch may reach to the public Internet, on ports 80 and 443.

The URL is checked before any request, and the real address when a socket connects. An address that
wraps another one (v4-mapped, NAT64, 6to4, Teredo, …) is allowed only if the inner one is.
"""

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from yarl import URL

from bot.sources.fetch.problems import AddressRefused, ProblemCode
from bot.sources.limits import LONGEST_URL
from bot.sources.urls import WEB_SCHEMES

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443})

# `is_global` differs between Python's versions and is true for some of these.
_RESERVED = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.64.0.0/10",
            "168.63.129.16/32",  # Azure's internal service for its virtual machines
            "192.0.0.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "224.0.0.0/3",
            "2001::/23",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
_NAME = re.compile(r"[\w.-]+", re.ASCII)  # as in DNS, where international names are encoded
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_LAST_32_BITS_ARE_IPV4 = (
    IPv6Network("::/96"),  # v4-compatible
    IPv6Network("::ffff:0:0/96"),  # v4-mapped
    IPv6Network("::ffff:0:0:0/96"),  # translated (SIIT)
    IPv6Network("64:ff9b::/96"),  # NAT64; its local-use prefix is refused as a whole
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # bits 32 to 63 of the interface id before an IPv4 address


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """The rule, and the operator's exceptions: whole *networks*, and *endpoints* of one port."""

    networks: tuple[Network, ...] = ()
    endpoints: frozenset[tuple[Address, int]] = frozenset()

    def check_url(self, text: str) -> URL:
        """Return the URL if its text is allowed; else raise AddressRefused."""
        url = _parsed(text)
        address = literal_address(url.raw_host or "")
        port = url.port or 0
        if address is not None:
            self.check_address(address, port)
        elif port not in PORTS and not self.networks:
            # A name may resolve to an allowed network, so its address decides later.
            raise AddressRefused(ProblemCode.WRONG_PORT, port=port)
        return url

    def check_address(self, address: Address | str, port: int) -> None:
        """Raise AddressRefused unless *address* and *port* may be connected to."""
        if isinstance(address, str):
            address = ip_address(address)
        if self.is_exempt(address, port):
            return
        if not is_public(address):
            raise AddressRefused(ProblemCode.PRIVATE_ADDRESS)
        if port not in PORTS:
            raise AddressRefused(ProblemCode.WRONG_PORT, port=port)

    def is_exempt(self, address: Address | str, port: int) -> bool:
        """Return whether the address is the operator's own, without limits on ports and pauses."""
        if not (self.networks or self.endpoints):
            return False
        if isinstance(address, str):
            address = ip_address(address)
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if (address, port) in self.endpoints:
            return True
        return any(address in network for network in self.networks)


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return _is_open(address)
    if address.scope_id is not None:
        return False
    wrapped = unwrapped(address)
    if not all(_is_open(inner) for inner in wrapped):
        return False
    return bool(wrapped) or (address in _GLOBAL_UNICAST and _is_open(address))


def unwrapped(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses to which *address* leads; none for a plain one."""
    if any(address in network for network in _LAST_32_BITS_ARE_IPV4):
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()


def _is_open(address: Address) -> bool:
    if address.is_multicast or not address.is_global:
        return False
    return not any(address in network for network in _RESERVED)


def _parsed(text: str) -> URL:
    if len(text) > LONGEST_URL:
        raise AddressRefused(ProblemCode.ADDRESS_TOO_LONG, limit=LONGEST_URL)
    if not text.isprintable():
        raise AddressRefused(ProblemCode.INVISIBLE_CHARACTERS)
    try:
        url = URL(text.strip())
        _port = url.port  # reading a bad port raises
        _host = url.host if "xn--" in (url.raw_host or "") else ""  # and so does bad punycode
    except ValueError:
        raise AddressRefused(ProblemCode.INVALID_ADDRESS) from None
    if url.scheme not in WEB_SCHEMES:
        raise AddressRefused(ProblemCode.WRONG_SCHEME)
    host = url.raw_host
    if not host:
        raise AddressRefused(ProblemCode.NO_HOST)
    # Browsers read a backslash as a slash, other parsers as part of a login.
    if "\\" in text or (":" not in host and not _NAME.fullmatch(host)):
        raise AddressRefused(ProblemCode.INVALID_ADDRESS)
    if url.user is not None or url.password is not None:
        raise AddressRefused(ProblemCode.LOGIN_IN_ADDRESS)
    return url


def literal_address(host: str) -> Address | None:
    """Return *host*, which has no brackets, as an address; None if it is a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None  # faster than the error below
    try:
        return ip_address(host)
    except ValueError:
        return None
