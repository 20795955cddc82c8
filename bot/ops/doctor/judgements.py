"""Judgements: facts go in, findings come out. Nothing here asks anything."""

import errno
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from storage.db.problems import Unusable
from storage.enums import DatabaseProblem
from storage.health import Condition, PostgresqlFacts, SqliteFacts

_MB = 1024 * 1024

# Telegram: the server, the token, and how updates come.

_OK, _NO_SUCH_TOKEN, _SERVER_ERROR = 200, (401, 404), 500


@dataclass(frozen=True, slots=True)
class BotApiAnswer:
    """What a Bot API server answered: *status* is None where nothing came, for a *reason*.

    *result* is what it sent as such; *ahead* how far this machine's clock is before the server's.
    *is_api*: the response has the form of the Bot API, which errors of the API have too.
    """

    status: int | None
    reason: str = ""
    result: Mapping[str, Any] | None = None
    ahead: timedelta | None = None
    is_api: bool = True


def judge_server(api: str, answer: BotApiAnswer) -> Finding:
    """Judge whether the Bot API server at *api* can be used at all."""
    if answer.status is None:
        remedy = "Check this machine's network, DNS and firewall, and BOT_API_URL."
        return unhealthy("telegram.unreachable", f"{api} does not answer: {answer.reason}.", remedy)
    if answer.status >= _SERVER_ERROR:
        remedy = "Telegram has to fix that; the bot waits and continues by itself."
        return warning("telegram.failing", f"{api} answers {answer.status}.", remedy)
    return healthy("telegram.reached", f"{api} answers.")


def judge_token(answer: BotApiAnswer) -> list[Finding]:
    """Judge the token by what getMe answered, where anything came."""
    if answer.status is None or answer.status >= _SERVER_ERROR:
        return []
    if answer.status in _NO_SUCH_TOKEN and answer.is_api:
        remedy = "Copy the token again from @BotFather: /mybots, API Token. Put it in BOT_TOKEN."
        return [unhealthy("token.refused", "Telegram does not know this token.", remedy)]
    if answer.status != _OK or answer.result is None:
        remedy = "BOT_API_URL must name a Bot API server, such as https://api.telegram.org."
        sentence = f"A server that is no Bot API server answers getMe with {answer.status}."
        return [unhealthy("token.no-answer", sentence, remedy)]
    me = answer.result
    return [
        healthy("token.known", f"It belongs to @{me.get('username', '?')}."),
        *_judge_switches(me),
    ]


def _judge_switches(me: Mapping[str, Any]) -> list[Finding]:
    found = []
    if not me.get("supports_inline_queries"):
        remedy = "To let users search in any chat, send /setinline to @BotFather."
        found.append(warning("token.inline-off", "Inline mode is off.", remedy))
    if me.get("can_read_all_group_messages"):
        remedy = "Send /setprivacy to @BotFather and choose Enable: the bot has no use for it."
        sentence = "Privacy mode is off, so the bot gets every message of its groups."
        found.append(warning("token.privacy-off", sentence, remedy))
    if me.get("can_join_groups") is False:
        remedy = "To let users add it to groups, send /setjoingroups to @BotFather."
        found.append(warning("token.no-groups", "The bot cannot be added to groups.", remedy))
    return found or [healthy("token.switches", "Inline mode and privacy mode are on.")]


def no_token() -> Finding:
    remedy = "For Telegram put @BotFather's token into .env as BOT_TOKEN=…"
    return warning("token.none", "There is none, so the bot runs in its playground.", remedy)


_WEBHOOK_HELP = "See docs/how-to/webhook.md."
_RECENT = timedelta(hours=1)
_MANY_UPDATES = 100  # updates that wait


