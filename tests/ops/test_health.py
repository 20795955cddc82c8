"""Both probes: whether a restart would help, and why a process is not ready."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.ops.health import (
    CACHED_SECONDS,
    HANGS_SECONDS,
    LAGS_SECONDS,
    LATE,
    LOCK_SECONDS,
    MOST_FAILURES,
    POLLING_GAP_SECONDS,
    DatabaseProbe,
    Health,
    Wait,
    WriteProbe,
    make_web,
)
from bot.ops.instrumentation import Instrumentation, Operation
from bot.stages import ALERT, MATCH, POLL, SEND, TIDY, Stage, StageRunner
from storage.db.engine import Storage
from storage.health import try_to_write
from storage.queries import latest_change
from storage.schema import database_file
from tests.clocks import MonotonicClock


@dataclass
class FakeDatabase:
    """A database that counts its queries."""

    error: Exception | None = None
    times: int = 0

    async def __call__(self) -> None:
        self.times += 1
        if self.error:
            raise self.error


async def answers_of(health: Health, path: str) -> tuple[int, dict[str, object]]:
    async with TestClient(TestServer(make_web(health=health))) as client:
        answer = await client.get(path)
        return answer.status, await answer.json()


async def test_a_waiting_process_is_alive_and_names_its_waits():
    health = Health({Wait.INDEX, Wait.TELEGRAM})

    assert await answers_of(health, "/healthz") == (200, {"status": "ok"})
    status, body = await answers_of(health, "/readyz")

    assert (status, body) == (503, {"status": "waiting", "for": ["telegram", "index"]})


async def test_a_working_process_is_ready_until_it_stops():
    health = Health()

    assert await answers_of(health, "/readyz") == (200, {"status": "ready"})
    health.stopping.set()

    assert await answers_of(health, "/readyz") == (503, {"status": "waiting", "for": ["stop"]})
    assert (await answers_of(health, "/healthz"))[0] == 200


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError()], ids=["away", "slow"])
async def test_a_process_waits_for_a_silent_database(error):
    health = Health(database=DatabaseProbe(FakeDatabase(error)))

    assert (await answers_of(health, "/healthz"))[0] == 200
    assert await answers_of(health, "/readyz") == (503, {"status": "waiting", "for": ["database"]})


@pytest.mark.parametrize(
    ("seconds", "ready"),
    [
        pytest.param(POLLING_GAP_SECONDS - 1, (200, {"status": "ready"}), id="a gap"),
        pytest.param(
            POLLING_GAP_SECONDS, (503, {"status": "waiting", "for": ["telegram"]}), id="deaf"
        ),
    ],
)
async def test_polling_that_fails_for_long_is_reported_and_no_reason_to_restart(seconds, ready):
    health = Health(polling_fails_for=lambda: seconds)

    assert (await answers_of(health, "/healthz"))[0] == 200
    assert await answers_of(health, "/readyz") == ready


async def nothing_to_do() -> int:
    return 0


@dataclass
class Watched:
    """A process with some stages, whose rounds and clock a test controls."""

    lags: dict[str, timedelta] = field(default_factory=dict)
    clock: MonotonicClock = field(default_factory=MonotonicClock)
    instrumentation: Instrumentation = field(default_factory=Instrumentation)

    def __post_init__(self) -> None:
        self.health = Health(clock=self.clock, lags=self.ask)
        self.health.watch(StageRunner(each, nothing_to_do) for each in (MATCH, SEND, POLL, TIDY))
        self.instrumentation.add(self.health)

    async def ask(self) -> dict[str, timedelta]:
        return self.lags

    def round(self, stage: Stage, *outcomes: bool, done: int = 0) -> None:
        """Do a round of *stage* for each outcome: whether it succeeds."""
        for succeeds in outcomes:
            with (
                suppress(ZeroDivisionError),
                self.instrumentation.observe(Operation.STAGE, stage.name) as seen,
            ):
                seen.done = done
                if not succeeds:
                    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("stage", "outcomes", "failing"),
    [
        pytest.param(MATCH, [False] * MOST_FAILURES, ["match"], id="as often as it takes"),
        pytest.param(MATCH, [False] * (MOST_FAILURES - 1), [], id="once less"),
        pytest.param(MATCH, [False, False, True, False, False], [], id="with one that succeeds"),
        pytest.param(MATCH, [False] * 9 + [True], [], id="until one succeeds"),
        pytest.param(TIDY, [False] * 9, [], id="housekeeping"),
        pytest.param(ALERT, [False] * 9, [], id="another process's"),
    ],
)
async def test_a_stage_that_fails_round_after_round_is_named(stage, outcomes, failing):
    watched = Watched()

    watched.round(stage, *outcomes)

    assert await watched.health.waited_for() == failing
    assert (await answers_of(watched.health, "/healthz"))[0] == 200


async def test_an_unavailable_database_is_the_only_reason_named():
    watched = Watched()
    watched.round(MATCH, *[False] * MOST_FAILURES)
    watched.health.database = DatabaseProbe(FakeDatabase(OSError("no route")))

    assert await watched.health.waited_for() == ["database"]


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("stage", "lag", "late"),
    [
        pytest.param(MATCH, LATE + MINUTE, ["match"], id="old articles"),
        pytest.param(MATCH, LATE - MINUTE, [], id="articles that may wait"),
        pytest.param(POLL, 100 * LATE, [], id="a publisher's pace"),
        pytest.param(ALERT, 100 * LATE, [], id="another process's"),
    ],
)
async def test_a_stage_with_old_work_that_does_nothing_is_named(stage, lag, late):
    watched = Watched({stage.name: lag})
    assert await watched.health.waited_for() == []  # as after a night without the bot

    watched.clock.now += LATE.total_seconds() + 1
    watched.round(stage, True)

    assert await watched.health.waited_for() == late


async def test_a_stage_that_works_through_old_work_is_ready():
    watched = Watched({"send": 10 * LATE})
    watched.clock.now += LATE.total_seconds() + 1
    assert await answers_of(watched.health, "/readyz") == (
        503,
        {"status": "waiting", "for": ["send"]},
    )

    watched.round(SEND, True, done=27)
    watched.clock.now += LAGS_SECONDS

    assert await answers_of(watched.health, "/readyz") == (200, {"status": "ready"})


async def test_the_first_successful_round_ends_the_wait_for_the_index_after_a_failure():
    watched = Watched()
    watched.health.waits.add(Wait.INDEX)

    watched.round(MATCH, False, True)

    assert await watched.health.waited_for() == []


class Lock:
    """Writes once it is open."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()

    async def __call__(self) -> None:
        await self.is_open.wait()


