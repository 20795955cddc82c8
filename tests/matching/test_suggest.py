import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.query import is_readable
from bot.matching.suggest import names_in, suggested

CORPUS = os.environ.get("DATELINE_CORPUS")


@pytest.mark.parametrize(
    ("title", "text", "words"),
    [
        pytest.param(
            "Captain of sunken ferry Santa Rosalia detained",
            "The Santa Rosalia sank off Bohara on 3 March. Police in Bohara hold the captain.",
            ['"Santa Rosalia"', "Bohara", '"Santa Rosalia" Bohara'],
            id="names, and both together",
        ),
        pytest.param(
            "Envoy answers for “lifeboats” remark",
            "She said that they “should count their lifeboats”, and left.",
            ['"should count their lifeboats"'],
            id="what is quoted",
        ),
        pytest.param(
            "外務省、那覇の総領事に説明要求",
            "外務省は総領事に説明を求めた。那覇の総領事は答えていない。",
            ["総領事", "那覇"],
            id="Japanese: runs of kanji between kana",
        ),
        pytest.param(
            "花蓮外海規模5.7地震",
            "花蓮外海今晨地震，規模5.7。",
            ["花蓮外海"],
            id="Chinese: what comes again",
        ),
        pytest.param(
            "부산에서 대만으로 가는 하늘길",
            "부산과 대만을 잇는 하늘길이 열린다.",
            ["하늘길", "부산", "대만"],
            id="Korean: without the particle",
        ),
        pytest.param(
            "خط شحن جديد يربط الإسكندرية بموانئ تايوان",
            "قالت الشركة إن خط الإسكندرية إلى تايوان يبدأ في مايو.",
            ["الإسكندرية", "تايوان"],
            id="Arabic: longer words of both",
        ),
        pytest.param(
            "Паром у берегов Крита сел на мель",
            "Утром паром сел на мель у берегов Крита, сообщила Афинам полиция.",
            ["Крита"],
            id="Cyrillic: capitals inside a sentence",
        ),
        pytest.param("2026: 17 % more", "17 % in 2026, 12 % in 2025.", [], id="numbers are none"),
        pytest.param("", "", [], id="nothing"),
    ],
)  # fmt: skip
def test_texts_suggest_queries(title, text, words):
    found = suggested(title, text)

    assert set(words) <= set(found)
    assert bool(words) == bool(found)


@given(st.text(max_size=120), st.text(max_size=400))
def test_every_suggestion_is_a_query_that_fits_a_button(title, text):
    found = suggested(title, text)

    assert len(found) <= 4
    assert len(set(found)) == len(found)
    assert all(is_readable(query) and len(query.encode()) <= 40 for query in found)


@pytest.mark.skipif(CORPUS is None, reason="DATELINE_CORPUS names no folder")
def test_articles_in_several_languages_have_words_to_offer():
    truth = Path(CORPUS or "") / "articles_scrapinghub" / "ground-truth.json"
    texts = [each["articleBody"] for each in json.loads(truth.read_text("utf-8")).values()]

    offered = [suggested(text.partition("\n")[0][:150], text) for text in texts]

    found = [words for words in offered if len(words) > 1]
    assert len(found) >= 0.95 * len(texts)
    assert not any(query.strip('"').isdigit() for words in offered for query in words)


@pytest.mark.parametrize(
    ("title", "text", "names"),
    [
        pytest.param(
            "Captain of sunken ferry Santa Rosalia detained",
            "Police are questioning him.",
            ["Santa Rosalia"],
            id="a name of two words",
        ),
        pytest.param(
            "Ferry sinks off Bohara, dozens missing", "", ["Bohara"], id="what begins is no name"
        ),
        pytest.param(
            "Captain Of Santa Rosalia Detained By Police",
            "The Santa Rosalia went down. Police held the captain.",
            ["Santa Rosalia"],
            id="with capitals everywhere the text says which are names",
        ),
        pytest.param(
            "Consul-General in Osaka to Visit Taiwan for Talks on Flights",
            "A consul-general based in Osaka will travel to Taiwan.",
            ["Osaka", "Taiwan"],
            id="short words have none in such a title",
        ),
        pytest.param(
            "Talks that began on Tuesday with Erdogan's envoy go on in Tokyo",
            "",
            ["Erdogan", "Tokyo"],
            id="no day, and no s of its owner",
        ),
        pytest.param(
            "Envoy meets Lin in Port Ellery", "He met Lin of Port Ellery.", ["Port Ellery", "Lin"],
            id="the longest first",
        ),
        pytest.param("サントリーニ島で地震", "", ["サントリーニ"], id="katakana"),
        pytest.param("台湾で大きな地震", "", [], id="a script without capitals"),
        pytest.param("", "", [], id="nothing"),
    ],
)  # fmt: skip
def test_names_are_found_in_headlines(title, text, names):
    assert names_in(title, text) == names


@given(st.text(max_size=80), st.text(max_size=200))
def test_every_name_fits_a_button_and_none_is_within_another(title, text):
    names = names_in(title, text)

    assert all(name.strip() and len(name.encode()) <= 40 for name in names)
    assert len(set(names)) == len(names)
