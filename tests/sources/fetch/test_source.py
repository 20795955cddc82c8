import pytest

from bot.sources.feeds.model import Document, DocumentKind
from bot.sources.fetch.source import FetchRequest, fetch_source
from tests.fake_fetcher import FakeFetcher
from tests.sources.feeds_made import item, rss

URL = "https://news.example/feed.xml"
BUILT = "<lastBuildDate>Mon, 02 Mar 2026 10:0{}:00 GMT</lastBuildDate>"


def request(body_hash: str | None = None) -> FetchRequest:
    return FetchRequest(URL, inside=False, public=True, body_hash=body_hash)


class Reader:
    """Counts how often it was asked to read."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, _data: bytes, /, **_facts: object) -> Document:
        self.asked += 1
        return Document(DocumentKind.FEED)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("x" * 1_000_000, "x" * 1_000_000, id="same body"),
        pytest.param(
            rss([item(1)], BUILT.format(1)), rss([item(1)], BUILT.format(2)), id="built again"
        ),
    ],
)
async def test_a_document_without_a_change_is_not_read_again(first, second):
    reader = Reader()
    before = await fetch_source(FakeFetcher(otherwise=first), reader, request())

    after = await fetch_source(FakeFetcher(otherwise=second), reader, request(before.body_hash))

    assert (after.document, after.problem, reader.asked) == (None, None, 1)
    assert after.body_hash == before.body_hash
