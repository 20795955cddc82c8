"""The probes: when a restart would help, and what a process waits for."""

import asyncio
from dataclasses import dataclass

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.ops.health import (
    CACHED_SECONDS,
    HANGS_SECONDS,
    POLLING_GAP_SECONDS,
    DatabaseProbe,
    Health,
    Wait,
    make_web,
)
from bot.ops.instrumentation import Instrumentation, Operation
from bot.stages import SEND, StageRunner
from tests.ops.conftest import Clock


@dataclass
class Asked:
    """A database that counts who asks it."""

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


async def test_who_waits_lives_and_says_for_what():
    health = Health({Wait.INDEX, Wait.TELEGRAM})

    assert await answers_of(health, "/healthz") == (200, {"status": "ok"})
    status, said = await answers_of(health, "/readyz")

    assert (status, said) == (503, {"status": "waiting", "for": ["telegram", "index"]})


async def test_who_works_is_ready_until_it_is_asked_to_stop():
    health = Health()

    assert await answers_of(health, "/readyz") == (200, {"status": "ready"})
    health.stopping.set()

    assert await answers_of(health, "/readyz") == (503, {"status": "waiting", "for": ["stop"]})
    assert (await answers_of(health, "/healthz"))[0] == 200


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError()], ids=["away", "slow"])
async def test_a_database_that_does_not_answer_is_waited_for(error):
    health = Health(database=DatabaseProbe(Asked(error)))

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


async def test_many_who_ask_at_once_ask_the_database_once():
    asked, clock = Asked(), Clock()
    database = DatabaseProbe(asked, clock)

    assert all(await asyncio.gather(*(database.answers() for _ in range(50))))
    assert asked.times == 1
    clock.now += CACHED_SECONDS

    assert await database.answers()
    assert asked.times == 2


async def test_the_first_round_that_goes_well_shows_that_the_index_is_there():
    health, instrumentation = Health({Wait.INDEX}), Instrumentation()
    instrumentation.add(health)

    with pytest.raises(OSError, match="disk"), instrumentation.observe(Operation.STEP, "match"):
        raise OSError("disk")
    assert health.waits == {Wait.INDEX}
    with instrumentation.observe(Operation.STEP, "match"):
        pass

    assert health.waits == set()


async def test_a_round_that_never_ends_asks_for_a_restart():
    clock, instrumentation = Clock(), Instrumentation()
    health = Health(clock=clock)
    instrumentation.add(health)

    with instrumentation.observe(Operation.STEP, "poll"):
        clock.now = HANGS_SECONDS
        assert (await answers_of(health, "/healthz"))[0] == 200
        clock.now += 1
        stuck = await answers_of(health, "/healthz")

    assert stuck == (503, {"status": "stuck", "steps": ["poll"]})
    assert (await answers_of(health, "/healthz"))[0] == 200


async def test_a_role_that_ends_before_the_stop_asks_for_a_restart():
    health = Health()

    async def nothing_to_do() -> None:
        return None

    await health.lasting("chat", nothing_to_do())

    assert await answers_of(health, "/healthz") == (503, {"status": "stuck", "steps": ["chat"]})


async def test_a_stage_that_is_asked_to_stop_has_not_died():
    health = Health()

    async def nothing_to_do() -> int:
        return 0

    health.stopping.set()
    await health.lasting("send", StageRunner(SEND, nothing_to_do).run(health.stopping))

    assert health.ended == []