def judge_polling(info: Mapping[str, Any]) -> Finding:
    if info.get("url"):
        sentence = f"A webhook at {_host(info)} receives the updates, though UPDATES=polling."
        remedy = (
            f"Stop the program that sets it; the bot removes it when it starts. {_WEBHOOK_HELP}"
        )
        return unhealthy("updates.hooked", sentence, remedy)
    return healthy("updates.polled", f"They are polled; {_waiting(info)}.")


def judge_webhook(info: Mapping[str, Any], own: str | None, now: datetime) -> Finding:
    """Judge *info*; *own* is the address that it should name, None while nobody knows it."""
    if not info.get("url"):
        remedy = f"Start the bot: it sets the webhook. {_WEBHOOK_HELP}"
        return unhealthy("updates.unhooked", "No webhook is set, though UPDATES=webhook.", remedy)
    if info["url"] != own:
        sentence = f"A webhook at {_host(info)} receives the updates, and it is not this bot's."
        remedy = f"Stop the program that sets it, and restart the bot. {_WEBHOOK_HELP}"
        return unhealthy("updates.elsewhere", sentence, remedy)
    sentence = f"Telegram delivers them to {_host(info)}; {_waiting(info)}."
    failed_at = datetime.fromtimestamp(info.get("last_error_date", 0), UTC)
    if now - failed_at >= _RECENT:
        return healthy("updates.delivered", sentence)
    sentence += f" At {failed_at:%H:%M} UTC it could not: {info.get('last_error_message', '')}."
    remedy = f"Does the proxy pass /telegram/ on to a process of role chat? {_WEBHOOK_HELP}"
    if info.get("pending_update_count", 0) > _MANY_UPDATES:
        return unhealthy("updates.kept-away", sentence, remedy)
    return warning("updates.failing", sentence, remedy)


def _host(info: Mapping[str, Any]) -> str:
    return urlsplit(str(info["url"])).hostname or "an address that cannot be read"


def _waiting(info: Mapping[str, Any]) -> str:
    count = info.get("pending_update_count", 0)
    return f"{count} wait" if count else "none waits"


# The database, and the processes on it.


_OLDEST_SQLITE, _OLDEST_POSTGRESQL = (3, 35), (13, 0)  # RETURNING; what is still cared for
_LONG, _TOO_LONG = timedelta(minutes=5), timedelta(hours=1)
_FEW_LEFT, _MOST_USED = 10, 0.9


_UNUSABLE: Final = {
    DatabaseProblem.UNREACHABLE: unhealthy(
        "database.unreachable",
        "Nothing answers",
        "Start the server, and check the host and port in DATABASE_URL and the firewall.",
    ),
    DatabaseProblem.LOGIN: unhealthy(
        "database.login",
        "The server refuses the login",
        "Check the user and password in DATABASE_URL, and pg_hba.conf on the server.",
    ),
    DatabaseProblem.MISSING: unhealthy(
        "database.missing",
        "The server has no such database",
        "Create it (createdb), or correct its name in DATABASE_URL.",
    ),
    DatabaseProblem.STANDBY: unhealthy(
        "database.standby",
        "It is a standby, or set to read-only",
        "Name the primary in DATABASE_URL, or all servers; or promote this one.",
    ),
    DatabaseProblem.BUSY: unhealthy(
        "database.locked",
        "Another program keeps it locked",
        "Check again; if it persists, close the program that has it open.",
    ),
    DatabaseProblem.CROWDED: unhealthy(
        "database.no-connections",
        "All its connections are taken",
        "Run fewer processes, raise max_connections, or put PgBouncer in front.",
    ),
    DatabaseProblem.FULL: unhealthy(
        "database.full", "Its disk is full", "Make room on the disk of the database."
    ),
    DatabaseProblem.FORBIDDEN: unhealthy(
        "database.forbidden",
        "This user may not open it",
        "Let the user who runs the bot own the file and its folder (chown), and check that "
        "DATABASE_URL names a file.",
    ),
    DatabaseProblem.READ_ONLY: unhealthy(
        "database.read-only",
        "It cannot be written to",
        "Let the user who runs the bot write the file and its folder (chown, chmod u+w), and check "
        "that the disk is not mounted read-only.",
    ),
    DatabaseProblem.NO_DATABASE: unhealthy(
        "database.no-database",
        "The file is no SQLite database",
        "Correct DATABASE_URL, or move the file away and restore the last backup.",
    ),
    DatabaseProblem.DAMAGED: unhealthy(
        "database.damaged",
        "It is damaged",
        "Stop the bot, keep a copy, and restore the last backup.",
    ),
    DatabaseProblem.DISK: unhealthy(
        "database.disk",
        "Its disk fails",
        "Check the disk (dmesg, smartctl), and restore the last backup on another one.",
    ),
}