async def test_a_taken_write_lock_is_reported_until_it_is_free():
    clock, lock, stopping = MonotonicClock(), Lock(), asyncio.Event()
    paused = asyncio.Event()

    async def pause(_stopping: asyncio.Event, _seconds: float) -> None:
        paused.set()
        await asyncio.Event().wait()

    probe = WriteProbe(lock, clock, pause)
    health = Health(database=DatabaseProbe(FakeDatabase(), clock, probe))
    async with asyncio.TaskGroup() as group:
        trying = group.create_task(probe.run(stopping))
        await asyncio.sleep(0)
        clock.now = LOCK_SECONDS - 1
        assert await health.waited_for() == []
        clock.now = LOCK_SECONDS
        assert await health.waited_for() == ["database"]

        lock.is_open.set()
        await paused.wait()
        assert await health.waited_for() == []
        trying.cancel()


async def test_a_locked_file_is_reported_although_it_can_be_read(sqlite_url, monkeypatch):
    monkeypatch.setattr("storage.db.sqlite.BUSY_SECONDS", 0)
    storage, stopping = Storage.open(sqlite_url), asyncio.Event()
    states = []

    async def read() -> None:
        async with storage.reading() as tx:
            await latest_change(tx)

    async def pause(_stopping: asyncio.Event, _seconds: float) -> None:
        states.append(await health.waited_for())
        if len(states) == 1:
            other.execute("ROLLBACK")
        else:
            stopping.set()

    probe = WriteProbe(partial(try_to_write, storage), pause=pause)
    health = Health(database=DatabaseProbe(read, lock=probe))
    assert await health.waited_for() == []
    with closing(sqlite3.connect(str(database_file(sqlite_url)), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await probe.run(stopping)
    await storage.close()

    assert states == [["database"], []]


async def test_concurrent_probes_share_one_query():
    asked, clock = FakeDatabase(), MonotonicClock()
    database = DatabaseProbe(asked, clock)

    assert all(await asyncio.gather(*(database.answers() for _ in range(50))))
    assert asked.times == 1
    clock.now += CACHED_SECONDS

    assert await database.answers()
    assert asked.times == 2


async def test_only_a_successful_round_ends_the_wait_for_the_index():
    health, instrumentation = Health({Wait.INDEX}), Instrumentation()
    instrumentation.add(health)

    with pytest.raises(OSError, match="disk"), instrumentation.observe(Operation.STAGE, "match"):
        raise OSError("disk")
    assert health.waits == {Wait.INDEX}
    with instrumentation.observe(Operation.STAGE, "match"):
        pass

    assert health.waits == set()


async def test_a_round_that_never_ends_asks_for_a_restart():
    clock, instrumentation = MonotonicClock(), Instrumentation()
    health = Health(clock=clock)
    instrumentation.add(health)

    with instrumentation.observe(Operation.STAGE, "poll"):
        clock.now = HANGS_SECONDS
        assert (await answers_of(health, "/healthz"))[0] == 200
        clock.now += 1
        stuck = await answers_of(health, "/healthz")

    assert stuck == (503, {"status": "stuck", "stages": ["poll"]})
    assert (await answers_of(health, "/healthz"))[0] == 200


async def test_a_role_that_ends_before_the_stop_asks_for_a_restart():
    health = Health()

    await health.lasting("chat", asyncio.sleep(0))

    assert await answers_of(health, "/healthz") == (503, {"status": "stuck", "stages": ["chat"]})


async def test_a_stage_that_is_asked_to_stop_has_not_died():
    health = Health()

    health.stopping.set()
    await health.lasting("send", StageRunner(SEND, nothing_to_do).run(health.stopping))

    assert health.ended == []
