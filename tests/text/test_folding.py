import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.text.characters import FOLDS_TO, MOST_VARIANTS, han_variants
from bot.text.folding import (
    PIECE,
    beyond_ascii,
    compose,
    fold,
    folded_text,
    folds_to_ascii,
    joined_pieces,
    pieces,
)
from bot.text.tracing import trace
from tests.matching.wordings import texts


@pytest.mark.parametrize(
    ("text", "plain", "joined"),
    [
        pytest.param("Consul General", "consul general", "", id="capitals"),
        pytest.param("consul-general", "consul general", "consulgeneral", id="a hyphen"),
        pytest.param("consul\u2011general", "consul general", "consulgeneral", id="U+2011"),
        pytest.param("east—west", "east west", "", id="a dash between clauses joins nothing"),
        pytest.param("Taiwan's", "taiwan", "", id="a possessive"),
        pytest.param("TAIWAN\u2019S", "taiwan", "", id="a curly possessive in capitals"),
        pytest.param("L'Iran", "l iran", "liran", id="an elision"),
        pytest.param("in the U.S.", "in the u.s", "in the us", id="U.S. is no pronoun"),
        pytest.param("C++17, C# and .NET", "c++ 17 c# and .net", "", id="programming"),
        pytest.param("AT&T, S&P 500", "at&t s&p 500", "", id="ampersands in names"),
        pytest.param("salt & pepper", "salt pepper", "", id="an ampersand between words"),
        pytest.param("Québec e\u0301te\u0301", "quebec ete", "", id="Latin marks go"),
        pytest.param("Ёлка Й", "елка и", "", id="Cyrillic marks go"),
        pytest.param("Άθηνας", "αθηνασ", "", id="Greek marks go, final sigma"),
        pytest.param("أَحْمَد", "احمد", "", id="Arabic marks go"),
        pytest.param('שָׁלוֹם צה"ל', "שלום צהל", "", id="Hebrew points and gershayim"),
        pytest.param("パリ バリ", "パ リ バ リ", "", id="kana voicing stays: Paris is not Bali"),
        pytest.param("ﾊﾞﾘ", "バ リ", "", id="half-width kana composed"),
        pytest.param("हिन्दी", "हिन्दी", "", id="Hindi vowels stay"),
        pytest.param("ＮＨＫニュース", "nhk ニ ュ ー ス", "", id="full width beside kana"),
        pytest.param("İSTANBUL ılık", "istanbul ilik", "", id="Turkish i"),
        pytest.param("Straße Łódź Øresund Þór", "strasse lodz oresund thor", "", id="letters"),
        pytest.param("zero\u200bwidth so\u00adft", "zerowidth soft", "", id="unseen characters"),
        pytest.param("٢٠٢٥ ２０２５", "2025 2025", "", id="digits of other scripts"),
        pytest.param(
            "１０㌦ 10㎞ ㍻", "10 ド ル 10km 平 成", "", id="words squared in one character"
        ),
        pytest.param("Foo™ ½ CO²", "foo 1 2 co2", "", id="compatibility letters, no signs"),
        pytest.param("\x01\x02 a\x04", "a", "", id="our own markers in a text are nothing"),
        pytest.param("台灣 臺灣 台湾", "台 湾 台 湾 台 湾", "", id="one character, three ways"),
        pytest.param(
            "理髮 發展 発", "理 髮 發 展 發", "", id="two words that simplified writes alike"
        ),
        pytest.param("髙﨑 高崎", "高 崎 高 崎", "", id="variants in names"),
        pytest.param("후쿠오카", "후쿠오카", "", id="Korean stays whole: it is a beginning"),
        pytest.param("a・b", "a b", "", id="a middle dot is a space"),
        pytest.param("rock\u2019n\u2019roll", "rock n roll", "rocknroll", id="apostrophes join"),
        pytest.param("1,000.50 1.000", "1 000 50 1 000", "1000 50 1000", id="thousands"),
        pytest.param(" …!? ", "", "", id="no word"),
    ],
)
def test_texts_fold_to_words(text: str, plain: str, joined: str):
    folded = fold(text)

    assert (folded.plain.strip(), folded.joined.strip()) == (plain, joined)


def test_the_stored_text_has_the_joined_words_too():
    assert folded_text("An e-mail, an e-mail") == "an e\x01mail an e\x01mail \x07 e email mail"


def test_a_han_character_folds_to_one_that_stays():
    assert set(FOLDS_TO.values()).isdisjoint(FOLDS_TO)
    assert all(len(char) == 1 and fold(char).words == (head,) for char, head in FOLDS_TO.items())


