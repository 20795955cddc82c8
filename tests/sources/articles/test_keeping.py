"""What visits brought goes into the tables together, and nobody pays for a neighbour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from bot.sources.articles import keeping
from bot.sources.articles.keeping import Brought, Keeping
from bot.sources.formats.records import Document, Item, Kind
from bot.sources.getting.answers import Answer
from bot.sources.getting.visiting import Visit
from storage.articles import Article
from storage.entries import Entry
from storage.sources import Source, add_source
from storage.sources_due import claim_due_sources
from tests.sources.polled import rows_of

if TYPE_CHECKING:
    import pytest

    from storage.engine import Storage

MINUTE = timedelta(minutes=1)
UNSTORABLE = "half a character: \ud800"


class Away:
    """A storage that lost its database."""

    def reading(self) -> NoReturn:
        lost = ConnectionResetError("it is gone")
        raise DBAPIError("SELECT", {}, lost, connection_invalidated=True)


async def claimed(storage: Storage, *names: str, owner: str = "me") -> list[Source]:
    async with storage.writing() as unit:
        for name in names:
            url = f"https://{name}.example/feed"
            row = {"url": url, "url_hash": name, "host": name, "created_at": unit.now}
            row["public"] = True
            await add_source(unit, row | {"next_fetch_at": unit.now})
        sources = await claim_due_sources(unit, owner=owner, limit=9, lease=MINUTE)
    return sorted(sources, key=lambda source: source.host)


def brought(source: Source, *titles: str, site: str = "") -> Brought:
    host = site or source.host
    items = tuple(
        Item(guid=title, url=f"https://{host}.example/{title}", title=title) for title in titles
    )
    document = Document(Kind.FEED, items=items)
    return Brought(source, Visit(Answer(200, source.url), "hash", document))


def unchanged(source: Source) -> Brought:
    return Brought(source, Visit(Answer(304, source.url)))


async def titles_of(storage: Storage) -> list[str]:
    return sorted(article.title for article in await rows_of(storage, Article))


async def test_what_several_sources_brought_is_stored(storage: Storage):
    a, b, c = await claimed(storage, "a", "b", "c")

    await Keeping(storage, "me").keep([brought(a, "One", "Two"), unchanged(b), brought(c, "Three")])

    assert await titles_of(storage) == ["One", "Three", "Two"]
    sources = {each.host: each for each in await rows_of(storage, Source)}
    assert {each.owner for each in sources.values()} == {None}
    assert {each.fetches for each in sources.values()} == {1}
    assert {host: each.unchanged for host, each in sources.items()} == {"a": 0, "b": 1, "c": 0}


async def test_that_the_database_is_away_is_told_in_a_line(storage: Storage):
    away = Away()
    sources = await claimed(storage, "a", "b")

    with capture_logs() as told:
        left = await Keeping(away, "me").keep([brought(each, "One") for each in sources])  # type: ignore[arg-type]

    assert left == {each.id for each in sources}
    assert [(line["event"], line["reason"]) for line in told] == 2 * [
        ("what a source brought could not be stored", "(builtins.ConnectionResetError) it is gone")
    ]
    assert not any("exc_info" in line for line in told)


async def test_one_that_cannot_be_stored_costs_the_others_nothing(storage: Storage):
    a, b, c = await claimed(storage, "a", "b", "c")

    await Keeping(storage, "me").keep(
        [brought(a, "One"), brought(b, UNSTORABLE), brought(c, "Three")]
    )

    assert await titles_of(storage) == ["One", "Three"]
    sources = {each.url_hash: each for each in await rows_of(storage, Source)}
    assert {each.owner for each in sources.values()} == {None}
    assert {name: bool(each.trouble) for name, each in sources.items()} == {
        "a": False,
        "b": True,
        "c": False,
    }


async def test_what_another_process_reads_by_now_is_left_to_it(storage: Storage):
    (theirs,) = await claimed(storage, "a", owner="another")
    (ours,) = await claimed(storage, "b")

    await Keeping(storage, "me").keep([brought(theirs, "Theirs"), brought(ours, "Ours")])

    assert await titles_of(storage) == ["Ours"]


async def test_an_article_that_two_bring_at_once_is_stored_once(storage: Storage):
    a, b = await claimed(storage, "a", "b")

    await Keeping(storage, "me").keep(
        [brought(a, "One", site="wire"), brought(b, "One", "Two", site="wire")]
    )

    assert await titles_of(storage) == ["One", "Two"]
    ids = {article.title: article.id for article in await rows_of(storage, Article)}
    entries = {(entry.source_id, entry.article_id) for entry in await rows_of(storage, Entry)}
    assert entries == {(a.id, ids["One"]), (b.id, ids["One"]), (b.id, ids["Two"])}


async def test_more_than_a_unit_should_hold_takes_several(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "_MOST", 2)
    a, b, c = await claimed(storage, "a", "b", "c")

    await Keeping(storage, "me").keep(
        [brought(a, "One"), brought(b, "Two", "Three", "Four"), brought(c, "Five")]
    )

    assert await titles_of(storage) == ["Five", "Four", "One", "Three", "Two"]
    assert [each.owner for each in await rows_of(storage, Source)] == [None, None, None]
