"""No statement between article and alert reads a whole table, or all alerts of a chat."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from bot.matching.query import parse
from bot.matching.result_pages import PER_PAGE, PagePosition, archive
from bot.matching.stage import MatchStage
from storage.chats import Chat
from storage.db.engine import POSTGRESQL, Storage
from storage.enums import Mode
from storage.feeds_followed import follow
from tests.conftest import TurnedClock
from tests.matching.stored import stored_article, stored_source
from tests.publishing.newsroom import Newsroom
from tests.publishing.stages import Stages

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


async def plan_of(storage: Storage, statement: str, parameters: Any) -> list[str]:
    async with storage.reading() as tx:
        if tx.dialect == POSTGRESQL:
            # PostgreSQL reads all rows of small tables, whatever indexes they have.
            await tx.change(text("SET LOCAL enable_seqscan = off"))
            explained = await tx.execute_in_driver(f"EXPLAIN {statement}", parameters)
        else:
            explained = await tx.execute_in_driver(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[-1]) for row in explained]


def scans(plan: list[str]) -> list[str]:
    tables = "|".join(GROWING)
    whole = re.compile(rf"SCAN ({tables})\b(?! USING)|Seq Scan on ({tables})\b")
    return [line for line in plan if whole.search(line) or _ALL_OF_A_CHAT.search(line)]


@pytest.fixture
async def statements(storage: Storage, clock: TurnedClock) -> list[tuple[str, Any]]:
    """Return the statements that match and report public and private articles."""
    newsroom, stages = Newsroom(storage), Stages(storage)
    public = await stored_source(storage, "Wire")
    own = await stored_source(storage, "Own", public=False)
    query = await newsroom.query("words")
    chat = await newsroom.reader(query, mode=Mode.BOTH, alerts_an_hour=1)
    async with storage.writing() as tx:
        await follow(tx, chat, own)
    clock.turn(HOUR)
    for number, source in enumerate((public, own, public, own)):
        await stored_article(storage, f"Words {number}", source_id=source)
    grouping = MatchStage(storage, "us")
    with recorded() as found:
        while await grouping.run_once():
            pass
        while await stages.alerts():
            pass
        clock.turn(2 * HOUR)
        await stages.bundles()
        await newsroom.grows(1)
        await stages.edits()
        await newsroom.change(Chat, chat, next_digest_at=clock.now)
        await stages.digests()
    return found


async def test_no_statement_reads_a_whole_table(storage: Storage, statements):
    bad = {
        statement: found
        for statement, parameters in statements
        if (found := scans(await plan_of(storage, statement, parameters)))
    }

    assert len(statements) > 20
    assert bad == {}


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
            "alert.story_id = article.story_id",
            "alert USING INDEX ix_alert_of_article (article_id=? AND chat_id=?)",
            id="whether a chat is alerted already",
        ),
        pytest.param(
            "alert.bundle_id IS NULL",
            "USING COVERING INDEX ix_alert_recent (chat_id=? AND bundle_id=? AND made_at>?)",
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
