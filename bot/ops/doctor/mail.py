"""Mail: the login at the mail server, the mailbox of bounces, and the DNS of the sender's domain.

- SPF (RFC 7208): one TXT record `v=spf1 …` that ends in `-all` or `~all`
- DKIM (RFC 6376): a key under the selector that mails are signed with
- DMARC (RFC 7489): a record `v=DMARC1` with a policy
- PTR: the address of the mail server has a name, and that name has the address
"""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

from dns.asyncresolver import Resolver as AsyncResolver
from dns.exception import DNSException
from dns.inet import is_address
from dns.resolver import NXDOMAIN, NoAnswer
from dns.reversename import from_address
from lxml.html import HtmlElement, document_fromstring

from bot.delivery.errors import DeliveryError
from bot.mail.imap import ImapError
from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

    from dns.name import Name

    from bot.mail.imap import Imap
    from bot.mail.smtp import Smtp
    from storage.newsletters import WaitingLetters

TIMEOUT_SECONDS = 5.0
_SILENT = timedelta(minutes=15)  # three times as long as between two polls


async def check_mail(
    dns: Resolver, smtp: Smtp, domain: str, signs_for: str, selector: str | None = None
) -> list[Finding]:
    """Check the server of *smtp*, the sender's *domain*, and the DKIM key of *signs_for*."""
    return [
        await _server(smtp),
        *await check_dns(dns, smtp.relay.host, domain, signs_for, selector),
    ]


async def check_dns(
    dns: Resolver, host: str, domain: str, signs_for: str, selector: str | None
) -> list[Finding]:
    """Check what receivers look up about mails of *domain* that *host* delivers."""
    return [
        await _answered(judge_spf(dns, domain)),
        await _answered(judge_dkim(dns, signs_for, selector)),
        await _answered(judge_dmarc(dns, domain)),
        await _answered(judge_ptr(dns, host)),
    ]


async def _server(smtp: Smtp) -> Finding:
    host = smtp.relay.host
    try:
        await smtp.greet()
    except DeliveryError as error:
        sentence = f"The bot cannot log in at {host}: {error}"
        remedy = "Check SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USER and SMTP_PASSWORD."
        return unhealthy("smtp.refused", sentence, remedy)
    finally:
        await smtp.close()
    return healthy("smtp.reached", f"{host} accepts the login.")


async def check_imap(mailbox: Imap) -> Finding:
    """Judge whether the mailbox of bounces can be opened."""
    try:
        is_watched = await mailbox.check()
    except ImapError as error:
        remedy = "Check IMAP_HOST, IMAP_PORT, IMAP_USER, IMAP_PASSWORD and IMAP_FOLDER."
        sentence = f"{mailbox.host}: {error}."
        return unhealthy("imap.refused", sentence, remedy)
    how = "announces new messages (IDLE)" if is_watched else "has no IDLE: it is polled"
    return healthy("imap.reached", f"The mailbox at {mailbox.host} can be opened, and {how}.")


def judge_mailbox(since: timedelta | None, *, is_running: bool) -> list[Finding]:
    """Judge when a process last read the mailbox; *since* is None if none has since its start."""
    if since is None and not is_running:
        return []
    minutes = (since or timedelta()) // timedelta(minutes=1)
    if since is not None and (since <= _SILENT or not is_running):
        return [healthy("mailbox.read", f"The mailbox was read {minutes} min ago.")]
    never = "No process has read the mailbox."
    sentence = never if since is None else f"The mailbox has not been read for {minutes} min."
    remedy = "Check that a process has the role send, and its log."
    return [unhealthy("mailbox.silent", sentence, remedy)]


def judge_waiting(waiting: WaitingLetters) -> list[Finding]:
    """Judge the senders and confirmations of newsletters that wait for a decision."""
    findings = [healthy("newsletters.decided", "No letter waits for the operator.")]
    if waiting.public:
        letters = "1 sender or link waits" if waiting.public == 1 else f"{waiting.public} wait"
        sentence = f"Public newsletters: {letters} for your decision."
        remedy = "`dateline newsletters list` shows them."
        findings = [warning("newsletters.waiting", sentence, remedy)]
    if waiting.private:
        count = waiting.private
        wait = "1 sender waits" if count == 1 else f"{count} senders wait"
        sentence = f"Newsletters of chats: {wait} for the decision of a chat."
        findings.append(healthy("newsletters.chats", sentence))
    return findings


async def _answered(finding: Coroutine[None, None, Finding]) -> Finding:
    try:
        return await finding
    except NoAnswerError as error:
        return warning("dns.silent", f"The DNS does not answer: {error}", "Try again later.")


