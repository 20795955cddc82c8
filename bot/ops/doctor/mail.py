"""Mail: the login at the mail server, the mailbox of bounces, and the DNS of the sender's domain.

- SPF (RFC 7208): one TXT record `v=spf1 …` that ends in `-all` or `~all`
- DKIM (RFC 6376): a key under the selector that mails are signed with
- DMARC (RFC 7489): a record `v=DMARC1` with a policy
- PTR: the address of the mail server has a name, and that name has the address
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dns.asyncresolver import Resolver as AsyncResolver
from dns.exception import DNSException
from dns.inet import is_address
from dns.resolver import NXDOMAIN, NoAnswer
from dns.reversename import from_address

from bot.delivery.errors import DeliveryError
from bot.mail.bounces import ImapError
from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dns.name import Name

    from bot.mail.bounces import Imap
    from bot.mail.smtp import Smtp

TIMEOUT_SECONDS = 5.0


async def check_mail(
    dns: Resolver, smtp: Smtp, domain: str, signs_for: str, selector: str | None = None
) -> list[Finding]:
    """Look at the mail server of *smtp*, at the sender's *domain*, at the key of *signs_for*."""
    return [
        await _server(smtp),
        await _answered(judge_spf(dns, domain)),
        await _answered(judge_dkim(dns, signs_for, selector)),
        await _answered(judge_dmarc(dns, domain)),
        await _answered(judge_ptr(dns, smtp.relay.host)),
    ]


async def _server(smtp: Smtp) -> Finding:
    host = smtp.relay.host
    try:
        await smtp.greet()
    except DeliveryError as error:
        sentence = f"{host} does not let us in: {error}"
        remedy = "Look at SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USER and SMTP_PASSWORD."
        return unhealthy("smtp.refused", sentence, remedy)
    finally:
        await smtp.close()
    return healthy("smtp.reached", f"{host} lets us in.")


async def check_imap(mailbox: Imap) -> Finding:
    """Judge whether the mailbox of bounces can be opened."""
    try:
        await mailbox.check()
    except ImapError as error:
        remedy = "Check IMAP_HOST, IMAP_PORT, IMAP_USER, IMAP_PASSWORD and IMAP_FOLDER."
        sentence = f"{mailbox.host}: {error}."
        return unhealthy("imap.refused", sentence, remedy)
    return healthy("imap.reached", f"The mailbox of bounces at {mailbox.host} can be opened.")


async def _answered(finding: Coroutine[None, None, Finding]) -> Finding:
    try:
        return await finding
    except NoAnswerError as error:
        return warning("dns.silent", f"The DNS does not answer: {error}", "Try again later.")


# What each record means


async def judge_spf(dns: Resolver, domain: str) -> Finding:
    records = await dns.texts(domain)
    found = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    example = f'"v=spf1 include:<what your mail server\'s provider names> -all" for {domain}'
    if not found:
        sentence = f"{domain} does not say who may mail for it."
        remedy = f"Add a TXT record {example}."
        return unhealthy("spf.missing", sentence, remedy)
    if len(found) > 1:
        sentence = f"{domain} has {len(found)} SPF records, so none counts."
        remedy = "Leave one that names all your mail servers."
        return unhealthy("spf.several", sentence, remedy)
    terms = found[0].lower().split()
    if "+all" in terms or "all" in terms:
        sentence = f"{domain} lets everybody mail for it ({terms[-1]})."
        remedy = "Let the record end in -all."
        return unhealthy("spf.everybody", sentence, remedy)
    if not {"-all", "~all"} & set(terms) and not any(t.startswith("redirect=") for t in terms):
        sentence = f"{domain} does not forbid others to mail for it."
        remedy = "Let the record end in -all or ~all."
        return warning("spf.soft", sentence, remedy)
    return healthy("spf.kept", f"{domain}: {found[0]}")


