import asyncio

from bot.sources.feeds.model import Document, DocumentKind
from bot.sources.fetch.source import MAX_QUICK_HASH, FetchRequest, fetch_source
from tests.fake_fetcher import FakeFetcher

URL = "https://news.example/feed.xml"


def request(body_hash: str | None = None) -> FetchRequest:
    return FetchRequest(URL, inside=False, public=True, body_hash=body_hash)


class Reader:
    """Notes how many turns the loop had taken when it was asked to read."""

    def __init__(self) -> None:
        self.turns = 0
        self.turns_before: int | None = None

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.turns += 1

    async def read(self, _data: bytes, /, **_facts: object) -> Document:
        self.turns_before = self.turns
        return Document(DocumentKind.FEED)


async def test_the_loop_goes_on_while_a_large_body_is_hashed():
    reader = Reader()
    counting = asyncio.create_task(reader.count())

    result = await fetch_source(FakeFetcher(otherwise=bytes(9_000_000)), reader, request())

    counting.cancel()
    assert result.body_hash
    assert reader.turns_before


async def test_a_body_that_is_the_same_is_not_read_again():
    for size in (MAX_QUICK_HASH, MAX_QUICK_HASH + 1):
        site, reader = FakeFetcher(otherwise=b"x" * size), Reader()
        first = await fetch_source(site, reader, request())
        reader.turns_before = None

        second = await fetch_source(site, reader, request(first.body_hash))

        assert (second.document, second.problem, reader.turns_before) == (None, None, None)
