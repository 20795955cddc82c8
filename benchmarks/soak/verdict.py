"""The verdict of a week: memory, lags, tables, and the stories due to each chat.

The memory that is judged excludes two parts that are bounded, and that a small world takes all week
to fill. The page caches of SQLite grow with the database to 32 MB for the writer and 2 MB for each
reader. The stories of three days grow with the news, of which weekends have less; an article takes
5 KB, so the first three weekdays in a row, a week after the start, add 15 MB to 40.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

from sqlmodel import col, func, select

from benchmarks.skipping_clock import Clock
from benchmarks.soak.audience import Audience, Reader
from benchmarks.soak.gauges import STAGES, Gauges, Hour, percentile
from benchmarks.soak.numbers import HOUR, Numbers
from storage.chats import Chat
from storage.db.engine import Storage
from storage.enums import ChatState, DeliveryState
from storage.outbox import Delivery

WARM_UP_HOURS: Final = 24
MEMORY_MB_A_DAY: Final = 6.0
# In all, because bounded caches fill for days.
MEMORY_MB_MORE: Final = 60.0
P95_MORE: Final = (1.5, 5)  # times, and seconds
MAX_MORE: Final = (2.0, 60)
ROWS_MORE: Final = 1.25  # times, besides the rows that are kept whatever their age
OVERDUE: Final = timedelta(minutes=5)
# A digest waits for the next morning.
DIGEST_WITHIN: Final = 27 * HOUR.total_seconds()
LATE_NEWS: Final = 47 * HOUR.total_seconds()
OF_ARTICLES: Final = ("article", "entry", "folded", "match", "story")
OF_CHATS: Final = ("alert", "bundle", "delivery", "edition", "editionstory")


@dataclass(frozen=True)
class Records:
    """The records of the news and of Telegram."""

    numbers: Numbers
    audience: Audience
    served: Path
    journal: Path


@dataclass(eq=False)
class Verdict:
    faults: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.faults


async def judge(storage: Storage, gauges: Gauges, records: Records, clock: Clock) -> Verdict:
    verdict = Verdict()
    judge_memory(verdict, gauges.hours)
    judge_lags(verdict, gauges, records.numbers.tick)
    judge_tables(verdict, gauges.hours, records.numbers)
    await _judge_queue(verdict, storage)
    DueStories(records, clock.seconds).judge(verdict, gauges.telegram.calls)
    last = gauges.hours[-1] if gauges.hours else None
    verdict.facts |= {
        "calls": dict(gauges.telegram.calls),
        "fullest_second": gauges.telegram.fullest,
        "database_mb": round(last.database) if last else None,
    }
    return verdict


def growth(hours: Sequence[float]) -> float:
    """Return the median growth within a day.

    A library that is loaded once is a step in a few of the days that begin at each hour. A leak is
    in all of them.
    """
    return median(after - before for before, after in zip(hours, hours[24:], strict=False))


def judge_memory(verdict: Verdict, hours: Sequence[Hour]) -> None:
    own = [hour.own for hour in hours]
    daily = hours[WARM_UP_HOURS - 1 :: 24]
    verdict.facts["memory_mb"] = [round(hour.memory) for hour in daily]
    verdict.facts["memory_mb_without_caches"] = [round(hour.own) for hour in daily]
    verdict.facts["tree_mb_at_most"] = round(max((hour.tree for hour in hours), default=0))
    warm = own[WARM_UP_HOURS - 1 :]
    if len(warm) <= 24:
        return
    a_day = growth(warm)
    more = max(warm[-24:]) - max(warm[:24])
    verdict.facts |= {
        "memory_mb_a_day": round(a_day, 2),
        "memory_mb_more_than_on_the_second_day": round(more),
    }
    if a_day > MEMORY_MB_A_DAY:
        verdict.faults.append(f"memory grows by {a_day:.1f} MB a day")
    if more > MEMORY_MB_MORE:
        verdict.faults.append(f"the last day has {more:.0f} MB more than the second")


def judge_lags(verdict: Verdict, gauges: Gauges, tick: float) -> None:
    """Compare the lags of the days; each is seen up to a *tick* of seconds late."""
    days = sorted({day for day, _ in gauges.looks})[: max(1, len(gauges.hours) // 24)]
    lags_by_stage: dict[str, list[tuple[int, int]]] = {}
    for stage in STAGES:
        looks = [gauges.looks[day, stage] for day in days]
        lags_by_stage[stage] = [(percentile(each, 0.95), max(each, default=0)) for each in looks]
    verdict.facts["lag_p95_and_max_by_day"] = lags_by_stage
    if len(days) < 3:
        return
    for stage, lags in lags_by_stage.items():
        (p95, most), (last_p95, last_most) = lags[1], lags[-1]
        if last_p95 > P95_MORE[0] * p95 + P95_MORE[1] + tick:
            verdict.faults.append(f"{stage}: 95 % wait {last_p95} s, on the second day {p95} s")
        if last_most > MAX_MORE[0] * most + MAX_MORE[1] + tick:
            verdict.faults.append(f"{stage}: the longest wait {last_most} s, it was {most} s")


def judge_tables(verdict: Verdict, hours: Sequence[Hour], numbers: Numbers) -> None:
    days = [hour.rows for hour in hours[23::24]]
    if not days:
        return
    first = min(numbers.kept_days, len(days)) - 1
    before, after = days[first], days[-1]
    forgotten = (*OF_ARTICLES, *OF_CHATS)
    verdict.facts["rows"] = {name: [day[name] for day in days] for name in forgotten}
    others = [name for name in after if name not in forgotten and after[name] > before[name]]
    verdict.facts["rows_of_others"] = {name: [before[name], after[name]] for name in others}
    if len(days) <= numbers.kept_days + 1:
        return
    for name in forgotten:
        # The last entries of a feed stay, and the last digest of a chat.
        stays = numbers.feeds * numbers.listed if name in OF_ARTICLES else numbers.chats
        if after[name] > ROWS_MORE * before[name] + stays:
            verdict.faults.append(f"{name} grows from {before[name]} rows to {after[name]}")


async def _judge_queue(verdict: Verdict, storage: Storage) -> None:
    async with storage.reading() as tx:
        counted = select(Delivery.state, func.count()).group_by(col(Delivery.state))
        states = {DeliveryState(s).value: n for s, n in await tx.rows(counted)}
        overdue = (
            select(func.count())
            .select_from(Delivery)
            .join(Chat, col(Chat.id) == Delivery.chat_id)
            .where(
                col(Delivery.state).in_((DeliveryState.PENDING, DeliveryState.CLAIMED)),
                col(Delivery.due_at) < tx.now - OVERDUE,
                col(Chat.state) == ChatState.ACTIVE,
            )
        )
        late = await tx.one(overdue)
    verdict.facts["queue"] = states
    if late:
        verdict.faults.append(f"{late} messages are overdue")
    if states.get("sending") or states.get("unknown"):
        verdict.faults.append("calls are left without a response")


@dataclass(eq=False)
class DueStories:
    """Checks the stories of each steady chat, and that no message of any chat was repeated."""

    records: Records
    ended: float
    arrived: defaultdict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    """When each event arrived first at each steady chat."""
    keys: Counter[str] = field(default_factory=Counter)
    loud: int = 0
    again: int = 0

    def judge(self, verdict: Verdict, calls: Mapping[str, int]) -> None:
        self._read_journal()
        events = self._news()
        lost = [
            each for reader in self.records.audience.steady for each in self._lost(reader, events)
        ]
        repeated = sum(number - 1 for number in self.keys.values())
        verdict.facts |= {
            "due": sum(len(self._due(each, events)) for each in self.records.audience.steady),
            "lost": len(lost),
            "repeated": repeated,
            "loud_repeats": self.loud,
            "stories_split": self.again,
        }
        if lost:
            verdict.faults.append(f"{len(lost)} stories did not arrive, such as {lost[0]}")
        if repeated > calls.get("Unknown", 0) + calls.get("ServerError", 0):
            verdict.faults.append(f"{repeated} were repeated, more than had an unknown outcome")
        if self.loud:
            verdict.faults.append(f"{self.loud} repeats made a sound")
        doubts = calls.get("Unknown", 0)
        if (held := verdict.facts["queue"].get("held", 0)) > doubts:
            verdict.faults.append(f"{held} are held, more than had an unknown outcome")

    def _read_journal(self) -> None:
        steady = {reader.telegram_id for reader in self.records.audience.steady}
        for at, chat, key, silent, events in _journal(self.records.journal):
            self.loud += bool(self.keys[key]) and not silent
            self.keys[key] += 1
            if chat not in steady:
                continue
            for event in events:
                seen = self.arrived[chat]
                self.again += event in seen and self.keys[key] == 1
                seen.setdefault(event, at)

    def _news(self) -> dict[int, tuple[float, int]]:
        """Return when each event was first served, and its subject.

        Events of a feed's first fetch do not count, nor those that were served after two days.
        """
        found: dict[int, tuple[float, int]] = {}
        old: set[int] = set()
        for line in self.records.served.read_text().splitlines():
            at, event, about, late, is_backlog = map(int, line.split())
            found.setdefault(event, (at, about))
            if is_backlog or late > LATE_NEWS:
                old.add(event)
        return {event: facts for event, facts in found.items() if event not in old}

    def _within(self, reader: Reader) -> float:
        within = self.records.numbers.alert_within.total_seconds()
        return within if reader.mode.alerts else DIGEST_WITHIN

    def _due(self, reader: Reader, events: Mapping[int, tuple[float, int]]) -> list[int]:
        within = self._within(reader)
        wanted = set(reader.subjects)
        return [
            event
            for event, (at, about) in events.items()
            if about in wanted and at + within < self.ended
        ]

    def _lost(self, reader: Reader, events: Mapping[int, tuple[float, int]]) -> Iterator[str]:
        within = self._within(reader)
        for event in self._due(reader, events):
            at, _ = events[event]
            came = self.arrived[reader.telegram_id].get(event)
            if came is None or came > at + within:
                yield f"event {event}, known at {at:.0f} s, to {reader.telegram_id} ({reader.mode})"


def _journal(path: Path) -> Iterator[tuple[float, int, str, bool, list[int]]]:
    with path.open() as lines:
        for line in lines:
            at, chat, key, silent, *events = line.split()
            yield float(at), int(chat), key, silent == "1", [int(event) for event in events]
