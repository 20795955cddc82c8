"""An hour of a small simulated world; `python -m benchmarks.soak` runs a whole week."""

import asyncio
import hashlib
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.skipping_clock import Clock, SkippingLoop
from benchmarks.soak.gauges import Hour, percentile, sqlite_mb
from benchmarks.soak.numbers import Numbers
from benchmarks.soak.verdict import Verdict, judge_memory, judge_tables
from benchmarks.soak.week import Week

pytestmark = pytest.mark.slow

SMALL = Numbers(
    days=1 / 24,
    feeds=8,
    chats=20,
    articles_a_day=400,
    actions_a_day=100,
    subjects=4,
    tick=120,
    alert_within=timedelta(minutes=30),
)
BEGINS = datetime(2026, 10, 25, tzinfo=UTC)


def test_a_small_audience_gets_its_due_stories_once(database_url, tmp_path):
    lines: list[str] = []

    verdict = Week(SMALL, database_url, tmp_path, lines.append).run()

    assert verdict.faults == []
    assert verdict.facts["due"] > 0
    assert verdict.facts["lost"] == 0
    assert verdict.facts["calls"]["sent"] > 0
    assert len(lines) == 1


def test_an_idle_week_is_skipped():
    clock = Clock(BEGINS)

    async def sleep_for_a_week() -> datetime:
        await asyncio.sleep(7 * 24 * 3600)
        return clock.now

    with asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)) as runner:
        woken = runner.run(sleep_for_a_week())

    assert woken >= BEGINS + timedelta(days=7)


def test_nothing_is_skipped_while_a_thread_works():
    clock = Clock(BEGINS)

    async def work() -> bool:
        asyncio.get_running_loop().call_later(3600, late.set)
        return await asyncio.to_thread(late.is_set)

    with asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)) as runner:
        late = asyncio.Event()
        was_late = runner.run(work())

    assert not was_late
    assert clock.skipped < 3600


def test_nothing_is_skipped_while_the_last_thread_ends():
    clock = Clock(BEGINS)
    begun = threading.Event()

    def work() -> None:
        begun.set()
        hashlib.pbkdf2_hmac("sha256", b"", b"", iterations=100_000)

    async def leave_a_thread_working() -> None:
        working = asyncio.get_running_loop().run_in_executor(None, work)
        begun.wait()
        working.cancel()

    with asyncio.Runner(loop_factory=lambda: SkippingLoop(clock)) as runner:
        runner.run(leave_a_thread_working())

    assert clock.skipped == 0


def test_a_percentile_is_an_observed_lag():
    looks = Counter({0: 90, 7: 9, 300: 1})

    assert percentile(looks, 0.9) == 0
    assert percentile(looks, 0.95) == 7
    assert percentile(looks, 1) == 300


def hour(
    number: int, memory: float = 300.0, of_sqlite: float = 0.0, of_stories: float = 0.0, **rows: int
) -> Hour:
    counted = {name: rows.get(name, 0) for name in ROWS}
    return Hour(number, memory, memory, 1.0, counted, {}, {}, {}, 0, of_sqlite, of_stories)


ROWS = (
    *("article", "entry", "folded", "match", "story"),
    *("alert", "bundle", "delivery", "edition", "editionstory"),
)


def test_memory_that_grows_after_the_first_day_is_a_fault():
    verdict = Verdict()

    judge_memory(verdict, [hour(number, 300 + number) for number in range(1, 73)])

    assert verdict.facts["memory_mb_a_day"] == 24
    assert not verdict.is_good


def test_a_library_that_is_loaded_once_is_no_fault():
    verdict = Verdict()

    judge_memory(verdict, [hour(number, 322 if number > 100 else 300) for number in range(1, 169)])

    assert verdict.facts["memory_mb_a_day"] == 0
    assert verdict.is_good


def test_page_caches_that_fill_for_days_are_no_fault():
    verdict = Verdict()
    filled = [number / 4 for number in range(1, 169)]

    judge_memory(verdict, [hour(number, 300 + mb, mb) for number, mb in enumerate(filled, 1)])

    assert verdict.facts["memory_mb_a_day"] == 0
    assert verdict.is_good


def test_stories_of_busier_days_are_no_fault():
    verdict = Verdict()
    stories = [number / 4 for number in range(1, 169)]

    judge_memory(
        verdict,
        [hour(number, 300 + mb, of_stories=mb) for number, mb in enumerate(stories, 1)],
    )

    assert verdict.facts["memory_mb_a_day"] == 0
    assert verdict.is_good


def test_the_memory_of_sqlite_is_measured():
    before = sqlite_mb()
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE filled AS SELECT zeroblob(1000000) AS bytes")
        during = sqlite_mb()

    assert during - before > 1


def test_memory_that_grows_in_daily_steps_is_a_fault():
    verdict = Verdict()

    judge_memory(verdict, [hour(number, 300 + 8 * (number // 24)) for number in range(1, 169)])

    assert verdict.facts["memory_mb_a_day"] == 8
    assert not verdict.is_good


def test_memory_that_grows_only_on_the_first_day_is_no_fault():
    verdict = Verdict()

    judge_memory(verdict, [hour(number, min(300 + number, 324)) for number in range(1, 73)])

    assert verdict.is_good


def test_a_table_that_keeps_growing_is_a_fault():
    verdict = Verdict()
    hours = [hour(number, delivery=1000 * number) for number in range(1, 24 * 7 + 1)]

    judge_tables(verdict, hours, SMALL)

    (fault,) = verdict.faults
    assert fault.startswith("delivery grows")