def judge_unusable(why: Unusable) -> Finding:
    """Judge a database that cannot be opened, or not be written to."""
    found = _UNUSABLE[why.problem]
    return replace(found, sentence=f"{found.sentence}: {why.message}.")


def database_absent(path: str) -> Finding:
    remedy = "`dateline run` creates it. If there was one, check DATABASE_URL, or restore it."
    return warning("database.absent", f"There is no file {path} yet.", remedy)


def judge_database(seen: Condition) -> list[Finding]:
    return [_judge_version(seen), _judge_schema(seen), _judge_writing(seen), *_judge_own(seen)]


def _judge_version(seen: Condition) -> Finding:
    is_file = isinstance(seen.own, SqliteFacts)
    name, oldest = ("SQLite", _OLDEST_SQLITE) if is_file else ("PostgreSQL", _OLDEST_POSTGRESQL)
    version = ".".join(map(str, seen.version))
    if seen.version < oldest:
        needed = ".".join(map(str, oldest))
        return unhealthy(
            "database.old", f"It is {name} {version}.", f"Use {name} {needed} or later."
        )
    size = f"{seen.size / _MB:,.0f} MB"
    return healthy("database.reached", f"It is {name} {version} and holds {size}.")


def _judge_schema(seen: Condition) -> Finding:
    if seen.pending is None:
        sentence = f"A newer version of Dateline wrote it (migration {seen.revision})."
        return unhealthy("database.newer", sentence, "Run that version, or restore a backup.")
    if seen.revision is None:
        remedy = "`dateline run` or `dateline migrate` creates them."
        return warning("database.empty", "It has no tables yet.", remedy)
    if seen.pending:
        sentence = f"{seen.pending} migrations have not been applied yet."
        remedy = "`dateline run` or `dateline migrate` applies them. Make a backup first."
        return warning("database.behind", sentence, remedy)
    return healthy("database.tables", f"Its tables are those of this version ({seen.revision}).")


def _judge_writing(seen: Condition) -> Finding:
    if not seen.unwritable:
        return healthy("database.writable", "It can be written to.")
    return judge_unusable(seen.unwritable)


def _judge_own(seen: Condition) -> Iterator[Finding]:
    match seen.own:
        case SqliteFacts():
            yield from _judge_file_database(seen.own)
        case PostgresqlFacts():
            yield from _judge_server_database(seen.own)


def _judge_file_database(own: SqliteFacts) -> Iterator[Finding]:
    if not own.has_full_text:
        remedy = "Use a Python whose SQLite has FTS5, as those of Debian and python.org do."
        yield unhealthy(
            "database.no-fts5", "This Python's SQLite cannot search texts (FTS5).", remedy
        )
    if own.journal != "wal":
        remedy = "`dateline run` sets WAL. If not, the file is on a network disk: move it."
        yield warning("database.no-wal", f"Its journal is {own.journal}, not WAL.", remedy)
    if own.integrity == "ok":
        yield healthy("database.whole", "It is not damaged.")
    elif own.integrity:
        yield judge_unusable(Unusable(DatabaseProblem.DAMAGED, own.integrity))
    else:
        remedy = "It is large. Check it at night: sqlite3 FILE 'PRAGMA quick_check'."
        yield warning("database.unchecked", "There was no time to check it for damage.", remedy)


