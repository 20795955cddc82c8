"""The chats, in many time zones, with their topics and modes; and the sources."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlmodel import select

from benchmarks import rows
from benchmarks.soak.news import News, subject
from benchmarks.soak.numbers import Numbers
from bot.publishing.calendar import Plan, next_due
from storage.chats import Chat, DigestTime
from storage.db.engine import Storage, Transaction
from storage.enums import ChatKind, Mode, Style
from storage.schedules import EVERY_DAY, ScheduleTime
from storage.sources import Source
from storage.subscriptions import Subscription

# Europe's clocks are set back in this week; some zones change theirs at other times, some never.
ZONES: Final = (
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Asia/Tokyo", "Asia/Shanghai",
    "Asia/Kolkata", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo",
    "Australia/Lord_Howe", "Africa/Cairo", "UTC",
)  # fmt: skip
LANGUAGES: Final = ("en", "en", "en", "de", "ja", "es", "ar")
MODES: Final = (Mode.INSTANT, Mode.DIGEST, Mode.BOTH)
GROUP_EVERY: Final = 7  # one chat in so many is a group


@dataclass(frozen=True, slots=True)
class Reader:
    """A chat at the start, by Telegram's number; a steady one changes nothing."""

    telegram_id: int
    mode: Mode
    subjects: tuple[int, ...]
    zone: str
    is_steady: bool


@dataclass(frozen=True, slots=True)
class Audience:
    readers: tuple[Reader, ...]

    @property
    def steady(self) -> list[Reader]:
        return [reader for reader in self.readers if reader.is_steady]

    @property
    def others(self) -> list[Reader]:
        return [reader for reader in self.readers if not reader.is_steady]


def draw_audience(numbers: Numbers) -> Audience:
    dice = random.Random(numbers.seed + 1)
    return Audience(tuple(_reader(numbers, dice, number) for number in range(numbers.chats)))


def _reader(numbers: Numbers, dice: random.Random, number: int) -> Reader:
    is_steady = number < numbers.steady
    is_group = number % GROUP_EVERY == GROUP_EVERY - 1
    topics = min(dice.randint(1, 2 * numbers.topics_each - 1), numbers.subjects)
    return Reader(
        telegram_id=-(number + 1) if is_group else number + 1,
        mode=MODES[number % 2] if is_steady else dice.choices(MODES, (5, 4, 1))[0],
        subjects=tuple(dice.sample(range(numbers.subjects), topics)),
        zone=dice.choice(ZONES),
        is_steady=is_steady,
    )


async def store(storage: Storage, numbers: Numbers, audience: Audience, news: News) -> None:
    dice = random.Random(numbers.seed + 2)
    async with storage.writing() as tx:
        topics = [await rows.add_topic(tx, subject(n)) for n in range(numbers.subjects)]
        await rows.add(tx, Source, (_source(tx, news, dice, n) for n in range(numbers.feeds)))
        times = [_digest_time(dice, reader) for reader in audience.readers]
        pairs = list(zip(audience.readers, times, strict=True))
        await rows.add(tx, Chat, (_chat(tx, dice, reader, time) for reader, time in pairs))
        ids = dict(await tx.rows(select(Chat.telegram_id, Chat.id)))
        chosen = [
            {
                "chat_id": ids[reader.telegram_id],
                "number": 0,
                "minutes": time.minutes,
                "weekdays": EVERY_DAY,
            }
            for reader, time in pairs
            if time != ScheduleTime()
        ]
        await rows.add(tx, DigestTime, chosen)
        await _subscribe(tx, audience, [topic.id for topic in topics], ids)


async def _subscribe(
    tx: Transaction, audience: Audience, topics: Sequence[int], ids: dict[int, int]
) -> None:
    subscriptions = (
        {
            "chat_id": ids[reader.telegram_id],
            "topic_id": topics[number],
            "mode": reader.mode,
            "created_at": tx.now,
        }
        for reader in audience.readers
        for number in reader.subjects
    )
    await rows.add(tx, Subscription, subscriptions)


def _source(tx: Transaction, news: News, dice: random.Random, number: int) -> rows.Values:
    feed = news.feeds[number]
    return rows.source(
        f"http://{feed.host}{feed.path}",
        tx.now,
        # A quarter is read every half hour, the others as often as they publish.
        every_seconds=1800 if number % 4 == 0 else None,
        next_fetch_at=tx.now + timedelta(seconds=dice.uniform(0, 1800)),
    )


def _digest_time(dice: random.Random, reader: Reader) -> ScheduleTime:
    if reader.is_steady or dice.random() < 0.7:
        return ScheduleTime()
    return ScheduleTime(minutes=dice.randrange(0, 24 * 60, 15))


def _chat(tx: Transaction, dice: random.Random, reader: Reader, time: ScheduleTime) -> rows.Values:
    has_quiet_hours = not reader.is_steady and dice.random() < 0.1
    has_digest = reader.mode.digests
    return rows.chat(
        reader.telegram_id,
        tx.now,
        kind=ChatKind.GROUP if reader.telegram_id < 0 else ChatKind.PRIVATE,
        name=f"Reader {reader.telegram_id}",
        language="en" if reader.is_steady else dice.choice(LANGUAGES),
        zone=reader.zone,
        style=Style.FULL if reader.is_steady else Style.STANDARD,
        quiet_from=22 * 60 if has_quiet_hours else None,
        quiet_to=7 * 60 if has_quiet_hours else None,
        next_digest_at=next_due(Plan(reader.zone, (time,)), tx.now) if has_digest else None,
    )