async def judge_dkim(dns: Resolver, domain: str, selector: str | None) -> Finding:
    if selector is None:
        sentence = "It is not known under which selector mails are signed."
        remedy = "Set DKIM_SELECTOR to the one of your mail server, and it is looked up."
        return warning("dkim.selector", sentence, remedy)
    place = f"{selector}._domainkey.{domain}"
    keys = [tags for record in await dns.texts(place) if "p" in (tags := _tags(record))]
    if not keys:
        sentence = f"There is no key at {place}."
        remedy = 'Put the public key there, as a TXT record "v=DKIM1; k=rsa; p=…".'
        return unhealthy("dkim.missing", sentence, remedy)
    if not keys[0]["p"]:
        sentence = f"The key at {place} is withdrawn (p= is empty)."
        remedy = "Sign with another selector, or put the key back."
        return unhealthy("dkim.withdrawn", sentence, remedy)
    if keys[0].get("t") == "y":
        sentence = f"The key at {place} is for tests only (t=y)."
        remedy = "Leave out t=y once it works."
        return warning("dkim.testing", sentence, remedy)
    return healthy("dkim.found", f"There is a key at {place}.")


async def judge_dmarc(dns: Resolver, domain: str) -> Finding:
    tags = [_tags(record) for record in await dns.texts(f"_dmarc.{domain}")]
    found = [each for each in tags if each.get("v", "").upper() == "DMARC1"]
    if not found:
        sentence = f"{domain} has no policy; large mail services ask for one."
        remedy = (
            f'Add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:you@{domain}".'
        )
        return unhealthy("dmarc.missing", sentence, remedy)
    policy = found[0].get("p", "")
    if len(found) > 1 or policy not in {"none", "quarantine", "reject"}:
        sentence = f"The record at _dmarc.{domain} cannot be read."
        remedy = "Leave one, with p=none, p=quarantine or p=reject."
        return unhealthy("dmarc.unreadable", sentence, remedy)
    return healthy("dmarc.found", f"{domain}: p={policy}")


async def judge_ptr(dns: Resolver, host: str) -> Finding:
    addresses = await dns.addresses(host)
    if not addresses:
        return unhealthy("ptr.no-address", f"{host} has no address.", "Look at SMTP_HOST.")
    for address in addresses:
        called = await dns.names(address)
        if not called:
            sentence = f"{address} ({host}) has no name."
            remedy = "If that server mails to the world itself, have its provider set one."
            return warning("ptr.no-name", sentence, remedy)
        if address not in [back for name in called for back in await dns.addresses(name)]:
            sentence = f"{address} is called {called[0]}, which leads elsewhere."
            remedy = f"Let {called[0]} lead to {address}."
            return warning("ptr.elsewhere", sentence, remedy)
    return healthy("ptr.agrees", f"{host} and its name lead to each other.")


def _tags(record: str) -> dict[str, str]:
    """Read `name=value; name=value` (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


# Asking the DNS: text records, addresses, names of addresses


class NoAnswerError(Exception):
    """The DNS did not answer; what it would say is not known."""


class Resolver:
    """Each question raises NoAnswerError where no server answers."""

    async def texts(self, name: str) -> list[str]:
        """Return the TXT records of *name*, each put together; none where there is no such name."""
        records = await _ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    async def addresses(self, host: str) -> list[str]:
        if is_address(host):
            return [host]
        found = [*await _ask(host, "A"), *await _ask(host, "AAAA")]
        return [str(record.address) for record in found]

    async def names(self, address: str) -> list[str]:
        records = await _ask(from_address(address), "PTR")
        return [str(record.target).rstrip(".").lower() for record in records]


async def _ask(name: str | Name, kind: str) -> list[Any]:
    try:
        resolver = AsyncResolver()
        resolver.lifetime = TIMEOUT_SECONDS
        return list(await resolver.resolve(name, kind))
    except (NXDOMAIN, NoAnswer):
        return []
    except (DNSException, OSError) as error:
        raise NoAnswerError(str(error)) from error