def _judge_server_database(own: PostgresqlFacts) -> Iterator[Finding]:
    if own.oldest > _LONG:
        minutes = own.oldest // timedelta(minutes=1)
        sentence = f"A transaction has been open for {minutes} minutes: vacuum cannot clean up."
        remedy = "Find it in pg_stat_activity (xact_start) and end it."
        judge = unhealthy if own.oldest > _TOO_LONG else warning
        yield judge("database.long-transaction", sentence, remedy)
    if own.is_pooled:
        sentence = (
            "A pooler such as PgBouncer stands before it, and the bot needs the server itself."
        )
        remedy = (
            "Set DATABASE_DIRECT_URL to the server's own address: docs/how-to/several-processes.md."
        )
        yield unhealthy("database.pooler", sentence, remedy)
    if not own.has_autovacuum:
        remedy = "Set autovacuum = on, and reload: without it everything slows down."
        yield unhealthy("database.no-autovacuum", "Autovacuum is off.", remedy)
    left = own.most_connections - own.connections
    sentence = f"{own.connections} of {own.most_connections} connections are in use."
    if left < _FEW_LEFT or own.connections > own.most_connections * _MOST_USED:
        remedy = "Run fewer processes, raise max_connections, or put PgBouncer in front."
        yield warning("database.few-connections", sentence, remedy)
    else:
        yield healthy("database.connections", sentence)


def judge_running(holders: Sequence[str], *, on_file: bool) -> Finding:
    """Judge who works on the database: process numbers of a file's lock, or owners of leases."""
    if not holders:
        remedy = "Start it with `dateline run`; its log says why it ended."
        return warning("process.none", "No bot runs on this database.", remedy)
    if on_file:
        return healthy("process.running", f"The bot runs, as process {holders[0]}.")
    some = f"{len(holders)} processes hold" if len(holders) > 1 else "One process holds"
    return healthy("process.running", f"{some} the work that only one may do.")


_LATE: Final = timedelta(minutes=5)
_PASSING: Final = frozenset({"start", "index", "stop"})


def judge_readiness(waits: Sequence[str]) -> list[Finding]:
    """Judge what the bot on this machine waits for; `docs/how-to/monitoring.md` has the words."""
    if not waits:
        return []
    judge = warning if _PASSING.issuperset(waits) else unhealthy
    sentence = f"The bot on this machine is not ready: {', '.join(waits)}."
    remedy = "Look for the reason in its log. docs/how-to/monitoring.md explains each word."
    return [judge("process.not-ready", sentence, remedy)]


def judge_lags(lags: Mapping[str, timedelta]) -> list[Finding]:
    """Judge how long the oldest work of each stage has waited, while the bot runs."""
    remedy = "Check that a process has its role, and look for errors of this stage in the log."
    return [
        unhealthy(
            "process.late",
            f"The oldest work of stage {stage} has waited {lag // timedelta(minutes=1)} min.",
            remedy,
        )
        for stage, lag in lags.items()
        if lag > _LATE
    ]


# Backups.


def judge_backup(age: timedelta | None, days: int) -> list[Finding]:
    """Judge the last backup that `dateline backup` made; *days* 0: they are made in another way."""
    if not days:
        return []
    remedy = "Run `dateline backup FILE` each night: docs/how-to/backup.md. With other means, set "
    remedy += "BACKUP_DAYS=0."
    if age is None:
        return [warning("backup.none", "No backup is known.", remedy)]
    if age > timedelta(days=days):
        return [warning("backup.old", f"The last one is {age.days} days old.", remedy)]
    return [healthy("backup.made", f"The last one is {age // timedelta(hours=1)} hours old.")]


# The machine.


@dataclass(frozen=True, slots=True)
class PortFacts:
    """*error*: why nobody can listen there now; *is_ours*: a bot of ours answers there."""

    setting: str
    host: str
    port: int
    error: OSError | None = None
    is_ours: bool = False


