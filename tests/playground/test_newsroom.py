from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import feedparser
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.playground.newsroom import Newsroom, UnknownArticleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.playground.newsroom.articles import Article

    Client = TestClient[web.Request, web.Application]

START = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)
LIVE = 41


class Watch:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def newsroom(watch: Watch) -> Newsroom:
    return Newsroom(watch, every=None)


@pytest.fixture
async def client(newsroom: Newsroom) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(newsroom.routes())
    app.cleanup_ctx.append(newsroom.lifetime)
    async with TestClient(TestServer(app)) as opened:
        yield opened


def everything(newsroom: Newsroom) -> list[Article]:
    return newsroom.newest(1000)


def publish_all(newsroom: Newsroom) -> list[dict[str, str]]:
    return [newsroom.publish() for _ in range(LIVE)]


def test_a_week_of_back_issues_lies_ready_at_the_start(newsroom):
    ages = [START - article.published for article in everything(newsroom)]

    assert len(ages) >= 48
    assert max(ages) < timedelta(days=7)
    assert {age.days for age in ages} == set(range(7))


def test_stories_are_told_by_three_outlets_at_different_times_in_different_words(newsroom):
    told: dict[str | None, list[Article]] = defaultdict(list)
    for article in everything(newsroom):
        told[article.story].append(article)
    del told[None]

    wide = [versions for versions in told.values() if len({a.outlet.code for a in versions}) >= 3]

    assert len(wide) >= 8
    for versions in wide:
        for facet in ("title", "summary", "published"):
            assert len({getattr(version, facet) for version in versions}) == len(versions)


def test_every_language_is_there(newsroom):
    publish_all(newsroom)

    spoken = {article.outlet.tongue.code for article in everything(newsroom)}

    assert spoken == {"en", "ja", "zh", "ko", "fr", "de", "es", "ar"}


def test_no_open_date_is_left_in_any_article(newsroom):
    publish_all(newsroom)

    for article in everything(newsroom):
        assert not re.search(r"[{}]", article.title + "".join(article.paragraphs))


def test_two_newsrooms_that_open_at_one_moment_print_the_same(watch):
    assert everything(Newsroom(watch)) == everything(Newsroom(watch))


def test_the_first_fresh_article_is_about_a_consul_general_and_taiwan(newsroom):
    first = newsroom.publish()

    article = newsroom.newest(1)[0]
    assert first["slug"] == article.slug
    for words in ("Taiwan", "consul-general"):
        assert words.lower() in article.title.lower()
        assert words in article.summary


def test_each_article_comes_once_before_follow_ups_begin(newsroom):
    first_round = publish_all(newsroom)
    again = newsroom.publish()

    assert len({said["slug"] for said in first_round}) == LIVE
    assert again["slug"] == f"{first_round[0]['slug']}-2"
    assert again["title"] == f"{first_round[0]['title']} (2)"


def test_an_article_asked_for_by_name_is_not_published_again_in_its_turn(newsroom):
    asked = newsroom.publish("oslo-rate-cut")

    in_turn = [newsroom.publish()["slug"] for _ in range(LIVE - 1)]

    assert asked["slug"] == "oslo-rate-cut"
    assert "oslo-rate-cut" not in in_turn


def test_an_unknown_name_is_refused(newsroom):
    with pytest.raises(UnknownArticleError):
        newsroom.publish("no-such-article")


def test_old_follow_ups_leave_the_shelf_and_back_issues_stay(newsroom):
    oldest = everything(newsroom)[-1]
    first = newsroom.publish()["slug"]
    for _ in range(1000):
        newsroom.publish()

    assert newsroom.find(first) is None
    assert newsroom.find(oldest.slug) == oldest
    assert newsroom.state()["published"] == 1000


def test_the_state_names_the_feed_and_the_newest_articles(newsroom):
    said = newsroom.publish()

    state = newsroom.state()

    assert state["feed"] == "/news/feed.xml"
    assert state["latest"][0] == said


@pytest.mark.parametrize("name", ["feed", "atom", "wire", "times", "mihon", "gazette", "mithal"])
async def test_feeds_are_well_formed_with_titles_links_and_dates(client, name):
    answer = await client.get(f"/news/{name}.xml")
    read = feedparser.parse(await answer.read())

    assert not read.bozo
    assert read.entries
    for entry in read.entries:
        assert entry.title
        assert entry.published_parsed
        assert entry.summary
        linked = await client.get(entry.link.removeprefix(str(client.make_url(""))))
        assert linked.status == 200


