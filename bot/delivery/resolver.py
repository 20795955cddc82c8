"""Asking the DNS: text records, addresses, names of addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dns.asyncresolver import Resolver as Asking
from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer
from dns.reversename import from_address

if TYPE_CHECKING:
    from dns.name import Name

TIMEOUT_SECONDS = 5.0


class NoAnswerError(Exception):
    """The DNS could not be asked; what it would say is not known."""


@dataclass(frozen=True, slots=True)
class Resolver:
    async def texts(self, name: str) -> list[str]:
        """Return the TXT records of *name*, each put together; none where there is no such name."""
        records = await _ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    async def addresses(self, host: str) -> list[str]:
        if _is_address(host):
            return [host]
        found = [*await _ask(host, "A"), *await _ask(host, "AAAA")]
        return [str(record.address) for record in found]

    async def names(self, address: str) -> list[str]:
        records = await _ask(from_address(address), "PTR")
        return [str(record.target).rstrip(".").lower() for record in records]


async def _ask(name: str | Name, kind: str) -> list[Any]:
    try:
        asking = Asking()
        asking.lifetime = TIMEOUT_SECONDS
        return list(await asking.resolve(name, kind))
    except (NXDOMAIN, NoAnswer):
        return []
    except (DNSException, OSError) as error:
        raise NoAnswerError(str(error)) from error


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