async def judge_spf(dns: Resolver, domain: str) -> Finding:
    records = await dns.texts(domain)
    spf_records = [record for record in records if record.lower().split(" ")[0] == "v=spf1"]
    example = f'"v=spf1 include:<what your mail server\'s provider names> -all" for {domain}'
    if not spf_records:
        sentence = f"{domain} does not say which servers may send mail for it."
        remedy = f"Add a TXT record {example}."
        return unhealthy("spf.missing", sentence, remedy)
    if len(spf_records) > 1:
        sentence = f"{domain} has {len(spf_records)} SPF records, so none counts."
        remedy = "Keep one that names all your mail servers."
        return unhealthy("spf.several", sentence, remedy)
    terms = spf_records[0].lower().split()
    if "+all" in terms or "all" in terms:
        sentence = f"{domain} lets everybody send mail for it ({terms[-1]})."
        remedy = "End the record with -all."
        return unhealthy("spf.everybody", sentence, remedy)
    if not {"-all", "~all"} & set(terms) and not any(t.startswith("redirect=") for t in terms):
        sentence = f"{domain} does not forbid other servers to send mail for it."
        remedy = "End the record with -all or ~all."
        return warning("spf.soft", sentence, remedy)
    return healthy("spf.kept", f"The SPF record of {domain} is {spf_records[0]}")


async def judge_dkim(dns: Resolver, domain: str, selector: str | None) -> Finding:
    if selector is None:
        sentence = "The selector of the DKIM key is not set."
        remedy = "Set DKIM_SELECTOR to that of your mail server."
        return warning("dkim.selector", sentence, remedy)
    name = f"{selector}._domainkey.{domain}"
    keys = [tags for record in await dns.texts(name) if "p" in (tags := _tags(record))]
    if not keys:
        sentence = f"There is no key at {name}."
        remedy = 'Put the public key there, as a TXT record "v=DKIM1; k=rsa; p=…".'
        return unhealthy("dkim.missing", sentence, remedy)
    if not keys[0]["p"]:
        sentence = f"The key at {name} is withdrawn (p= is empty)."
        remedy = "Sign with another selector, or put the key back."
        return unhealthy("dkim.withdrawn", sentence, remedy)
    if keys[0].get("t") == "y":
        sentence = f"The key at {name} is for tests only (t=y)."
        remedy = "Remove t=y once signing works."
        return warning("dkim.testing", sentence, remedy)
    return healthy("dkim.found", f"There is a key at {name}.")


async def check_signature(dns: Resolver, content: bytes) -> Finding:
    """Verify the DKIM signature of the whole message *content* by the key in the DNS."""
    return await _answered(_judge_signature(dns, content))


async def _judge_signature(dns: Resolver, content: bytes) -> Finding:
    from dkim import DKIMException, verify

    tags = _tags(str(message_from_bytes(content).get("DKIM-Signature", "")))
    if "s" not in tags or "d" not in tags:
        sentence = "The bot does not sign this mail; the mail server may."
        remedy = "Look for dkim=pass in Authentication-Results of the mail that arrived."
        return warning("dkim.unsigned", sentence, remedy)
    name = f"{tags['s']}._domainkey.{tags['d']}"
    keys = await dns.texts(name)
    key = keys[0].encode() if keys else None
    try:
        is_valid = verify(content, dnsfunc=lambda _name, timeout=5: key)  # noqa: ARG005
    except DKIMException as error:
        sentence = f"The signature cannot be verified by {name}: {error}."
        return unhealthy("dkim.unverified", sentence, "Put the public key into the DNS again.")
    if not is_valid:
        sentence = f"The signature does not fit the key at {name}."
        remedy = f"Put the public key of DKIM_KEY_FILE at {name}: docs/how-to/send-email.md."
        return unhealthy("dkim.differs", sentence, remedy)
    return healthy("dkim.verified", f"The signature fits the key at {name}.")


async def judge_dmarc(dns: Resolver, domain: str) -> Finding:
    tags = [_tags(record) for record in await dns.texts(f"_dmarc.{domain}")]
    policies = [record for record in tags if record.get("v", "").upper() == "DMARC1"]
    if not policies:
        sentence = f"{domain} has no DMARC policy, which large mail services require."
        remedy = (
            f'Add a TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:you@{domain}".'
        )
        return unhealthy("dmarc.missing", sentence, remedy)
    policy = policies[0].get("p", "")
    if len(policies) > 1 or policy not in {"none", "quarantine", "reject"}:
        sentence = f"The record at _dmarc.{domain} cannot be read."
        remedy = "Keep one, with p=none, p=quarantine or p=reject."
        return unhealthy("dmarc.unreadable", sentence, remedy)
    return healthy("dmarc.found", f"The DMARC policy of {domain} is p={policy}.")