async def test_the_main_feed_holds_the_newest_sixty_first(client, newsroom):
    said = publish_all(newsroom)

    read = feedparser.parse(await (await client.get("/news/feed.xml")).read())

    assert len(read.entries) == 60
    assert read.entries[0].title == said[-1]["title"]


async def test_dates_in_the_main_feed_are_written_in_several_zones(client):
    text = await (await client.get("/news/feed.xml")).text()

    zones = set(re.findall(r"<pubDate>.* (\S+)</pubDate>", text))

    assert {"GMT", "EST", "JST", "KST", "CET", "+0800", "+0100"} <= zones


async def test_every_page_holds_its_body_its_end_mark_and_a_box_of_other_stories(client, newsroom):
    publish_all(newsroom)

    for article in everything(newsroom):
        page = unescape(await (await client.get(article.path)).text())
        body, _, rest = page.partition(article.outlet.end)
        assert all(paragraph in body for paragraph in article.paragraphs)
        assert len(newsroom.others(article)) >= 1
        assert all(other.path in rest for other in newsroom.others(article))
        assert article.story is None or article.story not in {
            other.story for other in newsroom.others(article)
        }


def test_boxes_speak_of_taiwan_beside_articles_that_do_not(newsroom):
    beside = [
        article
        for article in everything(newsroom)
        if "Taiwan" not in article.title + "".join(article.paragraphs)
        and any("Taiwan" in other.title + other.summary for other in newsroom.others(article))
    ]

    assert len(beside) >= 5


@pytest.mark.parametrize("path", ["/news/feed.xml", "/news/", "/news/copper-stocks"])
@pytest.mark.parametrize(
    ("asked", "gave"), [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")]
)
async def test_a_reader_who_is_up_to_date_gets_304(client, watch, path, asked, gave):
    watch.turn(seconds=5)
    first = await client.get(path)

    second = await client.get(path, headers={asked: first.headers[gave]})

    assert (second.status, await second.read()) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Cache-Control"] == "no-cache"


async def test_a_new_article_changes_both_validators(client, newsroom, watch):
    first = await client.get("/news/feed.xml")
    watch.turn(seconds=5)
    newsroom.publish()
    watch.turn(seconds=5)

    by_tag = await client.get("/news/feed.xml", headers={"If-None-Match": first.headers["ETag"]})
    by_date = await client.get(
        "/news/feed.xml", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )

    assert (by_tag.status, by_date.status) == (200, 200)


async def test_a_date_proves_nothing_within_the_second_of_a_change(client, newsroom):
    newsroom.publish()
    first = await client.get("/news/feed.xml")
    newsroom.publish()

    second = await client.get(
        "/news/feed.xml", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )

    assert second.status == 200


@pytest.mark.parametrize("path", ["/news/nothing.xml", "/news/nothing"])
async def test_what_does_not_exist_is_404(client, path):
    assert (await client.get(path)).status == 404


async def test_it_publishes_by_itself_while_the_application_runs(watch):
    newsroom = Newsroom(watch, every=timedelta(0))
    app = web.Application()
    app.add_routes(newsroom.routes())
    app.cleanup_ctx.append(newsroom.lifetime)

    async with TestClient(TestServer(app)) as client:
        while newsroom.state()["published"] < 60:
            await client.get("/news/feed.xml")

    assert newsroom.state()["published"] >= 60


def test_each_topic_of_the_catalogue_finds_something_in_the_back_issues():
    """Whoever tries the bot taps one of them first."""
    from importlib.resources import files
    from tomllib import loads

    from bot.matching.evaluate import fold_article, holds
    from bot.matching.query import parse
    from bot.playground.newsroom.drafts import read_archive, read_outlets

    text = files("bot.subscribers").joinpath("starter_topics.toml").read_text(encoding="utf-8")
    week = [draft for draft in read_archive(read_outlets()) if draft.age.days < 7]
    folded = [
        fold_article(draft.title, "\n".join(draft.paragraphs), sources=(), language="")
        for draft in week
    ]

    silent = [
        slug
        for slug, topic in loads(text).items()
        if not any(holds(parse(topic["query"]).tree, one.has) for one in folded)
    ]

    assert silent == []
