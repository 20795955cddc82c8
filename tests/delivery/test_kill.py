"""kill -9 while sending, and two processes at once, against a playground in its own process."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any
from urllib.request import Request, urlopen

import pytest
from sqlmodel import col, func, select

from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import DeliveryState
from storage.outbox import Delivery
from tests.delivery.conftest import Outbox
from tests.delivery.sender import work
from tests.forks import FORKS

pytestmark = pytest.mark.slow

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


@pytest.fixture
def playground() -> Iterator[Playground]:
    command = ("bot", "playground", "--port", "0", "--flood", "off", "--every", "0")
    with Popen([sys.executable, "-m", *command], cwd=ROOT, stdout=PIPE, text=True) as process:
        try:
            assert process.stdout
            yield Playground(process.stdout.readline().split()[-1].rstrip("/"))
        finally:
            process.kill()


@dataclass(frozen=True)
class SenderProcess:
    process: ForkServerProcess
    answers: Connection

    def wait_for_answers(self, number: int) -> None:
        for _ in range(number):
            self.answers.recv_bytes()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def finish(self) -> int:
        """Wait until it ends by itself; return how many responses it got."""
        count = 0
        with suppress(EOFError):
            while self.answers.recv_bytes():
                count += 1
        self.process.join()
        assert self.process.exitcode == 0
        return count


@contextmanager
def sender(url: str, playground: Playground, owner: str, ahead: int = 0) -> Iterator[SenderProcess]:
    answers, reports = FORKS.Pipe(duplex=False)
    with answers:
        process = FORKS.Process(target=work, args=(url, playground.base, owner, ahead, reports))
        process.start()
        reports.close()  # so that the answers end with the process
        started = SenderProcess(process, answers)
        try:
            yield started
        finally:
            started.kill()


async def fill(url: str, playground: Playground) -> list[int]:
    storage = Storage.open(url)
    outbox = Outbox(storage)
    people = [
        playground.ask("/control/add_user", {"first_name": f"P{i}"})["chat_id"]
        for i in range(DELIVERIES)
    ]
    for chat_id in people:
        await outbox.add(await outbox.chat(chat_id), f"to {chat_id}")
    await storage.close()
    return people


async def chats_with(url: str, state: DeliveryState) -> set[int]:
    """Return Telegram's ids of the chats with a delivery in that state."""
    storage = Storage.open(url)
    async with storage.reading() as tx:
        wanted = select(Chat.telegram_id).join(Delivery).where(col(Delivery.state) == state)
        chats = set(await tx.rows(wanted))
    await storage.close()
    return chats


async def count(url: str, state: DeliveryState) -> int:
    storage = Storage.open(url)
    async with storage.reading() as tx:
        wanted = select(func.count()).select_from(Delivery).where(col(Delivery.state) == state)
        number = await tx.one(wanted)
    await storage.close()
    return number


def test_a_kill_loses_nothing_and_repeats_no_more_than_was_in_flight(database_url, playground):
    people = asyncio.run(fill(database_url, playground))
    in_flight = 0

    for round_, answers in enumerate((37, 51, 44)):
        with sender(database_url, playground, f"round {round_}", round_ * LEASE_SECONDS) as process:
            process.wait_for_answers(answers)
            process.kill()
        in_flight += asyncio.run(count(database_url, DeliveryState.SENDING))
    with sender(database_url, playground, "last", 3 * LEASE_SECONDS) as process:
        process.finish()

    sent = playground.sent()
    arrived = Counter(call["chat_id"] for call in sent)
    # A message whose call two kills cut off waits for the operator.
    held = asyncio.run(chats_with(database_url, DeliveryState.HELD))
    assert set(arrived) | held == set(people)
    assert arrived.total() - len(arrived) <= in_flight
    assert asyncio.run(count(database_url, DeliveryState.SENT)) == DELIVERIES - len(held)
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
        answered = [process.finish() for process in (one, two)]

    arrived = Counter(call["chat_id"] for call in playground.sent())
    assert arrived == Counter(people)
    assert sum(answered) == DELIVERIES