async def judge_ptr(dns: Resolver, host: str) -> Finding:
    addresses = await dns.addresses(host)
    if not addresses:
        return unhealthy("ptr.no-address", f"{host} has no address.", "Check SMTP_HOST.")
    for address in addresses:
        names = await dns.names(address)
        if not names:
            sentence = f"{address} ({host}) has no name."
            remedy = "If that server delivers mail itself, have its provider set one."
            return warning("ptr.no-name", sentence, remedy)
        if address not in [back for name in names for back in await dns.addresses(name)]:
            sentence = f"{address} has the name {names[0]}, which has another address."
            remedy = f"Give {names[0]} the address {address}."
            return warning("ptr.elsewhere", sentence, remedy)
    return healthy("ptr.agrees", f"{host} and its address lead to each other.")


def _tags(record: str) -> dict[str, str]:
    """Read `name=value; name=value` (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


class NoAnswerError(Exception):
    """No DNS server answered."""


class Resolver:
    """Queries the DNS. Every method raises NoAnswerError if no server answers."""

    async def texts(self, name: str) -> list[str]:
        """Return the TXT records of *name*, each as one string; [] for an unknown name."""
        records = await _ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    async def addresses(self, host: str) -> list[str]:
        if is_address(host):
            return [host]
        records = [*await _ask(host, "A"), *await _ask(host, "AAAA")]
        return [str(record.address) for record in records]

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


_DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;!]+)")
_SHORT_COLOUR = re.compile(r"#(\w)(\w)(\w)$")
_PAPER = {"color": "#000000", "background-color": "#ffffff"}
_HIDDEN = {
    "opacity": re.compile(r"0?\.?0*%?"),
    "font-size": re.compile(r"[0-7]?(\.\d+)?px|0\w*"),
    "color": re.compile("transparent"),
}
_LOADED = re.compile(r"url\(|@import|\bsrc\s*=\s*[\"']?(?!cid:|data:)\w", re.IGNORECASE)


def judge_form(content: bytes) -> Finding:
    """Judge a whole mail by its addresses, its parts, and what its HTML hides or loads."""
    message = message_from_bytes(content)  # keeps its fields as written
    faults = [
        f"{name} has no angle brackets"
        for name in ("From", "Reply-To", "To")
        if name in message and not str(message[name]).endswith(">")
    ]
    bodies = [part for part in message.walk() if part.get_content_maintype() == "text"]
    if [part.get_content_subtype() for part in bodies] != ["plain", "html"]:
        faults.append("it is not plain text followed by HTML")
    for part in bodies:
        if part.get_content_subtype() == "html":
            faults += _faults_of(part.get_payload(decode=True))
    if faults:
        remedy = "Correct email/ in TEMPLATES_DIR: docs/how-to/templates.md."
        return warning("form.poor", f"Spam filters may mark e-mails: {'; '.join(faults)}.", remedy)
    return healthy("form.good", "E-mails have the form that spam filters expect.")


def _faults_of(content: object) -> Iterator[str]:
    html = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    if _LOADED.search(html):
        yield "its HTML loads something from outside"
    bodies = document_fromstring(html).iter("body") if html.strip() else ()
    if any(_is_hidden(body, _PAPER) for body in bodies):
        yield "its HTML hides text by colour or size"


def _is_hidden(element: HtmlElement, inherited: Mapping[str, str]) -> bool:
    """Return whether text in *element* is hidden by other means than `display: none`."""
    declared = dict(_DECLARATION.findall(element.get("style", "").lower()))
    style = {**inherited, **{name: _plain(value) for name, value in declared.items()}}
    if style.pop("display", "") == "none":
        return False
    texts = [element.text, *(child.tail for child in element)]
    hides = style["color"] == style["background-color"] or any(
        name in style and pattern.fullmatch(style[name]) for name, pattern in _HIDDEN.items()
    )
    if hides and any(text and text.strip() for text in texts):
        return True
    return any(_is_hidden(child, style) for child in element.iterchildren("*"))


def _plain(value: str) -> str:
    """Return *value* with three-digit colours written in six digits."""
    return _SHORT_COLOUR.sub(r"#\1\1\2\2\3\3", value.strip())
