"""What the database says of itself, and whether somebody works on it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.ops.doctor.findings import Finding, healthy, unhealthy, warning
from storage.enums import Condition, PostgresqlFacts, SqliteFacts

OLDEST_SQLITE, OLDEST_POSTGRESQL = (3, 35), (13, 0)  # RETURNING; what is still cared for
LONG, TOO_LONG = timedelta(minutes=5), timedelta(hours=1)
FEW_LEFT, MOST_USED = 10, 0.9
_MB = 1024 * 1024


def unreachable(reason: str) -> Finding:
    remedy = "Is the server running, and do DATABASE_URL's host, user and password fit?"
    return unhealthy("database.unreachable", f"It cannot be used: {reason}.", remedy)


def absent(path: str) -> Finding:
    remedy = "`dateline run` makes it. If it was there before: look at DATABASE_URL, or restore it."
    return warning("database.absent", f"There is no file {path} yet.", remedy)


def judge_database(seen: Condition) -> list[Finding]:
    return [_version(seen), _schema(seen), _writing(seen), *_own(seen)]


def _version(seen: Condition) -> Finding:
    is_file = isinstance(seen.own, SqliteFacts)
    name, oldest = ("SQLite", OLDEST_SQLITE) if is_file else ("PostgreSQL", OLDEST_POSTGRESQL)
    version = ".".join(map(str, seen.version))
    if seen.version < oldest:
        needed = ".".join(map(str, oldest))
        return unhealthy(
            "database.old", f"It is {name} {version}.", f"Use {name} {needed} or later."
        )
    size = f"{seen.size / _MB:,.0f} MB"
    return healthy("database.reached", f"It is {name} {version} and holds {size}.")


def _schema(seen: Condition) -> Finding:
    if seen.pending is None:
        sentence = f"A newer version of Dateline wrote it (migration {seen.revision})."
        return unhealthy("database.newer", sentence, "Run that version, or restore a backup.")
    if seen.revision is None:
        remedy = "`dateline run` or `dateline migrate` makes them."
        return warning("database.empty", "It has no tables yet.", remedy)
    if seen.pending:
        sentence = f"{seen.pending} migrations have not been made yet."
        remedy = "`dateline run` or `dateline migrate` makes them. Keep a copy of the database."
        return warning("database.behind", sentence, remedy)
    return healthy("database.tables", f"Its tables are those of this version ({seen.revision}).")


def _writing(seen: Condition) -> Finding:
    if not seen.unwritable:
        return healthy("database.writable", "It can be written to.")
    if "locked" in seen.unwritable:
        remedy = "Look again; if it stays so, some other program holds it open."
        return warning("database.busy", "Others were writing all the while.", remedy)
    remedy = "Look at its rights, at the room on its disk, and that it is no standby."
    return unhealthy("database.read-only", f"It cannot be written to: {seen.unwritable}.", remedy)


def _own(seen: Condition) -> Iterator[Finding]:
    match seen.own:
        case SqliteFacts():
            yield from _of_file(seen.own)
        case PostgresqlFacts():
            yield from _of_server(seen.own)


def _of_file(own: SqliteFacts) -> Iterator[Finding]:
    if not own.has_full_text:
        remedy = "Use a Python whose SQLite has FTS5, as those of Debian and python.org do."
        yield unhealthy(
            "database.no-fts5", "This Python's SQLite cannot search texts (FTS5).", remedy
        )
    if own.journal != "wal":
        remedy = "`dateline run` sets WAL. If it stays: the file lies on a network's disk; move it."
        yield warning("database.no-wal", f"Its journal is {own.journal}, not WAL.", remedy)
    if own.integrity == "ok":
        yield healthy("database.whole", "Nothing in it is damaged.")
    elif own.integrity:
        remedy = "Stop the bot, keep a copy, and restore the last backup."
        yield unhealthy("database.damaged", f"It is damaged: {own.integrity}.", remedy)
    else:
        remedy = "It is large. Look at night: sqlite3 FILE 'PRAGMA quick_check'."
        yield warning("database.unchecked", "There was no time to look for damage.", remedy)


def _of_server(own: PostgresqlFacts) -> Iterator[Finding]:
    if own.oldest > LONG:
        minutes = own.oldest // timedelta(minutes=1)
        sentence = f"A transaction has been open for {minutes} minutes: nothing is tidied since."
        remedy = "Find it in pg_stat_activity (xact_start) and end what holds it."
        judge = unhealthy if own.oldest > TOO_LONG else warning
        yield judge("database.long-transaction", sentence, remedy)
    if not own.has_autovacuum:
        remedy = "Set autovacuum = on, and reload: without it all becomes slow."
        yield unhealthy("database.no-autovacuum", "Autovacuum is off.", remedy)
    left = own.most_connections - own.connections
    sentence = f"{own.connections} of {own.most_connections} connections are in use."
    if left < FEW_LEFT or own.connections > own.most_connections * MOST_USED:
        remedy = "Run fewer processes, raise max_connections, or put PgBouncer before it."
        yield warning("database.few-connections", sentence, remedy)
    else:
        yield healthy("database.connections", sentence)


def judge_running(holders: Sequence[str], *, on_file: bool) -> Finding:
    """Judge who works on the database: process numbers of a file's lock, or owners of leases."""
    if not holders:
        remedy = "If it should: start it, `dateline run`; the log says why it ended."
        return warning("process.none", "No bot runs on this database.", remedy)
    if on_file:
        return healthy("process.running", f"The bot runs, as process {holders[0]}.")
    some = f"{len(holders)} processes hold" if len(holders) > 1 else "One process holds"
    return healthy("process.running", f"{some} the work that only one may do.")