@pytest.mark.parametrize(
    ("typed", "also"),
    [
        pytest.param("台湾", ["颱湾", "檯湾"], id="simplified: whatever it stands for"),
        pytest.param("頭髮", ["头发"], id="traditional: the simplified, and never 發"),
        pytest.param("歴史", ["历史"], id="Japanese: the simplified, and never 曆"),
        pytest.param("予算", ["预算", "豫算"], id="what Japanese writing has for several"),
        pytest.param("拉麺", ["拉面"], id="a word with a neighbour"),
        pytest.param("麺", [], id="a lone character: nothing says what is meant"),
        pytest.param("国会", [], id="forms of one character are folded already"),
        pytest.param("複製", ["复制", "複制", "复製"], id="mixtures of writings last"),
    ],
)
def test_merged_characters_are_searched_as_their_variants(typed: str, also: list[str]):
    first, *others = han_variants(fold(typed).words)

    assert first == fold(typed).words
    assert others == [fold(other).words for other in also]


def test_a_phrase_of_merged_characters_alone_has_few_variants():
    found = han_variants(tuple("发里台干" * 100))

    assert len(found) == len(set(found)) == MOST_VARIANTS
    assert tuple("發裏颱乾" * 100) in found


@given(st.text(st.sampled_from("发發髮髪里裏台臺颱弁辩瓣国x"), max_size=2))
def test_variants_that_differ_in_one_character_are_variants_of_each_other(text: str):
    first, *others = han_variants(fold(text).words or ("x",))

    for other in others:
        if sum(one != two for one, two in zip(first, other, strict=True)) == 1:
            assert first in han_variants(other)


@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("a-. \t\n\x1c\x85\xa0\u2003\u2028\u3000\ufdfa"))
    )
)
def test_only_one_blank_stands_between_words(text: str):
    for reading in fold(text).readings:
        assert reading == "".join(f" {word}" for word in reading.split()) + " " * bool(reading)


@given(st.text())
def test_folding_again_changes_nothing(text: str):
    plain = fold(text).plain

    assert fold(plain).plain == plain


@given(st.one_of(texts, st.text(), st.text(st.sampled_from("a\u0301 \u3099かｶﾞ한\u1100\u1161ﾟ'.-"))))
def test_a_trace_has_one_place_for_each_word_in_order(text: str):
    traced = trace(text)

    for reading, places in traced.readings:
        assert len(reading.split()) == len(places)
        assert list(places) == sorted(places)
        assert all(0 <= start < end <= len(text) for start, end in places)


@given(texts)
def test_a_traced_word_is_found_at_its_place(text: str):
    traced = trace(text)

    for reading, places in traced.readings:
        for word, (start, end) in zip(reading.split(), places, strict=True):
            found = fold(text[start:end])
            assert word in {*found.plain.split(), *found.joined.split(), ".net"}


@given(st.text(st.one_of(st.characters(), st.sampled_from("aéİß’—ﾞ\u1161")).filter(folds_to_ascii)))
def test_characters_that_fold_to_ascii_do_so_beside_any_others(text: str):
    assert compose(text) == text
    assert fold(text).plain.isascii()


def test_a_tower_of_marks_is_no_bomb():
    assert fold("a" + "\u0301\u0323" * 500_000).words == ("a",)


ENDS = " \n。"
anything = st.one_of(texts, st.text(), st.text(st.sampled_from("a\u0301 \u3099かｶﾞ한'.-,+#&1sSU")))


@given(st.lists(anything), st.sampled_from(ENDS), st.integers(1, 9))
def test_a_text_in_pieces_folds_as_a_whole(some: list[str], end: str, longest: int):
    text = end.join(some)
    cut = list(pieces(text, longest))
    assume(all(piece[-1] in ENDS for piece in cut[:-1]))

    assert "".join(cut) == text
    assert joined_pieces([fold(piece) for piece in cut]) == fold(text)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("a", id="letters"),
        pytest.param("한", id="Korean"),
        pytest.param("\u0301", id="marks"),
        pytest.param("-", id="signs"),
    ],
)
def test_words_without_end_are_cut(word: str):
    cut = list(pieces(f"x {word * 3 * PIECE} y"))

    assert max(map(len, cut)) == PIECE
    assert "".join(cut) == f"x {word * 3 * PIECE} y"
    assert fold("".join(cut)) == joined_pieces([fold(piece) for piece in cut])


@pytest.mark.parametrize("words", [["台湾"], ["e-mail"], ["Zu\u0308rich", "U.S.", "ｶﾞ"]])
def test_a_long_text_is_traced_as_a_short_one_is(words: list[str]):
    short = " ".join(words) + " "
    again = PIECE // len(short) + 9

    traced, once = trace(short * again), trace(short)

    for (reading, places), (one, parts) in zip(traced.readings, once.readings, strict=True):
        assert reading.split() == one.split() * again
        assert list(places) == [
            (start + turn * len(short), end + turn * len(short))
            for turn in range(again)
            for start, end in parts
        ]


def test_marks_are_cut_only_where_a_run_is_long():
    hindi = "क" + "\u093c" * 64

    assert fold(f"{hindi} {hindi}\u093c").words == (compose(hindi), "क" + "\u093c" * 16)


@given(st.text(st.characters(codec=None)))
def test_characters_beyond_ascii_keep_their_order(text: str):
    assert beyond_ascii(text) == "".join(char for char in text if not char.isascii())
