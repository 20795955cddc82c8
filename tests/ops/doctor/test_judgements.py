"""Facts go in, findings come out."""

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.ops.doctor.findings import HealthLevel
from bot.ops.doctor.judgements import (
    TELEGRAM_API,
    BotApiAnswer,
    DiskSpace,
    FileMode,
    PortFacts,
    SettingsFacts,
    SourceFacts,
    ZoneData,
    judge_backup,
    judge_clock,
    judge_database,
    judge_disk,
    judge_files,
    judge_lags,
    judge_names,
    judge_pages,
    judge_polling,
    judge_port,
    judge_readiness,
    judge_running,
    judge_server,
    judge_settings,
    judge_sources,
    judge_token,
    judge_unusable,
    judge_webhook,
    judge_zones,
)
from bot.settings import Settings
from storage.db.problems import Unusable
from storage.enums import DatabaseProblem
from storage.health import Condition, PostgresqlFacts, SqliteFacts

GB = 1024**3
ME = {"username": "dateline_bot", "supports_inline_queries": True, "can_join_groups": True}
FILE = Condition((3, 40, 1), "0043", 0, None, GB, timedelta(), SqliteFacts("wal", "ok", True))
SERVER = replace(
    FILE,
    version=(15, 3),
    own=PostgresqlFacts(
        timedelta(), has_autovacuum=True, connections=9, most_connections=100, is_pooled=False
    ),
)
DISK = DiskSpace("the database", "/var/lib", 9 * GB, 1_000_000)
ZONES = ZoneData("2026.1", 599, (), is_fresh=True)
SETTINGS = SettingsFacts(
    has_token=True,
    api=TELEGRAM_API,
    send_per_second=27,
    public_url="https://a.example",
    has_admins=True,
    is_open=False,
    allows_nobody=False,
    topics_per_chat=100,
    feeds_per_chat=50,
    is_sqlite=True,
    missing_roles=(),
    has_mail=True,
    mail_is_plain=False,
)
SOURCES = SourceFacts(10, 0, timedelta(minutes=3), is_running=True)


def cases(names: str, rows: dict[str, Any]) -> pytest.MarkDecorator:
    """Run a test with each of the rows, by the names that they have here."""
    return pytest.mark.parametrize(names, [*rows.values()], ids=[*rows])


def problems(findings) -> dict[str, str]:
    """Return the level of each finding that is not healthy; each has a remedy."""
    found = {
        one.code: one.health.value for one in findings if one.health is not HealthLevel.HEALTHY
    }
    assert all(one.remedy for one in findings if one.code in found)
    return found


@cases(
    "answer, expected",
    {
        "all is well": (BotApiAnswer(200, result=ME), {}),
        "nobody answers": (BotApiAnswer(None, "no route"), {"telegram.unreachable": "unhealthy"}),
        "an error of theirs": (BotApiAnswer(502), {"telegram.failing": "warning"}),
        "a token that was taken back": (BotApiAnswer(401), {"token.refused": "unhealthy"}),
        "a token that never was": (BotApiAnswer(404), {"token.refused": "unhealthy"}),
        "a server that knows no such page": (
            BotApiAnswer(404, is_api=False),
            {"token.no-answer": "unhealthy"},
        ),
        "a proxy that wants a password": (
            BotApiAnswer(401, is_api=False),
            {"token.no-answer": "unhealthy"},
        ),
        "a page instead of an API": (BotApiAnswer(200), {"token.no-answer": "unhealthy"}),
        "switches as BotFather does not have them first": (
            BotApiAnswer(200, result={"username": "a", "can_read_all_group_messages": True}),
            {"token.inline-off": "warning", "token.privacy-off": "warning"},
        ),
        "no groups": (
            BotApiAnswer(200, result=ME | {"can_join_groups": False}),
            {"token.no-groups": "warning"},
        ),
    },
)
def test_the_answer_to_getme_is_judged(answer, expected):
    found = [judge_server("https://api.telegram.org", answer), *judge_token(answer)]

    assert problems(found) == expected


@cases(
    "seconds, expected",
    {
        "unknown": (None, {}),
        "right": (0.4, {}),
        "as right as a header can tell": (-1.9, {}),
        "ahead": (3, {"clock.off": "warning"}),
        "behind": (-29, {"clock.off": "warning"}),
        "far ahead": (31, {"clock.far-off": "unhealthy"}),
        "far behind": (-9000, {"clock.far-off": "unhealthy"}),
    },
)
def test_the_clock_is_compared_with_anothers(seconds, expected):
    ahead = None if seconds is None else timedelta(seconds=seconds)
    found = judge_clock(ahead, "Telegram's")

    assert problems(found) == expected
    assert any("ahead" in one.sentence for one in found) is ((seconds or 0) > 2)


