"""`/metrics` of one process: what it asks, and how often."""

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.ops import processes
from bot.ops.health import Database, Health
from bot.ops.measuring import BACKLOG_SECONDS, Looking
from bot.ops.metrics import Metrics
from bot.ops.metrics_page import MetricsPage, make_metrics_web
from storage.db.engine import Storage
from storage.queries import latest_change

BUILD = {"version": "1", "python": "3.11", "database": "sqlite", "roles": "chat"}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Clock:
    return Clock()


@pytest.fixture
def looking(storage, ticks) -> Looking:
    async def ask() -> None:
        async with storage.reading() as tx:
            await latest_change(tx)

    health = Health(database=Database(ask, ticks), clock=ticks)
    return Looking(Metrics(BUILD), health, storage, ticks)


async def shown(looking: Looking, **headers: str) -> tuple[str, str]:
    page = MetricsPage(looking.metrics.registry, looking.look)
    app = make_metrics_web(page, looking.health)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/metrics", headers=headers)
        return await answer.text(), answer.headers["Content-Type"]


async def test_prometheus_reads_how_it_all_is(looking):
    text, kind = await shown(looking)

    assert kind.startswith("text/plain; version=")
    assert "dateline_ready 1.0" in text
    assert "dateline_database_up 1.0" in text
    assert 'dateline_lag_seconds{step="match"} 0.0' in text


async def test_the_database_is_asked_now_and_then_however_many_look(looking, ticks, storage):
    asked = []
    storage_of_all = looking.storage

    class Counted(Storage):
        def reading(self):
            asked.append(1)
            return storage_of_all.reading()

    looking.storage = Counted.__new__(Counted)
    for _ in range(5):
        await looking.look()
    assert len(asked) == 1
    ticks.now += BACKLOG_SECONDS
    await looking.look()

    assert len(asked) == 2


async def test_a_process_that_may_not_ask_shows_what_it_does_itself(looking):
    looking.storage = None

    text, _ = await shown(looking)

    assert "dateline_lag_seconds{" not in text
    assert "dateline_articles_total 0.0" in text


def test_the_memory_of_this_process_is_known_where_the_system_tells():
    if not processes.are_told_of():
        pytest.skip("no /proc here")

    assert processes.memory_bytes() > 1_000_000
