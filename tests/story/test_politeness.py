"""The rules of polite fetching: Dateline keeps each, and a rude reader breaks each."""

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from benchmarks.politeness.rude_readers import READERS, RudeReader
from benchmarks.politeness.rulebook import RULES
from benchmarks.politeness.rules import Mark, Rule, Verdict
from benchmarks.politeness.server import Recorder, Server, format_score
from benchmarks.politeness.week import simulate_week
from tests.conftest import MONDAY_NOON, TurnedClock
from tests.fake_web import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def week(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    path = tmp_path_factory.mktemp("week") / "week.sqlite3"
    shutil.copy(migrated_sqlite, path)
    verdicts = asyncio.run(simulate_week(f"sqlite+aiosqlite:///{path}"))
    return {verdict.rule.name: verdict for verdict in verdicts}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES])
def test_dateline_keeps_the_rule(week: dict[str, Verdict], rule: Rule):
    verdict = week[rule.name]

    assert (verdict.mark, verdict.violations) == (Mark.KEPT, ())


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES])
def test_a_rude_reader_breaks_the_rule(rule: Rule):
    assert Mark.BROKEN in {_mark_of(replace(reader), rule) for reader in READERS}


def _mark_of(reader: RudeReader, rule: Rule) -> Mark:
    clock = TurnedClock()
    recorder = Recorder({"http://feeds.example": rule}, lambda: clock.now)
    reader.run(recorder, clock, timedelta(days=5))
    (verdict,) = recorder.verdicts()
    return verdict.mark


def test_a_rule_without_requests_has_no_verdict():
    recorder = Recorder({"http://feeds.example": RULES[0]}, lambda: MONDAY_NOON)

    (verdict,) = recorder.verdicts()

    assert verdict.mark is Mark.UNSEEN


def test_the_score_lists_violations_and_totals():
    verdict = Verdict(RULES[0], Mark.BROKEN, 7, ("one", "two", "three", "four", "five"))

    score = format_score([verdict, Verdict(RULES[1], Mark.KEPT, 3)])

    assert "- three\n" in score
    assert "- and 2 more" in score
    assert "1 kept, 1 broken; 10 requests" in score


async def test_the_server_lists_its_feeds_and_the_score():
    clock = TurnedClock()
    port = unused_port()
    sites = {f"http://127.0.0.1:{port}": RULES[0]}
    server = Server(Recorder(sites, lambda: clock.now))

    async with (
        serving(server.respond_with_lists, ["127.0.0.1", "127.0.0.2"], port),
        aiohttp.ClientSession() as client,
    ):
        opml = await _text_of(client, f"http://127.0.0.2:{port}/feeds.opml")
        await _text_of(client, f"http://127.0.0.1:{port}/feed.xml")
        score = await _text_of(client, f"http://127.0.0.2:{port}/")

    assert f'xmlUrl="http://127.0.0.1:{port}/feed.xml"' in opml
    assert "1 not seen yet; 1 requests" in score


async def _text_of(client: aiohttp.ClientSession, url: str) -> str:
    async with client.get(url) as response:
        return await response.text()