@cases(
    "disk, expected",
    {
        "enough": (DISK, {}),
        "files are not counted here": (replace(DISK, files=None), {}),
        "little": (replace(DISK, free=GB // 2), {"disk.scarce": "warning"}),
        "too little": (replace(DISK, free=GB // 20), {"disk.full": "unhealthy"}),
        "few files": (replace(DISK, files=900), {"disk.few-inodes": "warning"}),
        "no files": (replace(DISK, files=0), {"disk.no-inodes": "unhealthy"}),
        "another's folder": (replace(DISK, is_writable=False), {"disk.not-writable": "unhealthy"}),
    },
)
def test_free_disk_space_is_judged(disk, expected):
    assert problems([judge_disk(disk)]) == expected


@cases(
    "file, expected",
    {
        "closed": (FileMode("db", 0o600), {}),
        "open to all": (FileMode("db", 0o644), {"files.world-readable": "unhealthy"}),
        "open to the group": (FileMode("db", 0o640), {"files.readable": "warning"}),
        "the group's too": (FileMode("db", 0o660), {"files.writable": "unhealthy"}),
        "a closed folder": (FileMode("var", 0o700, is_folder=True), {}),
        "an open folder": (FileMode("var", 0o755, is_folder=True), {"files.readable": "warning"}),
        "everybody's folder": (
            FileMode("var", 0o777, is_folder=True),
            {"files.writable": "unhealthy"},
        ),
        "a template": (FileMode("a.html", 0o644, is_secret=False), {}),
        "a group's": (FileMode("a.html", 0o664, is_secret=False), {"files.writable": "unhealthy"}),
        "everybody's templates": (
            FileMode("t", 0o757, is_folder=True, is_secret=False),
            {"files.writable": "unhealthy"},
        ),
    },
)
def test_file_modes_that_let_others_read_or_write_are_found(file, expected):
    found = judge_files([file])

    assert problems(found) == expected
    assert found[0].code == (next(iter(expected)) if expected else "files.closed")


@cases(
    "zones, expected",
    {
        "fresh": (ZONES, {}),
        "bare": (replace(ZONES, version=None), {"zones.no-package": "warning"}),
        "broken": (replace(ZONES, unreadable=["Asia/Tokyo"]), {"zones.unreadable": "unhealthy"}),
        "old": (replace(ZONES, is_fresh=False), {"zones.old": "warning"}),
    },
)
def test_time_zone_data_is_judged(zones, expected):
    assert problems(judge_zones(zones)) == expected


def of_file(**facts) -> Condition:
    return replace(FILE, own=replace(FILE.own, **facts))


def of_server(**facts) -> Condition:
    return replace(SERVER, own=replace(SERVER.own, **facts))


@cases(
    "seen, expected",
    {
        "a file that is well": (FILE, {}),
        "a server that is well": (SERVER, {}),
        "old SQLite": (replace(FILE, version=(3, 34, 1)), {"database.old": "unhealthy"}),
        "old server": (replace(SERVER, version=(12, 9)), {"database.old": "unhealthy"}),
        "a newer one's": (replace(FILE, pending=None), {"database.newer": "unhealthy"}),
        "behind": (replace(FILE, pending=2), {"database.behind": "warning"}),
        "empty": (replace(FILE, revision=None, pending=43), {"database.empty": "warning"}),
        "somebody writes all the time": (
            replace(FILE, unwritable=Unusable(DatabaseProblem.BUSY, "database is locked")),
            {"database.locked": "unhealthy"},
        ),
        "a standby": (
            replace(SERVER, unwritable=Unusable(DatabaseProblem.STANDBY, "cannot execute")),
            {"database.standby": "unhealthy"},
        ),
        "no WAL": (of_file(journal="delete"), {"database.no-wal": "warning"}),
        "damaged": (of_file(integrity="row 3 missing"), {"database.damaged": "unhealthy"}),
        "too large": (of_file(integrity=""), {"database.unchecked": "warning"}),
        "no FTS5": (of_file(has_full_text=False), {"database.no-fts5": "unhealthy"}),
        "an open transaction": (
            of_server(oldest=timedelta(minutes=6)),
            {"database.long-transaction": "warning"},
        ),
        "a forgotten transaction": (
            of_server(oldest=timedelta(hours=2)),
            {"database.long-transaction": "unhealthy"},
        ),
        "no autovacuum": (of_server(has_autovacuum=False), {"database.no-autovacuum": "unhealthy"}),
        "a pooler before it": (of_server(is_pooled=True), {"database.pooler": "unhealthy"}),
        "few left": (of_server(connections=91), {"database.few-connections": "warning"}),
    },
)
def test_the_state_of_the_database_is_judged(seen, expected):
    assert problems(judge_database(seen)) == expected


@pytest.mark.parametrize("problem", DatabaseProblem)
def test_each_problem_of_a_database_has_its_own_next_step(problem):
    found = judge_unusable(Unusable(problem, "so it said"))
    others = [judge_unusable(Unusable(other, "")) for other in DatabaseProblem if other != problem]

    assert found.sentence.endswith(": so it said.")
    assert problems([found]) == {found.code: "unhealthy"}
    assert found.remedy not in [other.remedy for other in others]


@cases(
    "waits, expected",
    {
        "nothing": ([], {}),
        "a start": (["start", "index"], {"process.not-ready": "warning"}),
        "a stage that fails": (["index", "match"], {"process.not-ready": "unhealthy"}),
    },
)
def test_a_bot_that_is_not_ready_is_judged_by_its_reasons(waits, expected):
    found = judge_readiness(waits)

    assert problems(found) == expected
    assert all(word in one.sentence for one in found for word in waits)


def test_work_that_has_waited_for_long_is_named():
    (found,) = judge_lags({"match": timedelta(minutes=21), "send": timedelta(minutes=4)})

    assert found.code == "process.late"
    assert "stage match has waited 21 min" in found.sentence


@cases(
    "age, days, expected",
    {
        "last night": (timedelta(hours=9), 7, {}),
        "none": (None, 7, {"backup.none": "warning"}),
        "too old": (timedelta(days=7, hours=1), 7, {"backup.old": "warning"}),
        "made by other means": (None, 0, {}),
        "a clock that was set back": (timedelta(hours=-2), 7, {}),
    },
)
def test_the_age_of_the_last_backup_is_judged(age, days, expected):
    assert problems(judge_backup(age, days)) == expected


PORT = PortFacts("WEB_PORT", "127.0.0.1", 8080)
TAKEN = OSError(errno.EADDRINUSE, "Address already in use")


@cases(
    "port, is_running, expected, words",
    {
        "free": (PORT, False, {}, "is free"),
        "the bot's own": (replace(PORT, error=TAKEN, is_ours=True), True, {}, "a bot of ours"),
        "another program's": (
            *(replace(PORT, error=TAKEN), True),
            *({"port.taken": "unhealthy"}, "WEB_PORT: another program listens at 127.0.0.1:8080"),
        ),
        "another bot's": (
            *(replace(PORT, error=TAKEN, is_ours=True), False),
            *({"port.taken": "unhealthy"}, "a bot of another database listens"),
        ),
        "not for this user": (
            *(replace(PORT, error=OSError(errno.EACCES, "Permission denied")), False),
            *({"port.unusable": "unhealthy"}, "Permission denied"),
        ),
    },
)
def test_the_ports_are_judged(port, is_running, expected, words):
    found = judge_port(port, is_running=is_running)

    assert problems(found) == expected
    assert words in found[0].sentence


KNOWN = [name.upper() for name in Settings.model_fields]


@cases(
    "name, remedy",
    {
        "swapped letters": ("SMPT_HOST", "Did you mean SMTP_HOST?"),
        "a letter too few": ("BOT_TOKN", "Did you mean BOT_TOKEN?"),
        "a prefix": ("DATELINE_BOT_TOKEN", "Did you mean BOT_TOKEN?"),
        "the file of one": ("BOT_TOKN_FILE", "Did you mean BOT_TOKEN_FILE?"),
        "one that begins like ours": ("IMAP_SSL", "docs/reference/settings.md"),
        "a setting": ("SMTP_HOST", ""),
        "the file of a setting": ("BOT_TOKEN_FILE", ""),
        "another program's": ("PGPASSWORD", ""),
        "the shell's": ("LOGNAME", ""),
        "a service of Kubernetes": ("WEB_SERVICE_HOST", ""),
        "a port of Kubernetes": ("WEB_PORT_8080_TCP_ADDR", ""),
    },
)
def test_a_name_that_looks_like_a_setting_and_is_none_is_found(name, remedy):
    found = judge_names([name], KNOWN)

    assert problems(found) == ({"settings.unknown": "warning"} if remedy else {})
    assert [one for one in found if remedy not in one.remedy or name not in one.sentence] == []


@cases(
    "holders, on_file, words",
    {
        "a file's lock": (["17"], True, "as process 17"),
        "leases of several": (["a", "b"], False, "2 processes"),
        "nobody": ([], False, "No bot"),
    },
)
def test_the_processes_on_the_database_are_named(holders, on_file, words):
    assert words in judge_running(holders, on_file=on_file).sentence


@cases(
    "seen, expected",
    {
        "well": (SOURCES, {}),
        "none": (replace(SOURCES, sources=0), {"sources.none": "warning"}),
        "some": (replace(SOURCES, unhealthy=1), {"sources.some-unhealthy": "warning"}),
        "most": (replace(SOURCES, unhealthy=6), {"sources.many-unhealthy": "unhealthy"}),
        "silence": (replace(SOURCES, since=timedelta(hours=2)), {"sources.silent": "unhealthy"}),
        "nobody reads": (
            replace(SOURCES, since=None, is_running=False),
            {"sources.silent": "warning"},
        ),
    },
)
def test_the_state_of_the_sources_is_judged(seen, expected):
    assert problems(judge_sources(seen)) == expected


@cases(
    "changes, expected",
    {
        "they agree": ({}, {}),
        "no admin": ({"has_admins": False}, {"settings.no-admins": "warning"}),
        "nobody at all": (
            {"has_admins": False, "allows_nobody": True},
            {"settings.no-admins": "warning", "settings.nobody": "unhealthy"},
        ),
        "the playground has one": ({"has_token": False, "has_admins": False}, {}),
        "open without limits": (
            {"is_open": True, "topics_per_chat": 1000},
            {"settings.open-unlimited": "warning"},
        ),
        "too fast": ({"send_per_second": 31}, {"settings.too-fast": "warning"}),
        "a server of one's own": ({"send_per_second": 99, "api": "http://a"}, {}),
        "no https": ({"public_url": "http://a.example"}, {"settings.no-https": "warning"}),
        "no pages": ({"public_url": ""}, {"settings.mail-no-pages": "warning"}),
        "plain mail": ({"mail_is_plain": True}, {"settings.mail-plain": "warning"}),
        "roles left": ({"missing_roles": ("send",)}, {"settings.roles-left": "unhealthy"}),
        "roles of others": ({"missing_roles": ("send",), "is_sqlite": False}, {}),
    },
)
def test_settings_that_do_not_fit_together_are_found(changes, expected):
    assert problems(judge_settings(replace(SETTINGS, **changes))) == expected


OWN = "https://news.example.org/telegram/secret-path"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def webhook_info(
    url: str = "", waiting: int = 0, failed: timedelta | None = None
) -> dict[str, object]:
    info: dict[str, object] = {"url": url, "pending_update_count": waiting}
    if failed is None:
        return info
    failed_at = int((NOW - failed).timestamp())
    return info | {"last_error_date": failed_at, "last_error_message": "Connection refused"}


JUST_NOW, LONG_AGO = timedelta(minutes=5), timedelta(hours=5)


@cases(
    "info, code, words",
    {
        "all is well": (webhook_info(OWN), "updates.delivered", "none waits"),
        "failed long ago": (webhook_info(OWN, 3, LONG_AGO), "updates.delivered", "3 wait"),
        "it fails": (webhook_info(OWN, 3, JUST_NOW), "updates.failing", "11:55 UTC"),
        "for long": (webhook_info(OWN, 500, JUST_NOW), "updates.kept-away", "refused"),
        "there is none": (webhook_info(), "updates.unhooked", "No webhook"),
        "other": (
            webhook_info("https://other.example/secret-path"),
            "updates.elsewhere",
            "other.example",
        ),
    },
)
def test_the_state_of_the_webhook_is_judged_without_its_secret(info, code, words):
    found = judge_webhook(info, OWN, NOW)

    assert found.code == code
    assert words in found.sentence
    assert "secret-path" not in found.sentence + found.remedy


@pytest.mark.parametrize(
    ("info", "code"),
    [
        pytest.param(webhook_info("", 2), "updates.polled", id="none"),
        pytest.param(webhook_info(OWN), "updates.hooked", id="one that is in the way"),
    ],
)
def test_a_webhook_is_unhealthy_while_the_bot_polls(info, code):
    assert judge_polling(info).code == code


@cases(
    "base, status, health, words",
    {
        "all is well": ("https://a.example", 200, HealthLevel.HEALTHY, "answers."),
        "not encrypted": ("http://a.example", 200, HealthLevel.WARNING, "encryption"),
        "it starts": ("https://a.example", 503, HealthLevel.WARNING, "not ready"),
        "its path is not taken away": ("https://a.example/b", 404, HealthLevel.UNHEALTHY, "404"),
        "nobody is there": ("https://a.example", None, HealthLevel.UNHEALTHY, "refused"),
    },
)
def test_the_answer_of_our_pages_is_judged(base, status, health, words):
    found = judge_pages(base, status, "connection refused")

    assert found.health is health
    assert words in found.sentence
    assert bool(found.remedy) is (health is not HealthLevel.HEALTHY)
