from dataclasses import dataclass, field

import pytest

from bot.sources.answers import Answer
from bot.sources.failures import TimedOut
from bot.sources.fulltext import MOST_PAGES, is_short, with_full_texts
from bot.sources.records import Document, Item, Kind, Unreadable

WORDS = "All the words of the article. " * 20


@dataclass
class Web:
    """Gives a page for every address but those that it does not answer."""

    silent: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    inside: set[bool] = field(default_factory=set)

    async def fetch(self, url: str, *, inside: bool = False, **_validators: str | None) -> Answer:
        self.asked.append(url)
        self.inside.add(inside)
        if url in self.silent:
            raise TimedOut("does not answer in time")
        return Answer(200, url, {"content-type": "text/html"}, b"<html>")


@dataclass
class Pages:
    """Reads every page as one article with these words."""

    text: str = WORDS
    kind: Kind = Kind.PAGE

    async def read(self, _data: bytes, *, url: str, **_told: str) -> Document:
        if not self.text:
            raise Unreadable("There is no text here.", "no_text")
        return Document(self.kind, items=(Item(url=url, title="From the page", text=self.text),))


def short(number: int) -> Item:
    return Item(url=f"https://a.example/{number}", title=f"News {number}", text="A taste.")


@pytest.mark.parametrize(
    ("item", "is_one"),
    [
        pytest.param(Item(url="u", text="x" * 399), True, id="under 400 characters"),
        pytest.param(Item(url="u", text="x" * 400), False, id="400"),
        pytest.param(Item(url="u", summary="x" * 400), False, id="a long summary"),
        pytest.param(Item(text="x"), False, id="no address"),
    ],
)
def test_what_is_short(item: Item, is_one: bool):
    assert is_short(item) is is_one


async def test_short_items_get_the_words_of_their_page_and_keep_their_title():
    long = Item(url="https://a.example/9", text=WORDS * 2)

    first, second = await with_full_texts([short(1), long], Web(), Pages(), inside=False)

    assert (first.text, first.title) == (WORDS, "News 1")
    assert second is long


async def test_what_fails_keeps_the_feeds_own_words():
    items = [short(1), short(2)]

    full = await with_full_texts(items, Web(silent=(items[0].url,)), Pages(), inside=False)

    assert [item.text for item in full] == ["A taste.", WORDS]


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param(Pages(text=""), id="unreadable"),
        pytest.param(Pages(text="Less."), id="shorter"),
        pytest.param(Pages(kind=Kind.FEED), id="a feed"),
    ],
)
async def test_a_page_that_gives_nothing_better_changes_nothing(pages: Pages):
    assert await with_full_texts([short(1)], Web(), pages, inside=False) == [short(1)]


async def test_no_more_than_ten_pages_are_fetched_for_one_visit():
    web = Web()

    full = await with_full_texts([short(n) for n in range(15)], web, Pages(), inside=True)

    assert len(full) == 15
    assert len(web.asked) == MOST_PAGES
    assert web.inside == {True}
