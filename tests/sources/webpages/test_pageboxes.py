import lxml.html
import pytest

from bot.sources.webpages.pageboxes import without_boxes
from bot.sources.webpages.pages import read_page

TITLE = "Ferry Late Again"
STORY = [
    (
        "The ferry to the old harbour was late again on Monday, the fourth time since the new "
        "timetable came into force, and the crew blamed the fog that lies over the bay."
    ),
    (
        "Passengers who had waited since the morning said that they would write to the mayor, who "
        "answered that a second boat would sail from April on every day of the week."
    ),
]
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
def test_a_box_of_other_stories_goes_wherever_it_stands(body: str):
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
def test_what_only_looks_like_a_box_stays(body: str):
    root = lxml.html.document_fromstring(f"<body>{body}</body>")
    before = lxml.html.tostring(root)

    assert lxml.html.tostring(without_boxes(root)) == before
