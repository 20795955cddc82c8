"""No line of the log has what is secret in the address of a feed, a page or a hub."""

from datetime import timedelta
from typing import NoReturn

import pytest

from bot.sources import store
from bot.sources.feeds.model import Document, DocumentKind, Item
from bot.sources.fetch.problems import FetchError, ProblemCode
from bot.sources.fetch.websub import ForgedPushes, answer_hub, ask_hubs, find_push
from bot.sources.fulltext import PageStage
from bot.sources.poll import SourcePoller
from storage.db.engine import Storage
from storage.sources import Source, change_source
from storage.websub import PushSubscription
from tests.conftest import LogLines, TurnedClock
from tests.fake_fetcher import FakeFetcher, Request, web_pages
from tests.sources.fetch.conftest import follow
from tests.sources.polled import add_sources, rows_of

SECRET = "feed-token-17"
FEED = f"https://www.paper.example/{SECRET}/feed?key={SECRET}"
PUBLIC_FEED = f"https://paper.example/feed?key={SECRET}"
PAGE = f"https://paper.example/story?key={SECRET}"
HUB = f"https://hub.example/{SECRET}?key={SECRET}"
ARTICLE = Item("g", PAGE, "Storm", text="A taste.")


def broken_web() -> FakeFetcher:
    """Return a fetcher that fails with an error that quotes the URL."""

    async def fail(request: Request) -> NoReturn:
        raise LookupError(request.url)

    return FakeFetcher(otherwise=fail)


class Reader:
    async def read(self, _data: bytes, **_facts: object) -> Document:
        return Document(DocumentKind.FEED, items=(ARTICLE,))


async def polled(
    storage: Storage,
    clock: TurnedClock,
    web: FakeFetcher,
    *,
    url: str = FEED,
    public: bool = False,
) -> Source:
    """Poll a source once after its backlog was read; return it."""
    await add_sources(storage, url, public=public, first_read_at=clock.now)
    clock.turn(timedelta(seconds=1))
    await SourcePoller(storage, web, Reader(), "me").poll_due()
    return (await rows_of(storage, Source))[0]


@pytest.mark.parametrize(
    ("public", "url", "name"),
    [
        pytest.param(False, FEED, "paper.example", id="private"),
        pytest.param(True, PUBLIC_FEED, "https://paper.example/feed", id="public"),
    ],
)
@pytest.mark.parametrize(
    "web",
    [web_pages(), FakeFetcher(otherwise=404), broken_web(), FakeFetcher(otherwise=500)],
    ids=["good", "missing", "broken", "unhealthy"],
)
async def test_a_poll_names_its_source_without_what_is_secret(
    storage, clock, log_lines: LogLines, public, url, name, web
):
    source = await polled(storage, clock, web, public=public, url=url)

    lines = log_lines()
    assert lines
    assert {(line["source_id"], line["source"]) for line in lines} == {(source.id, name)}
    assert SECRET not in str(lines)


async def test_a_source_that_cannot_be_stored_is_named_without_what_is_secret(
    storage, clock, log_lines: LogLines, monkeypatch
):
    async def refuse(*_asked: object) -> NoReturn:
        raise LookupError(FEED)

    monkeypatch.setattr(store, "store_prepared", refuse)
    await polled(storage, clock, web_pages())

    lines = log_lines()
    assert lines[0]["exception"].endswith("LookupError: https://www.paper.example/…")
    assert SECRET not in str(lines)


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
async def test_a_page_that_fails_is_named_without_what_is_secret(
    storage, clock, log_lines: LogLines, public
):
    await polled(storage, clock, web_pages(), public=public)
    clock.turn(timedelta(seconds=10))
    log_lines()

    await PageStage(storage, broken_web(), Reader(), "me").complete_due()

    (line,) = log_lines()
    assert line["event"] == "a page could not be read"
    assert line["page"] == ("https://paper.example/story" if public else "paper.example")
    assert SECRET not in str(line)
    assert ("/story" in str(line)) is public


@pytest.mark.parametrize(
    "web",
    [
        FakeFetcher(otherwise=403),
        FakeFetcher(otherwise=FetchError(ProblemCode.CANNOT_CONNECT)),
        broken_web(),
    ],
    ids=["refused", "away", "broken"],
)
async def test_a_hub_is_named_without_what_is_secret(storage, clock, log_lines: LogLines, web):
    source = await polled(storage, clock, web_pages())
    async with storage.writing() as tx:
        await change_source(tx, source.id, {"hub": HUB, "hub_topic": FEED})
    await follow(storage, source.id)
    log_lines()

    await ask_hubs(storage, web, owner="me", callback="https://bot.example/hub/")
    (push,) = await rows_of(storage, PushSubscription)
    expected = await find_push(storage, push.token)
    assert expected
    ForgedPushes().note(expected)
    reason = f"no {FEED}"
    asked = {"hub.topic": FEED, "hub.mode": "denied", "hub.reason": reason}
    await answer_hub(storage, push.token, asked)

    lines = log_lines()
    assert len(lines) == 3
    assert {(line["source_id"], line["hub"]) for line in lines} == {(source.id, "hub.example")}
    assert SECRET not in str(lines)
    assert push.token not in str(lines)
