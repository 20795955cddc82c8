"""What matches what, over the scripts that news is written in: engine, oracle and spans agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matching.index import QueryIndex
from bot.matching.query import ParsedQuery, parse
from bot.matching.spans import spans
from tests.matching import oracle
from tests.matching.wordings import LANGUAGES, carriers, parsed, surrounded, texts

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
        pytest.param("台湾", "台灣", YES, id="traditional characters"),
        pytest.param("臺灣", "台湾", YES, id="traditional in the query"),
        pytest.param("國家發展", "国家发展", YES, id="traditional finds simplified"),
        pytest.param("头发", "她的頭髮", YES, id="one simplified character for two"),
        pytest.param("頭髮", "她的头发", YES, id="traditional finds the one for two"),
        pytest.param("長髮", "長發集團", NO, id="traditional tells the two apart"),
        pytest.param("髪", "首相が発表", NO, id="Japanese hair is not to issue"),
        pytest.param("発表", "发表声明", YES, id="Japanese finds the one for two"),
        pytest.param("拉麵", "一碗拉面", YES, id="noodles are simplified as face"),
        pytest.param("麺", "面会した", NO, id="lone Japanese noodles are no face"),
        pytest.param("机", "飛行機", NO, id="a Japanese desk is no machine"),
        pytest.param("飞机", "搭飛機", YES, id="a simplified machine"),
        pytest.param("分辨", "不容分辩", NO, id="to discern is not to argue"),
        pytest.param("辩护", "弁護士", YES, id="what Japanese writes for both"),
        pytest.param("予算案", "预算案通过", YES, id="a Japanese budget"),
        pytest.param("台風", "颱風警報", YES, id="a typhoon, Japanese and traditional"),
        pytest.param("裏金", "黑金與裡面", NO, id="Japanese secret money"),
        pytest.param("歷史", "曆史", NO, id="history has nothing of the calendar"),
        pytest.param("铝业", "鋁業", YES, id="a character that is rarer"),
        pytest.param("沖縄", "冲绳", YES, id="Japanese finds simplified"),
        pytest.param("経済", "經濟部長", YES, id="Japanese finds traditional"),
        pytest.param("斉藤", "齊藤", YES, id="a name's older character"),
        pytest.param("中国", "中间国", NO, id="characters in between"),
        pytest.param("国中", "中国", NO, id="Chinese characters in their order"),
        pytest.param("習近平", "习近平说", YES, id="a Chinese name"),
        pytest.param("《三体》", "电影《三體》上映", YES, id="Chinese quotes"),
        pytest.param("にほん", "ニホン", NO, id="hiragana is not katakana"),
        pytest.param("ｶﾞｽ", "ガス料金", YES, id="half-width in the query"),
        pytest.param("トヨタ*", "トヨタ自動車", YES, id="a star says nothing in Japanese"),
        pytest.param("東京", "東 京都", YES, id="a line break inside Japanese"),
        pytest.param("G7サミット", "Ｇ７サミット開幕", YES, id="full-width digits"),
        pytest.param("삼성전자", "삼성전자가 발표", YES, id="a Korean subject"),
        pytest.param("미국", "한미국방장관", NO, id="Korean syllables inside a word"),
        pytest.param("김정은", "김정은이 참석했다", YES, id="a Korean name as a subject"),
        pytest.param("윤석열", "윤석열 대통령", YES, id="a Korean name"),
        pytest.param("한국", "한국", YES, id="Korean in decomposed jamo"),
        pytest.param("กรุงเทพ", "ในกรุงเทพมหานคร", YES, id="a Thai city inside a run"),
        pytest.param("นายกรัฐมนตรี", "อดีตนายกรัฐมนตรีแถลง", YES, id="a Thai office inside a run"),
        pytest.param("เชียงใหม่", "ที่จ.เชียงใหม่วันนี้", YES, id="a Thai province, abbreviated before"),
        pytest.param("ทหาร", "ตำรวจจับกุม", NO, id="Thai soldiers are no police"),
        pytest.param("ไทย", "ไท ย", YES, id="Thai with a space says nothing"),
        pytest.param("ข้าว", "ขาว", NO, id="a Thai tone makes another word"),
        pytest.param("๒๕๖๘", "ปี 2568", YES, id="Thai digits"),
        pytest.param("मोदी", "मोदी ने कहा", YES, id="a Hindi name"),
        pytest.param("मोदी", "मोद", NO, id="a Hindi vowel counts"),
        pytest.param("क़", "क़", YES, id="a Hindi nukta composed or not"),
        pytest.param("सुप्रीम कोर्ट", "सुप्रीम-कोर्ट का फ़ैसला", YES, id="a Hindi hyphen"),
        pytest.param("दिल्ली", "दिल्ली।", YES, id="a Hindi full stop"),
        pytest.param("२०२५", "2025 में", YES, id="Hindi digits"),
        pytest.param("مصر", "مِصْر", YES, id="Arabic points"),
        pytest.param("مصر", "ومصر", NO, id="an Arabic prefix makes another word"),
        pytest.param("إيران", "ايران", YES, id="Arabic hamza below"),
        pytest.param("فلسطين", "فِلَسْطين", YES, id="an Arabic country with points"),
        pytest.param("الإمارات", "الامارات", YES, id="Arabic without its hamza"),
        pytest.param("مكة", "مكه", NO, id="an Arabic ta marbuta is a letter"),
        pytest.param("الکویت", "الكويت", NO, id="Persian letters are others"),
        pytest.param("ﷲ", "الله", YES, id="an Arabic ligature"),
        pytest.param('"ראש הממשלה"', "ראש־הממשלה אמר", YES, id="a Hebrew maqaf"),
        pytest.param("ג׳ו ביידן", "ג'ו ביידן", YES, id="a Hebrew geresh or an apostrophe"),
        pytest.param("ירושלים", "בירושלים", NO, id="a Hebrew prefix makes another word"),
        pytest.param('ארה"ב', "ארה״ב", YES, id="Hebrew gershayim of two kinds"),
        pytest.param("שלום-עכשיו", "שלום עכשיו", YES, id="a Hebrew hyphen"),
        pytest.param("Μητσοτάκης", "ΜΗΤΣΟΤΑΚΗΣ", YES, id="Greek final sigma in capitals"),
        pytest.param("Ευρωπαϊκή Ένωση", "Η ΕΥΡΩΠΑΪΚΗ ΕΝΩΣΗ", YES, id="a Greek diaeresis"),
        pytest.param("Τσίπρας", "του Τσίπρα", NO, id="a Greek genitive is no stem"),
        pytest.param("Τσίπρα*", "ο Τσίπρας", YES, id="a Greek beginning"),
        pytest.param("Ελλάδα", "Ελλαδα", YES, id="Greek without accents"),
        pytest.param("αι", "ἀι", YES, id="ancient Greek breathings"),
        pytest.param("Украина", "Украйна", YES, id="Cyrillic й is и with a mark"),
        pytest.param("Зеленський", "ЗЕЛЕНСЬКИЙ", YES, id="Ukrainian capitals"),
        pytest.param("С.Ш.А", "сша", NO, id="points between three stay a phrase"),
        pytest.param("санкт-петербург", "Санкт Петербурге", NO, id="Russian cases are no stems"),
        pytest.param("санкт-петербург*", "в Санкт-Петербурге", YES, id="a Russian phrase's star"),
        pytest.param("iğdır", "IĞDIR", YES, id="Turkish capitals of i and ı"),
        pytest.param("Erdogan", "Erdoğan'ın", YES, id="a Turkish genitive"),
        pytest.param("Cumhurbaşkanı", "CUMHURBAŞKANI'NIN", YES, id="a Turkish office in capitals"),
        pytest.param("şehir", "SEHIR", YES, id="Turkish ş"),
        pytest.param("Muenchen", "München", NO, id="German ue is not ü"),
        pytest.param("Munchen", "München", YES, id="German ü without dots"),
        pytest.param("Bundestag*", "Bundestagswahl", YES, id="a German compound's beginning"),
        pytest.param("Bundestag", "Bundestagswahl", NO, id="German compounds are whole"),
        pytest.param("Maß", "MASS", YES, id="German ß in capitals"),
        pytest.param("„EU-Kommission“", "die EU-Kommission", YES, id="German quotes"),
        pytest.param("« États-Unis »", "les Etats-Unis", YES, id="French quotes"),
        pytest.param("coeur", "le cœur", YES, id="a French ligature"),
        pytest.param("Sao Paulo", "em São Paulo", YES, id="a Portuguese tilde"),
        pytest.param("Århus", "Arhus", YES, id="a Danish ring"),
        pytest.param("Việt Nam", "Viet Nam", YES, id="Vietnamese marks"),
        pytest.param("naïve", "naive", YES, id="a diaeresis"),
        pytest.param('"US"c', "told US troops", YES, id="exactly so"),
        pytest.param('"US"c', "told us", NO, id="exactly so is no pronoun"),
        pytest.param('"US"c', "the U.S.", NO, id="exactly so has no points"),
        pytest.param('"WHO"c', "Who says the WHO's chief", YES, id="exactly so, a possessive"),
        pytest.param('"Québec"c', "Quebec", NO, id="exactly so has its accent"),
        pytest.param('"Québec"c', "Que\u0301bec", YES, id="exactly so, decomposed"),
        pytest.param('"台灣"c', "台湾", NO, id="exactly these characters"),
        pytest.param('"New York"c', "New\nYork", YES, id="exactly so over a line's end"),
        pytest.param("x NEAR/2 y", "y a b x", YES, id="near, in either order"),
        pytest.param("x NEAR/2 y", "x a b c y", NO, id="too far"),
        pytest.param("x NEAR/0 y", "x y", YES, id="beside each other"),
        pytest.param("x NEAR/5 x", "x", NO, id="near itself is twice"),
        pytest.param("x NEAR/5 x", "x a x", YES, id="twice, near"),
        pytest.param('"a b" NEAR/1 "b c"', "a b c", NO, id="near do not overlap"),
        pytest.param("台湾 NEAR/3 海峡", "台湾的海峡", YES, id="near in Chinese"),
        pytest.param("e-mail NEAR/0 bomb", "an email bomb", YES, id="near a joined word"),
        pytest.param('"US"c NEAR/2 army', "us army; the US army", YES, id="near, exactly so"),
        pytest.param('"US"c NEAR/1 army', "the US. of an army told us", NO, id="too far from it"),
        pytest.param("-(x NEAR/2 y) z", "z x a b c y", YES, id="not near"),
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
def test_queries_match_by_the_rules(query: str, text: str, is_match: bool):
    index = QueryIndex()
    index.add(1, parse(query))

    assert bool(index.match("", text)) is is_match
    assert oracle.matches(parse(query), "", text) is is_match
    assert bool(spans(parse(query), "", text)) is is_match


@pytest.mark.parametrize(
    ("query", "sources", "language", "is_match"),
    [
        pytest.param("x source:reuters.com", ("www.reuters.com",), "", YES, id="a host"),
        pytest.param("x source:reuters.com", ("uk.reuters.com",), "", YES, id="a subdomain"),
        pytest.param("x source:uk.reuters.com", ("reuters.com",), "", NO, id="its parent"),
        pytest.param("x source:reuters.com", ("notreuters.com",), "", NO, id="another host"),
        pytest.param('x source:"Example Wire"', ("EXAMPLE WIRE",), "", YES, id="a name"),
        pytest.param("x source:Example", ("Example Wire",), "", NO, id="a part of a name"),
        pytest.param("x source:日經", ("日経",), "", YES, id="a name in other characters"),
        pytest.param("x -source:a.example", ("b.example", "a.example"), "", NO, id="any source"),
        pytest.param("source:a.example", ("a.example",), "", YES, id="a source alone"),
        pytest.param("x lang:ja", (), "ja", YES, id="a language"),
        pytest.param("x lang:zh", (), "zh-Hant", YES, id="a language and its script"),
        pytest.param("x lang:ja", (), "", NO, id="an unknown language"),
        pytest.param("x -lang:ja", (), "", YES, id="not a language"),
        pytest.param("y OR source:a.example lang:en", ("a.example",), "en", YES, id="both, or"),
    ],
)
def test_source_and_language_are_conditions(
    query: str, sources: tuple[str, ...], language: str, is_match: bool
):
    index = QueryIndex()
    index.add(1, parse(query))

    found = index.match("an x", "", sources=sources, language=language)

    assert bool(found) is is_match
    assert oracle.matches(parse(query), "an x", "", sources=sources, language=language) is is_match


@given(parsed(surrounded), texts, texts, carriers, st.sampled_from(LANGUAGES))
def test_the_engine_agrees_with_the_oracle_on_who_carried_it_and_in_what_language(
    query: ParsedQuery, title: str, text: str, sources: list[str], language: str
):
    index = QueryIndex()
    index.add(1, query)

    found = index.match(title, text, sources=sources, language=language)

    assert bool(found) == oracle.matches(
        query, title, text, sources=tuple(sources), language=language
    )
    assert parse(str(query)) == query
