import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from html import unescape
from importlib.resources import files
from itertools import combinations
from tomllib import loads

import feedparser
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.matching.evaluate import fold_article, holds
from bot.matching.query import parse
from bot.playground.newsroom.content import (
    WESTERNMOST,
    Draft,
    SampleArticle,
    read_archive,
    read_live,
    read_publishers,
)
from bot.playground.newsroom.newsroom import Newsroom
from bot.playground.newsroom.routes import NewsroomPages
from bot.sources.channels.addresses import PreviewPage
from bot.sources.channels.preview import read_preview
from bot.sources.feeds.model import Unreadable
from bot.sources.pages.page import read_page
from tests.conftest import TurnedClock

Client = TestClient[web.Request, web.Application]

START = datetime(2026, 3, 4, 12, 0, 30, tzinfo=UTC)
LIVE = 155


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock(START)


def opened(clock: TurnedClock, every: timedelta | None = None) -> Newsroom:
    return Newsroom(lambda: clock.now, every)


@pytest.fixture
def newsroom(clock: TurnedClock) -> Newsroom:
    return opened(clock)


@pytest.fixture
async def client(newsroom: Newsroom) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(NewsroomPages(newsroom).routes())
    app.cleanup_ctx.append(newsroom.lifetime)
    async with TestClient(TestServer(app)) as client:
        yield client


def everything(newsroom: Newsroom) -> list[SampleArticle]:
    return newsroom.newest(1000)


def publish_all(newsroom: Newsroom) -> list[dict[str, str]]:
    return [newsroom.publish() for _ in range(LIVE)]


def test_a_week_of_articles_is_there_at_the_start(newsroom):
    ages = [START - article.published for article in everything(newsroom)]

    assert len(ages) >= 48
    assert max(ages) < timedelta(days=7)
    assert {age.days for age in ages} == set(range(7))


def test_several_publishers_report_a_story_at_different_times_in_different_words(newsroom):
    reports: dict[str | None, list[SampleArticle]] = defaultdict(list)
    for article in everything(newsroom):
        reports[article.story].append(article)
    del reports[None]

    wide = [
        articles
        for articles in reports.values()
        if len({article.publisher.code for article in articles}) >= 3
    ]

    assert len(wide) >= 8
    for articles in wide:
        for field in ("title", "summary", "published"):
            assert len({getattr(article, field) for article in articles}) == len(articles)


def test_every_language_is_there(newsroom):
    publish_all(newsroom)

    languages = {article.publisher.language.code for article in everything(newsroom)}

    assert languages == {"en", "ja", "zh", "ko", "fr", "de", "es", "ar"}


def test_no_placeholder_is_left_in_any_article(newsroom):
    publish_all(newsroom)

    for article in everything(newsroom):
        assert not re.search(r"[{}]", article.title + "".join(article.paragraphs))


def test_two_newsrooms_that_open_at_the_same_time_publish_the_same(clock):
    assert everything(opened(clock)) == everything(opened(clock))


def test_the_first_article_published_is_about_a_consul_general_and_taiwan(newsroom):
    first = newsroom.publish()

    article = newsroom.newest(1)[0]
    assert first["slug"] == article.slug
    for words in ("Taiwan", "consul-general"):
        assert words.lower() in article.title.lower()
        assert words in article.summary


def test_every_article_is_published_once_before_any_is_repeated(newsroom):
    articles = publish_all(newsroom)

    assert len({article["title"] for article in articles}) == LIVE
    assert not any("(" in article["slug"] + article["title"][-4:] for article in articles)
    assert newsroom.state()["left"] == 0


def test_a_repeated_article_is_marked_as_such(newsroom, clock):
    first, *_ = publish_all(newsroom)
    clock.turn(timedelta(days=1))

    again = newsroom.publish()

    assert again["title"] == f"Republished: {first['title']}"
    assert again["slug"] != first["slug"]
    assert newsroom.newest(1)[0].paragraphs[-1] == "This report is unchanged since March 4, 2026."


async def test_publishing_stops_after_the_last_article(clock):
    newsroom = opened(clock, every=timedelta(0))

    await newsroom._publish_all()

    assert len(everything(newsroom)) == LIVE + len(newsroom._archive)


def test_an_article_published_by_slug_is_skipped_in_its_turn(newsroom):
    requested = newsroom.publish("oslo-rate-cut")

    in_turn = [newsroom.publish()["slug"] for _ in range(LIVE - 1)]

    assert requested["slug"] == "oslo-rate-cut"
    assert "oslo-rate-cut" not in in_turn


def test_an_unknown_slug_raises(newsroom):
    with pytest.raises(LookupError):
        newsroom.publish("no-such-article")


