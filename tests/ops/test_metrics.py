"""Metrics: their names, their labels, and the queries of a scrape."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import generate_latest

from bot.ops.health import DatabaseProbe, Health
from bot.ops.instrumentation import GaugeName, Instrumentation, Operation
from bot.ops.metrics import (
    BACKLOG_SECONDS,
    Metrics,
    MetricsPage,
    has_proc,
    memory_bytes,
    metrics_web,
)
from storage.db.engine import Storage
from storage.enums import UsageKind
from storage.queries import latest_change
from storage.stats import Backlog
from storage.usage import UsageToday
from tests.checklists import checklist
from tests.clocks import MonotonicClock

ROOT = Path(__file__).parents[2]
BUILD = {"version": "1", "python": "3.11", "database": "sqlite", "roles": "chat"}
NAME = re.compile(r"\b(?:dateline|process)_[a-z_]*[a-z]\b")
OF_A_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
DOCUMENTS = [
    "docs/reference/metrics.md",
    "deploy/grafana/dateline.json",
    "deploy/prometheus/alerts.yml",
]


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics(BUILD)
    metrics.add_gauges({name: lambda: 1.0 for name in GaugeName})
    return metrics


def names(metrics: Metrics) -> set[str]:
    """Return the names as queries write them, those of histograms without an ending."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in metrics.registry.collect()
    }


def text_of(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_the_reference_names_every_metric(metrics):
    named = set(NAME.findall((ROOT / DOCUMENTS[0]).read_text(encoding="utf-8")))

    assert names(metrics) - named == set(), checklist("a metric")


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_reference_the_dashboard_and_the_alerts_name_only_metrics_that_exist(metrics, path):
    text = (ROOT / path).read_text(encoding="utf-8")
    known = names(metrics)
    named = {
        OF_A_HISTOGRAM.sub("", name) if name not in known else name for name in NAME.findall(text)
    }

    assert named - known == set()


def test_names_end_in_their_unit(metrics):
    odd = [
        name for name in names(metrics) if re.search(r"_(ms|milliseconds|minutes|kb|mb)(_|$)", name)
    ]

    assert odd == []


def test_every_operation_is_counted(metrics):
    instrumentation = Instrumentation([metrics])

    for operation in Operation:
        with instrumentation.observe(
            operation, "a", host="secret.example", update=7
        ) as observation:
            observation.outcome = "b"

    text = text_of(metrics)
    assert len(re.findall(r'_total{.*"b".*} 1.0', text)) == len(Operation)
    assert "secret" not in text


def test_new_rows_are_counted_by_their_table(metrics):
    metrics.count_made({"article": 2, "story": 5})
    metrics.count_made({"article": 1})

    assert "dateline_articles_total 3.0" in text_of(metrics)


USED = {UsageKind.REQUESTS: UsageToday(4_800, 2)}


def test_an_unknown_backlog_is_not_shown(metrics):
    kinds = {("channel", "unhealthy"): 4}
    made_at = datetime(2026, 12, 2, tzinfo=UTC)
    held = {("held", "email"): 3}
    waiting = Backlog({"send": 12.0}, held, {"active": 9}, 5, 77, USED, {}, kinds, made_at, True)
    metrics.show(waiting)
    known = text_of(metrics)
    metrics.show(None)

    assert 'dateline_lag_seconds{stage="send"} 12.0' in known
    assert 'dateline_queue{medium="email",state="held"} 3.0' in known
    assert 'dateline_sources_by_kind{health="unhealthy",kind="channel"} 4.0' in known
    assert "dateline_articles_put_aside 5.0" in known
    assert "dateline_queries_change 77.0" in known
    assert "dateline_last_backup_timestamp_seconds 1.7961" in known
    assert "dateline_maintenance 1.0" in known
    assert 'dateline_accounts_used{kind="requests"} 4800.0' in known
    assert 'dateline_accounts_exhausted{kind="requests"} 2.0' in known
    assert 'dateline_accounts_exhausted{kind="pages"} 0.0' in known
    assert "dateline_lag_seconds{" not in text_of(metrics)


@pytest.fixture
def ticks() -> MonotonicClock:
    return MonotonicClock()


@pytest.fixture
def page(storage, ticks) -> MetricsPage:
    async def ask() -> None:
        async with storage.reading() as tx:
            await latest_change(tx)

    health = Health(database=DatabaseProbe(ask, ticks), clock=ticks)
    return MetricsPage(Metrics(BUILD), health, storage, clock=ticks)


async def shown(page: MetricsPage, **headers: str) -> tuple[str, str]:
    async with TestClient(TestServer(metrics_web(page))) as client:
        answer = await client.get("/metrics", headers=headers)
        return await answer.text(), answer.headers["Content-Type"]


async def test_prometheus_reads_the_state_of_a_process(page):
    text, kind = await shown(page)

    assert kind.startswith("text/plain; version=")
    assert "dateline_ready 1.0" in text
    assert "dateline_database_up 1.0" in text
    assert 'dateline_lag_seconds{stage="match"} 0.0' in text


async def test_the_database_is_queried_every_15_seconds_at_most(page, ticks, storage):
    asked = []
    storage_of_all = page.storage

    class Counted(Storage):
        def reading(self):
            asked.append(1)
            return storage_of_all.reading()

    page.storage = Counted.__new__(Counted)
    for _ in range(5):
        await page.refresh()
    assert len(asked) == 1
    ticks.now += BACKLOG_SECONDS
    await page.refresh()

    assert len(asked) == 2


async def test_a_process_without_role_publish_shows_only_its_own_work(page):
    page.storage = None

    text, _ = await shown(page)

    assert "dateline_lag_seconds{" not in text
    assert "dateline_articles_total 0.0" in text


def test_the_memory_of_this_process_is_measured_on_linux():
    if not has_proc():
        pytest.skip("no /proc here")

    assert memory_bytes() > 1_000_000
