import lxml.html
import pytest

from bot.sources.pages.markup import join_chunks, simplify
from bot.sources.pages.page import read_page

PARAGRAPH = (
    "The ferry to the old harbour was late again on Monday, the fourth time since the new "
    "timetable came into force, and{}the crew blamed the fog that lies over the bay."
)


@pytest.mark.parametrize("empty", [" <strong></strong>", "<em> </em>", " <a name='x'></a>"])
def test_no_word_behind_an_empty_element_is_lost(empty):
    story = f"<p>{PARAGRAPH.format(' ')}</p>" * 2
    page = f"<title>Ferry</title><h1>Ferry</h1>{story}<p>{PARAGRAPH.format(empty)}</p>"

    assert read_page(page, "").items[0].text.split("\n\n")[-1] == PARAGRAPH.format(" ")


def test_a_table_that_lays_out_the_page_becomes_blocks_and_one_of_figures_stays():
    figures = "<table><tr><td>Boats</td><td>2</td></tr></table>"
    layout = f"<table><tr><td>{PARAGRAPH * 2}{figures}</td></tr></table>"

    root = lxml.html.document_fromstring(layout)
    simplify(root)

    assert [len(list(root.iter(name))) for name in ("table", "div")] == [1, 3]


def test_lines_of_one_paragraph_are_joined_and_those_of_a_text_kept():
    markup = "<p>The ferry\n  was <b>late</b>\nagain.</p><pre>one\ntwo</pre>"

    root = lxml.html.document_fromstring(f"<body>{markup}</body>")
    simplify(root)

    assert [element.text_content() for element in root.iter("p", "pre")] == [
        "The ferry was late again.",
        "one\ntwo",
    ]


def test_the_words_of_a_players_buttons_go():
    player = "<div class='video-js big'><div class='vjs-modal'>This is a modal window.</div></div>"

    root = lxml.html.document_fromstring(f"<body>{player}<p>Late again.</p></body>")
    simplify(root)

    assert root.text_content() == "Late again."


def test_controls_that_references_bring_into_a_tree_break_nothing():
    markup = "<p>Late<!--x-->&#1;<b></b> again&#8;.</p>"

    root = lxml.html.document_fromstring(f"<body>{markup}</body>")
    simplify(root)

    assert root.text_content() == "Late again."


STORY = [
    f"The {what} to the old harbour was late again on Monday, the fourth time since the new "
    "timetable came into force, and the crew blamed the fog that lies over the bay."
    for what in ("ferry", "tram", "bus", "train", "lift", "boat")
]


def chunk(*paragraphs: str, name: str = "story__part") -> str:
    return f"<div class='{name}'>{''.join(f'<p>{each}</p>' for each in paragraphs)}</div>"


ADVERT = "<div class='ad'><span>Advertisement</span></div>"
CHUNKS = [chunk(*STORY[:2]), chunk(*STORY[2:4]), chunk(*STORY[4:])]


def joined(body: str) -> list[list[str]]:
    """The paragraphs of each element that has some, after joining."""
    root = lxml.html.document_fromstring(f"<body><main><h1>Late</h1>{body}</main></body>")
    join_chunks(root)
    held = [[p.text for p in element.iterchildren("p")] for element in root.iter("div")]
    return [paragraphs for paragraphs in held if paragraphs]


def test_the_chunks_of_a_story_are_joined_in_their_order():
    assert joined(ADVERT.join(f"<section>{each}</section>" for each in CHUNKS)) == [STORY]


def test_a_story_in_chunks_is_read_whole():
    rows = ADVERT.join(f"<div class=row>{each}</div>" for each in CHUNKS)
    page = f"<title>Late</title><body><article><h1>Late</h1>{rows}</article></body>"

    assert read_page(page, "").items[0].text.split("\n\n") == STORY


@pytest.mark.parametrize(
    "between",
    [
        pytest.param("<h2>Bridge painted</h2>", id="a headline"),
        pytest.param("<span class='author'>Ann Berg</span>", id="an author"),
        pytest.param("<time>2 March</time>", id="a time"),
        pytest.param("<p>More.</p>", id="a paragraph of something else"),
    ],
)
def test_stories_that_only_look_alike_stay_apart(between):
    assert [STORY[:2], STORY[2:4], STORY[4:]] == [
        each for each in joined(between.join(CHUNKS)) if len(each) > 1
    ]


def test_comments_are_no_chunks():
    comments = [chunk(each, name="comment-text") for each in STORY]

    assert len(joined("".join(comments))) == len(STORY)


def test_a_chunk_in_a_chunk_breaks_nothing():
    inner = chunk(STORY[0], STORY[1])
    outer = f"<div class='story__part'>{inner}<p>{STORY[2]}</p></div>"

    assert joined(outer) == [[STORY[2]], STORY[:2]]
