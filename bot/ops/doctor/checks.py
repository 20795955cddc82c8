"""The checks of the doctor: each collects facts and passes them to a function that judges them.

They run concurrently. Each has a time limit, and one that fails does not hide the others.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.engine import make_url

from bot.app.deployment import DATA_FOLDER
from bot.app.resources import access_of, bot_database_of, database_of, make_renderer
from bot.app.stops import StopError
from bot.ops.doctor import configuration, contents, database, machine, probes, process, telegram
from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from bot.ops.health import CAN_BE_LATE
from bot.rendering.links import Links, Signer
from bot.settings import (
    ENV_FILE,
    Role,
    Settings,
    SmtpTls,
    Updates,
    given_names,
    is_credential,
    origins,
    secret_files,
    unknown_names,
)
from storage.access import admin_ids, existing_signing_key
from storage.articles import articles_put_aside
from storage.backup import last_backup
from storage.clocks import poisoned_times
from storage.db.filelock import lock_beside, lock_holder
from storage.db.leases import MAILBOX, lease_of
from storage.db.problems import DatabaseError, Unusable, message_of
from storage.health import condition_of_file, condition_of_server, leases_held, open_read_only
from storage.maintenance import current_maintenance
from storage.model_texts import model_day
from storage.newsletters import waiting_letters
from storage.schema import database_file
from storage.source_rules import sealed_sources, selector_problems
from storage.stats import amounts, lags_by_stage, last_read, sources_by_kind
from storage.usage import count_exhausted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

    from storage.db.engine import Transaction
    from storage.model_texts import ModelDay
    from storage.newsletters import WaitingLetters

PATIENCE_SECONDS = 20
_QUICK_CHECK_SECONDS = 10
_MAIL_SECONDS = 60  # for several requests, one after another
_MODEL_SECONDS = 130  # longer than its client waits
_TEMPLATES_SECONDS = 60  # because all of them are rendered


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Check:
    """*run* collects facts and judges them; `--quick` leaves out checks with *needs_network*."""

    name: str
    run: Callable[[], Awaitable[Sequence[Finding]]]
    needs_network: bool = False
    seconds: float = PATIENCE_SECONDS


async def run_checks(checks: Iterable[Check]) -> list[Finding]:
    """Return the findings of all checks, in their order."""
    results = await asyncio.gather(*(_run(check) for check in checks))
    return [finding for findings in results for finding in findings]


async def _run(check: Check) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(check.seconds):
            return await check.run()
    except TimeoutError:
        sentence = f"Checking {check.name} took longer than {check.seconds:g} seconds."
        return [warning("check.slow", sentence, "Check again. If it persists, look there first.")]
    except Exception as error:  # noqa: BLE001 - a check that breaks must not hide the others
        sentence = f"Checking {check.name} failed: {type(error).__name__}."
        return [
            unhealthy("check.broke", sentence, "This is an error in Dateline. Please report it.")
        ]


def make_checks(settings: Settings, *, quick: bool = False) -> list[Check]:
    """Return all checks; with *quick* only those that need no network except for the database."""
    url = bot_database_of(settings).server
    checks = [
        Check("Telegram", lambda: _telegram(settings), needs_network=True),
        Check("the updates", lambda: _updates(settings), needs_network=True),
        Check("the database", lambda: _database(url)),
        Check("the process", lambda: _process(settings, url)),
        Check("the ports", lambda: _ports(settings, url)),
        Check("the maintenance", lambda: _maintenance(url)),
        Check("the backup", lambda: _backup(settings, url)),
        Check("the sources", lambda: _sources(url)),
        Check("the logins of sources", lambda: _source_access(settings, url)),
        Check("the selectors of sources", lambda: _selectors(url)),
        Check("the stored times", lambda: _stored_times(url)),
        Check("the articles", lambda: _articles(url)),
        Check("the accounts", lambda: _accounts(settings, url)),
        Check("the disks", lambda: _disks(url)),
        Check("the files", lambda: _files(settings, url)),
        Check("the time zones", _zones),
        Check("the settings", lambda: _settings(settings, url)),
        Check("the names of settings", _names),
        Check("the DKIM key", lambda: _dkim_key(settings)),
        Check("the templates", lambda: _templates(settings), seconds=_TEMPLATES_SECONDS),
        Check("mail", lambda: _mail(settings), needs_network=True, seconds=_MAIL_SECONDS),
        Check(
            "the mailbox of bounces",
            lambda: _imap(settings),
            needs_network=True,
            seconds=_MAIL_SECONDS,
        ),
        Check("the newsletters", lambda: _newsletters(settings, url)),
        Check(
            "the language model",
            lambda: _model(settings),
            needs_network=True,
            seconds=_MODEL_SECONDS,
        ),
        Check("the tokens of the day", lambda: _tokens(settings, url)),
        Check("the pages", lambda: _pages(settings), needs_network=True),
    ]
    return [check for check in checks if not (quick and check.needs_network)]


def make_settings_checks(settings: Settings) -> list[Check]:
    """Return the checks that need neither network nor database, for before the first start."""
    url = bot_database_of(settings).server
    return [
        Check("the settings", lambda: _settings_alone(settings)),
        Check("the names of settings", _names),
        Check("the ports", lambda: _ports(settings, url, asks_database=False)),
        Check("the DKIM key", lambda: _dkim_key(settings)),
        Check("the files", lambda: _files(settings, url)),
        Check("the templates", lambda: _templates(settings), seconds=_TEMPLATES_SECONDS),
    ]


async def _settings_alone(settings: Settings) -> Sequence[Finding]:
    driver = make_url(settings.database_url.get_secret_value()).get_driver_name()
    given = [name for name, origin in origins().items() if origin.kind != "default"]
    facts = _settings_facts(settings, has_admins=bool(settings.admin_ids))
    return [
        *configuration.judge_driver(driver, is_installed=find_spec(driver) is not None),
        *configuration.judge_halves(given),
        *configuration.judge_settings(facts),
    ]


async def _telegram(settings: Settings) -> Sequence[Finding]:
    if settings.bot_token is None:
        return [telegram.no_token()]
    api, token = settings.bot_api_base, settings.bot_token.get_secret_value()
    answer = await probes.ask_telegram(api, token, "getMe")
    return [
        telegram.judge_server(api, answer),
        *telegram.judge_token(answer),
        *machine.judge_clock(answer.ahead, "Telegram's"),
    ]


async def _updates(settings: Settings) -> Sequence[Finding]:
    """Return nothing without a token or a response, because the check of Telegram reports that."""
    if settings.bot_token is None:
        return []
    token = settings.bot_token.get_secret_value()
    info = (await probes.ask_telegram(settings.bot_api_base, token, "getWebhookInfo")).result
    if info is None:
        return []
    if settings.updates is Updates.POLLING:
        return [telegram.judge_polling(info)]
    return [telegram.judge_webhook(info, await _own_webhook(settings), datetime.now(UTC))]


async def _own_webhook(settings: Settings) -> str | None:
    """Return the URL of our webhook; None while there is no key from which to derive it."""
    from bot.app.webhook import webhook_at

    base, signer = settings.public_base, await _signer(bot_database_of(settings).server)
    return webhook_at(base, signer).url if base and signer else None


async def _signer(url: str) -> Signer | None:
    """Return the signer of links; None while the database has no key or is unavailable."""
    key = await _query(url, existing_signing_key)
    return Signer(key) if key else None


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[Transaction]:
    storage = open_read_only(url)
    try:
        async with storage.reading() as tx:
            yield tx
    finally:
        await storage.close()


async def _database(url: str) -> Sequence[Finding]:
    file = database_file(url)
    try:
        if file and not file.exists():
            return [database.no_database(str(file))]
        if file:
            condition = await asyncio.to_thread(condition_of_file, file, _QUICK_CHECK_SECONDS)
        else:
            condition = await condition_of_server(url)
    except (DatabaseError, OSError, sqlite3.Error) as error:
        return [database.judge_unusable(Unusable.because_of(error))]
    clock = [] if file else machine.judge_clock(condition.ahead, "the database's")
    return [*database.judge_database(condition), *clock]


async def _process(settings: Settings, url: str) -> Sequence[Finding]:
    holders = await _holders(url)
    if holders is None:
        return []
    findings = [process.judge_running(holders, on_file=database_file(url) is not None)]
    if holders and settings.web_port:
        findings += process.judge_readiness(
            await probes.ask_readiness(settings.web_host, settings.web_port)
        )
    if holders:
        findings += process.judge_lags(await _lags(url))
    return findings


async def _lags(url: str) -> dict[str, timedelta]:
    lags = await _query(url, lags_by_stage)
    return {stage: lags[stage] for stage in sorted(CAN_BE_LATE)} if lags else {}


async def _ports(settings: Settings, url: str, *, asks_database: bool = True) -> Sequence[Finding]:
    ports = [("WEB_PORT", settings.web_host, settings.web_port)]
    if settings.metrics_port:
        ports.append(("METRICS_PORT", settings.metrics_host, settings.metrics_port))
    if settings.bot_token is None:
        ports.append(("PLAYGROUND_PORT", "127.0.0.1", settings.playground_port))
    asks = asks_database or database_file(url) is not None  # a file has a lock beside it
    is_running = bool(await _holders(url)) if asks else True
    facts = [await probes.probe_port(*port) for port in ports if port[2]]
    return [
        finding for port in facts for finding in process.judge_port(port, is_running=is_running)
    ]


async def _backup(settings: Settings, url: str) -> Sequence[Finding]:
    if settings.has_temporary_database:
        return []
    age = await _query(url, _age_of_backup)
    return database.judge_backup(*age, settings.backup_days) if age else []


async def _maintenance(url: str) -> Sequence[Finding]:
    found = await _query(url, current_maintenance)
    return [process.judge_maintenance(found.until.astimezone())] if found else []


async def _age_of_backup(tx: Transaction) -> tuple[timedelta | None]:
    """Return a tuple, because None means that the database could not be asked."""
    made_at = await last_backup(tx)
    return (tx.now - made_at if made_at else None,)


async def _names() -> Sequence[Finding]:
    return configuration.judge_names(unknown_names(given_names()))


async def _dkim_key(settings: Settings) -> Sequence[Finding]:
    from bot.app.mail import dkim_signer, sender_of

    if settings.smtp_host is None or settings.dkim_key_file is None:
        return []
    try:
        await asyncio.to_thread(dkim_signer, settings, sender_of(settings))
    except StopError as error:
        remedy = (
            "The bot does not start with it. docs/how-to/send-email.md shows how to make a key."
        )
        return [unhealthy("dkim.key", str(error), remedy)]
    return [healthy("dkim.signs", f"Mails are signed with {settings.dkim_key_file}.")]


async def _imap(settings: Settings) -> Sequence[Finding]:
    from bot.app.mail import imap_of
    from bot.ops.doctor.mail import check_imap

    mailbox = imap_of(settings)
    if mailbox is None and settings.newsletter_address:
        sentence = "NEWSLETTER_ADDRESS is set, but no mailbox receives its mail."
        remedy = "Set IMAP_HOST: docs/how-to/newsletters.md shows how."
        return [unhealthy("newsletters.mailbox", sentence, remedy)]
    return [await check_imap(mailbox)] if mailbox else []


async def _newsletters(settings: Settings, url: str) -> Sequence[Finding]:
    from bot.ops.doctor.mail import judge_mailbox, judge_waiting

    if settings.imap_host is None:
        return []
    facts = await _query(url, _letters)
    if facts is None:
        return []
    since, waiting = facts
    found = judge_mailbox(since, is_running=bool(await _holders(url)))
    return [*found, *judge_waiting(waiting)] if settings.newsletter_address else found


async def _letters(tx: Transaction) -> tuple[timedelta | None, WaitingLetters]:
    reader, read_at = await lease_of(tx, MAILBOX)
    return tx.now - read_at if reader else None, await waiting_letters(tx)


async def _model(settings: Settings) -> Sequence[Finding]:
    if settings.model_url is None:
        return []
    from bot.app.deployment import make_model_client
    from bot.ops.doctor.model import check_model

    async with make_model_client(settings) as client:
        return await check_model(client)


async def _tokens(settings: Settings, url: str) -> Sequence[Finding]:
    if settings.model_url is None:
        return []
    from bot.ops.doctor.model import judge_budget

    today = await _query(url, _model_today)
    return [judge_budget(today, settings.model_daily_tokens)] if today else []


async def _model_today(tx: Transaction) -> ModelDay:
    return await model_day(tx, tx.now.date())


async def _holders(url: str) -> list[str] | None:
    """Return the processes that run the bot on the database; None if that is unknown."""
    if file := database_file(url):
        holder = lock_holder(lock_beside(file, "run"))
        return [holder] if holder else []
    return await _query(url, leases_held)


async def _sources(url: str) -> Sequence[Finding]:
    file = database_file(url)
    try:
        if file and not file.exists():
            return []
        async with _reading(url) as tx:
            found = await amounts(tx)
            kinds = await sources_by_kind(tx)
            read_at = await last_read(tx)
            since = tx.now - read_at if read_at else None
    except (DatabaseError, OSError) as error:
        return [contents.sources_unknown(message_of(error))]
    is_running = bool(await _holders(url))
    failing = sum(number for (_, health), number in kinds.items() if health == "unhealthy")
    return contents.judge_sources(
        contents.SourceFacts(found.sources, failing, since, is_running, found.paused_sources, kinds)
    )


async def _source_access(settings: Settings, url: str) -> Sequence[Finding]:
    from bot.app.secrets_key import key_file, keyring_of
    from bot.sources.source_access import judge_sealed

    found = await _query(url, sealed_sources)
    if not found:
        return []
    try:
        sealed = await asyncio.to_thread(judge_sealed, found, keyring_of(settings, url))
    except StopError as error:
        remedy = "Give the file back to the bot's user, or restore it from where you keep it."
        return [unhealthy("sources.key-unreadable", str(error), remedy)]
    file = None if settings.secrets_key else key_file(url)
    is_open = bool(file and file.exists() and file.stat().st_mode & 0o077)
    return contents.judge_access(sealed.sources, sealed.unreadable, sealed.older, is_open=is_open)


async def _selectors(url: str) -> Sequence[Finding]:
    problems = await _query(url, selector_problems)
    return [] if problems is None else [contents.judge_selectors(problems)]


async def _stored_times(url: str) -> Sequence[Finding]:
    times = await _query(url, poisoned_times)
    return [] if times is None else [contents.judge_stored_times([time.column for time in times])]


async def _articles(url: str) -> Sequence[Finding]:
    query = partial(articles_put_aside, limit=contents.MOST_PUT_ASIDE + 1)
    articles = await _query(url, query)
    if articles is None:
        return []
    return [contents.judge_articles([(article.id, article.error) for article in articles])]


async def _query(url: str, query: Callable[[Transaction], Awaitable[Result]]) -> Result | None:
    """Return the result of *query*; None if it fails, which the check of the database reports."""
    try:
        async with _reading(url) as tx:
            return await query(tx)
    except (DatabaseError, OSError):
        return None


async def _accounts(settings: Settings, url: str) -> Sequence[Finding]:
    count = await _query(url, partial(count_exhausted, limits=settings.budgets.limits))
    return [] if count is None else [contents.judge_accounts(count)]


async def _disks(url: str) -> Sequence[Finding]:
    file = database_file(url)
    folders = {"the database": file.parent} if file else {}
    folders |= {
        "the state of this machine": DATA_FOLDER,
        "temporary files": Path(tempfile.gettempdir()),
    }
    disks: dict[str, machine.DiskSpace] = {}
    for purpose, folder in folders.items():
        disk = await asyncio.to_thread(probes.probe_disk, purpose, folder)
        disks.setdefault(disk.folder, disk)  # a folder is judged once, by its first purpose
    return [machine.judge_disk(disk) for disk in disks.values()]


async def _files(settings: Settings, url: str) -> Sequence[Finding]:
    return machine.judge_files(await asyncio.to_thread(_file_modes, settings, url))


def _file_modes(settings: Settings, url: str) -> list[machine.FileMode]:
    secret = [Path(ENV_FILE), DATA_FOLDER]
    if (key := settings.dkim_key_file) and not is_credential(key):
        secret.append(key)
    # A container runtime sets the modes of its own secrets.
    secret += [path for path in secret_files() if not path.is_relative_to("/run/secrets")]
    if file := database_file(url):
        # With its logs, lock files, and the copies made before a migration or a restore.
        secret += [file, *sorted(file.parent.glob(f"{file.stem}.*"))]
    templates = settings.templates_dir
    own = [templates, *sorted(templates.rglob("*"))] if templates else []
    kept = probes.probe_files(dict.fromkeys(secret))
    return kept + probes.probe_files(own, secret=False)


async def _zones() -> Sequence[Finding]:
    return machine.judge_zones(await asyncio.to_thread(probes.probe_zones))


async def _settings(settings: Settings, url: str) -> Sequence[Finding]:
    has_admins = bool(settings.admin_ids) or await _stores_admins(url)
    return configuration.judge_settings(_settings_facts(settings, has_admins=has_admins))


async def _stores_admins(url: str) -> bool:
    """Return whether the database has admins, such as the user who opened the printed link."""
    return bool(await _query(url, admin_ids))


def _settings_facts(settings: Settings, *, has_admins: bool) -> configuration.SettingsFacts:
    access = access_of(settings)
    return configuration.SettingsFacts(
        has_token=settings.bot_token is not None,
        api=settings.bot_api_base,
        send_per_second=settings.send_per_second,
        public_url=settings.public_base or "",
        has_admins=has_admins,
        is_open=access.is_open,
        allows_nobody=not (access.is_open or access.invites or access.allowed),
        topics_per_chat=settings.topics_per_chat,
        feeds_per_chat=settings.feeds_per_chat,
        is_sqlite=database_file(database_of(settings).url) is not None,
        missing_roles=tuple(sorted(frozenset(Role) - settings.roles)),
        has_mail=settings.smtp_host is not None,
        mail_is_plain=settings.smtp_tls is SmtpTls.NONE
        and settings.smtp_host not in {None, "localhost", "127.0.0.1", "::1"},
    )


async def _templates(settings: Settings) -> Sequence[Finding]:
    if settings.templates_dir is None:
        return []
    refused: list[str] = []
    await asyncio.to_thread(make_renderer, settings.templates_dir, refused.append)
    remedy = "Fix the file, or remove it: docs/how-to/templates.md."
    findings = [unhealthy("templates.refused", sentence, remedy) for sentence in refused]
    return findings or [
        healthy("templates.used", f"The templates in {settings.templates_dir} are used.")
    ]


async def _mail(settings: Settings) -> Sequence[Finding]:
    from bot.app.mail import relay_of, sender_of
    from bot.mail.compose import message_bytes
    from bot.mail.smtp import Smtp
    from bot.ops.doctor.mail import Resolver, check_mail, judge_form
    from bot.publishing.samples import sample_edition, sample_mail

    relay = relay_of(settings)
    if relay is None:
        remedy = "Set SMTP_HOST and SMTP_FROM to send digests by e-mail: docs/how-to/send-email.md."
        return [warning("smtp.none", "SMTP_HOST is not set, so no e-mail is sent.", remedy)]
    domain = sender_of(settings).domain
    signs_for = settings.dkim_domain or domain
    findings = await check_mail(Resolver(), Smtp(relay), domain, signs_for, settings.dkim_selector)
    renderer = make_renderer(settings.templates_dir, lambda _: None)
    return [*findings, judge_form(message_bytes(sample_mail(renderer, sample_edition())))]


async def _pages(settings: Settings) -> Sequence[Finding]:
    base = settings.public_base
    if base is None:
        sentence = "PUBLIC_URL is not set, so there are no pages and no feeds."
        return [warning("pages.none", sentence, "Set PUBLIC_URL. See docs/how-to/web.md.")]
    findings = [process.judge_pages(base, *await probes.ask_pages(base))]
    if settings.smtp_host and (signer := await _signer(bot_database_of(settings).server)):
        sentence = f"A mail relay may post returned e-mails to {Links(base, signer).bounce()}"
        findings.append(healthy("returns.address", sentence))
    return findings
