"""`dateline trace`, through the command itself."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.publishing.selection import SelectedStory
from bot.sources.drafts import url_hash
from storage.alerts import make_alerts
from storage.articles import Article
from storage.db.engine import Storage
from storage.editions import make_editions
from storage.enums import ArticleStage, DeliveryKind, DeliveryState, Mode
from tests.cli.conftest import with_storage_at
from tests.delivery.conftest import Outbox
from tests.publishing.newsroom import Newsroom

URL = "https://wire.example/ferry?utm_source=feed"


@pytest.fixture
def run(dateline_on, database_url):
    return lambda *arguments: dateline_on(database_url)("trace", *arguments)


@pytest.fixture
def stored(database_url) -> Callable[[Callable[[Storage], Awaitable[int]]], int]:
    """Return what stores something, and returns its number."""
    return partial(with_storage_at, database_url)


async def reported(storage: Storage) -> int:
    """An article that one chat was alerted of, and then had in its digest."""
    room, outbox = Newsroom(storage), Outbox(storage)
    chat, query = await room.chat(), await room.query("ferry")
    await room.subscribe(chat, query, "Ferry", Mode.BOTH)
    source = await room.source(host="wire.example")
    article = await room.article("Ferry late", query, source_id=source)
    await room.change(Article, article, url_hash=url_hash(URL), stage=ArticleStage.PUBLISHED)
    async with storage.writing() as tx:
        row = {"chat_id": chat, "story_id": 1, "article_id": article, "topic_ids": []}
        (alert,) = (await make_alerts(tx, [row | {"made_at": tx.now, "chapter": 1}])).values()
        edition = {"chat_id": chat, "local_date": tx.now.date(), "schedule_number": 0, "stories": 1}
        edition |= {"due_at": tx.now, "made_at": tx.now, "since": tx.now, "topics": []}
        listed = SelectedStory(1, article, "Ferry late", URL, (), tx.now, alerted=True)
        made = await make_editions(tx, [(edition, [listed])])
        sent_at = tx.now + timedelta(seconds=2)
    sent: dict[str, Any] = {"state": DeliveryState.SENT, "sent_at": sent_at, "attempts": 1}
    delivery = await outbox.add(chat, "Ferry late", alert_id=alert, **sent)
    await outbox.add(chat, "also", DeliveryKind.EDIT, target_id=delivery, version=1)
    held: dict[str, Any] = {"state": DeliveryState.HELD, "last_error": "no answer in time"}
    await outbox.add(chat, "Digest", DeliveryKind.EDITION, edition_id=made[chat], **held)
    return article


async def unwanted(storage: Storage) -> int:
    room = Newsroom(storage)
    article = await room.article("Ferry late", source_id=await room.source())
    await room.change(Article, article, stage=ArticleStage.PUBLISHED)
    return article


async def notice(storage: Storage) -> int:
    outbox = Outbox(storage)
    return await outbox.add(await outbox.chat(7), "Hello", DeliveryKind.NOTICE, notice="a")


def assert_is_traced(shown: str) -> None:
    assert "source 1, wire.example" in shown
    assert "queries: 1" in shown
    assert "alert 1, chat 1" in shown
    assert "edition 1, chat 1" in shown
    assert "delivery 1, alert 1, chat 1" in shown
    assert "s after it was made, 1 try" in shown
    assert "delivery 2, edit 1 of delivery 1" in shown
    assert "no answer in time" in shown
    assert "It is done: the messages are listed above." in shown


@pytest.mark.parametrize("named", ["1", URL], ids=["by its number", "by an address"])
def test_an_article_shows_the_messages_that_reported_it(run, stored, named):
    stored(reported)

    result = run(named)

    assert result.exit_code == 0, result.output
    assert_is_traced(result.output)


@pytest.mark.parametrize("delivery", ["1", "2", "3"], ids=["an alert", "its edit", "a digest"])
def test_a_delivery_leads_back_to_its_article(run, stored, delivery):
    stored(reported)

    shown = run("--delivery", delivery).output

    assert "It reports 1:" in shown
    assert_is_traced(shown)


@pytest.mark.parametrize("named", [["1"], ["--delivery", "1"]], ids=["an article", "a delivery"])
def test_the_first_line_names_the_database(run, stored, named):
    stored(reported)

    shown = run(*named).output

    assert re.match(r"Database: \S+\n", shown)
    assert shown.count("Database: ") == 1


def test_an_article_without_messages_shows_the_reason(run, stored):
    stored(unwanted)

    assert "It is done: no query matches it." in run("1").output


def test_a_notice_reports_no_article(run, stored):
    stored(notice)

    result = run("--delivery", "1")

    assert result.exit_code == 0
    assert "It reports no article." in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing named"),
        pytest.param(["1", "--delivery", "1"], id="two things named"),
        pytest.param(["1"], id="no such article"),
        pytest.param(["9" * 30], id="a number that no row can have"),
        pytest.param(["--delivery", "9"], id="no such delivery"),
        pytest.param(["https://wire.example/other"], id="no such address"),
    ],
)
def test_an_unknown_article_or_delivery_is_one_sentence(run, arguments):
    result = run(*arguments)

    assert result.exit_code == 2
    assert result.output.count("\n") == 1
