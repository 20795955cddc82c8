import lxml.html
import pytest

from bot.sources.pages.boxes import drop_boxes
from bot.sources.pages.dom import line_of
from bot.sources.pages.page import read_page
from tests.sources.pages.paragraphs import BODY, PARAGRAPHS

TITLE = "Ferry Late Again"
STORY = PARAGRAPHS[:2]
TEASER = (
    "The bridge over the river will be painted green this spring, the council said after a debate "
    "that split the parties, and the paint has already been ordered from a firm in the north."
)
HEADLINE = '<a href="/bridge">Bridge to be painted</a>'
HEAD = f"<h1>{TITLE}</h1><p>March 2, 2026</p>"
FIRST, LAST = (f"<p>{paragraph}</p>" for paragraph in STORY)
CARDS = f"<div><h4>{HEADLINE}</h4><p>{TEASER}</p></div>" * 2
DONT_MISS = f"<div class='x'><h3>Don't Miss</h3>{CARDS}</div>"
POPULAR = f"<h3>Most popular</h3><ul><li>{HEADLINE}</li><li>{HEADLINE}</li></ul>"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"<article>{HEAD}{FIRST}{LAST}</article>{DONT_MISS}", id="after the article"),
        pytest.param(f"<div>{HEAD}{FIRST}{LAST}{DONT_MISS}</div>", id="inside its block"),
        pytest.param(f"<div>{HEAD}{DONT_MISS}{FIRST}{LAST}</div>", id="before the body"),
        pytest.param(f"<div>{HEAD}{FIRST}{POPULAR}{LAST}</div>", id="a list in between"),
        pytest.param(f"<div><div>{POPULAR}</div>{HEAD}{FIRST}{LAST}</div>", id="above the title"),
        pytest.param(
            f"<main>{HEAD}{FIRST}{LAST}<section><div><h2>Related</h2><a href='/'>All</a></div>"
            f"<div>{CARDS}</div></section></main>",
            id="a heading in a wrapper of its own",
        ),
        pytest.param(
            f"<div>{HEAD}{FIRST}<p><b>Read also:</b> {HEADLINE}</p>{LAST}</div>", id="a paragraph"
        ),
        pytest.param(
            f"<div>{HEAD}{FIRST}<p>À lire aussi : {HEADLINE}</p>{LAST}</div>", id="a line of text"
        ),
        pytest.param(
            f"<table><tr><td><a href='/'>Home</a></td><td>{HEAD}{FIRST}{LAST}</td></tr></table>",
            id="a table as layout",
        ),
    ],
)
def test_a_box_of_other_stories_goes_wherever_it_stands(body):
    page = f"<html lang='en'><title>{TITLE} | Harbour News</title><body>{body}</body></html>"

    item = read_page(page, "").items[0]

    assert (item.title, str(item.published)) == (TITLE, "2026-03-02")
    assert item.text == "\n\n".join(STORY)


def test_a_story_shorter_than_its_box_is_kept():
    page = f"<title>{TITLE}</title><body><div>{HEAD}{FIRST}{DONT_MISS}{DONT_MISS}</div></body>"

    assert read_page(page, "").items[0].text == STORY[0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"<div><h2>Related</h2>{FIRST}{LAST}</div>", id="most of the page"),
        pytest.param(f"<div><b>Popular</b><h1>{TITLE}</h1>{FIRST}</div>", id="the title within"),
        pytest.param(f"<div>{FIRST}<h2>Related</h2>{LAST}</div>", id="a heading in the middle"),
        pytest.param("<h2>Don't miss</h2>", id="nothing but a heading"),
        pytest.param(
            f"<div><span>Read more</span>{FIRST}{LAST}<a href='/'>Home</a></div>{FIRST * 9}",
            id="paragraphs of a story under it",
        ),
    ],
)
def test_elements_that_only_look_like_a_box_stay(body):
    root = lxml.html.document_fromstring(f"<body>{body}</body>")
    before = lxml.html.tostring(root)

    drop_boxes(root, "")

    assert lxml.html.tostring(root) == before


HEADLINES = [
    "Bridge over the river to be painted green",
    "Museum finds a lost map behind a wall",
    "Storm takes roofs off three farms in the hills",
]
NOTE = (
    "The council said so on Tuesday after a debate that split the parties, and the work was given "
    "to a firm in the north."
)


def link(number: int, host: str = "") -> str:
    return f"<a href='{host}/{number}.html'>{HEADLINES[number]}</a>"


def cards(host: str = "") -> str:
    return "".join(f"<div><h4>{link(number, host)}</h4><p>{NOTE}</p></div>" for number in range(3))


def left_of(body: str, site: str = "ex.org") -> str:
    root = lxml.html.document_fromstring(f"<body><main><h1>Ferry late</h1>{body}</main></body>")
    drop_boxes(root, site)
    return line_of(root)


WHOLE = f"Ferry late {' '.join(PARAGRAPHS)}"


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(f"<div><h3>Tonight in town</h3>{cards()}</div>", id="cards"),
        pytest.param(f"<div>{cards('https://ex.org')}</div>", id="addresses in full"),
        pytest.param(f"<h3>Tonight in town</h3><div>{cards()}</div>", id="a heading before it"),
        pytest.param(
            f"<div><span>Tonight</span><ul>{''.join(f'<li>{link(n)}</li>' for n in range(3))}</ul>"
            "</div>",
            id="a list",
        ),
        pytest.param(
            f"<table>{''.join(f'<tr><td>{link(n)}</td><td>{NOTE}</td></tr>' for n in range(3))}"
            "</table>",
            id="rows",
        ),
    ],
)
def test_a_group_of_teasers_goes_whatever_its_heading_says(box):
    assert left_of(f"<div>{BODY}{box}</div>") == WHOLE
    assert left_of(f"<div>{box}</div><div>{BODY}</div>") == WHOLE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"<p>Here is the week.</p>{cards()}", id="a round-up, which is the story"),
        pytest.param(
            f"<div>{PARAGRAPHS[0]}</div><div>{cards()}{cards()}{cards()}</div>",
            id="most of the page",
        ),
        pytest.param(
            f"<div>{BODY}</div><div>{cards('https://shop.example')}</div>", id="goods of a shop"
        ),
        pytest.param(
            "<div>"
            + "".join(f"<p>{text}</p><p>{link(n)}</p>" for n, text in enumerate(PARAGRAPHS))
            + "</div>",
            id="links between paragraphs",
        ),
        pytest.param(f"<div>{BODY}<h4>{link(0)}</h4><p>{NOTE}</p></div>", id="one headline"),
        pytest.param(
            f"<div>{BODY}</div><ul>{'<li><a href=/x>Sport</a></li>' * 3}</ul>",
            id="sections of the site",
        ),
    ],
)
def test_elements_that_may_be_the_story_stay(body):
    whole = line_of(lxml.html.document_fromstring(f"<main><h1>Ferry late</h1>{body}</main>"))

    assert left_of(body) == whole


def test_an_address_that_is_none_breaks_nothing():
    body = f"<div>{BODY}<a href='http://[x'>{HEADLINES[0]}</a></div>"

    assert HEADLINES[0] in left_of(body)
