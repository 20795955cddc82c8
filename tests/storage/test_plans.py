"""No statement between article and alert reads a whole table, or all alerts of a chat."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from bot.matching.query import parse
from bot.matching.result_pages import PER_PAGE, PagePosition, archive
from bot.matching.stage import MatchStage
from bot.rendering.messages import Message
from storage.alerts import Alert
from storage.articles import Article, Folded, FoldedText, articles_by_url, store_folded
from storage.chats import Chat
from storage.db.engine import POSTGRESQL, Storage
from storage.db.sql import insert_new
from storage.entries import Entry, known_entries
from storage.enums import ArticleStage, DeliveryKind, DeliveryState, Medium, Mode, MuteKind
from storage.feeds_followed import follow
from storage.matches import Match, MatchFound, store_matches
from storage.mutes import MuteSubject, store_mute
from storage.outbox import (
    CallResult,
    Delivery,
    begin_sending,
    claim_abandoned,
    claim_deliveries,
    new_delivery,
    record_results,
)
from storage.queries import Query
from storage.schema import migrate
from storage.sources import Source, claim_pages
from storage.states import Event
from storage.stories import Story
from storage.subscriptions import Subscription
from storage.topics import Topic
from tests.conftest import TurnedClock
from tests.matching.stored import stored_article, stored_source
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages
from tests.rows import source_row

HOUR = timedelta(hours=1)
# Tables that grow with the news; the others have a few rows for each chat or source.
GROWING = ("alert", "article", "delivery", "editionstory", "entry", "folded", "match", "story")
# A search by these columns alone reads all alerts that a chat ever got.
_ALL_OF_A_CHAT = re.compile(r"SEARCH alert .*\(chat_id=\?\)")


@contextmanager
def recorded() -> Iterator[list[tuple[str, Any]]]:
    """Record each statement on one of the growing tables, with its parameters."""
    statements: dict[str, Any] = {}
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        names = set(re.findall(r"\w+", statement))
        if names.intersection(GROWING) and not statement.lstrip().startswith(
            ("INSERT", "WITH RECU")
        ):
            statements.setdefault(statement, parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        found += statements.items()


async def plan_of(
    storage: Storage, statement: str, parameters: Any, *, is_large: bool = False
) -> list[str]:
    """Return the lines of the plan. *is_large*: whether the tables have many rows."""
    async with storage.reading_in_transaction() as tx:
        if tx.dialect == POSTGRESQL:
            # PostgreSQL reads all rows of small tables, whatever indexes they have. Pages that cost
            # ten times as much stand for tables of ten times as many pages.
            setting = "seq_page_cost = 10" if is_large else "enable_seqscan = off"
            await tx.change(text(f"SET LOCAL {setting}"))
            explained = await tx.execute_in_driver(f"EXPLAIN {statement}", parameters)
        else:
            explained = await tx.execute_in_driver(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[-1]) for row in explained]


def scans(plan: list[str]) -> list[str]:
    tables = "|".join(GROWING)
    whole = re.compile(rf"SCAN ({tables})\b(?! USING)|Seq Scan on ({tables})\b")
    return [line for line in plan if whole.search(line) or _ALL_OF_A_CHAT.search(line)]


async def run_hot_statements(storage: Storage, clock: TurnedClock) -> list[tuple[str, Any]]:
    """Return the statements between a fetched feed and a message that arrived, each once."""
    newsroom, stages = Newsroom(storage), Stages(storage)
    public = await stored_source(storage, "Wire")
    own = await stored_source(storage, "Own", public=False)
    query = await newsroom.query("words")
    chat = await newsroom.reader(query, mode=Mode.BOTH, alerts_an_hour=1)
    async with storage.writing() as tx:
        await follow(tx, chat, own)
        await store_mute(tx, chat, MuteSubject(MuteKind.STORY, 99), None)
    clock.turn(HOUR)
    for number, source in enumerate((public, own, public, own)):
        await stored_article(storage, f"Words {number}", source_id=source)
    grouping = MatchStage(storage, "us")
    await grouping.run_once(limit=1)  # a process retries once what was put aside
    with recorded() as found:
        await read_known(storage, public)
        while await grouping.run_once():
            pass
        while await stages.alerts():
            pass
        await send(storage)
        clock.turn(2 * HOUR)
        await stages.bundles()
        await newsroom.grows(1)
        await stages.edits()
        await newsroom.change(Chat, chat, next_digest_at=clock.now)
        await stages.digests()
        await newsroom.change(Chat, chat, next_digest_at=None)
    return found


async def read_known(storage: Storage, source: int) -> None:
    """Look up the entries and articles of a feed that was fetched."""
    async with storage.writing() as tx:
        await articles_by_url(tx, ["hash-1"])
        await known_entries(tx, {source: ["guid-1"]})
        await claim_pages(tx, owner="us", limit=9, lease=HOUR, private=False)


async def send(storage: Storage) -> None:
    """Claim the deliveries, and store that they arrived."""
    async with storage.writing() as tx:
        claimed = await claim_deliveries(tx, "us", limit=9, lease=HOUR)
        begun = await begin_sending(tx, [each.id for each in claimed], "us", HOUR)
    async with storage.writing() as tx:
        results = {each: CallResult(Event.ACCEPTED, {"message_id": each}) for each in begun}
        await record_results(tx, "us", results, medium=Medium.TELEGRAM)
        await claim_abandoned(tx, "us", HOUR)


MANY = 10_000
EACH = 100  # rows of one chat, of one query and of one source


async def add_many(storage: Storage) -> None:
    """Store many articles that are published, matched, alerted and sent."""
    few, numbers = range(100, 100 + MANY // EACH), range(100, 100 + MANY)
    async with storage.writing() as tx:
        now = tx.now
        chats = [
            {"id": number, "telegram_id": number, "created_at": now, "state_since": now}
            for number in few
        ]
        await insert_new(tx, Chat, chats)
        sources = [source_row(f"https://{number}.example", id=number) for number in few]
        await insert_new(tx, Source, sources)
        queries = [
            {"id": number, "canonical": "", "canonical_hash": f"{number}", "changed": number}
            for number in few
        ]
        await insert_new(tx, Query, queries)
        topics = [
            {"id": number, "query_id": number, "name": "", "typed": "", "created_at": now}
            for number in few
        ]
        await insert_new(tx, Topic, topics)
        subscriptions = [
            {"chat_id": number, "topic_id": number, "mode": Mode.BOTH, "created_at": now}
            for number in few
        ]
        await insert_new(tx, Subscription, subscriptions)
        await insert_new(tx, Story, [{"id": number, "created_at": now} for number in numbers])
        articles = [
            {
                "id": number,
                "story_id": number,
                "stage": ArticleStage.PUBLISHED,
                "url_hash": f"many-{number}",
                "url": "https://wire.example",
                "title": "News",
                "stored_at": now,
                "news_at": now,
            }
            for number in numbers
        ]
        await insert_new(tx, Article, articles)
        await store_folded(tx, [FoldedText(number, "news", "news") for number in numbers])
        entries = [
            {
                "source_id": few[number % EACH],
                "article_id": number,
                "content_hash": "",
                "guid_hash": f"many-{number}",
                "first_seen_at": now,
            }
            for number in numbers
        ]
        await insert_new(tx, Entry, entries)
        matches = [
            MatchFound(number, few[number % EACH], ["news"], False, now) for number in numbers
        ]
        await store_matches(tx, matches)
        alerts = [
            {
                "id": number,
                "chat_id": few[number % EACH],
                "made_at": now,
                "story_id": number,
                "article_id": number,
            }
            for number in numbers
        ]
        await insert_new(tx, Alert, alerts)
        message, sent = Message("News"), {"state": DeliveryState.SENT}
        deliveries = [
            new_delivery(
                tx, DeliveryKind.ALERT, few[number % EACH], message, alert_id=number, **sent
            )
            for number in numbers
        ]
        await insert_new(tx, Delivery, deliveries)


@pytest.fixture
async def own_storage(own_postgresql_url: str, clock: TurnedClock) -> AsyncIterator[Storage]:
    """Yield a storage on a database of its own, because no other test may see its statistics."""
    await migrate(own_postgresql_url)
    opened = Storage.open(own_postgresql_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def statements(storage: Storage, clock: TurnedClock) -> list[tuple[str, Any]]:
    return await run_hot_statements(storage, clock)


async def test_no_statement_reads_a_whole_table(storage: Storage, statements):
    bad = {
        statement: found
        for statement, parameters in statements
        if (found := scans(await plan_of(storage, statement, parameters)))
    }

    assert len(statements) > 20
    assert bad == {}


@pytest.mark.slow
@pytest.mark.parametrize("has_statistics", [False, True], ids=["just loaded", "analyzed"])
async def test_no_statement_reads_a_large_table(
    own_storage: Storage, clock: TurnedClock, has_statistics
):
    storage = own_storage
    statements = await run_hot_statements(storage, clock)
    await add_many(storage)
    if has_statistics:
        await storage.analyze([Alert, Article, Chat, Delivery, Entry, Folded, Match, Story])

    bad = {
        statement: found
        for statement, parameters in statements
        if (found := scans(await plan_of(storage, statement, parameters, is_large=True)))
    }

    due = [one for one in statements if "subscription.created_at < article.stored_at" in one[0]]
    plans = ["\n".join(await plan_of(storage, *one, is_large=True)) for one in due]
    assert bad == {}
    assert len(plans) == 1
    # It begins with the articles, and never with all chats and all matches of their topics.
    assert "CTE Scan on hits" in plans[0]
    assert "pk_match" in plans[0]
    assert "ix_match_query_news" not in plans[0]
    assert "Seq Scan on chat" not in plans[0]


@pytest.mark.parametrize(
    ("words", "searches"),
    [
        pytest.param(
            "scope_id = ",
            "article USING INDEX ix_article_in_turn (scope_id=?)",
            id="public articles in turn",
        ),
        pytest.param(
            "scope_id > ",
            "article USING INDEX ix_article_in_turn (scope_id>?)",
            id="private articles in turn",
        ),
        pytest.param(
            "alert.story_id = hits.story_id",
            "alert USING INDEX sqlite_autoindex_alert_1 (chat_id=? AND story_id=?)",
            id="whether a chat is alerted already",
        ),
        pytest.param(
            "alert.bundle_id IS NULL",
            "USING INDEX ix_alert_recent (chat_id=? AND bundle_id=? AND made_at>?)",
            id="alerts of the last hour",
        ),
    ],
)
async def test_sqlite_searches_by_an_index(storage: Storage, statements, words, searches):
    if storage.dialect == POSTGRESQL:
        pytest.skip("its plans depend on the rows")
    plans = [
        await plan_of(storage, statement, parameters)
        for statement, parameters in statements
        if words in statement
    ]

    assert plans
    for plan in plans:
        assert searches in "\n".join(plan)
        assert not any("article" in line and "TEMP B-TREE" in line for line in plan)


async def test_the_first_page_of_a_search_reads_no_whole_table(storage: Storage):
    source = await stored_source(storage)
    for number in range(PER_PAGE + 1):
        await stored_article(storage, f"Words {number}", source_id=source)

    with recorded() as statements:
        page = await archive(storage, parse("words"), PagePosition(), chat_id=0)
    plans = [await plan_of(storage, *statement) for statement in statements]

    whole = re.compile(r"\b(SCAN|Seq Scan on) (article|entry|folded|match)\b")
    assert len(page.hits) == PER_PAGE
    assert page.older
    assert not any(re.search(r"\bmatch\b", statement) for statement, _ in statements)
    assert [line for plan in plans for line in plan if whole.search(line)] == []


async def test_a_search_without_hits_reads_the_index_once(storage: Storage):
    source = await stored_source(storage)
    await stored_article(storage, "Words", source_id=source)

    with recorded() as statements:
        page = await archive(storage, parse("nowhere"), PagePosition(), chat_id=0)

    assert page.count == 0
    assert len(statements) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "index"),
    [
        pytest.param("news", "Index Scan Backward using pk_folded", id="common"),
        pytest.param("rare", "Bitmap Index Scan on ix_folded_tokens", id="rare"),
    ],
)
async def test_a_search_reads_no_large_table(own_storage: Storage, typed, index):
    storage = own_storage
    await add_many(storage)
    await stored_article(storage, "Rare News", source_id=await stored_source(storage))
    await storage.analyze([Article, Entry, Folded])

    with recorded() as statements:
        page = await archive(storage, parse(typed), PagePosition(), chat_id=0)
    plans = [await plan_of(storage, *statement, is_large=True) for statement in statements]

    lines = [line for plan in plans for line in plan]
    assert page.hits
    assert any(index in line for line in lines)
    assert [
        line for line in lines if re.search(r"Seq Scan on (article|entry|folded)\b", line)
    ] == []
    # Each article's entries are found by its id, and never those of all articles.
    assert any("ix_entry_article_id" in line for line in plans[0])
