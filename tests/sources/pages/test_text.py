from datetime import UTC, date, datetime

import pytest

from bot.sources.feeds.model import DocumentKind, Unreadable
from bot.sources.feeds.sniff import decode
from bot.sources.pages.text import read_text

TITLE = "Ferry to Old Harbour Late Again"
FIRST = (
    "Port Elin, March 2 (Harbour Press)–The ferry to the old harbour was late again on Monday, "
    "the fourth time since the new timetable came into force, and the crew blamed the fog that "
    "has lain over the bay for a week. Passengers said that they had waited since the morning."
)
LAST = (
    "The mayor said that a second boat would sail from April, and that the fares of everybody "
    "who had waited for more than an hour would be paid back without any question."
)
BOX = "Don't Miss\n\nEXCLUSIVE: Bridge to Be Painted in a New Colour\n\nPort Elin, March 2"


@pytest.mark.parametrize(
    ("text", "published"),
    [
        pytest.param(
            f"{TITLE}\n\n2 Mars 2026\n\n{FIRST} {LAST} END [Copyright Harbour Press] \n\n{BOX}",
            date(2026, 3, 2),
            id="a wire agency's page",
        ),
        pytest.param(f"{TITLE}\n\n{FIRST} {LAST}\n-30-\n\n{BOX}", None, id="thirty, no date"),
        pytest.param(
            f"{TITLE}\n\nLundi 2 mars 2026\n\n{FIRST} {LAST}\n\nÀ lire aussi\n\nUn pont repeint",
            date(2026, 3, 2),
            id="no end mark, a French box",
        ),
        pytest.param(
            f"{TITLE}\n2026年3月2日 12時00分\n{FIRST} {LAST}\n(了)\n関連記事\n橋の塗装",
            datetime(2026, 3, 2, 12, tzinfo=UTC),
            id="Japanese, no empty lines",
        ),
        pytest.param(
            f"2. März 2026\n\n{TITLE}\n\n{FIRST} {LAST}\n\n© Harbour Press\n\nMehr zum Thema\n\nX",
            date(2026, 3, 2),
            id="the date above the title",
        ),
        pytest.param(
            f"{TITLE}\n\nBy Ada Berg | 2 марта 2026 г.\n\n{FIRST} {LAST} [Copyright HP]",
            date(2026, 3, 2),
            id="a byline with a Russian date",
        ),
        pytest.param(
            f"http://x.io/\n\n# {TITLE}\n\n*2 March 2026*\n\n{FIRST} {LAST}\n\n## See also\n\n- X",
            date(2026, 3, 2),
            id="Markdown under its address",
        ),
        pytest.param(
            f"{TITLE}\n\n2 Mars 2026\n\n{FIRST} {LAST}\n\nDon't Miss\n\nBridge Painted\n\n{FIRST}",
            date(2026, 3, 2),
            id="no end mark, a box with a wire story",
        ),
    ],
)
def test_an_article_of_that_shape_is_read(text, published):
    item = read_text(text, "").items[0]

    assert item.title == TITLE
    assert item.published == published
    assert item.text.replace("\n\n", " ") == f"{FIRST} {LAST}"


def test_paragraphs_stay_apart():
    item = read_text(f"{TITLE}\n\n{FIRST}\n\n{LAST}\n\nEND\n\n{BOX}", "").items[0]

    assert item.text == f"{FIRST}\n\n{LAST}"


def test_lines_wrapped_at_a_width_are_joined():
    words, lines = FIRST.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 70:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()

    item = read_text("\n".join([TITLE, "", *lines, "", LAST]), "").items[0]

    assert item.text == f"{FIRST}\n\n{LAST}"


@pytest.mark.parametrize(
    ("charset", "mark"),
    [("utf-8", ""), ("utf-8", "\ufeff"), ("cp1252", ""), ("utf-16", "")],
    ids=["UTF-8", "a byte order mark", "Latin-1", "UTF-16"],
)
def test_any_charset_and_line_end_will_do(charset, mark):
    text = f"{mark}Café Señor fermé\r\n\r\n2 février 2026\r\n\r\n{FIRST}\r\n\r\n{LAST}\r\n"

    item = read_text(decode(text.encode(charset)), "").items[0]

    assert (item.title, item.published) == ("Café Señor fermé", date(2026, 2, 2))
    assert item.text == f"{FIRST}\n\n{LAST}"


def test_a_text_without_a_title_takes_its_first_sentence():
    item = read_text(f"{FIRST} {LAST}", "").items[0]

    assert item.title.startswith("Port Elin")
    assert item.text == f"{FIRST} {LAST}"


def test_a_sentence_with_a_date_stays_in_the_body():
    sentence = "It left on March 2, 2026, at noon, with nobody aboard."

    item = read_text(f"{TITLE}\n\n{sentence}\n\n{FIRST}", "").items[0]

    assert item.text.startswith(sentence)
    assert item.published == date(2026, 3, 2)


def test_nothing_but_blanks_is_no_article():
    with pytest.raises(Unreadable):
        read_text(" \n ", "")


def test_the_seed_article_is_read(corpus):
    path = corpus.parent / "seed-article.txt"
    if not path.exists():
        pytest.skip("there is no seed article beside the corpus")
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line.strip()]

    document = read_text(text, "")
    item = document.items[0]

    assert (document.kind, len(document.items)) == (DocumentKind.TEXT, 1)
    assert (item.title, item.published, item.language) == (lines[0], date(2025, 11, 17), "en")
    assert item.text == lines[2].partition(" END")[0]