def test_only_the_newest_thousand_stay_with_the_archive(newsroom):
    oldest = everything(newsroom)[-1]
    first = newsroom.publish()["slug"]
    for _ in range(1000):
        newsroom.publish()

    assert newsroom.find(first) is None
    assert newsroom.find(oldest.slug) == oldest
    assert newsroom.state()["published"] == 1000


def test_the_state_names_the_feed_and_the_newest_articles(newsroom):
    published = newsroom.publish()

    state = newsroom.state()

    assert state["feed"] == "/news/feed.xml"
    assert state["latest"][0] == published


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
    published = publish_all(newsroom)

    read = feedparser.parse(await (await client.get("/news/feed.xml")).read())

    assert len(read.entries) == 60
    assert read.entries[0].title == published[-1]["title"]


async def test_dates_in_the_main_feed_are_written_in_several_zones(client):
    text = await (await client.get("/news/feed.xml")).text()

    zones = set(re.findall(r"<pubDate>.* (\S+)</pubDate>", text))

    assert {"GMT", "EST", "JST", "KST", "CET", "+0800", "+0100"} <= zones


async def test_every_page_has_its_text_its_end_mark_and_a_box_of_other_stories(client, newsroom):
    publish_all(newsroom)

    for article in everything(newsroom):
        page = unescape(await (await client.get(article.path)).text())
        body, _, rest = page.partition(article.publisher.end)
        assert all(paragraph in body for paragraph in article.paragraphs)
        assert len(newsroom.box(article)) >= 1
        assert all(other.path in rest for other in newsroom.box(article))
        assert article.story is None or article.story not in {
            other.story for other in newsroom.box(article)
        }


def test_boxes_mention_taiwan_beside_articles_that_do_not(newsroom):
    beside = [
        article
        for article in everything(newsroom)
        if "Taiwan" not in article.title + "".join(article.paragraphs)
        and any("Taiwan" in other.title + other.summary for other in newsroom.box(article))
    ]

    assert len(beside) >= 5


@pytest.mark.parametrize("path", ["/news/feed.xml", "/news/", "/news/copper-stocks"])
@pytest.mark.parametrize(
    ("condition", "validator"),
    [("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")],
)
async def test_a_reader_who_is_up_to_date_gets_304(client, clock, path, condition, validator):
    clock.turn(timedelta(seconds=5))
    first = await client.get(path)

    second = await client.get(path, headers={condition: first.headers[validator]})

    assert (second.status, await second.read()) == (304, b"")
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Cache-Control"] == "no-cache"


async def test_a_new_article_changes_both_validators(client, newsroom, clock):
    first = await client.get("/news/feed.xml")
    clock.turn(timedelta(seconds=5))
    newsroom.publish()
    clock.turn(timedelta(seconds=5))

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
async def test_an_unknown_page_or_feed_is_404(client, path):
    assert (await client.get(path)).status == 404


@pytest.mark.parametrize("name", ["rss", "gazette"])
async def test_the_feed_of_a_publisher_without_articles_is_empty(client, newsroom, name):
    publishers = newsroom.publishers
    publishers[name] = replace(publishers["wire"], code=name)
    newsroom._published.clear()

    response = await client.get(f"/news/{name}.xml")
    read = feedparser.parse(await response.read())

    assert response.status == 200
    assert not read.bozo
    assert read.entries == []


async def test_the_front_page_works_without_articles(client, newsroom):
    newsroom._published.clear()

    assert (await client.get("/news/")).status == 200


async def test_keywords_that_are_only_in_the_box_of_a_page_do_not_match(client, newsroom):
    """The page has its date in another language, which could hide the end of the text."""
    article = newsroom.publish("tokyo-trade-delegation-beijing")
    page = await (await client.get(article["url"])).text()

    (item,) = read_page(page, "https://paper.example/news").items
    folded = fold_article(item.title, item.text, sources=(), language="en")

    def matches(query: str) -> bool:
        return holds(parse(query).tree, folded.has)

    assert "mars 2026" in page
    text, _, box = unescape(page).partition("Don't Miss")
    assert "Taiwan" not in text
    assert "Taiwan" in box
    assert "consul-general" in box
    assert matches("machine tools")
    assert not any(map(matches, ("Taiwan", '"consul-general"', "Naha", '"Don\'t Miss"')))


async def test_articles_are_published_while_the_application_runs(clock):
    newsroom = opened(clock, every=timedelta(0))
    app = web.Application()
    app.add_routes(NewsroomPages(newsroom).routes())
    app.cleanup_ctx.append(newsroom.lifetime)

    async with TestClient(TestServer(app)) as client:
        while newsroom.state()["published"] < 60:
            await client.get("/news/feed.xml")

    assert newsroom.state()["published"] >= 60


def test_each_topic_of_the_catalogue_finds_something_in_the_archive():
    """New users tap one of these topics first."""
    text = files("bot.subscribers").joinpath("starter_topics.toml").read_text(encoding="utf-8")
    week = [draft for draft in read_archive(read_publishers()) if draft.age.days < 7]
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