def judge_port(seen: PortFacts, *, is_running: bool) -> list[Finding]:
    """Judge a port that the bot opens; *is_running*: a bot of this database runs."""
    place = f"{seen.host}:{seen.port}"
    if seen.error is None:
        return [healthy("port.free", f"{seen.setting}: {place} is free.")]
    if seen.error.errno != errno.EADDRINUSE:
        sentence = f"{seen.setting}: nobody can listen at {place} ({seen.error.strerror})."
        remedy = "Name an address of this machine, and a port above 1023."
        return [unhealthy("port.unusable", sentence, remedy)]
    if seen.is_ours and is_running:
        return [healthy("port.used", f"{seen.setting}: a bot of ours listens at {place}.")]
    who = "A bot of another database" if seen.is_ours else "Another program"
    sentence = f"{seen.setting}: {who[0].lower()}{who[1:]} listens at {place}."
    remedy = f"Stop that program, or set {seen.setting} to another port."
    return [unhealthy("port.taken", sentence, remedy)]


_SCARCE, _TOO_LITTLE = 1024 * _MB, 100 * _MB  # bytes free
_FEW_FILES, _TOO_FEW_FILES = 10_000, 500
_READ, _WRITE, _WORLD = 0o044, 0o022, 0o007  # bits of a mode: what others than the owner may
_OFF, _FAR_OFF = timedelta(seconds=2), timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """*files*: how many more there may be, None where the file system does not count them."""

    what: str
    folder: str
    free: int
    files: int | None
    is_writable: bool = True


@dataclass(frozen=True, slots=True)
class FileMode:
    """A file or folder of ours. *is_secret*: nobody else may read it, nor what is in it."""

    path: str
    mode: int
    is_folder: bool = False
    is_secret: bool = True


@dataclass(frozen=True, slots=True)
class ZoneData:
    """*version* is that of the package tzdata, *unreadable* names zones that cannot be read.

    *is_fresh*: whether a zone that changed lately is known as it is now.
    """

    version: str | None
    count: int
    unreadable: Sequence[str]
    is_fresh: bool


def judge_disk(disk: DiskSpace) -> Finding:
    seen = f"{disk.free / _MB:,.0f} MB are free for {disk.what} ({disk.folder})"
    if not disk.is_writable:
        sentence = f"{disk.folder} ({disk.what}) cannot be written to."
        return unhealthy(
            "disk.not-writable", sentence, "Let the user who runs the bot write there."
        )
    if disk.free < _TOO_LITTLE:
        remedy = "Free space now: a database that cannot grow stops everything."
        return unhealthy("disk.full", f"Only {seen}.", remedy)
    if disk.files is not None and disk.files < _TOO_FEW_FILES:
        sentence = f"Only {disk.files} more files fit beside {disk.what} ({disk.folder})."
        return unhealthy(
            "disk.no-inodes", sentence, "Delete files that you no longer need (df -i tells where)."
        )
    if disk.free < _SCARCE:
        return warning("disk.scarce", f"Only {seen}.", "Free space before it is needed.")
    if disk.files is not None and disk.files < _FEW_FILES:
        sentence = f"{disk.files} more files fit beside {disk.what} ({disk.folder})."
        return warning("disk.few-inodes", sentence, "Delete files that you no longer need.")
    return healthy("disk.room", f"{seen}.")


def judge_files(files: Sequence[FileMode]) -> list[Finding]:
    found = [finding for file in files if (finding := _judge_file(file))]
    if files and not found:
        found.append(healthy("files.closed", "Nobody else can read or change the bot's files."))
    return found


