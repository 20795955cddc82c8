"""The doctor of mail: can it be handed over, and what does the world see of who writes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.delivery.errors import DeliveryError
from bot.delivery.reputation import dkim, dmarc, ptr, spf
from bot.delivery.resolver import NoAnswerError
from bot.doctor.findings import Finding, doubtful, good, ill

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence


class AsksTheDns(Protocol):
    """Each raises NoAnswerError where nobody answers."""

    async def texts(self, name: str) -> Sequence[str]: ...

    async def addresses(self, host: str) -> Sequence[str]: ...

    async def names(self, address: str) -> Sequence[str]: ...


class LetsUsIn(Protocol):
    async def greet(self) -> None:
        """Connect, as safely as is asked for, and log in; DeliveryError where that fails."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MailDoctor:
    """*host* is the mail server, *domain* that of the sender, *signs_for* the domain of DKIM."""

    dns: AsksTheDns
    relay: LetsUsIn
    host: str
    domain: str
    signs_for: str
    selector: str | None = None

    async def examine(self) -> list[Finding]:
        return [
            await self._server(),
            await _known(self._spf()),
            await _known(self._dkim()),
            await _known(self._dmarc()),
            await _known(self._ptr()),
        ]

    async def _server(self) -> Finding:
        try:
            await self.relay.greet()
        except DeliveryError as error:
            return ill(
                "smtp.refused",
                f"{self.host} does not let us in: {error}",
                "Look at SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USER and SMTP_PASSWORD.",
            )
        finally:
            await self.relay.close()
        return good("smtp.reached", f"{self.host} lets us in.")

    async def _spf(self) -> Finding:
        return spf(self.domain, await self.dns.texts(self.domain))

    async def _dkim(self) -> Finding:
        if self.selector is None:
            return dkim(self.signs_for, None, [])
        records = await self.dns.texts(f"{self.selector}._domainkey.{self.signs_for}")
        return dkim(self.signs_for, self.selector, records)

    async def _dmarc(self) -> Finding:
        return dmarc(self.domain, await self.dns.texts(f"_dmarc.{self.domain}"))

    async def _ptr(self) -> Finding:
        addresses = await self.dns.addresses(self.host)
        names = {address: await self.dns.names(address) for address in addresses}
        called = {name for some in names.values() for name in some}
        return ptr(self.host, names, {name: await self.dns.addresses(name) for name in called})


async def _known(finding: Coroutine[None, None, Finding]) -> Finding:
    try:
        return await finding
    except NoAnswerError as error:
        return doubtful("dns.silent", f"The DNS does not answer: {error}", "Try again later.")
