import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.matching.query import Code, QueryError, parse
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


@pytest.mark.parametrize(
    ("typed", "code", "place", "suggestion"),
    [
        pytest.param("", Code.EMPTY, (0, 0), "", id="nothing"),
        pytest.param(" & ", Code.EMPTY, (0, 3), "", id="no word"),
        pytest.param("-x", Code.ONLY_NOT, (0, 1), "", id="only not"),
        pytest.param("x OR -y", Code.ONLY_NOT, (5, 1), "", id="one way has only not"),
        pytest.param("the of", Code.ONLY_STOP_WORDS, (0, 3), "", id="stop words"),
        pytest.param("の", Code.ONLY_STOP_WORDS, (0, 1), "", id="a lone kana"),
        pytest.param("的 OR 台湾", Code.ONLY_STOP_WORDS, (0, 1), "", id="Chinese grammar"),
        pytest.param("台湾 OR ก", Code.ONLY_STOP_WORDS, (6, 1), "", id="a lone Thai letter"),
        pytest.param('taiwan OR "of the"', Code.ONLY_STOP_WORDS, (10, 8), "", id="one way"),
        pytest.param("taiwan ta*", Code.SHORT_PREFIX, (7, 3), "taiwan ta", id="short prefix"),
        pytest.param("да мо*", Code.SHORT_PREFIX, (3, 3), "да мо", id="a short Russian prefix"),
        pytest.param("x y*z", Code.STRAY_STAR, (2, 3), "", id="a star inside"),
        pytest.param("x *", Code.STRAY_STAR, (2, 1), "", id="a star alone"),
        pytest.param(
            "Taiwan OR (consul", Code.UNCLOSED_BRACKET, (10, 1), "Taiwan OR consul", id="bracket"
        ),
        pytest.param('x "y z', Code.UNCLOSED_QUOTE, (2, 1), 'x "y z"', id="quote"),
        pytest.param("x )", Code.UNEXPECTED_BRACKET, (2, 1), "x", id="closing bracket"),
        pytest.param("x ()", Code.EMPTY_BRACKETS, (2, 2), "", id="empty brackets"),
        pytest.param('x ""', Code.EMPTY_PHRASE, (2, 2), "", id="empty phrase"),
        pytest.param("OR x", Code.UNEXPECTED_OPERATOR, (0, 2), "x", id="or at the start"),
        pytest.param("x AND", Code.NOTHING_FOLLOWS, (2, 3), "x", id="and at the end"),
        pytest.param("x OR OR y", Code.NOTHING_FOLLOWS, (2, 2), "x OR y", id="or twice"),
        pytest.param("title:", Code.NOTHING_FOLLOWS, (0, 6), "", id="a field of nothing"),
        pytest.param("x NEAR/ y", Code.NEAR_HOW_FAR, (2, 5), "x NEAR/5 y", id="how near"),
        pytest.param("x NEAR y", Code.NEAR_HOW_FAR, (2, 4), "x NEAR/5 y", id="NEAR alone"),
        pytest.param('"x y"~', Code.NEAR_HOW_FAR, (5, 1), '"x y"~5', id="how near, in quotes"),
        pytest.param("x NEAR/99 y", Code.NEAR_TOO_FAR, (2, 7), "x NEAR/50 y", id="not near"),
        pytest.param('"x y z"~3', Code.NEAR_WHAT, (0, 9), "", id="three near each other"),
        pytest.param("x NEAR/3 y NEAR/3 z", Code.NEAR_WHAT, (2, 6), "", id="near in a row"),
        pytest.param("x NEAR/3 (y z)", Code.NEAR_WHAT, (2, 6), "", id="near both"),
        pytest.param("x NEAR/3 -y", Code.NOTHING_FOLLOWS, (2, 6), "x -y", id="near a NOT"),
        pytest.param("NEAR/3 x", Code.UNEXPECTED_OPERATOR, (0, 6), "x", id="near at the start"),
        pytest.param('"US*"c', Code.EXACT_STAR, (0, 6), '"US"c', id="an exact beginning"),
        pytest.param("x NEAR5 y", Code.NEAR_HOW_FAR, (2, 5), "x NEAR/5 y", id="no slash"),
        pytest.param("x w/3 y", Code.NEAR_HOW_FAR, (2, 3), "x NEAR/3 y", id="another's near"),
        pytest.param('"new yor"*', Code.STRAY_STAR, (0, 10), '"new yor*"', id="star outside"),
        pytest.param('x "US"c*', Code.EXACT_STAR, (2, 6), 'x "US"c', id="star behind the c"),
        pytest.param("title:-x", Code.NOTHING_FOLLOWS, (0, 6), "", id="a minus behind a field"),
        pytest.param(
            "y title:NOT xy", Code.NOTHING_FOLLOWS, (2, 6), "y -title:xy", id="NOT behind a field"
        ),
        pytest.param(
            "y source:-x.z", Code.NOTHING_FOLLOWS, (2, 7), "y -source:x.z", id="no such source"
        ),
        pytest.param("source:()", Code.EMPTY_BRACKETS, (0, 9), "", id="no sources"),
        pytest.param(
            "source:(x.y", Code.UNCLOSED_BRACKET, (7, 1), "source:(x.y)", id="sources, open"
        ),
        pytest.param("source:(x OR -y)", Code.FIELD_BRACKETS, (7, 9), "", id="not a source"),
        pytest.param("source:(x (y) z)", Code.FIELD_BRACKETS, (7, 9), "", id="sources in sources"),
        pytest.param(
            "source:(x OR)", Code.NOTHING_FOLLOWS, (10, 2), "source:(x )", id="or no source"
        ),
        pytest.param(
            "source:(x.y z.y)",
            Code.FIELD_BRACKETS,
            (7, 9),
            "source:(x.y OR z.y)",
            id="hosts, no OR",
        ),
        pytest.param(
            "source:（New York Times）",
            Code.FIELD_BRACKETS,
            (7, 16),
            'source:"New York Times"',
            id="one name in brackets",
        ),
        pytest.param(
            "source:x.y,z.y u", Code.FIELD_BRACKETS, (7, 7), "source:(x.y OR z.y) u", id="a comma"
        ),
        pytest.param(
            "x lang:(en, fr)",
            Code.FIELD_BRACKETS,
            (7, 8),
            "x lang:(en OR fr)",
            id="languages, no OR",
        ),
        pytest.param(
            "x lang:(en OR jp)",
            Code.UNKNOWN_LANGUAGE,
            (14, 2),
            "x lang:(en OR ja)",
            id="one of two",
        ),
        pytest.param(
            "x author:y", Code.UNKNOWN_FIELD, (2, 7), "x y", id="a field that is not here"
        ),
        pytest.param("x source:", Code.NOTHING_FOLLOWS, (2, 7), "", id="no source"),
        pytest.param("x site:y.z", Code.UNKNOWN_FIELD, (2, 5), "x source:y.z", id="another field"),
        pytest.param("x lang:jp", Code.UNKNOWN_LANGUAGE, (7, 2), "x lang:ja", id="a country"),
        pytest.param("x lang:xx", Code.UNKNOWN_LANGUAGE, (7, 2), "", id="no language"),
        pytest.param("lang:ja", Code.ONLY_LANGUAGE, (0, 7), "", id="only a language"),
        pytest.param("x #taiwan", Code.UNKNOWN_TOPIC, (2, 7), "x taiwan", id="no such topic"),
        pytest.param("not x", Code.ONLY_NOT, (0, 3), "", id="a small not at the start"),
        pytest.param("ß" * 999, Code.TOO_LONG, (0, 999), "", id="too long written out"),
        pytest.param("(" * 9 + "x" + ")" * 9, Code.TOO_DEEP, (8, 1), "", id="nine brackets"),
        pytest.param("xy " * 65, Code.TOO_MANY_LITERALS, (192, 2), "", id="65 words"),
        pytest.param("x" * 1001, Code.TOO_LONG, (1000, 1), "", id="1,001 characters"),
    ],
)
def test_a_refusal_points_at_its_place(
    typed: str, code: Code, place: tuple[int, int], suggestion: str
):
    with pytest.raises(QueryError) as refused:
        parse(typed)

    error = refused.value
    assert (error.code, (error.position, error.length)) == (code, place)
    assert error.suggestion == suggestion
    assert error.text == typed


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("(" * 200_000, id="brackets"),
        pytest.param("-" * 999 + "(", id="dashes"),
        pytest.param("NOT " * 249 + "(", id="nots"),
        pytest.param("title:" * 166, id="fields"),
        pytest.param('"' * 999, id="quotes"),
        pytest.param("x OR " * 199, id="ors"),
        pytest.param("(x " * 333, id="nested ands"),
        pytest.param("a\u0301\u0323" * 5_000_000, id="marks"),
    ],
)
def test_bombs_are_refused(typed: str):
    with pytest.raises(QueryError):
        parse(typed)