def _judge_file(file: FileMode) -> Finding | None:
    if file.mode & _WRITE:
        sentence = f"{file.path} can be changed by other users of this machine."
        return unhealthy("files.writable", sentence, f"chmod go-w {file.path}")
    if not file.is_secret or not file.mode & _READ:
        return None
    sentence = f"{file.path} can be read by other users of this machine."
    if file.is_folder or not file.mode & _WORLD:
        return warning("files.readable", sentence, f"chmod go-rwx {file.path}")
    return unhealthy("files.world-readable", sentence, f"chmod go-rwx {file.path}")


def judge_clock(ahead: timedelta | None, other: str) -> list[Finding]:
    """Judge this machine's clock by *other*'s, where that is known."""
    if ahead is None:
        return []
    seconds = ahead.total_seconds()
    sentence = f"This machine's is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'}"
    remedy = "Synchronize it: timedatectl set-ntp true, or chrony."
    if abs(ahead) > _FAR_OFF:
        return [unhealthy("clock.far-off", f"{sentence} {other}.", remedy)]
    if abs(ahead) > _OFF:
        return [warning("clock.off", f"{sentence} {other}.", remedy)]
    return [healthy("clock.right", f"It agrees with {other}.")]


def judge_stored_times(columns: Sequence[str]) -> Finding:
    """Judge that these columns hold times that only a wrong clock can have stored."""
    if not columns:
        return healthy("clock.stored", "No stored time lies too far ahead.")
    sentence = f"Stored times lie too far ahead: {', '.join(columns)}."
    remedy = "The clock was wrong for a while. Check it, and restart the bot, which mends them."
    return warning("clock.stored-ahead", sentence, remedy)


MOST_PUT_ASIDE: Final = 100  # articles that are counted


def judge_articles(put_aside: Sequence[tuple[int, str]]) -> Finding:
    """Judge the articles that no stage claims because one failed for them, by id and error."""
    if not put_aside:
        return healthy("articles.claimed", "No article is put aside.")
    number, error = put_aside[0]
    more = " or more" if len(put_aside) > MOST_PUT_ASIDE else ""
    sentence = (
        f"Articles are put aside because a stage failed for them: "
        f"{min(len(put_aside), MOST_PUT_ASIDE)}{more}, first {number} ({error})."
    )
    remedy = (
        "Find the error in the log and report it. `dateline trace` shows an article; a restart "
        "tries all of them again."
    )
    return warning("articles.put-aside", sentence, remedy)


def judge_zones(zones: ZoneData) -> list[Finding]:
    remedy = "Install the dependencies again: pip install --upgrade tzdata."
    found = []
    if zones.version is None:
        found.append(warning("zones.no-package", "The package tzdata is missing.", remedy))
    if zones.unreadable:
        some = ", ".join(zones.unreadable[:3])
        sentence = f"{len(zones.unreadable)} time zones cannot be read, such as {some}."
        found.append(
            unhealthy("zones.unreadable", sentence, f"Repair this system's zones. {remedy}")
        )
    if not zones.is_fresh:
        sentence = "The time zones are outdated: a change of 2024 is missing."
        more = "Update this system's tzdata (apt, dnf), or set PYTHONTZPATH to nothing."
        found.append(warning("zones.old", sentence, more))
    return found or [healthy("zones.fresh", f"{zones.count} can be read, tzdata {zones.version}.")]


# Settings that are each allowed, and do not fit together.


TELEGRAM_API = "https://api.telegram.org"
_FREE_PER_SECOND = 30  # messages a second that are free
_USUAL_LIMIT = 100  # topics or feeds of a chat


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """What the operator has set; an address is "" where there is none."""

    has_token: bool
    api: str
    send_per_second: float
    public_url: str
    has_admins: bool
    is_open: bool
    allows_nobody: bool  # but the admins
    topics_per_chat: int
    feeds_per_chat: int
    is_sqlite: bool
    missing_roles: tuple[str, ...]  # that this process does not do
    has_mail: bool
    mail_is_plain: bool  # without encryption, to another machine


