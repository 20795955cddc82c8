import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.languages import all_words
from bot.sources.pages.trim import end_mark, end_trimmed, is_heading, rights_line

LONG = "The ferry to the old harbour was late again on Monday. " * 5
LATER = "Passengers who had waited since the morning said they would write to the mayor. " * 3
TEASER = "Police looked for a bicycle near the station all night and found another one there. " * 3
SHORT = "A bridge is painted"


@pytest.mark.parametrize(
    ("end", "rest"),
    [
        pytest.param(
            "It sailed at noon. END [Copyright Harbour Press]", [], id="END and a bracket"
        ),
        pytest.param("It sailed at noon. END", [SHORT], id="END alone"),
        pytest.param(
            "It sailed at noon. [Copyright Harbour Press]", [SHORT], id="a copyright note"
        ),
        pytest.param("It sailed at noon. -30-", [SHORT], id="thirty"),
        pytest.param("It sailed at noon. (了)", [SHORT], id="Japanese"),
        pytest.param("It sailed at noon. ###", [SHORT], id="hashes"),
        pytest.param("It sailed at noon. --ENDS--", [SHORT], id="dashes"),
        pytest.param("It sailed at noon. [END]", [SHORT], id="square brackets"),
        pytest.param("It sailed at noon. THE END", [SHORT], id="the end"),
        pytest.param("It sailed at noon.\uff08終わり\uff09", [SHORT], id="wide brackets"),
        pytest.param(
            "It sailed at noon. (c) Harbour Press 2026", [SHORT], id="a right in brackets"
        ),
    ],
)
def test_an_end_mark_ends_the_article(end, rest):
    assert end_trimmed([LONG, end, *rest]) == [LONG, "It sailed at noon."]


NOTE = "(c) 2026 HP. All rights reserved."


@pytest.mark.parametrize(
    ("paragraphs", "left"),
    [
        pytest.param([f"{LONG}© Harbour Press", SHORT], [LONG.rstrip()], id="behind a sentence"),
        pytest.param([f"{LONG}{NOTE}", SHORT], [LONG.rstrip()], id="in letters, with all rights"),
        pytest.param([LONG, LATER, "© 2026 HP", SHORT], [LONG, LATER], id="a line of its own"),
        pytest.param(
            [LONG, LONG, "© A. Berg", LATER, LONG],
            [LONG, LONG, "© A. Berg", LATER, LONG],
            id="a caption, which ends nothing",
        ),
    ],
)
def test_a_copyright_note_ends_the_article(paragraphs, left):
    assert end_trimmed(paragraphs) == left


@pytest.mark.parametrize(
    "heading",
    [
        *("Stories you might like", "You may have missed", "People are reading", "Keep reading"),
        *("Aussi à lire", "Ça peut vous intéresser", "Auch lesenswert", "Lesetipps"),
        *("Te podría interesar", "Sigue leyendo", "Pode interessar", "Potrebbe interessarti anche"),
        *("Mer om ferjer", "Lue lisää", "Polecamy", "Mohlo by vás zajímat", "Legolvasottabb"),
        *("Вам может быть интересно", "Читайте ще", "Δείτε επίσης", "Sizin için önerilenler"),
        *("この記事に関連するニュース", "你可能还喜欢", "이 시각 주요 뉴스", "Có thể bạn quan tâm"),
        *("ข่าวล่าสุด", "قد يعجبك أيضا", "और पढ़ें", "আরও পড়ুন", "קראו גם", "Simak juga"),
        *(
            "Don't Miss",
            "Don’t miss:",
            "Read also",
            "RELATED STORIES",
            "Most read",
            "▼ Trending now",
        ),
        *("À lire aussi", "Lesen Sie auch", "Te puede interesar", "Leggi anche", "Читайте также"),
        *(
            "関連記事",
            "【関連記事】",
            "相关阅读",
            "관련 기사",
            "اقرأ أيضا",
            "Baca juga",
            "Lees ook",
        ),
    ],
)
def test_a_box_after_the_article_goes(heading):
    assert is_heading(heading)
    assert end_trimmed([LONG, LATER, heading, SHORT, SHORT]) == [LONG, LATER]


WIRE = "Port Elin, March 2 (Harbour Press)\u2013"
BRIEF = (
    "The crew blamed the fog that has lain over the bay for a week, and the passengers left. "
    "Nobody was hurt."
)
CHAPTERS = [text for number in "1234" for text in (f"{number}. Wear a coat", LATER)]


@pytest.mark.parametrize(
    ("box", "rest", "left"),
    [
        pytest.param(["Don't miss", SHORT, TEASER] * 2, [], [], id="long teasers"),
        pytest.param(["Read also", SHORT, "A tram"], [LATER, LONG], [LATER, LONG], id="inside"),
        pytest.param(["Don't Miss", SHORT, WIRE + TEASER], [], [], id="one wire story"),
        pytest.param(["Read also: Bridge painted"], [LATER], [LATER], id="one line"),
        pytest.param(["Most popular", SHORT], [BRIEF] * 2, [BRIEF] * 2, id="short paragraphs"),
        pytest.param(["Related", SHORT], [LATER], [LATER], id="before the last paragraph"),
        pytest.param(
            [*CHAPTERS, "Read more", SHORT],
            [LATER, *CHAPTERS],
            [*CHAPTERS, LATER, *CHAPTERS],
            id="among chapters",
        ),
    ],
)
def test_a_box_goes_and_the_rest_of_the_article_stays(box, rest, left):
    assert end_trimmed([LONG, *box, *rest]) == [LONG, *left]


