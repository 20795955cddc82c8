"""The database: whether it can be opened and written to, its tables, its health and backups."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from storage.db.problems import Unusable
from storage.enums import DatabaseProblem
from storage.health import Condition, PostgresqlFacts, SqliteFacts
from storage.schema import REPAIR

_MB = 1024 * 1024
_SHOWN = 3  # lines of the shape of a database

# RETURNING came with SQLite 3.35; PostgreSQL before 13 gets no fixes any more.
_OLDEST_SQLITE, _OLDEST_POSTGRESQL = (3, 35), (13, 0)
_LONG, _TOO_LONG = timedelta(minutes=5), timedelta(hours=1)
_FEW_LEFT, _MOST_USED = 10, 0.9


_UNUSABLE: Final = {
    DatabaseProblem.UNREACHABLE: unhealthy(
        "database.unreachable",
        "No server answers",
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
        "The server is a standby, or set to read-only",
        "Name the primary, or all servers, in DATABASE_URL; or promote this one.",
    ),
    DatabaseProblem.BUSY: unhealthy(
        "database.locked",
        "Another program keeps the database locked",
        "Check again; if it persists, close the program that has it open.",
    ),
    DatabaseProblem.CROWDED: unhealthy(
        "database.no-connections",
        "All connections of the server are in use",
        "Run fewer processes, raise max_connections, or put PgBouncer in front.",
    ),
    DatabaseProblem.FULL: unhealthy(
        "database.full", "The disk of the database is full", "Free space on that disk."
    ),
    DatabaseProblem.FORBIDDEN: unhealthy(
        "database.forbidden",
        "This user may not open the database",
        "Let the user who runs the bot own the file and its folder (chown), and check that "
        "DATABASE_URL names a file.",
    ),
    DatabaseProblem.READ_ONLY: unhealthy(
        "database.read-only",
        "The database cannot be written to",
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
        "The database is damaged",
        "Stop the bot, keep a copy, and restore the last backup.",
    ),
    DatabaseProblem.DISK: unhealthy(
        "database.disk",
        "The disk of the database fails",
        "Check the disk (dmesg, smartctl), and restore the last backup to another one.",
    ),
}


def judge_unusable(why: Unusable) -> Finding:
    """Judge a database that cannot be opened or written to."""
    finding = _UNUSABLE[why.problem]
    return replace(finding, sentence=f"{finding.sentence}: {why.message}.")


def no_database(path: str) -> Finding:
    remedy = "`dateline run` creates it. If there was one, check DATABASE_URL, or restore a backup."
    return warning("database.absent", f"There is no file {path} yet.", remedy)


def judge_database(condition: Condition) -> list[Finding]:
    return [
        _judge_version(condition),
        _judge_schema(condition),
        _judge_writing(condition),
        *_judge_own(condition),
    ]


def _judge_version(condition: Condition) -> Finding:
    is_file = isinstance(condition.own, SqliteFacts)
    name, oldest = ("SQLite", _OLDEST_SQLITE) if is_file else ("PostgreSQL", _OLDEST_POSTGRESQL)
    version = ".".join(map(str, condition.version))
    if condition.version < oldest:
        needed = ".".join(map(str, oldest))
        return unhealthy(
            "database.old", f"The database is {name} {version}.", f"Use {name} {needed} or later."
        )
    size = f"{condition.size / _MB:,.0f} MB"
    return healthy("database.reached", f"The database is {name} {version} and has {size}.")


def _judge_schema(condition: Condition) -> Finding:
    if condition.pending is None:
        sentence = f"A newer version of Dateline made the tables (migration {condition.revision})."
        if not condition.obstacles:
            sentence = f"{sentence} This version can use them, too."
            return warning("database.newer", sentence, "Upgrade this process soon.")
        return unhealthy("database.newer", sentence, "Run that version, or restore a backup.")
    if condition.obstacles:
        lacking = "; ".join(condition.obstacles[:_SHOWN])
        sentence = (
            f"The tables are not those of migration {condition.revision}: they lack {lacking}."
        )
        return unhealthy("database.different", sentence, REPAIR)
    if condition.revision is None:
        remedy = "`dateline run` or `dateline migrate` creates the tables."
        return warning("database.empty", "The database has no tables yet.", remedy)
    if condition.pending:
        sentence = f"{condition.pending} migrations have not been applied yet."
        remedy = "Make a backup, then start `dateline run` or `dateline migrate`."
        return warning("database.behind", sentence, remedy)
    return healthy("database.tables", f"The tables are up to date ({condition.revision}).")


def _judge_writing(condition: Condition) -> Finding:
    if not condition.unwritable:
        return healthy("database.writable", "The database can be written to.")
    return judge_unusable(condition.unwritable)


def _judge_own(condition: Condition) -> Iterator[Finding]:
    match condition.own:
        case SqliteFacts():
            yield from _judge_file_database(condition.own)
        case PostgresqlFacts():
            yield from _judge_server_database(condition.own)


def _judge_file_database(own: SqliteFacts) -> Iterator[Finding]:
    if not own.has_full_text:
        remedy = "Use a Python whose SQLite has FTS5, as those of Debian and python.org do."
        yield unhealthy(
            "database.no-fts5", "This Python's SQLite cannot search texts (FTS5).", remedy
        )
    if own.journal != "wal":
        remedy = "`dateline run` sets WAL. If that fails, the file is on a network disk: move it."
        yield warning("database.no-wal", f"The journal mode is {own.journal}, not WAL.", remedy)
    if own.integrity == "ok":
        yield healthy("database.whole", "The database is not damaged.")
    elif own.integrity:
        yield judge_unusable(Unusable(DatabaseProblem.DAMAGED, own.integrity))
    else:
        remedy = "Check it at night: sqlite3 FILE 'PRAGMA quick_check'."
        yield warning(
            "database.unchecked", "The database is too large to check it for damage now.", remedy
        )


def _judge_server_database(own: PostgresqlFacts) -> Iterator[Finding]:
    if own.oldest > _LONG:
        minutes = own.oldest // timedelta(minutes=1)
        sentence = f"A transaction has been open for {minutes} minutes, so vacuum cannot clean up."
        remedy = "Find it in pg_stat_activity (xact_start) and end it."
        judge = unhealthy if own.oldest > _TOO_LONG else warning
        yield judge("database.long-transaction", sentence, remedy)
    if own.is_pooled:
        sentence = (
            "DATABASE_URL leads to a pooler such as PgBouncer, but the bot needs the server itself."
        )
        remedy = (
            "Set DATABASE_DIRECT_URL to the server's own address: docs/how-to/several-processes.md."
        )
        yield unhealthy("database.pooler", sentence, remedy)
    if not own.has_autovacuum:
        remedy = "Set autovacuum = on, and reload. Without it the database slows down."
        yield unhealthy("database.no-autovacuum", "Autovacuum is off.", remedy)
    left = own.most_connections - own.connections
    sentence = f"{own.connections} of {own.most_connections} connections are in use."
    if left < _FEW_LEFT or own.connections > own.most_connections * _MOST_USED:
        remedy = "Run fewer processes, raise max_connections, or put PgBouncer in front."
        yield warning("database.few-connections", sentence, remedy)
    else:
        yield healthy("database.connections", sentence)


def judge_backup(age: timedelta | None, days: int) -> list[Finding]:
    """Judge the age of the last `dateline backup`; *days* is 0 if backups are made otherwise."""
    if not days:
        return []
    remedy = "Run `dateline backup FILE` each night: docs/how-to/backup.md. If you make backups by "
    remedy += "other means, set BACKUP_DAYS=0."
    if age is None:
        return [warning("backup.none", "`dateline backup` has never run here.", remedy)]
    if age > timedelta(days=days):
        return [warning("backup.old", f"The last backup is {age.days} days old.", remedy)]
    return [healthy("backup.made", f"The last backup is {age // timedelta(hours=1)} hours old.")]
