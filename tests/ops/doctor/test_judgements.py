"""Facts go in, findings come out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.ops.doctor.findings import HealthLevel
from bot.ops.doctor.judgements import (
    TELEGRAM_API,
    BotApiAnswer,
    DiskSpace,
    FileMode,
    SettingsFacts,
    SourceFacts,
    ZoneData,
    judge_clock,
    judge_database,
    judge_disk,
    judge_files,
    judge_pages,
    judge_polling,
    judge_running,
    judge_server,
    judge_settings,
    judge_sources,
    judge_token,
    judge_webhook,
    judge_zones,
)
from storage.enums import Condition, PostgresqlFacts, SqliteFacts

GB = 1024**3
ME = {"username": "dateline_bot", "supports_inline_queries": True, "can_join_groups": True}
FILE = Condition((3, 40, 1), "0043", 0, "", GB, timedelta(), SqliteFacts("wal", "ok", True))
SERVER = replace(
    FILE,
    version=(15, 3),
    own=PostgresqlFacts(timedelta(), has_autovacuum=True, connections=9, most_connections=100),
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


def codes(findings) -> list[str]:
    return [finding.code for finding in findings]


def problems(findings) -> dict[str, str]:
    """Return the level of each finding that is not healthy; each has a remedy."""
    found = {
        one.code: one.health.value for one in findings if one.health is not HealthLevel.HEALTHY
    }
    assert all(one.remedy for one in findings if one.code in found)
    return found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(BotApiAnswer(200, result=ME), {}, id="all is well"),
        pytest.param(
            BotApiAnswer(None, "no route"),
            {"telegram.unreachable": "unhealthy"},
            id="nobody answers",
        ),
        pytest.param(BotApiAnswer(502), {"telegram.failing": "warning"}, id="an error of theirs"),
        pytest.param(
            BotApiAnswer(401), {"token.refused": "unhealthy"}, id="a token that was taken back"
        ),
        pytest.param(
            BotApiAnswer(404), {"token.refused": "unhealthy"}, id="a token that never was"
        ),
        pytest.param(
            BotApiAnswer(200), {"token.no-answer": "unhealthy"}, id="a page instead of an API"
        ),
        pytest.param(
            BotApiAnswer(200, result={"username": "a", "can_read_all_group_messages": True}),
            {"token.inline-off": "warning", "token.privacy-off": "warning"},
            id="switches as BotFather does not have them first",
        ),
        pytest.param(
            BotApiAnswer(200, result=ME | {"can_join_groups": False}),
            {"token.no-groups": "warning"},
            id="no groups",
        ),
    ],
)
def test_the_answer_to_getme_is_judged(answer, expected):
    found = [judge_server("https://api.telegram.org", answer), *judge_token(answer)]

    assert problems(found) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(None, {}, id="unknown"),
        pytest.param(0.4, {}, id="right"),
        pytest.param(-1.9, {}, id="as right as a header can tell"),
        pytest.param(3, {"clock.off": "warning"}, id="ahead"),
        pytest.param(-29, {"clock.off": "warning"}, id="behind"),
        pytest.param(31, {"clock.far-off": "unhealthy"}, id="far ahead"),
        pytest.param(-9000, {"clock.far-off": "unhealthy"}, id="far behind"),
    ],
)
def test_the_clock_is_compared_with_anothers(seconds, expected):
    ahead = None if seconds is None else timedelta(seconds=seconds)
    found = judge_clock(ahead, "Telegram's")

    assert problems(found) == expected
    assert any("ahead" in one.sentence for one in found) is ((seconds or 0) > 2)


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        pytest.param(DISK, {}, id="enough"),
        pytest.param(replace(DISK, files=None), {}, id="files are not counted here"),
        pytest.param(replace(DISK, free=GB // 2), {"disk.scarce": "warning"}, id="little"),
        pytest.param(replace(DISK, free=GB // 20), {"disk.full": "unhealthy"}, id="too little"),
        pytest.param(replace(DISK, files=900), {"disk.few-inodes": "warning"}, id="few files"),
        pytest.param(replace(DISK, files=0), {"disk.no-inodes": "unhealthy"}, id="no files"),
        pytest.param(
            replace(DISK, is_writable=False),
            {"disk.not-writable": "unhealthy"},
            id="another's folder",
        ),
    ],
)
def test_free_disk_space_is_judged(disk, expected):
    assert problems([judge_disk(disk)]) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(FileMode("db", 0o600), {}, id="closed"),
        pytest.param(
            FileMode("db", 0o644), {"files.world-readable": "unhealthy"}, id="open to all"
        ),
        pytest.param(FileMode("db", 0o640), {"files.readable": "warning"}, id="open to the group"),
        pytest.param(FileMode("db", 0o660), {"files.writable": "unhealthy"}, id="the group's too"),
        pytest.param(FileMode("var", 0o700, is_folder=True), {}, id="a closed folder"),
        pytest.param(
            FileMode("var", 0o755, is_folder=True),
            {"files.readable": "warning"},
            id="an open folder",
        ),
        pytest.param(
            FileMode("var", 0o777, is_folder=True),
            {"files.writable": "unhealthy"},
            id="everybody's folder",
        ),
        pytest.param(FileMode("a.html", 0o644, is_secret=False), {}, id="a template"),
        pytest.param(
            FileMode("a.html", 0o664, is_secret=False),
            {"files.writable": "unhealthy"},
            id="a group's",
        ),
        pytest.param(
            FileMode("t", 0o757, is_folder=True, is_secret=False),
            {"files.writable": "unhealthy"},
            id="everybody's templates",
        ),
    ],
)
def test_file_modes_that_let_others_read_or_write_are_found(file, expected):
    found = judge_files([file])

    assert problems(found) == expected
    assert found[0].code == (next(iter(expected)) if expected else "files.closed")


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        pytest.param(ZONES, {}, id="fresh"),
        pytest.param(replace(ZONES, version=None), {"zones.no-package": "warning"}, id="bare"),
        pytest.param(
            replace(ZONES, unreadable=["Asia/Tokyo"]),
            {"zones.unreadable": "unhealthy"},
            id="broken",
        ),
        pytest.param(replace(ZONES, is_fresh=False), {"zones.old": "warning"}, id="old"),
    ],
)
def test_time_zone_data_is_judged(zones, expected):
    assert problems(judge_zones(zones)) == expected


def of_file(**facts) -> Condition:
    return replace(FILE, own=replace(FILE.own, **facts))


def of_server(**facts) -> Condition:
    return replace(SERVER, own=replace(SERVER.own, **facts))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(FILE, {}, id="a file that is well"),
        pytest.param(SERVER, {}, id="a server that is well"),
        pytest.param(
            replace(FILE, version=(3, 34, 1)), {"database.old": "unhealthy"}, id="old SQLite"
        ),
        pytest.param(
            replace(SERVER, version=(12, 9)), {"database.old": "unhealthy"}, id="old server"
        ),
        pytest.param(
            replace(FILE, pending=None), {"database.newer": "unhealthy"}, id="a newer one's"
        ),
        pytest.param(replace(FILE, pending=2), {"database.behind": "warning"}, id="behind"),
        pytest.param(
            replace(FILE, revision=None, pending=43), {"database.empty": "warning"}, id="empty"
        ),
        pytest.param(
            replace(FILE, unwritable="database is locked"),
            {"database.busy": "warning"},
            id="somebody writes all the time",
        ),
        pytest.param(
            replace(SERVER, unwritable="cannot execute in a read-only transaction"),
            {"database.read-only": "unhealthy"},
            id="a standby",
        ),
        pytest.param(of_file(journal="delete"), {"database.no-wal": "warning"}, id="no WAL"),
        pytest.param(
            of_file(integrity="row 3 missing"), {"database.damaged": "unhealthy"}, id="damaged"
        ),
        pytest.param(of_file(integrity=""), {"database.unchecked": "warning"}, id="too large"),
        pytest.param(of_file(has_full_text=False), {"database.no-fts5": "unhealthy"}, id="no FTS5"),
        pytest.param(
            of_server(oldest=timedelta(minutes=6)),
            {"database.long-transaction": "warning"},
            id="an open transaction",
        ),
        pytest.param(
            of_server(oldest=timedelta(hours=2)),
            {"database.long-transaction": "unhealthy"},
            id="a forgotten transaction",
        ),
        pytest.param(
            of_server(has_autovacuum=False),
            {"database.no-autovacuum": "unhealthy"},
            id="no autovacuum",
        ),
        pytest.param(
            of_server(connections=91), {"database.few-connections": "warning"}, id="few left"
        ),
    ],
)
def test_the_state_of_the_database_is_judged(seen, expected):
    assert problems(judge_database(seen)) == expected


@pytest.mark.parametrize(
    ("holders", "on_file", "words"),
    [
        pytest.param(["17"], True, "as process 17", id="a file's lock"),
        pytest.param(["a", "b"], False, "2 processes", id="leases of several"),
        pytest.param([], False, "No bot", id="nobody"),
    ],
)
def test_the_processes_on_the_database_are_named(holders, on_file, words):
    assert words in judge_running(holders, on_file=on_file).sentence


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(SOURCES, {}, id="well"),
        pytest.param(replace(SOURCES, sources=0), {"sources.none": "warning"}, id="none"),
        pytest.param(
            replace(SOURCES, unhealthy=1), {"sources.some-unhealthy": "warning"}, id="some"
        ),
        pytest.param(
            replace(SOURCES, unhealthy=6), {"sources.many-unhealthy": "unhealthy"}, id="most"
        ),
        pytest.param(
            replace(SOURCES, since=timedelta(hours=2)),
            {"sources.silent": "unhealthy"},
            id="silence",
        ),
        pytest.param(
            replace(SOURCES, since=None, is_running=False),
            {"sources.silent": "warning"},
            id="nobody reads",
        ),
    ],
)
def test_the_state_of_the_sources_is_judged(seen, expected):
    assert problems(judge_sources(seen)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {}, id="they agree"),
        pytest.param({"has_admins": False}, {"settings.no-admins": "warning"}, id="no admin"),
        pytest.param(
            {"has_admins": False, "allows_nobody": True},
            {"settings.no-admins": "warning", "settings.nobody": "unhealthy"},
            id="nobody at all",
        ),
        pytest.param({"has_token": False, "has_admins": False}, {}, id="the playground has one"),
        pytest.param(
            {"is_open": True, "topics_per_chat": 1000},
            {"settings.open-unlimited": "warning"},
            id="open without limits",
        ),
        pytest.param({"send_per_second": 31}, {"settings.too-fast": "warning"}, id="too fast"),
        pytest.param({"send_per_second": 99, "api": "http://a"}, {}, id="a server of one's own"),
        pytest.param(
            {"public_url": "http://a.example"}, {"settings.no-https": "warning"}, id="no https"
        ),
        pytest.param({"public_url": ""}, {"settings.mail-no-pages": "warning"}, id="no pages"),
        pytest.param({"mail_is_plain": True}, {"settings.mail-plain": "warning"}, id="plain mail"),
        pytest.param(
            {"missing_roles": ("send",)}, {"settings.roles-left": "unhealthy"}, id="roles left"
        ),
        pytest.param({"missing_roles": ("send",), "is_sqlite": False}, {}, id="roles of others"),
    ],
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


@pytest.mark.parametrize(
    ("info", "code", "words"),
    [
        pytest.param(webhook_info(OWN), "updates.delivered", "none waits", id="all is well"),
        pytest.param(
            webhook_info(OWN, 3, LONG_AGO), "updates.delivered", "3 wait", id="failed long ago"
        ),
        pytest.param(webhook_info(OWN, 3, JUST_NOW), "updates.failing", "11:55 UTC", id="it fails"),
        pytest.param(
            webhook_info(OWN, 500, JUST_NOW), "updates.kept-away", "refused", id="for long"
        ),
        pytest.param(webhook_info(), "updates.unhooked", "No webhook", id="there is none"),
        pytest.param(
            webhook_info("https://other.example/secret-path"),
            "updates.elsewhere",
            "other.example",
            id="other",
        ),
    ],
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


@pytest.mark.parametrize(
    ("base", "status", "health", "words"),
    [
        pytest.param("https://a.example", 200, HealthLevel.HEALTHY, "answers.", id="all is well"),
        pytest.param(
            "http://a.example", 200, HealthLevel.WARNING, "encryption", id="not encrypted"
        ),
        pytest.param("https://a.example", 503, HealthLevel.WARNING, "not ready", id="it starts"),
        pytest.param(
            "https://a.example/b",
            404,
            HealthLevel.UNHEALTHY,
            "404",
            id="its path is not taken away",
        ),
        pytest.param(
            "https://a.example", None, HealthLevel.UNHEALTHY, "refused", id="nobody is there"
        ),
    ],
)
def test_the_answer_of_our_pages_is_judged(base, status, health, words):
    found = judge_pages(base, status, "connection refused")

    assert found.health is health
    assert words in found.sentence
    assert bool(found.remedy) is (health is not HealthLevel.HEALTHY)
