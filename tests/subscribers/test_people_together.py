"""People taken many at a time: it comes to what it would come to one by one."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel, col, select

import storage.tables  # noqa: F401 - all tables are known then
from bot.sources.drafts import url_hash
from bot.subscribers import importing_people, watching
from bot.subscribers.importing_people import ImportingPeople
from bot.subscribers.limits import USUAL_LIMITS, Limits
from bot.subscribers.people import Wished, line_of, read_chat
from bot.subscribers.people_tally import Outcome, Part, Reason, Tally
from storage.db.engine import DatabaseError, Storage, Transaction
from storage.enums import Mode
from storage.feeds_followed import unfollow
from storage.queries import changes_since, query_for, retire_query
from storage.sources import Follow, add_source
from storage.subscriptions import Subscription, end_subscription
from storage.topics import Topic
from storage.users import NewUsers, add_users
from tests.conftest import TurnedClock
from tests.emptying import empty

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_URLS = [f"https://site{number}.example/feed" for number in range(5)]
_MOMENTS = st.sampled_from([None, "2026-03-01T12:00:00Z", "2026-03-09T12:00:00Z", "soon"])
_WORDS = ["taiwan", "Taiwan", "japan OR korea", "korea OR japan", "osaka", "tokyo", "(a", "the"]
_STATES = ["active", "active", "paused", "banned", "blocked"]


def some(wanted: st.SearchStrategy[Any], **parts: st.SearchStrategy[Any]):
    """Return lists of documents that have *wanted*, and any of the *parts*."""
    return st.lists(st.fixed_dictionaries({"url": wanted}, optional=parts), max_size=3)


_TOPICS = st.lists(
    st.fixed_dictionaries(
        {"query": st.sampled_from(_WORDS), "mode": st.sampled_from([*Mode, "odd"])},
        optional={
            "name": st.sampled_from(["", "A name", "of\nlines"]),
            "catalogue": st.sampled_from(["taiwan", "tokyo", "none"]),
            "paused": st.booleans(),
            "muted": st.booleans() | _MOMENTS,
        },
    ),
    max_size=5,
)
_CHATS = st.fixed_dictionaries(
    {
        "chat": st.fixed_dictionaries(
            {"telegram_id": st.sampled_from([1, 2, 3, -100])},
            optional={"thread_id": st.sampled_from([0, 7]), "admitted": st.booleans()},
        )
    },
    optional={
        "settings": st.fixed_dictionaries(
            {},
            optional={
                "state": st.sampled_from(_STATES),
                "zone": st.sampled_from(["Asia/Tokyo", "Nowhere"]),
                "zone_guessed": st.booleans(),
                "resumes_at": _MOMENTS,
                "quiet_hours": st.just({"from": "22:00", "to": "06:00"}),
            },
        ),
        "digests": st.lists(st.just({"time": "07:30", "weekdays": ["mon"]}), max_size=2),
        "topics": _TOPICS,
        "sources": some(st.sampled_from(_URLS), title=st.just("A title")),
        "mutes": some(
            st.sampled_from(_URLS), kind=st.sampled_from(["source", "less"]), until=_MOMENTS
        ),
        "mailbox": st.fixed_dictionaries(
            {
                "address": st.sampled_from(["a@b.example", "c@b.example"]),
                "state": st.sampled_from(["active", "unconfirmed"]),
            }
        ),
        "limits": st.fixed_dictionaries({}, optional={"topics": st.just(1), "feeds": st.just(1)}),
    },
)


def read(chats: list[dict[str, Any]]) -> list[Wished]:
    lines = [read_chat(line_of(chat), number) for number, chat in enumerate(chats, 2)]
    return [wished for wished in lines if wished]


@pytest.fixture
def anew(database_url: str, migrated_sqlite) -> Callable[[], str]:
    """Return what empties the database and returns its URL."""

    def emptied() -> str:
        if database_url.startswith("sqlite"):
            path = database_url.partition(":///")[2]
            shutil.copy(migrated_sqlite, path)
        else:
            asyncio.run(empty(database_url))
        return database_url

    return emptied


@settings(max_examples=15)
@given(
    st.lists(_CHATS, max_size=3),
    st.lists(_CHATS, max_size=8),
    st.booleans(),
    st.sampled_from([Limits(), Limits(topics=2, feeds=1)]),
)
def test_together_they_come_to_what_they_come_to_one_by_one(anew, before, chats, asleep, limits):
    async def outcome(at_once: int) -> tuple[Tally, dict[str, list[str]]]:
        clock = TurnedClock()
        storage = Storage.open(url, clock=clock)
        await lived_in(storage, before)
        clock.turn(timedelta(minutes=5))
        people, tally = read(chats), Tally()
        for start in range(0, len(people), at_once):
            taking = ImportingPeople(storage, limits, asleep=asleep)
            tally.add(await taking.take(people[start : start + at_once]))
        rows = await all_rows(storage)
        await storage.close()
        return tally, rows

    url = anew()
    one_by_one = asyncio.run(outcome(1))
    anew()

    assert asyncio.run(outcome(len(chats) or 1)) == one_by_one


async def lived_in(storage: Storage, chats: list[dict[str, Any]]) -> None:
    """Have a catalogue, sources, a retired query, and chats that left half of what was theirs."""
    async with storage.writing() as tx:
        for slug in ("taiwan", "tokyo"):
            query_id = (await query_for(tx, slug)).id
            topic = Topic(name=slug, query_id=query_id, typed=slug, slug=slug, created_at=tx.now)
            tx.session.add(topic)
        await retire_query(tx, (await query_for(tx, "osaka")).id)
        for url, public in ((_URLS[0], False), (_URLS[1], True)):
            facts: dict[str, Any] = {"url": url, "url_hash": url_hash(url), "host": "site.example"}
            facts |= {"created_at": tx.now, "next_fetch_at": tx.now, "own_network": True}
            await add_source(tx, facts | {"public": public})
    await ImportingPeople(storage).take(read(chats))
    async with storage.writing() as tx:
        watched = await tx.session.exec(select(Subscription).order_by(col(Subscription.id)))
        for subscription in watched.all()[::2]:
            await end_subscription(tx, subscription)
        for one in (await tx.session.exec(select(Follow))).all()[::2]:
            await unfollow(tx, one.chat_id, one.source_id)


async def all_rows(storage: Storage) -> dict[str, list[str]]:
    """Return all that is stored, by table; but mutes of several chats have no order."""
    async with storage.reading() as tx:
        connection = await tx.session.connection()
        tables = SQLModel.metadata.sorted_tables
        rows = {table.name: await connection.execute(table.select()) for table in tables}
        found = {name: [row._asdict() for row in some] for name, some in rows.items()}
    for row in found["mute"]:
        del row["id"]
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}


CHATS = [
    {
        "chat": {"telegram_id": number},
        "topics": [
            {"query": "common", "mode": "both"},
            {"query": f"word{number}", "mode": "both", "name": f"Name {number}"},
        ],
        "sources": [{"url": _URLS[0]}, {"url": _URLS[number % 5]}],
    }
    for number in range(1, 21)
]


async def test_a_dry_run_tells_what_would_be_new_and_keeps_none_of_it(storage):
    before = await all_rows(storage)

    tried = await ImportingPeople(storage, dry_run=True).take(read(CHATS))

    assert await all_rows(storage) == before
    assert tried == await ImportingPeople(storage).take(read(CHATS))


async def test_a_chat_that_the_database_refuses_takes_nobody_with_it(storage, monkeypatch):
    async def refusing(tx: Transaction, added: NewUsers, there: Collection[int]) -> None:
        if {watch.name for watch in added.watches} & {"Name 7", "Name 15"}:
            raise DatabaseError("INSERT", {}, Exception("refused"))
        await add_users(tx, added, there)

    monkeypatch.setattr(importing_people, "add_users", refusing)

    tally = await ImportingPeople(storage).take(read(CHATS))

    assert tally.counts[Part.CHATS, Outcome.ADDED] == 18
    assert tally.lines == {(Part.CHATS, Reason.NOT_STORED): [8, 16]}
    rows = await all_rows(storage)
    assert {len(rows[name]) for name in ("chat", "subscription")} == {18, 36}


class MetError(Exception):
    """Two transactions wait for each other, as PostgreSQL says it."""

    sqlstate = "40P01"


AWAY = OperationalError("INSERT", {}, Exception("the disk is full"))
MET = DatabaseError("INSERT", {}, MetError())


def failing_with(monkeypatch, *failures: Exception) -> None:
    left = list(failures)

    async def failing(tx: Transaction, added: NewUsers, there: Collection[int]) -> None:
        if left:
            raise left.pop()
        await add_users(tx, added, there)

    monkeypatch.setattr(importing_people, "add_users", failing)


async def test_a_unit_that_met_another_is_tried_again(storage, monkeypatch):
    failing_with(monkeypatch, MET, MET)

    tally = await ImportingPeople(storage).take(read(CHATS))

    assert tally.counts[Part.CHATS, Outcome.ADDED] == 20
    assert not tally.refused


@pytest.mark.parametrize("failures", [[AWAY], [MET, MET, MET]], ids=["away", "met thrice"])
async def test_nobody_is_refused_for_what_will_pass(storage, monkeypatch, failures):
    before = await all_rows(storage)
    failing_with(monkeypatch, *failures)

    with pytest.raises(DatabaseError):
        await ImportingPeople(storage).take(read(CHATS))

    assert await all_rows(storage) == before


async def test_those_who_import_and_watch_at_once_lose_nothing(storage, arrive):
    ann = await arrive(99)
    people = read(CHATS)

    await asyncio.gather(
        ImportingPeople(storage).take(people[:15]),
        ImportingPeople(storage).take(people[::-1]),
        *(
            watching.subscribe(storage, ann, f"word{number}", Mode.BOTH, limits=USUAL_LIMITS)
            for number in range(1, 21)
        ),
    )

    rows = await all_rows(storage)
    assert len(rows["chat"]) == 21
    assert len(rows["subscription"]) == 20 * 2 + 20
    assert len(rows["query"]) == 21
    assert len(rows["follow"]) == sum(len({0, number % 5}) for number in range(1, 21))
    async with storage.reading() as tx:
        changes = await changes_since(tx, 0, 100)
    assert len({change.number for change in changes}) == 21


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Yield what the databases are asked, as it grows."""
    asked: list[str] = []

    def note(*call: Any) -> None:
        asked.append(call[2])

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


async def test_statements_are_for_all_of_them_and_not_for_each(storage, statements):
    few, many = read(CHATS[:2]), read(CHATS[2:])
    await ImportingPeople(storage).take(few)
    for_few = len(statements)
    statements.clear()

    await ImportingPeople(storage).take(many)

    assert len(statements) <= for_few
