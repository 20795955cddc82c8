from datetime import UTC, date, datetime

import pytest

from bot.sources.pages.dates import finest, page_date
from bot.sources.pages.page import read_page
from tests.sources.pages.paragraphs import BODY

TITLE = "Ferry late again"
SECOND = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def published(
    under: str = "", above: str = "", below: str = "", lang: str = "en", url: str = ""
) -> datetime | date | None:
    page = (
        f"<html lang='{lang}'><title>{TITLE} - Harbour News</title><body><h1>Harbour News</h1>"
        f"<main>{above}<h1>{TITLE}</h1>{under}<div>{BODY}</div>{below}</main></body></html>"
    )
    return read_page(page, url).items[0].published


@pytest.mark.parametrize(
    ("under", "lang"),
    [
        pytest.param("<div>By Ann Berg | March 2, 2026</div>", "en", id="behind a name"),
        pytest.param("<ul><li>Ann Berg</li><li>2 March 2026</li></ul>", "en", id="in a list"),
        pytest.param("Published on <b>2 March</b> 2026", "en", id="bare text with markup"),
        pytest.param("<p>Port Elin, le 2 mars 2026</p>", "fr", id="French"),
        pytest.param("<span>Datum: 02.Mär.26</span>", "de", id="German, short"),
        pytest.param("<p>公開日：2026年3月2日</p>", "ja", id="Japanese"),
        pytest.param("<p>입력 2026.03.02</p>", "ko", id="Korean"),
        pytest.param("<p>Опубликовано 2 марта 2026 г.</p>", "ru", id="Russian"),
        pytest.param("<p>نشر في ٢ مارس ٢٠٢٦</p>", "ar", id="Arabic"),
        pytest.param("<p>2 มีนาคม 2569</p>", "th", id="Thai"),
    ],
)
def test_a_date_under_the_headline_is_the_articles(under, lang):
    assert published(under, lang=lang) == SECOND


@pytest.mark.parametrize(
    "under",
    [
        pytest.param("<p>Updated: 5 March 2026</p><p>Published: 2 March 2026</p>", id="two lines"),
        pytest.param("<p>Updated 5 March 2026, published 2 March 2026</p>", id="one line"),
        pytest.param(
            "<p>Updated:</p><p>5 March 2026</p><p>Original:</p><p>2 March 2026</p>",
            id="labels of their own",
        ),
        pytest.param(
            "<time class='updated' datetime='2026-03-05'>5 March</time>"
            "<time class='entry-date published' datetime='2026-03-02'>2 March</time>",
            id="marked times",
        ),
        pytest.param(
            "<p>Last updated <time datetime='2026-03-05'>5 March</time></p>"
            "<p><time datetime='2026-03-02'>2 March</time></p>",
            id="a word before a time",
        ),
    ],
)
def test_a_change_is_not_the_publication(under):
    assert published(under) == SECOND


def test_a_change_is_better_than_nothing():
    assert published("<p>Last updated: 2 March 2026</p>") == SECOND


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("<aside><p>5 January 2026</p></aside>", id="an aside"),
        pytest.param("<div class='related-news'>5 January 2026</div>", id="a box by its class"),
        pytest.param("<div id='comments'><time>5 January 2026</time></div>", id="comments"),
        pytest.param("<p>In its report of 5 January 2026 the company had said that no boat of its "
                     "fleet would be late again, whatever the weather.</p>", id="a sentence"),
    ],
)  # fmt: skip
def test_other_dates_are_not_the_articles(other):
    assert published(f"{other}<p>2 March 2026</p>") == SECOND
    assert published("<p>2 March 2026</p>", below=other) == SECOND


def test_the_line_above_the_headline_counts_last():
    assert published(above="<p>Monday, 2 March 2026</p>") == SECOND


@pytest.mark.parametrize(
    "mark",
    [
        '<span itemprop="datePublished" content="2026-03-02T12:00:00Z">today</span>',
        '<abbr class="published" title="2026-03-02T12:00:00Z">today</abbr>',
        '<time datetime="2026-03-02T12:00:00Z" pubdate>today</time>',
        '<p>2 March 2026</p><time datetime="2026-03-02T12:00:00Z"></time>',
    ],
    ids=["microdata", "an abbreviation", "pubdate", "a day, and its moment behind"],
)
def test_a_marked_time_is_found(mark):
    assert published(mark) == NOON


@pytest.mark.parametrize(
    ("url", "lang", "hour"),
    [
        pytest.param("https://ex.jp/1", "en", 3, id="a Japanese host"),
        pytest.param("https://ex.org/1", "pl", 11, id="a language of one country"),
        pytest.param("https://ex.org/1", "en-IN", 6, id="the country of a tag"),
        pytest.param("https://ex.org/1", "en", 12, id="nobody knows where"),
    ],
)
def test_a_time_without_a_zone_is_the_time_there(url, lang, hour):
    moment = published("<p>2026-03-02 12:00</p>", lang=lang, url=url)

    assert isinstance(moment, datetime)
    assert (moment.astimezone(UTC).day, moment.astimezone(UTC).hour) == (2, hour)


@pytest.mark.parametrize(
    ("host", "day"), [("ex.co.uk", date(2026, 3, 4)), ("ex.com", date(2026, 4, 3))]
)
def test_numbers_are_read_as_the_country_writes_them(host, day):
    assert published("<p>04/03/2026</p>", url=f"https://{host}/a") == day


def test_the_address_tells_the_day_where_the_page_does_not():
    assert published(url="https://ex.org/2026/03/02/ferry") == SECOND
    assert published(url="https://ex.org/2026/03/32/ferry") is None


@pytest.mark.parametrize(
    ("found", "finer"),
    [
        pytest.param([None, SECOND, NOON], NOON, id="a moment of that day"),
        pytest.param([SECOND, NOON.replace(day=3)], SECOND, id="not of another day"),
        pytest.param([NOON, SECOND], NOON, id="the first"),
        pytest.param([None], None, id="nothing"),
    ],
)
def test_a_time_is_preferred_to_its_day(found, finer):
    assert finest(found) == finer


@pytest.mark.parametrize("place", ["", "en-US", "eo"])
@pytest.mark.parametrize(
    "text", ["2 marca 2026", "2 maaliskuuta 2026", "Objavljeno 2. ožujka 2026."]
)
def test_a_month_is_known_by_its_name_whatever_language_the_page_declares(text, place):
    assert page_date(text, place) == SECOND


@pytest.mark.parametrize("text", ["13 Aug", "Rockledge 14 11 6 15 — 44", "2 boats of 2019 sold"])
def test_texts_without_day_month_and_year_are_no_dates(text):
    assert page_date(text, "en") is None
