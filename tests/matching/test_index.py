import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.index import QueryIndex, spans
from bot.matching.query import Query, QueryError, parse
from tests.matching import oracle
from tests.matching.wordings import queries, texts


def index_of(*typed: str) -> QueryIndex:
    index = QueryIndex()
    for number, query in enumerate(typed, 1):
        index.add(number, parse(query))
    return index


YES, NO = True, False


@pytest.mark.parametrize(
    ("query", "text", "is_match"),
    [
        pytest.param("Taiwan", "Talks on TAIWAN resume.", YES, id="a word, in capitals"),
        pytest.param("Taiwan", "Taiwanese firms", NO, id="whole words only"),
        pytest.param("Taiwan", "Taiwan's ministry", YES, id="a possessive"),
        pytest.param("Taiwan's", "in Taiwan", YES, id="a possessive in the query"),
        pytest.param('"consul-general"', "the Consul General said", YES, id="hyphen or space"),
        pytest.param('"consul general"', "the consul\u2011general", YES, id="U+2011"),
        pytest.param("consul-general", "the consul–general", YES, id="an en dash"),
        pytest.param('"consul general"', "general consul", NO, id="a phrase keeps its order"),
        pytest.param('"consul general"', "consul and general", NO, id="and its nearness"),
        pytest.param("consul", "the consul general", YES, id="a word inside a phrase"),
        pytest.param("consul general", "general and consul", YES, id="two words in any order"),
        pytest.param("email", "an e-mail", YES, id="joined in the query"),
        pytest.param("e-mail", "an email", YES, id="joined in the text"),
        pytest.param("e-mail", "an e mail", YES, id="apart in the text"),
        pytest.param('"e-mail service"', "an email service", YES, id="joined inside a phrase"),
        pytest.param('"email service"', "e-mail service", YES, id="apart inside a phrase"),
        pytest.param("1000", "1,000 people", YES, id="a number with a comma"),
        pytest.param("F16", "two F-16 jets", YES, id="a letter and a number"),
        pytest.param("tai*", "Taipei", YES, id="a beginning"),
        pytest.param("tai*", "Detail", NO, id="a beginning is no middle"),
        pytest.param('"new yor*"', "New Yorkers", YES, id="a phrase's beginning"),
        pytest.param("U.S.", "U.S. officials", YES, id="U.S. with points"),
        pytest.param("U.S.", "told us", NO, id="U.S. is no pronoun"),
        pytest.param("US", "U.S. officials", YES, id="US finds U.S."),
        pytest.param("UN", "the U.N. said", YES, id="UN finds U.N."),
        pytest.param("C++", "written in C++.", YES, id="C++"),
        pytest.param("C++", "vitamin C", NO, id="C++ is not C"),
        pytest.param("C", "written in C++", NO, id="C is not C++"),
        pytest.param("AT&T", "AT&T sues", YES, id="AT&T"),
        pytest.param("AT&T", "at t", NO, id="AT&T is one word"),
        pytest.param(".NET", "a .NET release", YES, id=".NET"),
        pytest.param(".NET", "the net", NO, id=".NET is not net"),
        pytest.param("OBrien", "O'Brien", YES, id="an Irish name"),
        pytest.param("Iran", "avec l'Iran", YES, id="a French article"),
        pytest.param("Quebec", "QUÉBEC", YES, id="an accent in the text"),
        pytest.param("Québec", "Que\u0301bec", YES, id="a decomposed accent"),
        pytest.param("Strasse", "Hauptstraße, Straße", YES, id="German ß"),
        pytest.param("Łódź", "Lodz", YES, id="Polish ł"),
        pytest.param("İstanbul", "istanbul", YES, id="Turkish dotted I"),
        pytest.param("ISPARTA", "ısparta", YES, id="Turkish dotless i"),
        pytest.param("Turkiye", "Türkiye'nin", YES, id="a Turkish suffix"),
        pytest.param("Москва", "МОСКВА", YES, id="Russian capitals"),
        pytest.param("моск*", "в Москве", YES, id="a Russian beginning"),
        pytest.param("елка", "Ёлка", YES, id="Russian ё"),
        pytest.param("Київ", "у Києві", NO, id="no stemming"),
        pytest.param("Αθήνα", "ΑΘΗΝΑ", YES, id="Greek capitals have no accents"),
        pytest.param("القاهرة", "القَاهِرَة", YES, id="Arabic vowels"),
        pytest.param("أحمد", "احمد", YES, id="an Arabic hamza"),
        pytest.param("سلام", "ســـلام", YES, id="an Arabic line filler"),
        pytest.param("ישראל", "יִשְׂרָאֵל", YES, id="Hebrew points"),
        pytest.param("צה״ל", 'צה"ל', YES, id="Hebrew gershayim"),
        pytest.param("दिल्ली", "नई दिल्ली में", YES, id="Hindi"),
        pytest.param("दिल्ली", "दिल्लीवासी", NO, id="Hindi words are whole"),
        pytest.param("ไทย", "ประเทศไทยวันนี้", YES, id="Thai inside a run"),
        pytest.param("台湾", "在台湾海峡", YES, id="Chinese inside a run"),
        pytest.param("台湾", "台灣", NO, id="another character"),
        pytest.param("台湾", "台 湾岸", YES, id="spaces in a run say nothing"),
        pytest.param("台湾 中国", "中国と台湾", YES, id="two Chinese words"),
        pytest.param("総領事", "駐大阪総領事館は", YES, id="Japanese inside a run"),
        pytest.param("パリ", "バリ島", NO, id="Paris is not Bali"),
        pytest.param("バリ", "ﾊﾞﾘ島", YES, id="half-width kana"),
        pytest.param("ジョージブッシュ", "ジョージ・ブッシュ", YES, id="a middle dot"),
        pytest.param("NHK", "ＮＨＫニュース", YES, id="full-width letters beside kana"),
        pytest.param("대만", "대만의 총통", YES, id="a Korean particle"),
        pytest.param("대만", "남대만", NO, id="Korean words begin with it"),
        pytest.param('"한국 은행"', "한국은 은행이", YES, id="particles inside a phrase"),
        pytest.param("한국은행", "한국 은행", NO, id="one Korean word is not two"),
        pytest.param('"한국 은행"', "한국은행이", YES, id="a Korean compound"),
        pytest.param("2025", "٢٠٢٥", YES, id="Arabic digits"),
        pytest.param("taiwan", "tai\u00adwan", YES, id="a soft hyphen"),
        pytest.param("x OR y", "y", YES, id="or"),
        pytest.param("x -y", "x y", NO, id="not"),
        pytest.param("x -y", "x z", YES, id="not there"),
        pytest.param("x (y OR z)", "x z", YES, id="brackets"),
        pytest.param("x -(y z)", "x y", YES, id="not both"),
        pytest.param("title:x", "x", NO, id="only in the title"),
    ],
)
def test_what_matches(query: str, text: str, is_match: bool):
    index = index_of(query)

    assert bool(index.match("", text)) is is_match
    assert oracle.matches(parse(query), "", text) is is_match
    assert bool(spans(parse(query), "", text)) is is_match


