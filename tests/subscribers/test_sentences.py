"""What typed sentences mean: key words, a question about the bot, or both.

`sentences/<language>.txt` has a sentence a line, with its key words, or with `!` and the intent.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.languages import words
from bot.matching.query import is_readable
from bot.rendering.i18n import LANGUAGES
from bot.subscribers.intents import Intent, whole_intent
from bot.subscribers.sentences import MOST_CHOICES, Understood, understand
from bot.subscribers.text import one_line
from bot.subscribers.word_roles import WordRole
from bot.text.folding import fold

LISTS = Path(__file__).parent / "sentences"
ALL_LANGUAGES = sorted(LANGUAGES)
# Parts of sentences and queries, which are combined at random.
PIECES = (
    *("show me", "everything about", "news", "on", "please", "how do I", "unsubscribe", "stop"),
    *("what's new", "in", "the", "to", "of", "Norway", "oil fund", "Taiwan", '"oil fund"', "OR"),
    *("AND", "NOT", "-Japan", "title:", "lang:en", "#topic", "semi*", "(", ")", ",", ".", "?", "!"),
    *("C++", "AT&T", "U.S.", "e-mail", "l'Iran", "IT", "The Who", "To Lam", "关于台湾的新闻", "的"),
    *("台湾のニュースを教えて", "の", "대만에 대한 뉴스", "أخبار تايوان", "новости о", "\u202e"),
    *("Muéstrame todo sobre", "1,000", "NEAR/5", "\u200b", "🙂", "near", "and", "or", "not"),
)


def rows() -> Iterator[tuple[str, str, str]]:
    for path in sorted(LISTS.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            sentence, _, expected = line.rpartition(" | ")
            yield path.stem, sentence, expected


def queries_of(read: Understood) -> list[str]:
    return [read.query] if read.query else [one for choice in read.choices for one in choice]


def first_query(read: Understood) -> str:
    return next(iter(queries_of(read)), "")


def are_key_words(query: str, expected: str) -> bool:
    """Return whether *query* has exactly the *expected* words, in any order; a stem counts."""
    found = sorted(query.replace('"', "").casefold().split())
    wanted = sorted(expected.casefold().split())
    pairs = zip(found, wanted, strict=False)
    are_equal = all(
        one == other or (one.endswith("*") and other.startswith(one[:-1])) for one, other in pairs
    )
    return len(found) == len(wanted) and are_equal


@pytest.mark.parametrize(("language", "sentence", "expected"), [*rows()])
def test_a_sentence_is_understood(language, sentence, expected):
    read = understand(sentence, language)

    if expected.startswith("!"):
        assert (read.intent, read.is_certain) == (Intent[expected[1:]], True)
    else:
        assert are_key_words(first_query(read), expected), queries_of(read)
        assert not read.is_certain


def test_every_language_of_the_bot_has_a_list():
    assert sorted(path.stem for path in LISTS.glob("*.txt")) == ALL_LANGUAGES
    assert min(sum(row[0] == language for row in rows()) for language in ALL_LANGUAGES) >= 3


@pytest.mark.parametrize("section", [*WordRole, "bot_words", *Intent])
def test_every_language_of_the_bot_has_the_words(section):
    codes = {language.partition("-")[0] for language in LANGUAGES}

    assert codes - words(section).keys() == set()


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("Flights to Taiwan", "Flights Taiwan"),
        ("FLIGHTS TO TAIWAN", "FLIGHTS TAIWAN"),
        ("the oil fund of Norway", "oil fund Norway"),
        ("flights to Taiwan or Japan", "flights (Taiwan OR Japan)"),
        ("new rules for drones", "rules drones"),
        ("new york rents", "new york rents"),
        ("new jersey", '"new jersey"'),
        ("Bank of Japan", '"Bank of Japan"'),
        ("rates of the bank of japan", 'rates "bank of japan"'),
        (
            "Ministry of Foreign Affairs statements",
            '"Ministry of Foreign Affairs" statements',
        ),
        ("Taiwan news", "Taiwan"),
        ("latest Norway News", "Norway"),
    ],
)
def test_words_that_mean_nothing_alone_are_dropped(typed, query):
    assert understand(typed, "en") == Understood(query)


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        ("en", "Taiwan"),
        ("en", "The Who"),
        ("en", "To Lam"),
        ("en", "IT jobs"),
        ("en", "US economy"),
        ("en", "May elections"),
        ("en", "WHO guidelines"),
        ("en", "Fox News"),
        ("en", "peer-to-peer"),
        ("en", "consul-general"),
        ("en", "of the"),
        ("en", '"flights to Taiwan"'),
        ("en", "flights to Taiwan OR Japan"),
        ("en", "title:war -in"),
        ("en", "“made in China” tariffs"),
        ("en", 'show me everything about "oil fund"'),
        ("en", "Bank of Japan, Federal Reserve"),
        ("es", "El Salvador"),
        ("es", "la paz"),
        ("fr", "Le Monde"),
        ("de", "Die Zeit"),
        ("zh-Hans", "和平"),
        ("zh-Hans", "目的地"),
        ("zh-Hans", "人工智能"),
        ("zh-Hans", "中国对外贸易"),
        ("zh-Hans", "的士司机"),
        ("vi", "bộ trưởng từ chức"),
        ("ja", "台湾"),
        ("ja", "はやぶさ2"),
        ("ja", "となりのトトロ"),
        ("ja", "鬼滅の刃"),
        ("ru", "Что? Где? Когда?"),
    ],
)
def test_names_and_queries_stay_as_they_are(language, typed):
    assert understand(typed, language).query == typed


def test_a_general_word_beside_no_known_place_leaves_the_choice():
    assert understand("fake news", "en").choices == (("fake",), ("fake news",))


def test_a_phrase_comes_first_and_each_name_alone():
    read = understand("Show me everything about Norway's oil fund", "en")

    assert read.choices == (
        ('"oil fund" Norway', "oil fund Norway"),
        ("Norway",),
        ('"oil fund"', "oil fund"),
    )


def test_several_names_may_be_wanted_together_or_each():
    read = understand("news about Taiwan, Japan and South Korea", "en")

    assert read.choices[1] == ('Taiwan OR Japan OR "South Korea"',)


@pytest.mark.parametrize(
    ("language", "typed", "choices"),
    [
        ("en", "news about the elections 2026", ['"elections 2026"', "elections"]),
        ("de", "Was passiert bei der Wahl 2026?", ['"Wahl 2026"', "Wahl"]),
        ("ja", "2026年の選挙について教えて", ["2026年 選挙", "選挙"]),
        ("ko", "2026년 선거에 대해 알려줘", ['"2026년 선거"', "선거"]),
    ],
)
def test_a_number_is_never_proposed_without_a_word(language, typed, choices):
    read = understand(typed, language)

    assert [choice[0] for choice in read.choices] == choices


def test_a_number_is_looked_for_if_the_sentence_has_nothing_else():
    assert understand("news about 737 please", "en").query == "737"


@pytest.mark.parametrize(
    ("typed", "intent"),
    [
        ("stop smoking", Intent.STOP),
        ("privacy law Europe", Intent.PRIVACY),
        ("export controls", Intent.EXPORT),
        ("time zone", Intent.ZONE),
        ("feedback loop", Intent.FEEDBACK),
    ],
)
def test_in_doubt_a_query_has_its_intent_too(typed, intent):
    read = understand(typed, "en")

    assert (read.query, read.intent, read.is_certain) == (typed, intent, False)


def test_a_sentence_is_understood_in_another_language_than_the_chats():
    assert understand("Muéstrame todo sobre Noruega", "en").query == "Noruega"
    assert understand("¿Cómo cancelo mi suscripción?", "de").intent is Intent.UNSUBSCRIBE


def test_a_greeting_is_one_only_alone():
    assert whole_intent("Good morning!") is Intent.GREETING
    assert whole_intent("こんにちは") is Intent.GREETING
    assert whole_intent("hello kitty") is None
    assert understand("Hello, show me news about Norway", "en").query == "Norway"


@pytest.mark.parametrize(
    ("typed", "intent"),
    [
        ("ok, thanks a lot!", Intent.THANKS),
        ("hi there, good morning", Intent.GREETING),
        ("Ok 👍", Intent.ASSENT),
        ("sounds good", Intent.ASSENT),
        ("了解、ありがとう", Intent.THANKS),
        ("好的,谢谢", Intent.THANKS),
        ("네 고마워요", Intent.THANKS),
        ("vale, muchas gracias", Intent.THANKS),
    ],
)
def test_small_talk_is_recognized_in_any_combination(typed, intent):
    assert whole_intent(typed) is intent


@pytest.mark.parametrize(
    ("language", "typed", "query"),
    [
        ("en", "everything on the olympics except boxing", "olympics -boxing"),
        ("pt", "notícias da Tesla mas não do Elon Musk", "Tesla -Elon Musk"),
        ("ja", "テスラのニュース、ただしイーロン・マスク以外", "テスラ -イーロン・マスク"),
        ("ko", "올림픽 소식 전부, 축구는 제외하고", "올림픽 -축구"),
    ],
)
def test_an_exception_is_left_out_wherever_its_word_stands(language, typed, query):
    assert are_key_words(queries_of(understand(typed, language))[0], query)


@pytest.mark.parametrize(
    "typed",
    [
        "no more plastic bags in California",
        "get rid of mosquitoes",
        "how does inflation work?",
        "do banks charge fees to customers?",
        "which newspapers support Trump?",
        "cool japan",
        "perfect storm",
    ],
)
def test_a_text_about_the_news_is_not_taken_for_a_wish_of_the_bot(typed):
    assert not understand(typed, "en").is_certain


@pytest.mark.parametrize(
    ("language", "typed", "query"),
    [
        ("en", "war in Sudan or in Gaza", "war (Sudan OR Gaza)"),
        ("en", "show me news about Taiwan or Japan", "Taiwan OR Japan"),
        ("fr", "séismes au Japon ou à Taïwan", "séismes (Japon OR Taïwan)"),
        ("es", "sismos en Chile o en Perú", "sismos (Chile OR Perú)"),
        ("ja", "台湾か日本の地震", "(台湾 OR 日本) 地震"),
        ("zh-Hans", "日本或台湾的地震", "(日本 OR 台湾) 地震"),
    ],
)
def test_either_of_two_words_is_looked_for(language, typed, query):
    assert queries_of(understand(typed, language))[0] == query


@pytest.mark.parametrize(
    ("language", "typed", "query"),
    [
        ("en", "We live in Ohio and want news about corn prices", "corn prices"),
        ("en", "We live in Ohio, is there anything about floods there?", "Ohio floods"),
        ("de", "Ich suche Berichte über den Windpark Reinhardswald, weil mein Bruder dort wohnt",
         "Windpark Reinhardswald"),
        ("es", "Mi padre tiene párkinson y me gustaría saber de los tratamientos",
         "párkinson tratamientos"),
        ("zh-Hans", "我在墨尔本读书，想了解澳大利亚留学签证的变化", "澳大利亚 留学签证"),
    ],
)  # fmt: skip
def test_a_reason_counts_only_if_the_request_points_to_it(language, typed, query):
    assert are_key_words(first_query(understand(typed, language)), query)


@pytest.mark.parametrize(
    ("language", "typed", "query"),
    [
        ("en", "cricket, except the ipl", "cricket -ipl"),
        ("en", "news about taylor swift, but nothing with travis kelce",
         "taylor swift -travis kelce"),
        ("de", "Deutsche Bahn, aber ohne Stuttgart", "Deutsche Bahn -Stuttgart"),
        ("zh-Hans", "NBA，不要湖人队", "NBA -湖人队"),
    ],
)  # fmt: skip
def test_an_exception_is_read_in_a_query_too(language, typed, query):
    assert are_key_words(first_query(understand(typed, language)), query)


@pytest.mark.parametrize(
    ("language", "typed", "query"),
    [
        ("ja", "台風が沖縄に近づいたら教えて", "台風 沖縄"),
        ("ja", "日銀の利上げと円安の記事を全部", "日銀 利上げ 円安"),
        ("ja", "阪神タイガースの試合", "阪神タイガース 試合"),
        ("zh-Hans", "比亚迪在匈牙利的工厂", "比亚迪 匈牙利 工厂"),
        ("zh-Hans", "我想看自由贸易的新闻", "自由贸易"),
        ("ko", "태풍이 남해안에 접근하면 알려주시면 감사하겠습니다", "태풍 남해안"),
        ("ko", "우크라이나 전쟁 소식 알려줘", "우크라이나 전쟁"),
        ("ko", "가덕도 신공항 뉴스만 보내줘", "가덕도 신공항"),
        ("ar", "أريد أخبار محمد صلاح وليفربول", "محمد صلاح ليفربول"),
        ("ar", "أريد أخبار وزارة الصحة", "وزارة الصحة"),
    ],
)
def test_grammar_is_cut_off_names_but_not_out_of_them(language, typed, query):
    assert are_key_words(first_query(understand(typed, language)), query)


def test_a_verb_before_an_article_is_no_key_word():
    assert first_query(understand("tell me when SpaceX launches a Starship", "en")) == (
        "SpaceX Starship"
    )


@pytest.mark.parametrize(
    ("language", "typed", "intent"),
    [
        ("en", "I don't want to hear about golf anymore", Intent.UNSUBSCRIBE),
        ("es", "ya no me mandes nada del barça", Intent.UNSUBSCRIBE),
        ("en", "my phone keeps buzzing at 3am because of you", Intent.MUTE),
        ("de", "Löschen Sie bitte sämtliche Daten, die Sie gespeichert haben.", Intent.DELETION),
        ("en", "cheers mate, that's exactly what I needed", Intent.THANKS),
        ("en", "hmm no, forget it", Intent.CANCEL),
        ("de", "ja passt so", Intent.ASSENT),
        ("ru", "приветик)", Intent.GREETING),
    ],
)
def test_a_wish_of_the_bot_is_recognized_by_its_concepts(language, typed, intent):
    read = understand(typed, language)

    assert (read.intent, read.is_certain) == (intent, True)


@pytest.mark.parametrize(
    ("language", "typed"),
    [
        ("en", "I don't want to miss anything about the Tour de France"),
        ("es", "no quiero perderme nada de Bad Bunny"),
        ("fr", "je veux en savoir plus sur la réforme des retraites"),
        ("ru", "хочу больше новостей про космос"),
        ("en", "tell me why Boeing did not get approval"),
        ("en", "are school meals free in Scotland"),
        ("en", "news about attempts to stop the war in Sudan"),
        ("zh-Hans", "帮我找一下人工智能监管的报道"),
    ],
)
def test_a_request_for_news_is_not_taken_for_a_wish_of_the_bot(language, typed):
    assert not understand(typed, language).is_certain


typed_texts = st.one_of(
    st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=24).map(" ".join)
)


@given(typed_texts, st.sampled_from(ALL_LANGUAGES))
def test_every_proposal_is_a_query_of_words_in_the_text(typed, language):
    read = understand(typed, language)
    known = set(fold(one_line(typed)).words)  # control characters are no part of a word
    prefixes = tuple(known)

    assert len(read.choices) <= MOST_CHOICES
    for query in [one for choice in read.choices for one in choice]:
        assert is_readable(query)
        stems = fold(query.replace("*", "")).words
        assert all(
            word in known or word == "or" or any(one.startswith(word) for one in prefixes)
            for word in stems
            if language != "ar"  # a preposition before the article is cut off, and the article kept
        )


@given(typed_texts, st.sampled_from(ALL_LANGUAGES), st.sampled_from(['"a b"', "-c", "x*", "OR y"]))
def test_a_query_with_syntax_is_never_changed(typed, language, syntax):
    text = f"Norway {typed} {syntax}"

    assert understand(text, language).query == one_line(text)


@given(typed_texts, st.sampled_from(ALL_LANGUAGES))
def test_a_readable_query_stays_one(typed, language):
    read = understand(typed, language)

    assert is_readable(read.query) or not (read.query and is_readable(typed))


def test_reading_looks_at_each_word_a_bounded_number_of_times(monkeypatch):
    from bot.text.phrases import PhraseTable

    looks = []
    longest = PhraseTable.longest

    def counted(self, read, at):
        looks.append(at)
        return longest(self, read, at)

    monkeypatch.setattr(PhraseTable, "longest", counted)

    def count(text: str) -> int:
        looks.clear()
        understand(text, "en")
        return len(looks)

    count("tell me about oil " * 2)
    few, many = count("tell me about oil " * 5), count("tell me about oil " * 10)

    assert many <= 2.5 * few
