import lxml.html
import pytest

from bot.sources.webpages.pagechunks import join_chunks
from bot.sources.webpages.pages import read_page

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
def test_stories_that_only_look_alike_stay_apart(between: str):
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
