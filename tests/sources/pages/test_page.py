import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

import pytest

from benchmarks.reading import pages as labelled_pages
from bot.sources.feeds.model import Item, Unreadable
from bot.sources.lead_pictures import LeadPicture
from bot.sources.pages.page import read_page
from tests.sources.pages.paragraphs import BODY, PARAGRAPHS


def page(head: str = "", before: str = "", after: str = "", title: str = "Ferry late again") -> str:
    return (
        f"<html lang='en'><head><title>{title} - Harbour News</title>{head}</head><body><main>"
        f"<article>{before}{BODY}{after}</article></main></body></html>"
    )


def read(text: str, url: str = "https://ex.org/ferry") -> Item:
    return read_page(text, url).items[0]


def test_an_article_is_read_whole():
    item = read(page(before="<h1>Ferry late again</h1><time>2 March 2026</time>"))

    assert (item.title, item.language, item.url) == (
        "Ferry late again",
        "en",
        "https://ex.org/ferry",
    )
    assert item.text == "\n\n".join(PARAGRAPHS)
    assert item.published == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("head", "before", "title"),
    [
        pytest.param("", "<h1>Harbour</h1><h1>Ferry late again</h1>", "Ferry late again", id="h1"),
        pytest.param(
            '<script type="application/ld+json">{"@graph": [{"@type": "NewsArticle", '
            '"headline": "Fog keeps ferry late"}]}</script>',
            "<h1>News</h1>",
            "Fog keeps ferry late",
            id="JSON-LD",
        ),
        pytest.param('<meta property="og:title" content="Late!">', "", "Late!", id="og:title"),
        pytest.param("", "", "Ferry late again", id="the title without the site"),
    ],
)
def test_the_title_is_found_in_this_order(head, before, title):
    assert read(page(head, before)).title == title


@pytest.mark.parametrize(
    "head",
    [
        '<meta property="article:published_time" content="2026-03-02T21:00:00+09:00">',
        (
            '<script type="application/ld+json">{"@type": ["NewsArticle"], '
            '"datePublished": "2026-03-02T12:00:00Z"}</script>'
        ),
        (
            '<script type="application/ld+json">{broken</script>'
            '<meta itemprop="datePublished" content="2026-03-02 12:00 UTC">'
        ),
    ],
    ids=["meta", "JSON-LD", "broken JSON-LD"],
)
def test_the_time_of_publication_is_found(head):
    assert read(page(head)).published == datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "<title>Ferry late again</title><pre>{}\n\n{}\n\n{}</pre>", id="a text in HTML"
        ),
        pytest.param("<p>{}</p><p>{}</p><p>{}</p>", id="nothing but paragraphs"),
        pytest.param(
            "<title>Ferry late again</title><h1>{}</h1>{}<br><p>{}</p>", id="bare text after h1"
        ),
    ],
)
def test_title_and_date_may_stand_in_the_text_alone(text):
    item = read(text.format("Ferry late again", "2 Mars 2026", PARAGRAPHS[0]))

    assert (item.title, item.published) == ("Ferry late again", date(2026, 3, 2))
    assert item.text == PARAGRAPHS[0]


def test_a_bare_year_is_no_date():
    assert read(page(after="<footer>© 2026 Harbour News</footer>")).published is None


def test_the_canonical_address_counts_on_the_same_site_only():
    own = page('<link rel="canonical" href="/ferry-late">')
    other = page('<link rel="canonical" href="https://elsewhere.org/">')

    assert read(own).url == "https://ex.org/ferry-late"
    assert read(other).url == "https://ex.org/ferry"


