"""Who reads: chats in all time zones, what each watches and how, and the sources."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import insert
from sqlmodel import SQLModel, select

from benchmarks.soak.numbers import Numbers
from benchmarks.soak.press import Press, subject
from bot.matching.query import parse
from bot.publishing.calendar import Plan, next_due
from bot.sources.drafts import url_hash
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage, Transaction
from storage.enums import ChatKind, Mode, Style
from storage.queries import query_for
from storage.schedules import EVERY_DAY, ScheduleTime
from storage.sources import Source
from storage.subscriptions import Subscription
from storage.topics import Topic

# Europe changes its clocks in this week, the others do not; some never do.
ZONES: Final = (
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Asia/Tokyo", "Asia/Shanghai",
    "Asia/Kolkata", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Australia/Lord_Howe", "Africa/Cairo", "UTC",
)  # fmt: skip
LANGUAGES: Final = ("en", "en", "en", "de", "ja", "es", "ar")
_AT_ONCE = 1_000
_MODES = (Mode.INSTANT, Mode.DIGEST, Mode.BOTH)
_EVERY = timedelta(minutes=30)
MANY_GROUPS = 7  # one chat in so many is a group


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat as it begins, by Telegram's number: its subjects, and how it is told of them."""

    telegram_id: int
    mode: Mode
    subjects: tuple[int, ...]
    zone: str
    is_steady: bool


@dataclass(frozen=True, slots=True)
class Town:
    readers: tuple[Reader, ...]

    @property
    def steady(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.is_steady]

    @property
    def others(self) -> list[Reader]:
        return [reader for reader in self.readers if not reader.is_steady]


def settle(numbers: Numbers) -> Town:
    dice = random.Random(numbers.seed + 1)
    return Town(tuple(_reader(numbers, dice, number) for number in range(numbers.chats)))


def _reader(numbers: Numbers, dice: random.Random, number: int) -> Reader:
    is_steady = number < numbers.steady
    is_group = number % MANY_GROUPS == MANY_GROUPS - 1
    wanted = min(dice.randint(1, 2 * numbers.topics_each - 1), numbers.subjects)
    return Reader(
        telegram_id=-(number + 1) if is_group else number + 1,
        mode=_MODES[number % 2] if is_steady else dice.choices(_MODES, (5, 4, 1))[0],
        subjects=tuple(dice.sample(range(numbers.subjects), wanted)),
        zone=dice.choice(ZONES),
        is_steady=is_steady,
    )


async def build(storage: Storage, numbers: Numbers, town: Town, press: Press) -> None:
    dice = random.Random(numbers.seed + 2)
    async with storage.writing() as tx:
        topics = [await _topic(tx, number) for number in range(numbers.subjects)]
        await _add(tx, Source, (_source(tx, press, dice, n) for n in range(numbers.feeds)))
        slots = {reader.telegram_id: _slot(dice, reader) for reader in town.readers}
        chats = (_chat(tx, dice, each, slots[each.telegram_id]) for each in town.readers)
        await _add(tx, Chat, chats)
        rows = dict((await tx.session.exec(select(Chat.telegram_id, Chat.id))).all())
        await _add(tx, Subscription, _wishes(tx, town, topics, rows))
        chosen = ((rows[number], time) for number, time in slots.items() if time != ScheduleTime())
        await _add(
            tx,
            DigestTime,
            (
                {"chat_id": row, "number": 0, "minutes": time.minutes, "weekdays": EVERY_DAY}
                for row, time in chosen
            ),
        )


async def _topic(tx: Transaction, number: int) -> int:
    query = await query_for(tx, str(parse(subject(number))))
    name = subject(number).capitalize()
    row = Topic(name=name, typed=subject(number), query_id=query.id, created_at=tx.now)
    tx.session.add(row)
    await tx.session.flush()
    return row.id


def _source(tx: Transaction, press: Press, dice: random.Random, number: int) -> dict[str, Any]:
    feed = press.feeds[number]
    url = f"http://{feed.host}:{press.port}{feed.path}"
    return {
        "url": url,
        "url_hash": url_hash(url),
        "host": feed.host,
        "public": True,
        # A quarter is asked every half hour, the others as they publish.
        "every_seconds": int(_EVERY.total_seconds()) if number % 4 == 0 else None,
        "created_at": tx.now,
        "next_fetch_at": tx.now + timedelta(seconds=dice.uniform(0, 1800)),
    }


def _slot(dice: random.Random, reader: Reader) -> ScheduleTime:
    if reader.is_steady or dice.random() < 0.7:
        return ScheduleTime()
    return ScheduleTime(minutes=dice.randrange(0, 24 * 60, 15))


def _chat(
    tx: Transaction, dice: random.Random, reader: Reader, time: ScheduleTime
) -> dict[str, Any]:
    is_quiet = not reader.is_steady and dice.random() < 0.1
    digests = reader.mode.digests
    return {
        "telegram_id": reader.telegram_id,
        "kind": ChatKind.GROUP if reader.telegram_id < 0 else ChatKind.PRIVATE,
        "name": f"Reader {reader.telegram_id}",
        "language": "en" if reader.is_steady else dice.choice(LANGUAGES),
        "zone": reader.zone,
        "style": Style.FULL if reader.is_steady else Style.STANDARD,
        "quiet_from": 22 * 60 if is_quiet else None,
        "quiet_to": 7 * 60 if is_quiet else None,
        "state_since": tx.now,
        "created_at": tx.now,
        "next_digest_at": next_due(Plan(reader.zone, (time,)), tx.now) if digests else None,
    }


def _wishes(
    tx: Transaction, town: Town, topics: Sequence[int], rows: dict[int, int]
) -> Iterable[dict[str, Any]]:
    for reader in town.readers:
        for number in reader.subjects:
            yield {
                "chat_id": rows[reader.telegram_id],
                "topic_id": topics[number],
                "mode": reader.mode,
                "created_at": tx.now,
            }


async def _add(tx: Transaction, table: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    connection = await tx.session.connection()
    waiting = iter(rows)
    while some := list(islice(waiting, _AT_ONCE)):
        await connection.execute(insert(table), some)
