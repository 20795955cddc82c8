import errno
from dataclasses import replace
from datetime import timedelta

from bot.ops.doctor.findings import HealthLevel
from bot.ops.doctor.process import (
    PortFacts,
    judge_lags,
    judge_pages,
    judge_port,
    judge_readiness,
    judge_running,
)
from tests.ops.doctor.judging import cases, problems


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


def test_late_work_is_named_with_its_stage():
    (found,) = judge_lags({"match": timedelta(minutes=21), "send": timedelta(minutes=4)})

    assert found.code == "process.late"
    assert "stage match has waited 21 min" in found.sentence


PORT = PortFacts("WEB_PORT", "127.0.0.1", 8080)
TAKEN = OSError(errno.EADDRINUSE, "Address already in use")


@cases(
    "port, is_running, expected, words",
    {
        "free": (PORT, False, {}, "is free"),
        "the bot's own": (replace(PORT, error=TAKEN, is_ours=True), True, {}, "the bot listens"),
        "another program's": (
            *(replace(PORT, error=TAKEN), True),
            *({"port.taken": "unhealthy"}, "WEB_PORT: another program listens at 127.0.0.1:8080"),
        ),
        "another bot's": (
            *(replace(PORT, error=TAKEN, is_ours=True), False),
            *({"port.taken": "unhealthy"}, "the bot of another database listens"),
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
    "base, status, health, words",
    {
        "all is well": ("https://a.example", 200, HealthLevel.HEALTHY, "answers."),
        "not encrypted": ("http://a.example", 200, HealthLevel.WARNING, "encryption"),
        "it starts": ("https://a.example", 503, HealthLevel.WARNING, "not ready"),
        "the path is kept": ("https://a.example/b", 404, HealthLevel.UNHEALTHY, "404"),
        "unreachable": ("https://a.example", None, HealthLevel.UNHEALTHY, "refused"),
    },
)
def test_the_response_of_the_pages_is_judged(base, status, health, words):
    found = judge_pages(base, status, "connection refused")

    assert found.health is health
    assert words in found.sentence
    assert bool(found.remedy) is (health is not HealthLevel.HEALTHY)
