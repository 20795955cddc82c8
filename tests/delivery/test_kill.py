"""kill -9 in the middle, and two processes at once; counted by a playground of its own process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from sqlmodel import col, func, select

from storage.deliveries import Delivery
from storage.engine import Storage
from storage.words import DeliveryState
from tests.delivery.conftest import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DELIVERIES = 200
LEASE_SECONDS = 100  # longer than any lease


class Playground:
    def __init__(self, base: str) -> None:
        self.base = base

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.base}{path}", data, headers)) as answer:  # noqa: S310 - ours
            return json.load(answer)

    def sent(self) -> list[dict[str, Any]]:
        answer = self.ask("/control/journal?after=0")
        calls = answer if isinstance(answer, list) else answer["entries"]
        return [call for call in calls if call["method"] == "sendMessage" and call["applied"]]


@contextmanager
def running(*arguments: str) -> Iterator[Popen[str]]:
    process = Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        stdout=PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                kill(process)


def kill(process: Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def read_line(process: Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@pytest.fixture
def playground() -> Iterator[Playground]:
    with running("bot.playground", "--port", "0", "--flood", "off", "--every", "0") as process:
        yield Playground(read_line(process))


def sender(url: str, playground: Playground, owner: str, ahead: int = 0) -> Any:
    return running("tests.delivery.sender", url, playground.base, owner, str(ahead))


async def fill(url: str, playground: Playground) -> list[int]:
    storage = Storage.open(url)
    outbox = Outbox(storage)
    people = [
        playground.ask("/control/people", {"first_name": f"P{i}"})["chat_id"]
        for i in range(DELIVERIES)
    ]
    for chat_id in people:
        await outbox.add(await outbox.chat(chat_id), f"to {chat_id}")
    await storage.close()
    return people


async def count(url: str, state: DeliveryState) -> int:
    storage = Storage.open(url)
    async with storage.reading() as unit:
        wanted = select(func.count()).select_from(Delivery).where(col(Delivery.state) == state)
        found = (await unit.session.exec(wanted)).one()
    await storage.close()
    return found


def test_a_kill_loses_nothing_and_repeats_no_more_than_was_in_flight(database_url, playground):
    people = asyncio.run(fill(database_url, playground))
    in_flight = 0

    for turn, answers in enumerate((37, 51, 44)):
        with sender(database_url, playground, f"turn {turn}", turn * LEASE_SECONDS) as process:
            for _ in range(answers):
                read_line(process)
            kill(process)
        in_flight += asyncio.run(count(database_url, DeliveryState.SENDING))
    with sender(database_url, playground, "last", 3 * LEASE_SECONDS) as process:
        assert process.stdout
        process.stdout.read()
        assert process.wait() == 0

    sent = playground.sent()
    arrived = Counter(call["chat_id"] for call in sent)
    assert set(arrived) == set(people)
    assert arrived.total() - len(people) <= in_flight
    assert asyncio.run(count(database_url, DeliveryState.SENT)) == DELIVERIES
    assert silent_repeats(sent)


def silent_repeats(sent: list[dict[str, Any]]) -> bool:
    seen: set[int] = set()
    repeats = []
    for call in sent:
        if call["chat_id"] in seen:
            repeats.append(call)
        seen.add(call["chat_id"])
    return all(call["params"].get("disable_notification") for call in repeats)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_processes_on_postgresql_send_nothing_twice(database_url, playground):
    people = asyncio.run(fill(database_url, playground))

    with (
        sender(database_url, playground, "one") as one,
        sender(database_url, playground, "two") as two,
    ):
        answered = [len(process.stdout.read().splitlines()) for process in (one, two)]
        assert [one.wait(), two.wait()] == [0, 0]

    arrived = Counter(call["chat_id"] for call in playground.sent())
    assert arrived == Counter(people)
    assert sum(answered) == DELIVERIES
