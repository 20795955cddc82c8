import lxml.html
import pytest

from bot.sources.webpages.pagemeta import line_of
from bot.sources.webpages.teasers import drop_teasers

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
HEADLINES = [
    "Bridge over the river to be painted green",
    "Museum finds a lost map behind a wall",
    "Storm takes roofs off three farms in the hills",
]
TEASER = (
    "The council said so on Tuesday after a debate that split the parties, and the work was given "
    "to a firm in the north."
)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in STORY)


def link(number: int, host: str = "") -> str:
    return f"<a href='{host}/{number}.html'>{HEADLINES[number]}</a>"


def cards(host: str = "") -> str:
    return "".join(
        f"<div><h4>{link(number, host)}</h4><p>{TEASER}</p></div>" for number in range(3)
    )


def left_of(body: str, site: str = "ex.org") -> str:
    root = lxml.html.document_fromstring(f"<body><main><h1>Ferry late</h1>{body}</main></body>")
    drop_teasers(root, site)
    return line_of(root)


WHOLE = f"Ferry late {' '.join(STORY)}"


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
            f"<table>{''.join(f'<tr><td>{link(n)}</td><td>{TEASER}</td></tr>' for n in range(3))}"
            "</table>",
            id="rows",
        ),
    ],
)
def test_a_group_of_teasers_goes_whatever_its_heading_says(box: str):
    assert left_of(f"<div>{BODY}{box}</div>") == WHOLE
    assert left_of(f"<div>{box}</div><div>{BODY}</div>") == WHOLE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"<p>Here is the week.</p>{cards()}", id="a round-up, which is the story"),
        pytest.param(
            f"<div>{STORY[0]}</div><div>{cards()}{cards()}{cards()}</div>", id="most of the page"
        ),
        pytest.param(
            f"<div>{BODY}</div><div>{cards('https://shop.example')}</div>", id="goods of a shop"
        ),
        pytest.param(
            "<div>"
            + "".join(f"<p>{text}</p><p>{link(n)}</p>" for n, text in enumerate(STORY))
            + "</div>",
            id="links between paragraphs",
        ),
        pytest.param(f"<div>{BODY}<h4>{link(0)}</h4><p>{TEASER}</p></div>", id="one headline"),
        pytest.param(
            f"<div>{BODY}</div><ul>{'<li><a href=/x>Sport</a></li>' * 3}</ul>",
            id="sections of the site",
        ),
    ],
)
def test_what_may_be_the_story_stays(body: str):
    whole = line_of(lxml.html.document_fromstring(f"<main><h1>Ferry late</h1>{body}</main>"))

    assert left_of(body) == whole


def test_an_address_that_is_none_breaks_nothing():
    body = f"<div>{BODY}<a href='http://[x'>{HEADLINES[0]}</a></div>"

    assert HEADLINES[0] in left_of(body)
