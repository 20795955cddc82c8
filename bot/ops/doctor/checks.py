"""What the doctor looks at, for the settings there are: each check asks, and has it judged."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.app.deployment import DATA_FOLDER, PLAYGROUND_DATABASE
from bot.app.resources import database_of
from bot.ops.doctor import choices, database, machine, sources, telegram, updates
from bot.ops.doctor.asking import (
    ask_telegram,
    look_at_files,
    look_at_room,
    look_at_zones,
    who_runs,
)
from bot.ops.doctor.examining import Check
from bot.ops.doctor.findings import healthy, unhealthy, warning
from bot.settings import Access, Role, Updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.ops.doctor.findings import Finding
    from bot.settings import Settings

_QUICK_CHECK_SECONDS = 10
_MAIL_SECONDS = 60  # several questions, one after another
_TEMPLATES_SECONDS = 60  # all of them are rendered


def make_checks(settings: Settings, *, quick: bool = False) -> list[Check]:
    """Return what is looked at; with *quick* only what needs no network.

    The database is asked in either case.
    """
    from bot.ops.doctor.reach import examine_reach

    url = _database_of(settings)
    checks = [
        Check("Telegram", lambda: _telegram(settings), is_far=True),
        Check("the updates", lambda: _updates(settings), is_far=True),
        Check("the database", lambda: _database(url)),
        Check("the process", lambda: _process(url)),
        Check("the sources", lambda: _sources(url)),
        Check("the disks", lambda: _disks(url)),
        Check("the files", lambda: _files(settings, url)),
        Check("the time zones", _zones),
        Check("the settings", lambda: _settings(settings, url)),
        Check("the templates", lambda: _templates(settings), seconds=_TEMPLATES_SECONDS),
        Check("mail", lambda: _mail(settings), is_far=True, seconds=_MAIL_SECONDS),
        Check("the pages", lambda: examine_reach(settings), is_far=True),
    ]
    return [check for check in checks if not (quick and check.is_far)]


def _database_of(settings: Settings) -> str:
    """Return that which `dateline run` would use, and the server itself past a pooler."""
    if settings.bot_token is None and settings.database_is_default:
        return PLAYGROUND_DATABASE
    return database_of(settings).server


async def _telegram(settings: Settings) -> Sequence[Finding]:
    if settings.bot_token is None:
        return [telegram.no_token()]
    api, token = settings.bot_api_base, settings.bot_token.get_secret_value()
    answer = await ask_telegram(api, token, "getMe")
    return [
        telegram.judge_server(api, answer),
        *telegram.judge_token(answer),
        *machine.judge_clock(answer.ahead, "Telegram's"),
    ]


async def _updates(settings: Settings) -> Sequence[Finding]:
    """Nothing where there is no token, or no answer: what is said of Telegram says why."""
    if settings.bot_token is None:
        return []
    token = settings.bot_token.get_secret_value()
    info = (await ask_telegram(settings.bot_api_base, token, "getWebhookInfo")).result
    if info is None:
        return []
    if settings.updates is Updates.POLLING:
        return [updates.judge_polling(info)]
    return [updates.judge_webhook(info, await _own_webhook(settings), datetime.now(UTC))]


async def _own_webhook(settings: Settings) -> str | None:
    """Return where our webhook is; None while there is no key to make the address with."""
    from bot.app.webhook import webhook_at
    from bot.rendering.links import Signer
    from storage.access import existing_signing_key
    from storage.db.engine import DatabaseError
    from storage.health import open_read_only

    try:
        storage = open_read_only(_database_of(settings))
    except OSError:
        return None
    try:
        async with storage.reading() as tx:
            key = await existing_signing_key(tx)
    except (DatabaseError, OSError):
        return None
    finally:
        await storage.close()
    base = str(settings.public_url).rstrip("/")
    return webhook_at(base, Signer(key)).url if key else None


async def _database(url: str) -> Sequence[Finding]:
    import sqlite3

    from storage.db.engine import DatabaseError
    from storage.health import condition_of_file, condition_of_server
    from storage.schema import database_file

    file = database_file(url)
    if file and not file.exists():
        return [database.absent(str(file))]
    try:
        if file:
            seen = await asyncio.to_thread(condition_of_file, file, _QUICK_CHECK_SECONDS)
        else:
            seen = await condition_of_server(url)
    except (DatabaseError, OSError, sqlite3.Error) as error:
        return [database.unreachable(_reason(error))]
    clock = [] if file else machine.judge_clock(seen.ahead, "the database's")
    return [*database.judge_database(seen), *clock]


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", error)).splitlines()[0].rstrip(".")


async def _process(url: str) -> Sequence[Finding]:
    from storage.schema import database_file

    holders = await _holders(url)
    if holders is None:
        return []
    return [database.judge_running(holders, on_file=database_file(url) is not None)]


async def _holders(url: str) -> list[str] | None:
    """Return who runs the bot on the database; None if that cannot be told."""
    from storage.db.engine import DatabaseError
    from storage.db.filelock import lock_beside
    from storage.health import leases_held, open_read_only
    from storage.schema import database_file

    if file := database_file(url):
        return who_runs(lock_beside(file, "run"))
    storage = open_read_only(url)
    try:
        async with storage.reading() as tx:
            return await leases_held(tx)
    except (DatabaseError, OSError):
        return None
    finally:
        await storage.close()


async def _sources(url: str) -> Sequence[Finding]:
    from storage.db.engine import DatabaseError
    from storage.health import open_read_only
    from storage.schema import database_file
    from storage.stats import amounts, count_unhealthy_sources, last_read

    file = database_file(url)
    if file and not file.exists():
        return []
    storage = open_read_only(url)
    try:
        async with storage.reading() as tx:
            count = (await amounts(tx)).sources
            unhealthy = await count_unhealthy_sources(tx)
            read_at = await last_read(tx)
            since = tx.now - read_at if read_at else None
    except (DatabaseError, OSError) as error:
        return [sources.unknown(_reason(error))]
    finally:
        await storage.close()
    is_running = bool(await _holders(url))
    return sources.judge_sources(sources.Reading(count, unhealthy, since, is_running))


async def _disks(url: str) -> Sequence[Finding]:
    import tempfile

    from storage.schema import database_file

    file = database_file(url)
    folders = {"the database": file.parent} if file else {}
    folders |= {
        "what this machine keeps": DATA_FOLDER,
        "passing files": Path(tempfile.gettempdir()),
    }
    rooms = [
        await asyncio.to_thread(look_at_room, what, folder) for what, folder in folders.items()
    ]
    kept = {room.folder: room for room in reversed(rooms)}  # one of each, by its first use
    return [machine.judge_room(room) for room in reversed(kept.values())]


async def _files(settings: Settings, url: str) -> Sequence[Finding]:
    return machine.judge_files(await asyncio.to_thread(_looked_at, settings, url))


def _looked_at(settings: Settings, url: str) -> list[machine.Kept]:
    from storage.schema import database_file

    secret = [Path(".env"), settings.dkim_key_file, DATA_FOLDER]
    if file := database_file(url):
        # With its logs, the copies before a migration or a restore, and what stands beside.
        secret += [file, *sorted(file.parent.glob(f"{file.stem}.*"))]
    templates = settings.templates_dir
    own = [templates, *sorted(templates.rglob("*"))] if templates else []
    kept = look_at_files({path: None for path in secret if path})
    return kept + look_at_files(own, secret=False)


async def _zones() -> Sequence[Finding]:
    return machine.judge_zones(await asyncio.to_thread(look_at_zones))


async def _settings(settings: Settings, url: str) -> Sequence[Finding]:
    has_admins = bool(settings.admin_ids) or await _stores_admins(url)
    return choices.judge_choices(_choices(settings, has_admins=has_admins))


async def _stores_admins(url: str) -> bool:
    """Return whether the database names admins, such as the user who opened the printed link."""
    from storage.access import admin_ids
    from storage.db.engine import DatabaseError
    from storage.health import open_read_only

    try:
        storage = open_read_only(url)
    except OSError:
        return False  # there is no file yet
    try:
        async with storage.reading() as tx:
            return bool(await admin_ids(tx))
    except (DatabaseError, OSError):
        return False  # another check reports it
    finally:
        await storage.close()


def _choices(settings: Settings, *, has_admins: bool) -> choices.Choices:
    from bot.settings import SmtpTls
    from storage.schema import database_file

    return choices.Choices(
        has_token=settings.bot_token is not None,
        api=settings.bot_api_base,
        send_per_second=settings.send_per_second,
        public_url=str(settings.public_url or ""),
        has_admins=has_admins,
        is_open=settings.access is Access.OPEN,
        lets_nobody_in=settings.access is Access.ALLOWLIST and not settings.allowed_ids,
        topics_per_chat=settings.topics_per_chat,
        feeds_per_chat=settings.feeds_per_chat,
        is_sqlite=database_file(settings.database_url.get_secret_value()) is not None,
        roles_left=tuple(sorted(frozenset(Role) - settings.roles)),
        has_mail=settings.smtp_host is not None,
        mail_is_plain=settings.smtp_tls is SmtpTls.NONE
        and settings.smtp_host not in {None, "localhost", "127.0.0.1", "::1"},
    )


async def _templates(settings: Settings) -> Sequence[Finding]:
    from bot.app.resources import make_renderer

    if settings.templates_dir is None:
        return []
    told: list[str] = []
    await asyncio.to_thread(make_renderer, settings.templates_dir, told.append)
    remedy = "Mend the file, or take it away: docs/how-to/templates.md."
    refused = [unhealthy("templates.refused", sentence, remedy) for sentence in told]
    return refused or [healthy("templates.used", f"Those of {settings.templates_dir} are used.")]


async def _mail(settings: Settings) -> Sequence[Finding]:
    from bot.app.mail import examine_mail

    findings = await examine_mail(settings)
    if findings is None:
        remedy = "Set SMTP_HOST and SMTP_FROM to have digests mailed: docs/how-to/email.md."
        return [warning("smtp.none", "No mail server is set, so none is sent.", remedy)]
    return findings
