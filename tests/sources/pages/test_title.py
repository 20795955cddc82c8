import lxml.html
import pytest

from bot.sources.pages.metadata import page_meta
from bot.sources.pages.page import read_page
from bot.sources.pages.title import page_title
from tests.sources.pages.paragraphs import BODY, PARAGRAPHS

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
def test_the_title_is_the_articles_not_the_sites(head, body):
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
def test_a_heading_counts_before_a_title_for_search_engines(heading, title):
    head = '<meta property="og:title" content="Ferry late again, says crew">'
    root = lxml.html.document_fromstring(f"<head>{head}</head><body><h1>{heading}</h1></body>")

    assert page_title(root, page_meta(root)) == (title or heading)


@pytest.mark.parametrize(
    ("title", "heading"),
    [("渡船誤點 | 港口社 HP", "<h1>渡船誤點</h1>"), ("배가 또 늦었다 | 항구통신", "")],
    ids=["a short h1", "no h1"],
)
def test_few_characters_of_east_asia_are_a_title(title, heading):
    root = lxml.html.document_fromstring(f"<title>{title}</title><body>{heading}<p>x</p></body>")

    assert page_title(root, page_meta(root)) == title.partition(" |")[0]


HEADLINE = "Ferry late again"
LEAD = "Nobody in the harbour believes in the new timetable any more, least of all the crew."


def text_of(under_the_headline: str, head: str = "") -> str:
    page = (
        f"<html lang=en><head><title>{HEADLINE} - Harbour News</title>{head}</head><body><main>"
        f"<div class=top><h1>{HEADLINE}</h1>{under_the_headline}</div>"
        f"<div class=text>{BODY}</div></main></body></html>"
    )
    return read_page(page, "https://ex.org/ferry").items[0].text


@pytest.mark.parametrize(
    ("block", "head"),
    [
        pytest.param(f'<div class="article__lead">{LEAD}</div>', "", id="its class says so"),
        pytest.param(f'<h2 class="copete">{LEAD}</h2>', "", id="as a heading, in Spanish"),
        pytest.param(
            f"<div><h2>{LEAD}</h2></div>",
            f'<meta name="description" content="{LEAD[:60]}">',
            id="the page's description",
        ),
        pytest.param(
            f'<span>2 March 2026</span><div class="intro"><p>{LEAD}</p></div>',
            "",
            id="behind a date",
        ),
    ],
)
def test_the_standfirst_is_the_first_paragraph(block, head):
    assert text_of(block, head) == "\n\n".join([LEAD, *PARAGRAPHS])


def test_text_in_the_headlines_block_is_a_standfirst():
    page = (
        f"<title>{HEADLINE}</title><body><main><header><h1>{HEADLINE}</h1><h2>{LEAD}</h2></header>"
        f"<div>{BODY}</div></main></body>"
    )

    assert read_page(page, "").items[0].text == "\n\n".join([LEAD, *PARAGRAPHS])


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f'<div class="lead">{LEAD}</div><p class="lead">{LEAD}</p>', id="two copies"),
        pytest.param(f'<p class="summary">{PARAGRAPHS[0]}</p>', id="the first paragraph"),
    ],
)
def test_no_paragraph_is_repeated(block):
    text = text_of(block)

    assert [text.count(part) for part in [LEAD, *PARAGRAPHS]] in ([1, 1, 1, 1], [0, 1, 1, 1])


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f"<h2>{LEAD}</h2>", id="nothing says what it is"),
        pytest.param(
            '<p class="lead">By Ann Berg, Port Elin correspondent of the paper</p>', id="a name"
        ),
        pytest.param(f'<figure class="lead"><p>{LEAD}</p></figure>', id="a caption"),
        pytest.param(f'<div class="lead photo-caption">{LEAD}</div>', id="a caption by its class"),
        pytest.param(f'<p class="teaser"><a href="/x">{LEAD}</a></p>', id="a link"),
        pytest.param(f'<div class="lead newsletter">{LEAD}</div>', id="a call to subscribe"),
    ],
)
def test_other_texts_are_no_standfirst(block):
    assert text_of(block) == "\n\n".join(PARAGRAPHS)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("Ferry <em>late</em>!", "Ferry late!"),
        ("L'<em>été</em>, enfin", "L'été, enfin"),
        ("<span>Ferry</span><span>late again</span>", "Ferry late again"),
    ],
)
def test_a_marked_word_is_no_word_apart(heading, title):
    root = lxml.html.document_fromstring(f"<body><h1>{heading}</h1><p>x</p></body>")

    assert page_title(root, page_meta(root)) == title
