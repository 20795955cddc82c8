import lxml.html
import pytest

from bot.sources.webpages.pagemeta import page_meta
from bot.sources.webpages.pagetitles import page_title

TITLE = "Ferry Late Again"
SITE = '<meta property="og:site_name" content="Harbour News">'


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(f"<title>{TITLE} | Harbour News</title>", f"<h1>{TITLE}</h1>", id="h1"),
        pytest.param(f"<title>{TITLE} - Harbour News</title>", "", id="no heading"),
        pytest.param(f"{SITE}<title>Harbour News: {TITLE}</title>", "", id="the site first"),
        pytest.param(
            f"<title>Harbour News: {TITLE}</title>",
            f"<h1>Harbour News</h1><h2>{TITLE}</h2>",
            id="h1 is the site's name",
        ),
        pytest.param(
            "<title>Harbour News</title>",
            f"<h1><a href='/'>Harbour News</a></h1><h2>{TITLE}</h2>",
            id="h1 links to the home page",
        ),
        pytest.param(
            f"<title>Harbour News: {TITLE}</title>",
            f"<div itemprop='headline'>{TITLE}</div><h2>Harbour News</h2>",
            id="microdata",
        ),
        pytest.param(
            f"<title>{TITLE} | Sports | Harbour News</title>",
            f"<h1>{TITLE}</h1><h2>Sports</h2>",
            id="h2 is the section",
        ),
        pytest.param(
            '<title>Harbour News</title><script type="application/ld+json">'
            f'{{"@type": "NewsArticle", "headline": "{TITLE}",}};</script>',
            "<h1>Today</h1>",
            id="JSON-LD with a loose comma",
        ),
        pytest.param(
            f"<title>02.03.2026 - {TITLE}</title>", f"<h1>02.03.2026 - {TITLE}</h1>", id="a date"
        ),
        pytest.param(f"<title>{TITLE}</title>", f"<h1>{TITLE} \u00b6</h1>", id="an anchor's sign"),
        pytest.param(
            f'<title>x</title><meta property="og:title" content="{TITLE}">',
            f"<h1>Sports | {TITLE}</h1>",
            id="an h1 with the section's name",
        ),
    ],
)
def test_the_title_is_the_articles_not_the_sites(head: str, body: str):
    root = lxml.html.document_fromstring(f"<head>{head}</head><body>{body}<p>x</p></body>")

    assert page_title(root, page_meta(root)) == TITLE


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        pytest.param("Old harbour's ferry late again, crew blames fog", None, id="much the same"),
        pytest.param(
            "All the news of our beautiful bay", "Ferry late again, says crew", id="a motto"
        ),
    ],
)
def test_a_heading_counts_before_a_title_for_search_engines(heading: str, title: str | None):
    head = '<meta property="og:title" content="Ferry late again, says crew">'
    root = lxml.html.document_fromstring(f"<head>{head}</head><body><h1>{heading}</h1></body>")

    assert page_title(root, page_meta(root)) == (title or heading)


@pytest.mark.parametrize(
    ("title", "heading"),
    [("渡船誤點 | 港口社 HP", "<h1>渡船誤點</h1>"), ("배가 또 늦었다 | 항구통신", "")],
    ids=["a short h1", "no h1"],
)
def test_few_characters_of_east_asia_are_a_title(title: str, heading: str):
    root = lxml.html.document_fromstring(f"<title>{title}</title><body>{heading}<p>x</p></body>")

    assert page_title(root, page_meta(root)) == title.partition(" |")[0]
