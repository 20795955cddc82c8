"""Facts go in, findings come out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ops.doctor.choices import TELEGRAMS_OWN, Choices, judge_choices
from bot.ops.doctor.database import judge_database, judge_running
from bot.ops.doctor.findings import Health
from bot.ops.doctor.machine import (
    Kept,
    Room,
    Zones,
    judge_clock,
    judge_files,
    judge_room,
    judge_zones,
)
from bot.ops.doctor.sources import Reading, judge_sources
from bot.ops.doctor.telegram import Answer, judge_server, judge_token
from storage.enums import Condition, PostgresqlFacts, SqliteFacts

GB = 1024**3
ME = {"username": "dateline_bot", "supports_inline_queries": True, "can_join_groups": True}
FILE = Condition((3, 40, 1), "0043", 0, "", GB, timedelta(), SqliteFacts("wal", "ok", True))
SERVER = replace(
    FILE,
    version=(15, 3),
    own=PostgresqlFacts(timedelta(), has_autovacuum=True, connections=9, most_connections=100),
)
ROOM = Room("the database", "/var/lib", 9 * GB, 1_000_000)
ZONES = Zones("2026.1", 599, (), is_fresh=True)
CHOSEN = Choices(
    has_token=True,
    api=TELEGRAMS_OWN,
    send_per_second=27,
    public_url="https://a.example",
    has_admins=True,
    is_open=False,
    lets_nobody_in=False,
    topics_per_chat=100,
    feeds_per_chat=50,
    is_sqlite=True,
    roles_left=(),
    has_mail=True,
    mail_is_plain=False,
)
READING = Reading(10, 0, timedelta(minutes=3), is_running=True)


def codes(findings) -> list[str]:
    return [finding.code for finding in findings]


def ailments(findings) -> dict[str, str]:
    """Return how bad each is that is not healthy; each says what to do."""
    found = {one.code: one.health.value for one in findings if one.health is not Health.HEALTHY}
    assert all(one.remedy for one in findings if one.code in found)
    return found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(200, result=ME), {}, id="all is well"),
        pytest.param(
            Answer(None, "no route"), {"telegram.unreachable": "unhealthy"}, id="nobody answers"
        ),
        pytest.param(Answer(502), {"telegram.failing": "warning"}, id="an error of theirs"),
        pytest.param(Answer(401), {"token.refused": "unhealthy"}, id="a token that was taken back"),
        pytest.param(Answer(404), {"token.refused": "unhealthy"}, id="a token that never was"),
        pytest.param(Answer(200), {"token.no-answer": "unhealthy"}, id="a page instead of an API"),
        pytest.param(
            Answer(200, result={"username": "a", "can_read_all_group_messages": True}),
            {"token.inline-off": "warning", "token.privacy-off": "warning"},
            id="switches as BotFather does not have them first",
        ),
        pytest.param(
            Answer(200, result=ME | {"can_join_groups": False}),
            {"token.no-groups": "warning"},
            id="no groups",
        ),
    ],
)
def test_what_telegram_says_of_the_token(answer, expected):
    found = [judge_server("https://api.telegram.org", answer), *judge_token(answer)]

    assert ailments(found) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.4, {}, id="right"),
        pytest.param(-1.9, {}, id="as right as a header can tell"),
        pytest.param(3, {"clock.off": "warning"}, id="ahead"),
        pytest.param(-29, {"clock.off": "warning"}, id="behind"),
        pytest.param(31, {"clock.far-off": "unhealthy"}, id="far ahead"),
        pytest.param(-9000, {"clock.far-off": "unhealthy"}, id="far behind"),
    ],
)
def test_a_clock_by_that_of_others(seconds, expected):
    found = judge_clock(timedelta(seconds=seconds), "Telegram's")

    assert ailments(found) == expected
    assert ("ahead" in found[0].sentence) is (seconds > 2)


def test_a_clock_that_nobody_told_of_is_not_judged():
    assert judge_clock(None, "Telegram's") == []


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        pytest.param(ROOM, {}, id="enough"),
        pytest.param(replace(ROOM, files=None), {}, id="files are not counted here"),
        pytest.param(replace(ROOM, free=GB // 2), {"disk.scarce": "warning"}, id="little"),
        pytest.param(replace(ROOM, free=GB // 20), {"disk.full": "unhealthy"}, id="too little"),
        pytest.param(replace(ROOM, files=900), {"disk.few-inodes": "warning"}, id="few files"),
        pytest.param(replace(ROOM, files=0), {"disk.no-inodes": "unhealthy"}, id="no files"),
        pytest.param(
            replace(ROOM, is_writable=False),
            {"disk.not-writable": "unhealthy"},
            id="another's folder",
        ),
    ],
)
def test_the_room_on_a_disk(room, expected):
    assert ailments([judge_room(room)]) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(Kept("db", 0o600), {}, id="closed"),
        pytest.param(Kept("db", 0o644), {"files.world-readable": "unhealthy"}, id="open to all"),
        pytest.param(Kept("db", 0o640), {"files.readable": "warning"}, id="open to the group"),
        pytest.param(Kept("db", 0o660), {"files.writable": "unhealthy"}, id="the group's too"),
        pytest.param(Kept("var", 0o700, is_folder=True), {}, id="a closed folder"),
        pytest.param(
            Kept("var", 0o755, is_folder=True), {"files.readable": "warning"}, id="an open folder"
        ),
        pytest.param(
            Kept("var", 0o777, is_folder=True),
            {"files.writable": "unhealthy"},
            id="everybody's folder",
        ),
        pytest.param(Kept("a.html", 0o644, is_secret=False), {}, id="a template"),
        pytest.param(
            Kept("a.html", 0o664, is_secret=False), {"files.writable": "unhealthy"}, id="a group's"
        ),
        pytest.param(
            Kept("t", 0o757, is_folder=True, is_secret=False),
            {"files.writable": "unhealthy"},
            id="everybody's templates",
        ),
    ],
)
def test_who_else_may_read_or_change_what_is_kept(file, expected):
    found = judge_files([file])

    assert ailments(found) == expected
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
def test_the_time_zones(zones, expected):
    assert ailments(judge_zones(zones)) == expected


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
def test_what_the_database_says_of_itself(seen, expected):
    assert ailments(judge_database(seen)) == expected


@pytest.mark.parametrize(
    ("holders", "on_file", "words"),
    [
        pytest.param(["17"], True, "as process 17", id="a file's lock"),
        pytest.param(["a", "b"], False, "2 processes", id="leases of several"),
        pytest.param([], False, "No bot", id="nobody"),
    ],
)
def test_who_works_on_it(holders, on_file, words):
    assert words in judge_running(holders, on_file=on_file).sentence


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(READING, {}, id="well"),
        pytest.param(replace(READING, sources=0), {"sources.none": "warning"}, id="none"),
        pytest.param(
            replace(READING, unhealthy=1), {"sources.some-unhealthy": "warning"}, id="some"
        ),
        pytest.param(
            replace(READING, unhealthy=6), {"sources.many-unhealthy": "unhealthy"}, id="most"
        ),
        pytest.param(
            replace(READING, since=timedelta(hours=2)),
            {"sources.silent": "unhealthy"},
            id="silence",
        ),
        pytest.param(
            replace(READING, since=None, is_running=False),
            {"sources.silent": "warning"},
            id="nobody reads",
        ),
    ],
)
def test_how_the_sources_are(seen, expected):
    assert ailments(judge_sources(seen)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {}, id="they agree"),
        pytest.param({"has_admins": False}, {"settings.no-admins": "warning"}, id="no admin"),
        pytest.param(
            {"has_admins": False, "lets_nobody_in": True},
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
            {"roles_left": ("send",)}, {"settings.roles-left": "unhealthy"}, id="roles left"
        ),
        pytest.param({"roles_left": ("send",), "is_sqlite": False}, {}, id="roles of others"),
    ],
)
def test_settings_that_do_not_go_together(changes, expected):
    assert ailments(judge_choices(replace(CHOSEN, **changes))) == expected
