"""Several processes read sources of one host; the host sees one of them at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.sources.answers import Answer
from bot.sources.poll import Polling
from storage.sources import add_source
from tests.sources.feeds_made import item, rss

if TYPE_CHECKING:
    from storage.engine import Storage

MINUTE = timedelta(minutes=1)


@dataclass
class Web:
    """Gives a feed at every address; while it answers, others ask it too."""

    others: list[Polling] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, **_asked: Any) -> Answer:
        self.asked.append(url)
        for other in self.others:
            await other.poll_due()
        return Answer(200, url, {"content-type": "text/xml"}, rss([item(1)]).encode())


async def stored(storage: Storage, *urls: str) -> None:
    async with storage.writing() as unit:
        for url in urls:
            row = {"url": url, "url_hash": url, "host": url.split("/")[2]}
            await add_source(unit, row | {"created_at": unit.now, "next_fetch_at": unit.now})


async def test_one_process_at_a_time_asks_a_host(storage, reader, clock):
    urls = [f"https://one.example/{number}" for number in range(4)]
    await stored(storage, *urls, "https://two.example/1")
    theirs = Web()
    ours = Web([Polling(storage, theirs, reader, owner="another")])
    polling = Polling(storage, ours, reader, owner="me")

    await polling.poll_due(limit=1)

    assert ours.asked == urls[:1]
    assert theirs.asked == ["https://two.example/1"]


async def test_a_host_has_two_seconds_between_two_processes(storage, reader, clock):
    await stored(storage, "https://one.example/1", "https://one.example/2")
    ours, theirs = Web(), Web()
    another = Polling(storage, theirs, reader, owner="another")

    await Polling(storage, ours, reader, owner="me").poll_due(limit=1)

    assert await another.poll_due() == 0
    clock.turn(timedelta(seconds=2))
    assert await another.poll_due() == 1
    assert (ours.asked, theirs.asked) == (["https://one.example/1"], ["https://one.example/2"])