def test_another_wire_story_begins_at_its_headline():
    assert end_trimmed([WIRE + LONG, LATER, SHORT, WIRE + TEASER]) == [WIRE + LONG, LATER]


def test_the_captions_of_a_gallery_go():
    captions = [f"- {number}/12 A boat in the fog" for number in range(1, 13)]

    assert end_trimmed([LONG, *captions, LATER]) == [LONG, LATER]
    assert end_trimmed([LONG, "9/11 was a Tuesday.", LATER]) == [LONG, "9/11 was a Tuesday.", LATER]


@pytest.mark.parametrize(
    "paragraphs",
    [
        pytest.param([LONG, "The end of the line is near.", LATER], id="the word end"),
        pytest.param(
            [LONG, "What to read also depends on the weather, he said.", LATER], id="words"
        ),
        pytest.param(["END [of an era], they said.", LONG, LATER, LONG], id="a mark at the start"),
        pytest.param(["Related", LONG], id="a heading with nothing before it"),
        pytest.param([LONG, "The WEEKEND was wet.", LATER], id="END inside a word"),
        pytest.param([], id="nothing"),
    ],
)
def test_real_text_stays(paragraphs):
    assert end_trimmed(paragraphs) == paragraphs


@pytest.mark.parametrize(
    "note",
    [
        "The post Ferry late again appeared first on Harbour News.",
        "L’article Le bac en retard est apparu en premier sur Nouvelles du port.",
        "Der Beitrag Fähre zu spät erschien zuerst auf Hafenblatt.",
        "La entrada El ferri llega tarde se publicó primero en El Puerto.",
        "Artykuł Prom znów spóźniony pochodzi z serwisu Port.",
        "投稿 フェリー遅れる は 港ニュース に最初に表示されました。",
        "This story was originally published by Harbour News.",
        "Continue reading the main story",
        "Read more »",
        "Read the full article",
    ],
)
def test_a_note_of_the_site_goes_wherever_it_stands(note):
    assert end_trimmed([LONG, note, LATER, note]) == [LONG, LATER]


@pytest.mark.parametrize(
    "sentence",
    [
        "The post office on the quay appeared deserted.",
        "Read more books, he told the children.",
        "This story was the first that she ever wrote.",
    ],
)
def test_a_sentence_with_such_words_stays(sentence):
    assert end_trimmed([LONG, sentence, LATER]) == [LONG, sentence, LATER]


@pytest.mark.parametrize(
    "line",
    [
        "You may like it or not, he said",
        "People are reading less, a survey says",
        "Más sobre la mesa que bajo ella",
        "Das könnte Sie teuer zu stehen kommen",
        "Что почитать летом",
    ],
)
def test_a_line_with_such_words_is_no_heading(line):
    assert not is_heading(line)


@given(st.lists(st.one_of(st.text(min_size=1), st.sampled_from([LONG, SHORT, "Related", "END"]))))
def test_any_paragraphs_left_were_there_in_that_order(paragraphs):
    left = iter(paragraphs)

    assert all(any(full.startswith(kept) for full in left) for kept in end_trimmed(paragraphs))


@pytest.mark.parametrize("brackets", ["()", "[]", "<>", "【】", "（）"])
def test_every_end_mark_of_a_language_is_seen_in_brackets(brackets):
    marks = [f"{brackets[0]}{mark}{brackets[1]}" for mark in all_words("end_marks")]
    texts = [f"It sailed at noon. {mark} " for mark in marks]

    assert [text for text in texts if not end_mark(text)] == []


def test_every_end_mark_without_brackets_is_seen():
    texts = [f"It sailed at noon. {mark}" for mark in all_words("bare_end_marks")]

    assert [text for text in texts if not end_mark(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "© 2026 Harbour Press",
        "(C) Harbour Press",
        "Copyright Harbour Press",
        "Alle Rechte vorbehalten.",
        "版权所有 海港社",
        "It sailed at noon. © 2026 Harbour Press",
    ],
)
def test_a_copyright_line_is_seen(text):
    assert rights_line(text)


def test_other_texts_end_nothing():
    assert not end_mark("The weekend was wet.")
    assert not end_mark("The boat (END of the pier) was late.")
    assert not rights_line("The rights of way were closed.")
    assert not rights_line("Copyrighted works were shown.")


@pytest.mark.parametrize(
    "paragraphs",
    [
        pytest.param(["Read more"], id="headings"),
        pytest.param(["© Harbour Press"], id="copyright lines"),
        pytest.param([SHORT, LONG, "Read more"], id="chapters"),
        pytest.param(["1/9 A boat"], id="a gallery"),
    ],
)
def test_thousands_of_paragraphs_are_trimmed_in_time(paragraphs):
    """Each looks at all that follow if this is done carelessly: an hour of work."""
    story = [LONG, *[SHORT, LONG] * 4, *paragraphs * (20_000 // len(paragraphs)), LONG]

    assert end_trimmed(story)
