"""A row that makes a stage fail blocks no other, and is not claimed first for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.publishing.contents import load_digests
from bot.publishing.stage import REST
from storage.alerts import due_alerts
from storage.articles import Article, articles_put_aside, retry_put_aside
from storage.bundles import Bundle
from storage.chats import Chat
from storage.enums import ArticleStage, DeliveryKind, Mode
from storage.outbox import Delivery
from storage.publishers import publishers_of_stories
from storage.stories import Story
from tests.publishing.failing_renderer import FailingRenderer
from tests.publishing.stages import Stages

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DUE = datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.fixture
async def query(newsroom) -> int:
    await newsroom.source()
    return int(await newsroom.query("words"))


@pytest.fixture
def failing(storage):
    return Stages(storage, FailingRenderer(word="Broken"), "us")


async def headlines(newsroom, kind: DeliveryKind = DeliveryKind.ALERT) -> list[str]:
    rows = await newsroom.all(Delivery, kind=kind)
    return [row.body["text"].split("\n")[0].rpartition("· ")[2] for row in rows]


async def put_aside(storage) -> list[tuple[int, ArticleStage, str, str]]:
    async with storage.reading() as tx:
        found = await articles_put_aside(tx, 10)
        return [(one.id, one.stage, one.host, one.error) for one in found]


async def test_an_article_that_fails_is_put_aside_and_the_others_alert(
    query, failing, newsroom, storage, clock
):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    for title in ("One", "Broken", "Two", "Three"):
        await newsroom.article(title, query, source_id=1)

    with capture_logs() as logs:
        rounds = [await failing.alerts() for _ in range(3)]

    assert rounds == [4, 0, 0]
    assert sorted(await headlines(newsroom)) == ["One", "Three", "Two"]
    assert await put_aside(storage) == [
        (2, ArticleStage.MATCHED, "example-wire.example", "RuntimeError")
    ]
    told = [line for line in logs if line["event"] == "an article was put aside"]
    assert [line["article"] for line in told] == [2]


async def test_many_bad_articles_do_not_block_the_others(query, failing, newsroom, clock):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    for title in ("Broken 1", "Broken 2", "Broken 3", "Good"):
        await newsroom.article(title, query, source_id=1)

    await failing.alerts(limit=2)
    await failing.alerts(limit=2)

    assert await headlines(newsroom) == ["Good"]


async def test_a_failing_chat_does_not_keep_the_alert_from_others(
    query, failing, publishing, newsroom, storage, clock
):
    for number, name in enumerate(["Mine", "Broken", "Yours"]):
        await newsroom.reader(query, number, name=name)
    clock.turn(MINUTE)
    await newsroom.article("News", query, source_id=1)

    await failing.alerts()
    others = [alert.chat_id for alert in await newsroom.alerts()]
    async with storage.writing() as tx:
        await retry_put_aside(tx)
    await publishing.alerts()

    assert others == [1, 3]
    assert sorted(alert.chat_id for alert in await newsroom.alerts()) == [1, 2, 3]
    assert await put_aside(storage) == []


async def test_an_article_whose_readers_cannot_be_found_is_put_aside(
    query, publishing, newsroom, storage, clock, monkeypatch
):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    for title in ("One", "Two"):
        await newsroom.article(title, query, source_id=1)

    async def failing(tx, article_ids, **more):
        if 1 in article_ids:
            raise KeyError(1)
        return await due_alerts(tx, article_ids, **more)

    monkeypatch.setattr("storage.alerts.due_alerts", failing)
    await publishing.alerts()

    assert await headlines(newsroom) == ["Two"]
    assert [error for *_, error in await put_aside(storage)] == ["KeyError"]


async def test_no_article_is_put_aside_while_the_database_is_down(
    query, publishing, newsroom, storage, clock, monkeypatch
):
    await newsroom.article("News", query, source_id=1)

    async def away(*_: Any, **__: Any) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr("storage.alerts.due_alerts", away)
        with pytest.raises(ConnectionResetError):
            await publishing.alerts()

    assert await put_aside(storage) == []


async def test_an_article_put_aside_for_days_alerts_no_chat(
    query, failing, publishing, newsroom, storage, clock
):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    await newsroom.article("Broken", query, source_id=1)
    await failing.alerts()
    clock.turn(timedelta(days=3))

    async with storage.writing() as tx:
        assert await retry_put_aside(tx) == 1
    await publishing.alerts()

    assert await newsroom.alerts() == []
    assert [row.stage for row in await newsroom.all(Article)] == [ArticleStage.PUBLISHED]


async def test_a_bundle_that_fails_rests_and_the_others_are_sent(
    query, failing, publishing, newsroom, clock
):
    for number, name in enumerate(["Mine", "Broken", "Yours"]):
        await newsroom.reader(query, number, name=name, alerts_an_hour=1)
    clock.turn(MINUTE)
    for title in ("One", "Two", "Three"):
        await newsroom.article(title, query, source_id=1)
        await publishing.alerts()
    clock.turn(2 * HOUR)

    rounds = [await failing.bundles() for _ in range(2)]
    sent = {row.chat_id for row in await newsroom.all(Delivery, kind=DeliveryKind.BUNDLE)}
    clock.turn(REST)
    await publishing.bundles()

    assert rounds == [3, 0]
    assert sent == {1, 3}
    assert all(bundle.released_at for bundle in await newsroom.all(Bundle))


async def test_a_story_whose_alerts_cannot_be_edited_rests(
    query, publishing, newsroom, clock, monkeypatch
):
    await newsroom.reader(query)
    clock.turn(MINUTE)
    for title in ("One", "Two"):
        await newsroom.article(title, query, source_id=1)
        await publishing.alerts()
    clock.turn(HOUR)
    for story in (1, 2):
        await newsroom.grows(story)
        source = await newsroom.source(f"Post {story}")
        await newsroom.joins(await newsroom.article("Too", source_id=source), story_id=story)

    async def failing(tx, stories, chats):
        if 1 in stories:
            raise KeyError(1)
        return await publishers_of_stories(tx, stories, chats)

    monkeypatch.setattr("bot.publishing.edits.publishers_of_stories", failing)
    rounds = [await publishing.edits() for _ in range(2)]

    (edit,) = await newsroom.all(Delivery, kind=DeliveryKind.EDIT)
    assert rounds == [2, 0]
    assert edit.target_id == 2
    assert [story.owner for story in await newsroom.all(Story)] == [None] * 4


async def test_a_digest_that_fails_rests_and_the_others_are_made(
    query, publishing, newsroom, clock, monkeypatch
):
    for number in (1, 2):
        await newsroom.reader(query, number, mode=Mode.DIGEST, next_digest_at=DUE)
    clock.now = DUE

    async def failing(tx, readers, *more):
        if any(reader.id == 1 for reader in readers):
            raise KeyError(1)
        return await load_digests(tx, readers, *more)

    with monkeypatch.context() as patch:
        patch.setattr("bot.publishing.digests.load_digests", failing)
        rounds = [await publishing.digests() for _ in range(2)]
    made = [edition.chat_id for edition in await newsroom.editions()]
    clock.turn(REST)
    await publishing.digests()

    assert rounds == [2, 0]
    assert made == [2]
    assert [edition.chat_id for edition in await newsroom.editions()] == [2, 1]
    assert all(chat.owner is None for chat in await newsroom.all(Chat))