def drafts() -> list[Draft]:
    publishers = read_publishers()
    return [*read_archive(publishers), *read_live(publishers)]


def text_of(draft: Draft) -> str:
    return "\n".join((draft.title, *draft.paragraphs))


WRITTEN_DATES = {
    "en": r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\b(?:January|February|March|April|May|June|"
    r"July|August|September|October|November|December)\b|weekend\b|this (?:week|month)|"
    r"yesterday|tomorrow|tonight|\bEaster\b|Christmas",
    "de": r"\b(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch|Januar|Februar|\bMärz|April|\bMai\b|"
    r"\bJuni|\bJuli|August|September|Oktober|November|Dezember|gestern|\bmorgen\b|\bheute\b",
    "fr": r"lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|janvier|février|\bmars\b|avril|"
    r"\bmai\b|\bjuin|juillet|août|septembre|octobre|novembre|décembre|\bhier\b|aujourd'hui",
    "es": r"lunes|martes|miércoles|jueves|viernes|sábado|domingo|\benero|febrero|marzo|abril|"
    r"\bmayo\b|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|\bayer\b|mañana",
    "ja": r"[月火水木金土日]曜|[0-9０-９]+月[0-9０-９]*日|昨日|明日|今日",
    "zh": r"星期[一二三四五六日]|[0-9]+月[0-9]+日|昨天|明天|今天",
    "ko": r"[월화수목금토일]요일|[0-9]+월 ?[0-9]+일|어제|내일|오늘",
    "ar": r"الاثنين|الثلاثاء|الأربعاء|الخميس|الجمعة|السبت|الأحد|أمس|غدا\b",
}


def test_articles_write_dates_as_placeholders_only():
    found = {
        draft.slug: match[0]
        for draft in drafts()
        if (match := re.search(WRITTEN_DATES[draft.publisher.language.code], text_of(draft)))
    }

    assert found == {}


def test_slugs_and_titles_are_unique():
    for field in ("slug", "title"):
        values = [getattr(draft, field) for draft in drafts()]
        assert len(set(values)) == len(values)


def test_reports_of_a_story_share_no_long_passage():
    for one, other in combinations(drafts(), 2):
        if one.story and one.story == other.story:
            matcher = SequenceMatcher(None, text_of(one), text_of(other), autojunk=False)
            longest = matcher.find_longest_match().size
            assert longest < 60, (one.slug, other.slug)


def test_publishers_write_dates_in_their_language_except_for_one_article(newsroom):
    publish_all(newsroom)

    foreign = [
        article.slug
        for article in everything(newsroom)
        if article.draft.date_line != article.publisher.language
    ]

    assert foreign == ["tokyo-trade-delegation-beijing"]


@pytest.mark.parametrize("hour", range(24))
def test_all_reports_of_a_story_name_the_same_past_day(clock, hour):
    clock.turn(timedelta(hours=hour))
    newsroom = opened(clock)
    for slug in (
        "consul-general-taipei-flights",
        "tainan-offers-slots",
        "regional-airports-taiwan-japan",
    ):
        newsroom.publish(slug)
    today = clock.now.astimezone(WESTERNMOST).date()

    for article in newsroom.newest(3):
        assert f"on {today + timedelta(days=2):%A}" in "".join(article.paragraphs)
        assert article.published.date() >= today


async def test_channels_are_served_with_live_posts_and_edits(client, newsroom):
    async def posts() -> dict[str, str]:
        response = await client.get("/news/t.me/s/sample_harbour")
        page = PreviewPage("https://t.me", "sample_harbour")
        items = read_preview(await response.text(), page).items
        return {item.url.rpartition("/")[2]: f"{item.title} {item.text}" for item in items}

    before = await posts()
    newsroom.publish()
    live = await posts()
    newsroom.publish()
    edited = await posts()

    assert list(before) == ["105", "104", "103", "102"]
    assert "before noon" in live["106"]
    assert "two o'clock" in edited["106"]
    assert edited["107"].startswith("The fog has gone.")


async def test_older_posts_of_a_channel_are_on_an_earlier_page(client):
    response = await client.get("/news/t.me/s/sample_harbour?before=104")

    shown = re.findall(r'data-post="sample_harbour/(\d+)"', await response.text())
    assert shown == ["101", "102", "103"]


@pytest.mark.parametrize(
    ("name", "reason"), [("sample_hidden", "no_preview"), ("sample_nobody", "no_channel")]
)
async def test_a_name_without_preview_is_redirected_to_its_page(client, name, reason):
    response = await client.get(f"/news/t.me/s/{name}")

    assert response.url.path == f"/news/t.me/{name}"
    with pytest.raises(Unreadable) as refused:
        read_preview(await response.text(), PreviewPage("https://t.me", name))
    assert refused.value.reason == reason
