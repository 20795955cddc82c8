"""Other words for a query: names in other languages, other forms, near words."""

from datetime import timedelta

import pytest

from bot.matching import other_words, search, widen
from bot.matching.query import parse
from bot.matching.query.ast import Term
from bot.text.folding import folded_text
from storage.articles import Article
from tests.matching.stored import stored_article, stored_source


@pytest.mark.parametrize(
    ("name", "languages", "found"),
    [
        pytest.param(
            "Taiwan", {"ja", "ko", "ru", "en"}, ("台湾", "대만", "Тайвань"), id="a country"
        ),
        pytest.param("taiwan", {"ja"}, ("台湾",), id="in small letters"),
        pytest.param("Taiwan", {"ja", "zh"}, ("台湾",), id="one spelling of two languages"),
        pytest.param("Taiwan", {"de", "fr", "es"}, (), id="called the same, but for accents"),
        pytest.param("Tokyo", {"ja", "ru"}, ("東京", "Токио"), id="a city"),
        pytest.param("New York", {"ja", "ru"}, ("ニューヨーク", "Нью-Йорк"), id="of two words"),
        pytest.param("Chinese", {"de", "ru"}, ("Chinesisch", "китайский"), id="a language"),
        pytest.param("Myanmar", {"ru"}, ("Мьянма",), id="without what stands in brackets"),
        pytest.param("ferry", {"ja", "ru"}, (), id="no name"),
        pytest.param("Taiwan", set(), (), id="no languages"),
        pytest.param("Taiwan", {"xx", "not a code"}, (), id="unknown languages"),
    ],
)
def test_names_are_translated(name, languages, found):
    assert tuple(widen.translations(name, languages, {"en"}).values()) == found


def test_a_name_is_read_in_the_language_that_it_may_be_typed_in():
    assert widen.translations("台湾", {"en", "ko"}, {"ja"}) == {"en": "Taiwan", "ko": "대만"}
    assert widen.translations("台湾", {"en", "ko"}, {"en"}) == {}


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ('"consul-general"', "Consuls-General met the consul general.", ("consuls general",)),
        ("election", "Elections. The elections; an election.", ("elections",)),
        ("ministry", "Two ministries and a minister.", ("ministries",)),
        ("Тайвань", "Из Тайваня и о Тайване.", ("таиване", "таиваня")),
        ("taiwan", "Taiwanese ships. Taiwan's own.", ("taiwanese",)),
        ("台湾", "台湾人", ()),
        ("대만", "대만은", ()),
        ("us", "usa used", ()),
        ("C++", "c++ c", ()),
    ],
    ids=str,
)
def test_other_forms_are_found_in_texts(typed, text, found):
    (term,) = widen.positive_terms(parse(typed))
    pattern = widen.form_pattern(term)

    forms = widen.forms_in(pattern, [(1, folded_text(text))]) if pattern else {}

    assert tuple(forms) == found


@pytest.mark.parametrize(
    ("word", "text", "plural"),
    [
        pytest.param("election", "Bremen looks on after an election.", "elections", id="a noun"),
        pytest.param("ferry", "A ferry sank.", "ferries", id="with a y"),
        pytest.param("delay", "After a delay.", "delays", id="with a y after a vowel"),
        pytest.param("church", "They built a church.", "churches", id="with a hiss"),
        pytest.param("inflation", "The inflation rose.", "", id="never counted"),
        pytest.param("nvidia", "It is a Nvidia chip.", "", id="a name"),
        pytest.param("war", "It is a war.", "", id="short"),
        pytest.param("eleição", "a eleição", "", id="no English word"),
    ],
)
def test_a_noun_that_can_be_counted_has_a_plural(word, text, plural):
    assert widen.plural_in(word, [text]) == plural


@pytest.mark.parametrize(
    ("word", "text", "near"),
    [
        ("taiwann", "Taiwan and Taipei", "taiwan"),
        ("semicondcutor", "A semiconductor, semiconductors", "semiconductor"),
        ("taiwann", "tail taint", ""),
        ("taiwan", "Taiwan", ""),
    ],
)
def test_the_nearest_word_of_a_text_is_found(word, text, near):
    assert widen.near_word(word, [folded_text(text)]) == near


@pytest.mark.parametrize(
    ("typed", "words", "respelt"),
    [
        ("Taiwann", {"taiwann": "taiwan"}, "Taiwan"),
        ("taiwann export", {"taiwann": "taiwan"}, "export taiwan"),
        ("Taiwann OR Japan", {"taiwann": "taiwan"}, "Japan OR Taiwan"),
        ("Taiwan", {}, ""),
    ],
)
def test_a_query_is_shown_with_a_word_respelt(typed, words, respelt):
    assert widen.respelt(parse(typed), words) == respelt


