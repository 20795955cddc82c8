import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.matching.query import QueryError, QueryErrorCode, parse
from tests.matching.wordings import queries


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        pytest.param("Taiwan", "taiwan", id="a word"),
        pytest.param('Taiwan OR "consul-general"', '"consul general" OR taiwan', id="or"),
        pytest.param("b AND a", "a b", id="and"),
        pytest.param("A b", "a b", id="standing beside each other"),
        pytest.param("x | y|z", "x OR y OR z", id="a bar"),
        pytest.param("x OR (y OR x) OR y", "x OR y", id="flattened, each once"),
        pytest.param("x y OR z", "x y OR z", id="and binds tighter"),
        pytest.param("x (y OR z)", "x (y OR z)", id="brackets"),
        pytest.param("x NOT y", "x -y", id="not, written out"),
        pytest.param("x AND NOT -y", "x y", id="twice not"),
        pytest.param("x －y", "x -y", id="full-width minus"),
        pytest.param("x !y", "x -y", id="an exclamation mark"),
        pytest.param("x -- y", "x y", id="two dashes alone say nothing"),
        pytest.param("x –y", "x -y", id="a telephone's dash"),
        pytest.param("x – y", "x y", id="a dash alone says nothing"),
        pytest.param("x -(y OR z)", "x -y -z", id="neither of two"),
        pytest.param("x -(y z)", "x -(y z)", id="not both"),
        pytest.param("x (-z OR u OR -y)", "(u OR -(y z)) x", id="without one or the other"),
        pytest.param("consul-general", '"consul general"', id="a compound is a phrase"),
        pytest.param("“New York”", '"new york"', id="curly quotes"),
        pytest.param("„New York“", '"new york"', id="German quotes"),
        pytest.param("« New York »", '"new york"', id="French quotes"),
        pytest.param("＂New York＂", '"new york"', id="full-width quotes"),
        pytest.param("「台湾」", "台湾", id="corner brackets"),
        pytest.param("（台湾 ｜ 中国）", "中国 OR 台湾", id="full-width brackets and bar"),
        pytest.param("台 湾", "台 湾", id="two characters apart are two words"),
        pytest.param('"台 湾"', "台湾", id="a phrase of characters is written together"),
        pytest.param("台湾、中国", "中国 台湾", id="an ideographic comma separates"),
        pytest.param("taiw*", "taiw*", id="a beginning"),
        pytest.param('"new yor*"', '"new yor*"', id="a phrase's last word may be a beginning"),
        pytest.param("대만*", "대만", id="Korean is a beginning anyway"),
        pytest.param("Title:Taiwan", "title:taiwan", id="a field"),
        pytest.param(
            "title : Taiwan lang : en", "lang:en title:taiwan", id="as the French write it"
        ),
        pytest.param('title:"New York"', 'title:"new york"', id="a phrase in a field"),
        pytest.param("title:(x OR y) z", "(title:x OR title:y) z", id="a bracket in a field"),
        pytest.param("x and y or z not u", "x y OR z -u", id="small operators"),
        pytest.param("or taiwan and", '"and" "or" taiwan', id="small ones at the ends are words"),
        pytest.param("x Or y", '"or" x y', id="one capital makes no operator"),
        pytest.param('x "or" y', '"or" x y', id="in quotes it is a word"),
        pytest.param("x or and y", '"or" x y', id="two small ones: the first is a word"),
        pytest.param("x ＯＲ y ＡＮＤ z", "x OR y z", id="full-width operators"),
        pytest.param("x NEAR/5 y", "x NEAR/5 y", id="near"),
        pytest.param("y near/5 x", "x NEAR/5 y", id="near, small, the other way round"),
        pytest.param('"y x"~5', "x NEAR/5 y", id="near, as Lucene writes it"),
        pytest.param('"台湾 海峡"～３', "台湾 NEAR/3 海峡", id="full-width near"),
        pytest.param("x ＮＥＡＲ／５ y", "x NEAR/5 y", id="full-width NEAR"),
        pytest.param('-"x y"~2 z', "z -(x NEAR/2 y)", id="not near"),
        pytest.param("title:x NEAR/2 y", "title:x NEAR/2 title:y", id="near in the title"),
        pytest.param("x NEAR/2 (y OR z)", "x NEAR/2 y OR x NEAR/2 z", id="near one of several"),
        pytest.param("NEAR protocol", '"near" protocol', id="NEAR is a name at the beginning"),
        pytest.param('"US"c', '"US"c', id="exactly so"),
        pytest.param('"US"C', '"US"c', id="exactly so, a telephone's capital"),
        pytest.param("«Yahoo!»c", '"Yahoo"c', id="exactly so, without what is no word"),
        pytest.param('title:"WHO"c', 'title:"WHO"c', id="exactly so in the title"),
        pytest.param('"US"chips', "chips us", id="a word behind a quote is a word"),
        pytest.param("x source:https://www.Reuters.com/world", "source:reuters.com x", id="host"),
        pytest.param('source:"Example Wire" x', 'source:"example wire" x', id="a source's name"),
        pytest.param("ｓｏｕｒｃｅ：nikkei", "source:nikkei", id="a full-width field"),
        pytest.param("ｌａｎｇ：ｊａ 台湾", "lang:ja 台湾", id="a field in full width throughout"),
        pytest.param("source：Ｎｉｋｋｅｉ", "source:nikkei", id="a full-width source"),
        pytest.param("source:(b.c OR a.c)", "source:a.c OR source:b.c", id="either source"),
        pytest.param(
            'source:（"Example Wire" ｜ Nikkei） x',
            '(source:"example wire" OR source:nikkei) x',
            id="full-width brackets of sources",
        ),
        pytest.param("-source:(b.c or a.c) x", "x -source:a.c -source:b.c", id="neither source"),
        pytest.param("x lang:(EN OR fr)", "(lang:en OR lang:fr) x", id="either language"),
        pytest.param("source:*.a.c", "source:a.c", id="a host and all below it"),
        pytest.param("x lang:JA", "lang:ja x", id="a language"),
        pytest.param("x -lang:zh-Hant", "x -lang:zh", id="not a language"),
        pytest.param("‘New York’", '"new york"', id="single curly quotes"),
        pytest.param("'New York' mayor", '"new york" mayor', id="single straight quotes"),
        pytest.param("‚New York‘", '"new york"', id="single German quotes"),
        pytest.param("'US'c x", '"US"c x', id="exactly so in single quotes"),
        pytest.param("'90s music's", "90s music", id="an apostrophe before a word is no quote"),
        pytest.param("don’t stop", '"don t" stop', id="an apostrophe is no quote"),
        pytest.param("‹New York›", '"new york"', id="single French quotes"),
        pytest.param("»New York«", '"new york"', id="quotes turned round"),
        pytest.param(
            "『台湾』《中国》〝日本〟", "中国 台湾 日本", id="Japanese and Chinese quotes"
        ),
        pytest.param("【台湾 OR 中国】［x］", "x (中国 OR 台湾)", id="brackets of other families"),
        pytest.param("台湾。中国！日本？", "中国 台湾 日本", id="full-width marks separate"),
        pytest.param("taiw＊", "taiw*", id="a full-width star"),
        pytest.param("C++ AT&T U.S. .NET", ".net at&t c++ u.s", id="names with signs"),
        pytest.param('צה"ל', "צהל", id="a quote inside a Hebrew abbreviation"),
        pytest.param("@news +china", "china news", id="signs before words"),
    ],
)
def test_queries_have_one_canonical_text(typed: str, canonical: str):
    assert parse(typed).canonical == canonical
    assert parse(canonical) == parse(typed)


