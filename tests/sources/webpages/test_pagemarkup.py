import lxml.html
import pytest

from bot.sources.webpages.pagemarkup import simplified
from bot.sources.webpages.pages import read_page

PARAGRAPH = (
    "The ferry to the old harbour was late again on Monday, the fourth time since the new "
    "timetable came into force, and{}the crew blamed the fog that lies over the bay."
)


@pytest.mark.parametrize("empty", [" <strong></strong>", "<em> </em>", " <a name='x'></a>"])
def test_no_word_behind_an_empty_element_is_lost(empty: str):
    story = f"<p>{PARAGRAPH.format(' ')}</p>" * 2
    page = f"<title>Ferry</title><h1>Ferry</h1>{story}<p>{PARAGRAPH.format(empty)}</p>"

    assert read_page(page, "").items[0].text.split("\n\n")[-1] == PARAGRAPH.format(" ")


def test_a_table_that_lays_out_the_page_becomes_blocks_and_one_of_figures_stays():
    figures = "<table><tr><td>Boats</td><td>2</td></tr></table>"
    layout = f"<table><tr><td>{PARAGRAPH * 2}{figures}</td></tr></table>"

    root = simplified(lxml.html.document_fromstring(layout))

    assert [len(list(root.iter(name))) for name in ("table", "div")] == [1, 3]


def test_lines_of_one_paragraph_are_joined_and_those_of_a_text_kept():
    markup = "<p>The ferry\n  was <b>late</b>\nagain.</p><pre>one\ntwo</pre>"

    root = simplified(lxml.html.document_fromstring(f"<body>{markup}</body>"))

    assert [element.text_content() for element in root.iter("p", "pre")] == [
        "The ferry was late again.",
        "one\ntwo",
    ]


def test_the_words_of_a_players_buttons_go():
    player = "<div class='video-js big'><div class='vjs-modal'>This is a modal window.</div></div>"

    root = simplified(lxml.html.document_fromstring(f"<body>{player}<p>Late again.</p></body>"))

    assert root.text_content() == "Late again."


def test_controls_that_references_bring_into_a_tree_break_nothing():
    markup = "<p>Late<!--x-->&#1;<b></b> again&#8;.</p>"

    root = simplified(lxml.html.document_fromstring(f"<body>{markup}</body>"))

    assert root.text_content() == "Late again."