def test_text_that_only_scripts_would_show_is_taken_from_json_ld():
    metadata = {"@type": "NewsArticle", "articleBody": "\n".join(PARAGRAPHS), "headline": "Late"}
    script = f'<script type="application/ld+json">{json.dumps(metadata)}</script>'

    first = f"<main><article><p>{PARAGRAPHS[0]}</p></article></main>"
    hollow = read(f"<html><head>{script}</head><body>{first}</body></html>")
    shown = read(page(script.replace("The ferry", "Only the ferry")))

    assert (hollow.title, hollow.text) == ("Late", "\n\n".join(PARAGRAPHS))
    assert shown.text == "\n\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("<html><body></body></html>", "no_text", id="nothing in it"),
        pytest.param("<html><title>Just a moment...</title><p>Wait</p>", "challenge", id="a wall"),
    ],
)
def test_a_page_without_an_article_is_refused(text, reason):
    with pytest.raises(Unreadable) as refused:
        read_page(text, "")

    assert refused.value.reason == reason


@pytest.mark.parametrize("name", ["A", "C", "H"])
def test_the_seed_pages_keep_every_sentence_and_lose_the_box(corpus, name):
    seed = (corpus.parent / "seed-article.txt").read_text(encoding="utf-8")
    body, _, after = seed.partition(" END ")
    sentences = re.split(r"(?<=\.) (?=[A-Z])", body.split("\n\n", 2)[2])
    page_text = (corpus / f"crafted/seed_pages/{name}.html").read_text(encoding="utf-8")

    item = read(page_text)

    assert [sentence for sentence in sentences if sentence not in item.text] == []
    assert [line for line in after.split("\n") if line and line in item.text] == []
    assert item.title == seed.partition("\n")[0]
    assert str(item.published).startswith("2025-11-17")


def share(checks: Iterable[tuple[str, bool]]) -> float:
    hits = [is_right for _, is_right in checks]
    return sum(hits) / len(hits)


def test_pages_of_the_corpus_keep_and_drop_their_marked_texts(corpus):
    assert share(labelled_pages.kept(corpus / "articles_trafilatura")) >= 0.97
    assert share(labelled_pages.dropped(corpus / "articles_trafilatura")) >= 0.975


def test_titles_and_dates_of_pages_are_found(corpus):
    assert share(labelled_pages.titled(corpus / "articles_trafilatura")) >= 0.9
    assert share(labelled_pages.dated(corpus / "articles_trafilatura")) >= 0.94


def test_article_bodies_are_cut_out_well(corpus):
    assert labelled_pages.overlap(corpus / "articles_scrapinghub") >= 0.973


@pytest.mark.parametrize(
    ("head", "picture"),
    [
        pytest.param(
            '<meta property="og:image" content="/a.jpg"><meta property="og:image:width"'
            ' content="1200"><meta property="og:image:height" content="675">'
            '<meta property="og:image:alt" content="A ferry">',
            LeadPicture("https://ex.org/a.jpg", 1200, 675, "A ferry"),
            id="Open Graph",
        ),
        pytest.param(
            '<meta property="og:image" content="http://ex.org/a.jpg">'
            '<meta property="og:image:secure_url" content="https://ex.org/a.jpg">',
            LeadPicture("https://ex.org/a.jpg"),
            id="Open Graph with https apart",
        ),
        pytest.param(
            '<meta name="twitter:image" content="https://ex.org/a.jpg">',
            LeadPicture("https://ex.org/a.jpg"),
            id="Twitter",
        ),
        pytest.param(
            '<meta property="og:image" content="/logo.png">'
            '<script type="application/ld+json">{"@type": "NewsArticle", "image":'
            ' [{"@type": "ImageObject", "url": "/b.jpg", "width": "800px", "height": 450}]}'
            "</script>",
            LeadPicture("https://ex.org/b.jpg", 800, 450),
            id="JSON-LD behind a logo",
        ),
        pytest.param(
            '<script type="application/ld+json">{"@type": "NewsArticle", "image": "/b.jpg"}'
            "</script>",
            LeadPicture("https://ex.org/b.jpg"),
            id="JSON-LD as an address",
        ),
        pytest.param(
            '<meta property="og:image" content="data:image/png;base64,a">', None, id="data"
        ),
        pytest.param("", None, id="none"),
    ],
)
def test_the_lead_picture_of_a_page_is_read(head, picture):
    assert read(page(head)).picture == picture
