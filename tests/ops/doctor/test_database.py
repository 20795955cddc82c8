from dataclasses import replace
from datetime import timedelta

import pytest

from bot.ops.doctor.database import judge_backup, judge_database, judge_unusable
from storage.db.problems import Unusable
from storage.enums import DatabaseProblem
from storage.health import Condition, PostgresqlFacts, SqliteFacts
from tests.ops.doctor.judging import cases, problems

GB = 1024**3
FILE = Condition((3, 40, 1), "0043", 0, None, GB, timedelta(), SqliteFacts("wal", "ok", True))
SERVER = replace(
    FILE,
    version=(15, 3),
    own=PostgresqlFacts(
        timedelta(), has_autovacuum=True, connections=9, most_connections=100, is_pooled=False
    ),
)


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
        "a newer one's, with additions": (
            replace(FILE, pending=None),
            {"database.newer": "warning"},
        ),
        "a newer one's, with changes": (
            replace(FILE, pending=None, obstacles=("chat.title text",)),
            {"database.newer": "unhealthy"},
        ),
        "another build's": (
            replace(FILE, obstacles=("chat.title text",)),
            {"database.different": "unhealthy"},
        ),
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
def test_each_problem_of_a_database_has_its_own_remedy(problem):
    found = judge_unusable(Unusable(problem, "its own words"))
    others = [judge_unusable(Unusable(other, "")) for other in DatabaseProblem if other != problem]

    assert found.sentence.endswith(": its own words.")
    assert problems([found]) == {found.code: "unhealthy"}
    assert found.remedy not in [other.remedy for other in others]


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