def judge_settings(facts: SettingsFacts) -> list[Finding]:
    found = [*_judge_access(facts), *_judge_pace(facts), *_judge_https(facts), *_judge_roles(facts)]
    return found or [healthy("settings.agree", "They are consistent.")]


# Kubernetes and Docker set these in each container, for services that may have any name.
_OF_SERVICES: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_")
_ALIKE: Final = 0.8  # of names: from a swapped letter on
_PREFIX: Final = "DATELINE_"


def judge_names(given: Collection[str], known: Collection[str]) -> list[Finding]:
    """Judge the names of variables in the environment and `.env`; *known* are the settings.

    Others' variables are left alone, unless they begin like several of ours.
    """
    taken = {*known, *(f"{name}_FILE" for name in known)}
    prefixes = _shared_prefixes(known)
    found = []
    for name in sorted(set(given) - taken):
        bare = name.removeprefix(_PREFIX)
        alike = get_close_matches(bare, taken, n=1, cutoff=_ALIKE)
        if _OF_SERVICES.search(name) or not (alike or bare.startswith(prefixes)):
            continue
        meant = f" Did you mean {alike[0]}?" if alike else ""
        sentence = f"{name} is no setting, so it has no effect."
        remedy = f"{meant} docs/reference/settings.md lists all settings.".strip()
        found.append(warning("settings.unknown", sentence, remedy))
    return found


def _shared_prefixes(names: Collection[str]) -> tuple[str, ...]:
    """Return how several of *names* begin, such as `SMTP_`."""
    heads = [name.partition("_")[0] for name in names if "_" in name]
    return tuple(sorted({f"{head}_" for head in heads if heads.count(head) > 1}))


def _judge_access(facts: SettingsFacts) -> Iterator[Finding]:
    if not facts.has_token:
        return
    if not facts.has_admins:
        remedy = (
            "Open the link that the bot prints when it starts, or set ADMIN_IDS to your user id, "
            "which the bot tells unauthorized users."
        )
        sentence = "There is no admin, so nobody is notified of problems."
        yield warning("settings.no-admins", sentence, remedy)
        if facts.allows_nobody:
            remedy = "Set ADMIN_IDS, ALLOWED_IDS, or ACCESS=invite."
            yield unhealthy("settings.nobody", "The list of allowed users is empty.", remedy)
    if facts.is_open and max(facts.topics_per_chat, facts.feeds_per_chat) > _USUAL_LIMIT:
        sentence = "ACCESS=open allows everybody, and a chat may have very many topics or feeds."
        remedy = f"Set TOPICS_PER_CHAT and FEEDS_PER_CHAT to {_USUAL_LIMIT} or less."
        yield warning("settings.open-unlimited", sentence, remedy)


