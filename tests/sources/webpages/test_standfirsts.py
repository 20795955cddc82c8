import pytest

from bot.sources.webpages.pages import read_page

TITLE = "Ferry late again"
LEAD = "Nobody in the harbour believes in the new timetable any more, least of all the crew."
STORY = [
    (
        "The ferry to the old harbour was late again on Monday, the fourth time since the new "
        "timetable came into force, and the crew blamed the fog that lies over the bay."
    ),
    (
        "Passengers who had waited since the morning said that they would write to the mayor, who "
        "answered that a second boat would sail from April on every day of the week."
    ),
    (
        "The fares of everybody who had waited for over an hour will be paid back, the company "
        "said, and it asked for patience until the new radar has been fitted to the old boat."
    ),
]
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in STORY)


def text_of(under_the_headline: str, head: str = "") -> str:
    page = (
        f"<html lang=en><head><title>{TITLE} - Harbour News</title>{head}</head><body><main>"
        f"<div class=top><h1>{TITLE}</h1>{under_the_headline}</div>"
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
def test_the_standfirst_is_the_first_paragraph(block: str, head: str):
    assert text_of(block, head) == "\n\n".join([LEAD, *STORY])


def test_what_shares_the_headlines_block_is_a_standfirst():
    page = (
        f"<title>{TITLE}</title><body><main><header><h1>{TITLE}</h1><h2>{LEAD}</h2></header>"
        f"<div>{BODY}</div></main></body>"
    )

    assert read_page(page, "").items[0].text == "\n\n".join([LEAD, *STORY])


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f'<div class="lead">{LEAD}</div><p class="lead">{LEAD}</p>', id="told twice"),
        pytest.param(f'<p class="summary">{STORY[0]}</p>', id="the first paragraph"),
    ],
)
def test_nothing_is_told_twice(block: str):
    text = text_of(block)

    assert [text.count(part) for part in [LEAD, *STORY]] in ([1, 1, 1, 1], [0, 1, 1, 1])


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
def test_what_is_no_standfirst_stays_out(block: str):
    assert text_of(block) == "\n\n".join(STORY)
