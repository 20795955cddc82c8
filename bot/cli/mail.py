"""`dateline mail`: sends a test mail, and shows the mailboxes that returned mail."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import output
from bot.cli.operate import print_findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.mail.compose import FromAddress, Mail
    from bot.mail.smtp import Acceptance, Relay
    from bot.ops.doctor.findings import Finding
    from bot.settings import Settings
    from storage.mailboxes import Mailbox

mail_app = typer.Typer(
    help="Send a test mail; show which addresses returned mail.", no_args_is_help=True
)


@mail_app.command("test")
def send_test(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets the mail.")],
) -> None:
    """Send a sample digest, and show how the server took it and whether receivers can trust it.

    Exit 1 if the server refuses it, or if something is unhealthy.
    Example: dateline mail test me@example.org
    """
    from bot.app.mail import relay_of
    from bot.delivery.errors import DeliveryError
    from bot.mail.headers import read_address
    from bot.ops.doctor.findings import is_any_unhealthy
    from bot.settings import load_settings

    settings = load_settings()
    relay = relay_of(settings)
    if relay is None:
        output.fail("SMTP_HOST is not set, so no mail is sent: docs/how-to/email.md.")
    try:
        recipient = read_address(address)
    except ValueError:
        output.fail(f"{address} is no address. Write one such as news@example.org.")
    try:
        findings = asyncio.run(_send(settings, relay, recipient))
    except DeliveryError as error:
        place = f"{relay.host}:{relay.port}"
        output.fail(f"{place} did not take the mail: {error}\n{_remedy(error)}", output.FAILED)
    print_findings(findings)
    typer.echo(
        "Next: open the mail, see that it is not among spam, and that its header "
        "Authentication-Results has spf=pass, dkim=pass and dmarc=pass."
    )
    if is_any_unhealthy(findings):
        raise typer.Exit(output.FAILED)


async def _send(settings: Settings, relay: Relay, recipient: str) -> Sequence[Finding]:
    from bot.app.mail import dkim_signer, sender_of
    from bot.mail.compose import message_bytes
    from bot.mail.smtp import Smtp
    from bot.ops.doctor.mail import Resolver, check_dns, check_signature

    sender = sender_of(settings)
    content = dkim_signer(settings, sender)(message_bytes(_test_mail(settings, sender, recipient)))
    smtp = Smtp(relay)
    try:
        accepted = await smtp.send(sender.returns or sender.address, recipient, content)
    finally:
        await smtp.close()
    typer.echo(f"{relay.host}:{relay.port} took the mail: {accepted.answer}")
    for line in _encryption(accepted):
        typer.echo(line)
    typer.echo("\nIts header:")
    typer.echo(content.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n"))
    typer.echo("")
    dns, signs_for = Resolver(), settings.dkim_domain or sender.domain
    checked = await check_dns(dns, relay.host, sender.domain, signs_for, settings.dkim_selector)
    return [await check_signature(dns, content), *checked]


def _test_mail(settings: Settings, sender: FromAddress, recipient: str) -> Mail:
    """Return the sample digest with the time and id of a mail that is sent now."""
    from bot.app.resources import make_renderer
    from bot.publishing.samples import sample_edition, sample_mail

    renderer = make_renderer(settings.templates_dir, typer.echo)
    mail = sample_mail(renderer, sample_edition(), sender, recipient)
    now = {
        "Date": format_datetime(datetime.now(UTC)),
        "Message-ID": make_msgid(domain=sender.domain),
    }
    return replace(mail, headers=tuple((name, now.get(name, text)) for name, text in mail.headers))


def _encryption(accepted: Acceptance) -> Iterator[str]:
    tls = accepted.tls
    if tls is None:
        yield "The connection was not encrypted (SMTP_TLS=none)."
        return
    cipher = tls.cipher()
    yield f"The connection used {tls.version()}{f' with {cipher[0]}' if cipher else ''}."
    certificate: dict[str, Any] = tls.getpeercert() or {}
    names = ", ".join(name for _kind, name in certificate.get("subjectAltName", ()))
    issuer = {key: value for (pair,) in certificate.get("issuer", ()) for key, value in [pair]}
    by = issuer.get("organizationName") or issuer.get("commonName") or "an unnamed issuer"
    yield f"Its certificate is for {names}, from {by}, valid until {certificate.get('notAfter')}."


def _remedy(error: Exception) -> str:
    """Return what to do, by the type of the error, as the sending stage distinguishes them."""
    from bot.delivery.errors import (
        FloodWait,
        MailboxRefused,
        NeverSent,
        PolicyRefused,
        TokenRejected,
        TryLater,
    )

    remedies = (
        (FloodWait, "The server asks for a pause. Try again in five minutes."),
        (PolicyRefused, "The server distrusts the sender: check the DNS with dateline doctor."),
        (MailboxRefused, "Check the recipient's address, or try another one."),
        (TokenRejected, "Check SMTP_USER, SMTP_PASSWORD and SMTP_FROM."),
        (NeverSent, "Check SMTP_HOST, SMTP_PORT and SMTP_TLS, and the firewall."),
        (TryLater, "Try again later."),
    )
    default = "Ask the operator of the mail server why, with the words above."
    return next((remedy for kind, remedy in remedies if isinstance(error, kind)), default)


@mail_app.command()
def bounces(*, as_json: output.AsJson = False) -> None:
    """Show the mailboxes that returned mail, newest first, and what the bot did."""
    from storage.mailboxes import mailboxes_with_bounces

    found = output.with_transaction(mailboxes_with_bounces, read_only=True)
    columns: dict[str, Callable[[dict[str, Any]], object]] = {
        "When (UTC)": lambda row: row["at"],
        "Address": lambda row: row["address"],
        "Status": lambda row: row["status"],
        "Action": lambda row: row["action"],
        "Server's words": lambda row: row["words"],
    }
    rows = [_bounce(mailbox) for mailbox in found]
    output.show(rows, columns, as_json=as_json, empty="No mail has come back.")


def _bounce(mailbox: Mailbox) -> dict[str, Any]:
    from bot.mail.bounces import MOST_SOFT
    from bot.mail.status import codes_in

    words = mailbox.problem_text or ""
    at = mailbox.state_since if mailbox.problem else mailbox.soft_since
    counted = f"counted {mailbox.soft_bounces} of {MOST_SOFT}"
    action = f"{mailbox.state}: {mailbox.problem}" if mailbox.problem else counted
    name, _, domain = mailbox.address.rpartition("@")
    masked = f"{name[:1]}…@{domain}"
    return {
        "at": at,
        "address": masked,
        "status": " ".join(filter(None, codes_in(words))),
        "action": action,
        # A server may write the address in capitals.
        "words": re.sub(re.escape(mailbox.address), masked, words, flags=re.IGNORECASE),
    }
