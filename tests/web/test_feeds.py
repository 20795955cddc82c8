from datetime import timedelta

import feedparser
import pytest

from bot.rendering.links import WHOLE_DIGEST, FeedKind, Links
from bot.sources.feeds.model import Document
from bot.sources.feeds.reader import read_fast
from bot.subscribers import own_feeds
from storage.articles import Article
from tests.web.conftest import BASE, SIGNER

pytestmark = pytest.mark.slow

KINDS = [pytest.param(kind, id=kind) for kind in FeedKind]


@pytest.fixture
async def opened_feeds(storage, chat_id) -> None:
    await own_feeds.get_feeds(storage, chat_id, links=Links(BASE, SIGNER))


@pytest.fixture
def topic(visitor, chat_id, opened_feeds):
    return visitor.links.feed(chat_id, 1, 1, FeedKind.ATOM)


@pytest.fixture
def digests(visitor, chat_id, opened_feeds):
    return visitor.links.feed(chat_id, WHOLE_DIGEST, 1, FeedKind.ATOM)


@pytest.mark.parametrize("kind", KINDS)
async def test_each_kind_has_its_content_type_and_is_read_back(
    visitor, chat_id, opened_feeds, kind
):
    answer = await visitor.opens(visitor.links.feed(chat_id, 1, 1, kind))

    read = read_fast(await answer.read(), BASE, answer.headers["Content-Type"])
    assert isinstance(read, Document)
    assert (
        answer.content_type
        == {FeedKind.ATOM: "application/atom+xml", FeedKind.JSON: "application/feed+json"}[kind]
    )
    assert [item.title for item in read.items] == [*(f"Title {n}" for n in range(7)), "Both"]


async def test_the_entry_of_a_digest_links_to_its_page(visitor, digests):
    read = feedparser.parse(await (await visitor.opens(digests)).read())

    (entry,) = read.entries
    assert entry.title == "Tuesday, 3 March: 8 stories"
    assert "Tuesday, 3 March" in await visitor.reads(entry.link)


async def test_a_reader_with_a_matching_validator_gets_no_body(visitor, topic):
    first = await visitor.opens(topic)
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]

    known = [
        await visitor.opens(topic, headers={"If-None-Match": tag}),
        await visitor.opens(topic, headers={"If-None-Match": f'"old", W/{tag}'}),
        await visitor.opens(topic, headers={"If-Modified-Since": changed}),
    ]

    assert [answer.status for answer in known] == [304, 304, 304]
    assert {await answer.read() for answer in known} == {b""}
    assert {answer.headers["ETag"] for answer in known} == {tag}
    assert {answer.headers["Cache-Control"] for answer in known} == {"private, max-age=900"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"If-None-Match": '"old"'}, id="another tag"),
        pytest.param(
            {"If-None-Match": '"old"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
            id="the tag counts more than the date",
        ),
        pytest.param({"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}, id="older"),
        pytest.param({"If-Modified-Since": "yesterday"}, id="no date"),
    ],
)
async def test_a_reader_with_an_outdated_validator_gets_the_feed(visitor, topic, headers):
    assert (await visitor.opens(topic, headers=headers)).status == 200


async def test_a_new_story_changes_both_validators(visitor, topic, newsroom, clock):
    before = (await visitor.opens(topic)).headers
    clock.turn(timedelta(hours=1))
    await newsroom.article("New", 1, source_id=1)

    after = (await visitor.opens(topic)).headers

    assert after["ETag"] != before["ETag"]
    assert after["Last-Modified"] != before["Last-Modified"]


async def test_a_changed_title_changes_the_tag(visitor, topic, newsroom):
    before = (await visitor.opens(topic)).headers["ETag"]
    await newsroom.change(Article, 1, title="Corrected")

    assert (await visitor.opens(topic)).headers["ETag"] != before


async def test_the_validators_do_not_change_with_time(visitor, topic, digests, clock):
    before = [(await visitor.opens(link)).headers["ETag"] for link in (topic, digests)]
    clock.turn(timedelta(days=3))

    assert [(await visitor.opens(link)).headers["ETag"] for link in (topic, digests)] == before


async def test_a_renewed_feed_is_gone_at_its_old_address(
    visitor, topic, opened_feeds, chat_id, storage
):
    await own_feeds.renew_feeds(storage, chat_id, links=Links(BASE, SIGNER))

    former = await visitor.opens(topic)

    assert former.status == 410
    assert "/feeds" in await former.text()
    assert (await visitor.opens(visitor.links.feed(chat_id, 1, 2, FeedKind.ATOM))).status == 200


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda link: link.replace("/f/1.1.1.", "/f/1.2.1."), id="another topic"),
        pytest.param(lambda link: link.replace("/f/1.1.1.", "/f/1.1.2."), id="another version"),
        pytest.param(lambda link: link.replace(".atom", ".rss"), id="another kind"),
        pytest.param(lambda link: link.replace(".atom", ""), id="no kind"),
    ],
)
async def test_no_address_is_guessed_from_another(visitor, topic, change):
    assert (await visitor.opens(change(topic))).status == 404
