"""How often each client may send a form: a few at once, then evenly (GCRA, ITU-T I.371).

In memory, and each process by itself: it is to keep a mad client from the database, no more.
Beyond *most* clients the one not seen for longest is forgotten.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_OWN_NETWORK_BITS = 64  # of an IPv6 address: what follows is the client's own to choose


@dataclass(eq=False)
class Allowances:
    per_minute: int = 30
    at_once: int = 30
    most: int = 10_000
    clock: Callable[[], float] = time.monotonic
    _arrivals: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def take(self, client: str) -> float:
        """Return 0 where *client* may go on, or else the seconds after which it may."""
        now, interval = self.clock(), 60 / self.per_minute
        arrival = max(self._arrivals.get(client, now), now) + interval
        wait = arrival - now - self.at_once * interval
        if wait > 0:
            return wait
        self._arrivals[client] = arrival
        self._arrivals.move_to_end(client)
        if len(self._arrivals) > self.most:
            self._arrivals.popitem(last=False)
        return 0.0


def client_of(remote: str | None, forwarded: str) -> str:
    """Return whom a request is counted for.

    A proxy of the operator's stands in the same network (a loopback or private address) and names
    last in *forwarded* (the header X-Forwarded-For) who came to it; from anybody else that header
    is hearsay.
    """
    address = _address(remote or "")
    if address is None or not address.is_global:
        address = _address(forwarded.rpartition(",")[2].strip()) or address
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _OWN_NETWORK_BITS), strict=False))
    return str(address)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