TOPICS = {
    "Taiwan news": "taiwan OR formosa",
    "Chips": "semicond* #taiwan-news",
    "A": "x #b",
    "B": "y #a",
    "Broken": "(x",
    **{f"Deep {n}": f"#deep-{n + 1} d{n}" for n in range(10)},
    "Many": " OR ".join(f"m{n}" for n in range(40)),
    "More": " OR ".join(f"n{n}" for n in range(40)),
    **{f"Long {n}": "z" * 900 for n in range(9)},
    **{f"Bomb {n}": f"#bomb-{n + 1} " * 60 for n in range(6)},
    "Bomb 6": "boom",
}


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        pytest.param("x #taiwan-news", "(formosa OR taiwan) x", id="its words in brackets"),
        pytest.param('＃"Taiwan News"', "formosa OR taiwan", id="in quotes"),
        pytest.param("#chips", "(formosa OR taiwan) semicond*", id="a topic in a topic"),
        pytest.param("title:#taiwan-news", "title:formosa OR title:taiwan", id="in the title"),
        pytest.param("#bomb-0", "boom", id="one that is named 60 times, six deep, is read once"),
        pytest.param("#'Taiwan news'", "formosa OR taiwan", id="in single quotes"),
        pytest.param("x -#taiwan-news", "x -formosa -taiwan", id="not what it asks for"),
    ],
)
def test_a_saved_topic_stands_for_its_words(typed: str, canonical: str):
    assert parse(typed, TOPICS).canonical == canonical


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("x #a", Code.TOPIC_IN_ITSELF, id="a circle"),
        pytest.param("x #broken", Code.BROKEN_TOPIC, id="one that cannot be read"),
        pytest.param("x #deep-0", Code.TOO_DEEP, id="ten deep"),
        pytest.param(
            " ".join(f"#long-{n}" for n in range(9)), Code.TOO_LONG, id="9,000 characters of them"
        ),
        pytest.param("x (#many #more)", Code.TOO_MANY_LITERALS, id="80 words together"),
    ],
)
def test_a_saved_topic_that_cannot_be_read_is_pointed_at(typed: str, code: Code):
    with pytest.raises(QueryError) as refused:
        parse(typed, TOPICS)

    assert refused.value.code is code
    assert refused.value.place.startswith("#")


@given(queries)
@example("x -(y z -(u OR v))")
def test_printing_and_parsing_is_the_identity(typed: str):
    try:
        query = parse(typed)
    except QueryError as error:
        assume(error.code is not Code.TOO_DEEP)
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
    "OR",
    "AND",
    "NOT",
    "-",
    "(",
    ")",
    '"',
    "*",
    "title:",
    "source:",
    "lang:ja",
    "NEAR/3",
    "~3",
    "c",
    "or",
    "#",
    "not",
    "‘",
    "|",
    "taiwan",
    "台",
    "é",
    "“",
    "»",
]


_CHARACTERS = "/~:#‘’《》aAsCnET.&+#-'’\"*() 台か\u3099ไุ한\u1161ﾊﾞé\u0301ς״1,\x01\ufdd0\u200d्क़"


@settings(max_examples=500)
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
