"""The mail of one process: the mailer, and the stages that send mails and read bounces."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parseaddr
from time import monotonic
from typing import TYPE_CHECKING

from bot.app.deployment import PLAYGROUND_ADDRESS
from bot.app.stops import StopError
from bot.ops.instrumentation import GaugeName
from bot.stages import BOUNCES, MAIL, StageRunner
from storage.db.leases import MAILBOX, acquire_lease

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.app.resources import ProcessContext
    from bot.delivery.sender import Calls
    from bot.mail.bounces import Bounces, ReadsReports
    from bot.mail.compose import FromAddress, Mailer
    from bot.mail.imap import Imap, TakesMail
    from bot.mail.newsletters import Newsletters, ReadsLetters
    from bot.mail.smtp import Relay, Smtp
    from bot.settings import Settings
    from bot.sources.parser_pool import Workers

CONNECTIONS = 4
PATIENCE = timedelta(seconds=6)
_IN_THE_PLAYGROUND = f"Dateline <{PLAYGROUND_ADDRESS}>"


def make_mailer(process: ProcessContext) -> Mailer | None:
    """Return the mailer; None if no server is set."""
    if process.deployment.smtp is None and process.settings.smtp_host is None:
        return None
    from bot.mail.compose import Mailer

    sender = sender_of(process.settings, _IN_THE_PLAYGROUND if process.deployment.smtp else None)
    return Mailer(process.renderer, sender, process.links)


def sender_of(settings: Settings, instead: str | None = None) -> FromAddress:
    """Return the sender of mails that the settings name, or *instead* if it is given."""
    from bot.mail.compose import FromAddress

    name, address = parseaddr(instead or settings.smtp_from or "")
    return FromAddress(
        address,
        name or "Dateline",
        reply_to=None if instead else settings.smtp_reply_to,
        returns=None if instead else settings.smtp_bounces,
    )


def relay_of(settings: Settings) -> Relay | None:
    """Return the mail server of the settings."""
    from bot.mail.smtp import Relay
    from bot.settings import SmtpTls

    if settings.smtp_host is None:
        return None
    password = settings.smtp_password
    return Relay(
        settings.smtp_host,
        settings.smtp_port,
        use_tls=settings.smtp_tls is SmtpTls.TLS,
        start_tls=settings.smtp_tls is SmtpTls.STARTTLS,
        user=settings.smtp_user,
        password=password.get_secret_value() if password else None,
        hello=sender_of(settings).domain,
    )


@asynccontextmanager
async def mail_stages(process: ProcessContext) -> AsyncIterator[list[StageRunner]]:
    """Yield the stages of mail; none if no server is set. Connections end with the block."""
    async with _mailbox_stages(process) as mailbox, _sending_stages(process) as sending:
        yield [*sending, *mailbox]


@asynccontextmanager
async def _sending_stages(process: ProcessContext) -> AsyncIterator[list[StageRunner]]:
    from bot.delivery.sender import Calls
    from bot.mail.smtp import Smtp

    mailer, relay = make_mailer(process), _relay(process)
    if mailer is None or relay is None:
        yield []
        return
    smtp = Smtp(relay)
    async with Calls(CONNECTIONS, PATIENCE) as calls:
        yield [_mail_stage(process, mailer, smtp, calls)]
    await smtp.close()


def _relay(process: ProcessContext) -> Relay | None:
    from bot.mail.smtp import Relay

    if process.deployment.smtp:
        return Relay(*process.deployment.smtp, start_tls=False)
    return relay_of(process.settings)


def _mail_stage(process: ProcessContext, mailer: Mailer, smtp: Smtp, calls: Calls) -> StageRunner:
    from bot.delivery.sender import SendStage
    from bot.mail.smtp import PACE_KEY, MailChannel

    sign, bounces = dkim_signer(process.settings, mailer.sender), make_bounces(process)
    channel = MailChannel(smtp, mailer.return_path, bounces, sign)
    per_second = process.settings.smtp_per_hour / 3600
    stage = SendStage(
        process.storage,
        channel,
        process.owner,
        calls,
        PACE_KEY,
        per_second,
        process.instrumentation,
    )

    async def mail_due() -> int:
        await bounces.expire_confirmations()
        return await stage.run_once()

    mail = StageRunner(MAIL, mail_due)
    calls.on_done = mail.wake
    return mail


def dkim_signer(settings: Settings, sender: FromAddress) -> Callable[[bytes], bytes]:
    """Return a function that signs mails; without a key it returns them unchanged.

    Raises StopError if the key cannot be used.
    """
    from bot.mail.compose import DkimSigner, WrongKeyError

    path = settings.dkim_key_file
    if path is None:
        return bytes
    if not settings.dkim_selector:
        raise StopError("DKIM_SELECTOR is missing: say under which name the key is in the DNS.")
    try:
        key = path.read_bytes()
        return DkimSigner.of(key, settings.dkim_selector, settings.dkim_domain or sender.domain)
    except OSError as error:
        raise StopError(f"DKIM_KEY_FILE: cannot read {path}: {error.strerror}.") from error
    except WrongKeyError as error:
        raise StopError(
            f"DKIM_KEY_FILE: {path} is not a private key in PEM form: {error}."
        ) from error


def make_bounces(process: ProcessContext) -> Bounces:
    """Return the receiver of bounced mails."""
    from bot.mail.bounces import Bounces

    read = report_reader(process.mail_readers)
    return Bounces(
        process.storage, process.renderer, process.links.signer, read, process.settings.admin_ids
    )


def report_reader(workers: Workers) -> ReadsReports:
    """Return the reader of reports, which a worker parses, because anybody can send one."""
    from bot.mail.reports import Report

    async def read(message: bytes) -> Report | None:
        found = await workers.read("mail", message)
        return Report.from_json(found) if found else None

    return read


def make_newsletters(process: ProcessContext) -> Newsletters | None:
    """Return the receiver of newsletters; None if the settings name no address for them."""
    addresses = process.newsletter_addresses
    if addresses is None:
        return None
    from bot.mail.newsletters import Newsletters

    own = addresses.host if process.deployment.newsletter_address else None
    server = own or process.settings.newsletter_auth_server or ""
    read = letter_reader(process.mail_readers, server)
    return Newsletters(
        process.storage,
        process.renderer,
        addresses,
        process.links,
        read,
        process.settings.budgets,
        process.instrumentation,
    )


def letter_reader(workers: Workers, server: str) -> ReadsLetters:
    """Return the reader of letters, which a worker parses; *server* authenticates their senders."""
    from bot.sources.letters.letter import ReadLetter

    async def read(message: bytes) -> ReadLetter:
        return ReadLetter.from_json(await workers.read("letter", message, server=server))

    return read


def receiver(bounces: Bounces, letters: Newsletters | None) -> TakesMail:
    """Return what takes the mails of the one mailbox: letters by their address, then reports."""
    from bot.mail.imap import LARGEST_MAIL

    async def take(message: bytes) -> bool:
        taken = await letters.take(message) if letters else None
        return await bounces.take(message[:LARGEST_MAIL]) if taken is None else taken

    return take


@asynccontextmanager
async def _mailbox_stages(process: ProcessContext) -> AsyncIterator[list[StageRunner]]:
    """Yield the stage that reads bounces and newsletters, if the settings name their mailbox.

    The mailbox is watched for the block. In a playground there is no stage, because its mailroom
    gives a newsletter to us at once.
    """
    from bot.mail.imap import MailboxWatch, collect_mails

    letters = make_newsletters(process)
    if playground := process.deployment.playground:
        playground.mailroom.take = letters.take if letters else None
    imap = imap_of(process.settings)
    if imap is None or process.deployment.playground:
        yield []
        return
    take = receiver(make_bounces(process), letters)
    read_at = monotonic()

    async def note_read() -> None:
        nonlocal read_at
        read_at = monotonic()
        async with process.storage.writing() as tx:
            await acquire_lease(tx, MAILBOX, process.owner, timedelta())

    stage = StageRunner(BOUNCES, lambda: collect_mails(imap, take, note_read))
    watch, gauges = MailboxWatch(imap, stage.wake), process.instrumentation.gauges
    gauges[GaugeName.MAILBOX_AGE] = lambda: monotonic() - read_at
    gauges[GaugeName.MAILBOX_WATCHED] = lambda: float(watch.is_idle)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch.run())
        try:
            yield [stage]
        finally:
            watching.cancel()


def imap_of(settings: Settings) -> Imap | None:
    """Return the mailbox of bounces and newsletters that the settings name."""
    from bot.mail.imap import LARGEST_LETTER, LARGEST_MAIL, Imap

    if settings.imap_host is None:
        return None
    password = settings.imap_password.get_secret_value() if settings.imap_password else ""
    user = settings.imap_user or ""
    largest = LARGEST_LETTER if settings.newsletter_address else LARGEST_MAIL
    return Imap(
        settings.imap_host, settings.imap_port, user, password, settings.imap_folder, largest
    )