@given(queries)
@example("x -(y z -(u OR v))")
def test_printing_and_parsing_is_the_identity(typed: str):
    try:
        query = parse(typed)
    except QueryError as error:
        assume(error.code is not QueryErrorCode.TOO_DEEP)
        raise

    assert parse(str(query)) == query
    assert str(parse(str(query))) == str(query)


_SPELLINGS = [
    ["Taiwan", "taiwan", "ＴＡＩＷＡＮ", "'Taiwan'", "“taiwan’s”"],
    ["consul-general", '"Consul General"', "«consul–general»", "consul\u2011general"],
    ["台灣", "臺灣", "「台湾」", "台湾*"],
    ["Québec", "Que\u0301bec", "QUEBEC"],
    ["title:Straße", "Title：strasse", "title:(STRASSE)"],
    ["lang:en", "LANG:en-GB", "lang:(en)"],
    ["a NEAR/3 b", "b near/3 a", '"b a"~3'],
]


@given(
    st.lists(st.integers(0, len(_SPELLINGS) - 1), min_size=1, max_size=6, unique=True),
    st.sampled_from([(" ", " AND ", " and "), (" OR ", "|", " or ")]),
    st.data(),
)
def test_equal_queries_are_one_whatever_their_spelling_and_order(
    parts: list[int], joints: tuple[str, ...], data: st.DataObject
):
    first = "x " + joints[0].join(f"({_SPELLINGS[part][0]} x)" for part in parts)
    other = "x"
    for part in data.draw(st.permutations(parts)):
        spelling = data.draw(st.sampled_from(_SPELLINGS[part]))
        joint = data.draw(st.sampled_from(joints)) if other != "x" else " "
        other += f"{joint}(x {spelling})"

    assert parse(other).canonical == parse(first).canonical


_PIECES = [
    "OR", "AND", "NOT", "-", "(", ")", '"', "*", "title:", "source:", "lang:ja", "NEAR/3", "~3",
    "c", "or", "#", "not", "‘", "|", "taiwan", "台", "é", "“", "»",
]  # fmt: skip
_CHARACTERS = "/~:#‘’《》aAsCnET.&+#-'’\"*() 台か\u3099ไุ한\u1161ﾊﾞé\u0301ς״1,\x01\ufdd0\u200d्क़"


@given(
    st.one_of(
        st.text(),
        st.text(st.sampled_from(_CHARACTERS)),
        st.lists(st.sampled_from(_PIECES), max_size=40).map(" ".join),
    )
)
def test_anything_is_read_or_refused_with_its_place(typed: str):
    try:
        query = parse(typed)
    except QueryError as refused:
        error = refused
    else:
        assert parse(str(query)) == query
        return

    assert 0 <= error.position <= error.position + error.length <= len(typed)
    if error.suggestion:
        parse(error.suggestion)