@pytest.mark.parametrize(
    ("query", "title", "text", "is_match"),
    [
        pytest.param("title:x", "an x", "", YES, id="in the title"),
        pytest.param("title:x y", "x", "y", YES, id="one here, one there"),
        pytest.param('"x y"', "x", "y", NO, id="no phrase spans both"),
        pytest.param("台湾", "台", "湾", NO, id="no run spans both"),
        pytest.param("x -y", "y", "x", NO, id="not in either"),
        pytest.param("x -title:y", "x", "y", YES, id="not in the title"),
    ],
)
def test_title_and_text_are_two_ranges(query: str, title: str, text: str, is_match: bool):
    assert bool(index_of(query).match(title, text)) is is_match


def test_all_queries_that_match_are_returned():
    index = index_of("consul", '"consul general"', "general", "cons*", "embassy")

    assert index.match("Consul general called in", "") == {1, 2, 3, 4}


def test_what_is_removed_matches_no_more():
    index = index_of("taiwan", "tai*", "taiwan OR china")
    index.remove(1)
    index.remove(2)
    index.remove(2)
    index.add(3, parse("china"))

    assert index.match("Taiwan", "") == set()
    assert index.match("China", "") == {3}
    assert (len(index), 1 in index, 3 in index) == (1, False, True)


def readable(typed: list[str]) -> list[Query]:
    found = []
    for text in typed:
        try:
            found.append(parse(text))
        except QueryError:
            continue
    return found


@given(st.data())
def test_the_index_agrees_with_the_oracle_whatever_was_added_and_removed(data: st.DataObject):
    index = QueryIndex()
    live: dict[int, Query] = {}
    for query in readable(data.draw(st.lists(queries, max_size=8))):
        number = data.draw(st.integers(1, 5))
        index.add(number, query)
        live[number] = query
        if data.draw(st.booleans()):
            gone = data.draw(st.integers(1, 5))
            index.remove(gone)
            live.pop(gone, None)
        title, text = data.draw(texts), data.draw(texts)

        assert index.match(title, text) == {
            number for number, query in live.items() if oracle.matches(query, title, text)
        }