def _judge_pace(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.send_per_second > _FREE_PER_SECOND and facts.api == TELEGRAM_API:
        sentence = (
            f"SEND_PER_SECOND is {facts.send_per_second:g}, and Telegram accepts 30 for free."
        )
        remedy = "Set it to 27, unless you pay for more at @BotFather (paid broadcasts)."
        yield warning("settings.too-fast", sentence, remedy)


def _judge_https(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.public_url.startswith("http:"):
        sentence = "PUBLIC_URL is http: no Mini App, and no unsubscribing with one click."
        yield warning("settings.no-https", sentence, "Put a proxy with https in front of it.")
    if facts.has_mail and not facts.public_url:
        sentence = "Mails are sent, but without PUBLIC_URL nobody can unsubscribe with one click."
        yield warning("settings.mail-no-pages", sentence, "Set PUBLIC_URL: docs/how-to/web.md.")
    if facts.mail_is_plain:
        sentence = "SMTP_TLS=none sends the password and e-mails unencrypted."
        yield warning("settings.mail-plain", sentence, "Set SMTP_TLS to starttls or tls.")


def _judge_roles(facts: SettingsFacts) -> Iterator[Finding]:
    if facts.is_sqlite and facts.missing_roles:
        sentence = (
            f"ROLES leaves out {', '.join(facts.missing_roles)}, and no other process can do that."
        )
        remedy = "An SQLite file has one process: leave ROLES empty, or move to PostgreSQL."
        yield unhealthy("settings.roles-left", sentence, remedy)


# Sources.


_SILENT = timedelta(hours=1)
_MANY_UNHEALTHY = 0.5  # of all, unhealthy


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """*since*: how long ago any source was read well, None: never."""

    sources: int
    unhealthy: int
    since: timedelta | None
    is_running: bool


def judge_accounts(exhausted: int) -> Finding:
    """Judge how many accounts have used up a budget of today."""
    if not exhausted:
        return healthy("accounts.within", "No account has used up a budget today.")
    who = "1 account has" if exhausted == 1 else f"{exhausted} accounts have"
    remedy = "Their own feeds wait until midnight (UTC). Too low? See docs/reference/limits.md."
    return warning("accounts.exhausted", f"{who} used up a budget today.", remedy)


def judge_sources(seen: SourceFacts) -> list[Finding]:
    if not seen.sources:
        remedy = "`dateline sources add --starter` adds some well-known ones."
        return [warning("sources.none", "There are none, so there is no news.", remedy)]
    return [_judge_failures(seen), _judge_silence(seen)]


def _judge_failures(seen: SourceFacts) -> Finding:
    if not seen.unhealthy:
        return healthy("sources.well", f"None of {seen.sources} is unhealthy.")
    sentence = f"{seen.unhealthy} of {seen.sources} are unhealthy."
    remedy = "`dateline sources list --unhealthy` says which; most recover by themselves."
    if seen.unhealthy > seen.sources * _MANY_UNHEALTHY:
        more = "With so many, check this machine's network and DNS first."
        return unhealthy("sources.many-unhealthy", sentence, f"{more} {remedy}")
    return warning("sources.some-unhealthy", sentence, remedy)


def _judge_silence(seen: SourceFacts) -> Finding:
    if seen.since is not None and seen.since <= _SILENT:
        return healthy(
            "sources.read", f"The last one was read {seen.since // timedelta(minutes=1)} min ago."
        )
    minutes = None if seen.since is None else seen.since // timedelta(minutes=1)
    ever = "None has ever been read." if minutes is None else f"None was read for {minutes} min."
    if seen.is_running:
        remedy = "Check that a process has the role poll, its log, and the network."
        return unhealthy("sources.silent", ever, remedy)
    return warning("sources.silent", ever, "They are read when the bot runs: `dateline run`.")


def sources_unknown(reason: str) -> Finding:
    sentence = f"Their state is unknown: {reason}."
    return warning("sources.unknown", sentence, "Fix the database first.")


# Pages.


_WEB_HELP = "See docs/how-to/web.md."
_NOT_READY = 503


def judge_pages(base: str, status: int | None, reason: str) -> Finding:
    """Judge what `/readyz` under *base* answered: a status, or None and the *reason* for that."""
    if status is None:
        remedy = f"Is the bot running, and does the proxy pass requests on to WEB_PORT? {_WEB_HELP}"
        return unhealthy("pages.unreachable", f"{base} does not answer: {reason}.", remedy)
    if status == _NOT_READY:
        remedy = "It is starting, or waits for Telegram. Check again in a minute."
        return warning("pages.starting", f"{base} answers that it is not ready.", remedy)
    if status != _OK:
        remedy = f"The proxy must remove the path of PUBLIC_URL, and pass on the rest. {_WEB_HELP}"
        return unhealthy("pages.elsewhere", f"{base}/readyz answers {status}.", remedy)
    if not base.startswith("https:"):
        remedy = "Make the proxy speak https: mail services unsubscribe by nothing else."
        return warning("pages.plain", f"{base} answers, without encryption.", remedy)
    return healthy("pages.reached", f"{base} answers.")