@pytest.mark.parametrize(
    ("typed", "others", "widened"),
    [
        ("Taiwan", {"taiwan": ["台湾", "대만"]}, "Taiwan OR 台湾 OR 대만"),
        ("Taiwan OR 台湾", {"taiwan": ["台湾", "대만"]}, "Taiwan OR 台湾 OR 대만"),
        ('"consul-general"', {"consul general": ["consuls general"]},
         '"consul-general" OR "consuls general"'),
        ("Taiwan export", {"taiwan": ["台湾"]}, "export (Taiwan OR 台湾)"),
        ("(Taiwan OR Japan) export", {"taiwan": ["台湾"]}, "export (Japan OR Taiwan OR 台湾)"),
        ("Taiwan -fruit", {"taiwan": ["台湾"]}, "(Taiwan OR 台湾) -fruit"),
        ("Taiwan", {}, ""),
    ],
)  # fmt: skip
def test_a_query_is_widened_by_other_words(typed, others, widened):
    query = parse(typed)
    by_term = {term: others.get(" ".join(term.words), []) for term in widen.positive_terms(query)}

    found = widen.widened(query, typed, by_term)

    assert found == widened
    assert not found or parse(found).canonical


@pytest.mark.parametrize(
    "typed", ["-Taiwan x", '"US"c', "taiw*", "title:Taiwan", "source:bbc.com x"]
)
def test_excluded_and_exact_terms_are_not_widened(typed):
    assert Term(("taiwan",)) not in widen.positive_terms(parse(typed))
    assert all(term.words == ("x",) for term in widen.positive_terms(parse(typed)))


async def test_a_name_is_offered_in_the_languages_of_the_sources(storage):
    """Only of those that reach the chat, and that have published lately."""
    public = await stored_source(storage, "Public")
    private = await stored_source(storage, "Private", public=False)
    await stored_article(storage, "東京", source_id=public, language="ja")
    await stored_article(storage, "서울", source_id=private, language="ko")
    old = timedelta(days=31)
    await stored_article(storage, "Москва", source_id=public, language="ru", ago=old)
    query = parse("Taiwan")

    found = await other_words.others(storage, query, "Taiwan", chat_id=1, spoken={"en"})

    assert found == other_words.Others(names={"ja": "台湾"})
    assert (
        await other_words.with_name(storage, query, "Taiwan", "ja", chat_id=1, spoken={"en"})
        == "Taiwan OR 台湾"
    )
    assert not await other_words.with_name(storage, query, "Taiwan", "ko", chat_id=1, spoken={"en"})


async def test_forms_are_offered_as_the_archive_spells_them(storage):
    source = await stored_source(storage)
    for number in range(3):
        await stored_article(
            storage, f"{number}", "New consuls-general are named.", source_id=source
        )
    await stored_article(storage, "The consul general", source_id=source)
    typed = '"consul-general"'

    found = await other_words.others(storage, parse(typed), typed, chat_id=1, spoken={"en"})

    assert found == other_words.Others(("consuls-general",), f"{typed} OR consuls-general")


async def test_a_plural_that_the_archive_lacks_is_offered(storage):
    source = await stored_source(storage)
    await stored_article(storage, "After an election", source_id=source, language="en")
    await stored_article(storage, "A votação, a quota", source_id=source, language="pt")

    found = await other_words.others(
        storage, parse("election quota"), "election quota", chat_id=1, spoken={"en"}
    )

    assert found.forms == ("elections",)


async def test_words_of_the_query_are_not_offered_again(storage):
    source = await stored_source(storage)
    await stored_article(storage, "東京", source_id=source, language="ja")
    typed = "Taiwan OR 臺灣"

    assert (
        await other_words.others(storage, parse(typed), typed, chat_id=1, spoken={"en"})
        == other_words.Others()
    )


async def test_a_word_that_nobody_uses_may_mean_one_that_the_archive_has(storage):
    source = await stored_source(storage)
    await stored_article(storage, "Taiwan votes", source_id=source)

    assert await other_words.meant(storage, parse("Taiwann"), chat_id=1) == "Taiwan"
    assert await other_words.meant(storage, parse("Taiwan"), chat_id=1) == ""
    assert await other_words.meant(storage, parse("Tairona"), chat_id=1) == ""


async def test_private_articles_of_others_give_no_near_word(storage):
    private = await stored_source(storage, "Private", public=False)
    await stored_article(storage, "Taiwan votes", source_id=private)

    assert await other_words.meant(storage, parse("Taiwann"), chat_id=1) == ""


async def test_silence_is_only_told_where_there_is_news_of_so_many_days(storage):
    source = await stored_source(storage)
    await stored_article(storage, "A storm", source_id=source)
    before = await search.silent_days(storage, parse("taiwan"))
    await stored_article(storage, "A storm", source_id=source, ago=timedelta(days=31))

    async with storage.writing() as tx:
        (await tx.session.get_one(Article, 1)).stored_at = tx.now - timedelta(days=31)

    assert (before, await search.silent_days(storage, parse("taiwan"))) == (0, 30)
