import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.feeds.language import declared, detect, judged, quick
from bot.sources.parser_pool import DocumentReader


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        pytest.param("en-GB", "en", id="a region"),
        pytest.param("pt_BR", "pt", id="an underscore"),
        pytest.param("JPN", "ja", id="three letters"),
        pytest.param("iw", "he", id="an old code"),
        pytest.param("English", "", id="a name"),
        pytest.param(None, "", id="nothing"),
    ],
)
def test_a_declared_language_becomes_two_letters(tag, code):
    assert declared(tag) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("The mayor said that the ferry is late and it was full", "en", id="English"),
        pytest.param(
            "Le maire a dit que le bac est en retard et il était plein", "fr", id="French"
        ),
        pytest.param("港のフェリーが遅れています", "ja", id="Japanese"),
        pytest.param("港口的渡轮延误了", "zh", id="Chinese"),
        pytest.param("Ferry late", "", id="too short"),
        pytest.param("1234", "", id="no letters"),
    ],
)
def test_small_words_and_scripts_tell_the_language(text, code):
    assert quick(text) == code


@pytest.mark.parametrize(
    ("code", "text", "found"),
    [
        pytest.param("en", "港のフェリーがまた遅れています", "ja", id="English, and Japanese"),
        pytest.param("en", "항구 여객선이 또 늦었다고 한다", "ko", id="English, and Korean"),
        pytest.param("de", "港口的渡轮又延误了", "zh", id="German, and Chinese"),
        pytest.param("ja", "港口渡輪延誤", "ja", id="Japanese without kana"),
        pytest.param("yi", "דער שיף איז שפּעט", "yi", id="Yiddish in its script"),
        pytest.param(
            "en", "The ferry 港のフェリー is late, they said on Monday", "en", id="a quotation"
        ),
        pytest.param("en", "Ferry late", "en", id="English"),
        pytest.param("", "港のフェリー", "ja", id="nothing declared"),
        pytest.param(
            "en",
            "Le maire a dit que le bac est en retard et il était plein",
            "fr",
            id="English, and French",
        ),
        pytest.param(
            "es",
            "O presidente da câmara disse que a balsa para o porto está atrasada e não parte",
            "pt",
            id="Spanish, and Portuguese",
        ),
        pytest.param("en", "Le bac est en retard", "en", id="too few words"),
        pytest.param(
            "af",
            "Die burgemeester het gesê dat die veerboot in die hawe te laat is en vol was",
            "af",
            id="a language whose small words are not known",
        ),
        pytest.param(
            "ca",
            "El govern ha dit que el vaixell de la badia no surt per la boira i el vent",
            "ca",
            id="one that looks like its neighbours",
        ),
    ],
)
def test_a_declaration_counts_unless_the_text_contradicts_it(code, text, found):
    assert judged(text, code) == found


def test_the_model_detects_languages_that_small_words_cannot():
    text = "Burmistrz powiedział wczoraj, że prom do portu znów się spóźni przez gęstą mgłę"

    assert (quick(text), detect(text)) == ("", "pl")


async def test_a_worker_may_ask_the_model_though_it_may_write_no_file():
    text = "Burmistrz powiedział wczoraj, że prom do portu znów się spóźni przez gęstą mgłę"

    async with DocumentReader() as reader:
        document = await reader.read(
            f"<title>Prom</title><p>{text}</p>".encode(), url="", public=True
        )

    assert document.language == "pl"


@given(st.text())
def test_any_text_has_a_language_or_none(text):
    assert len(quick(text)) in {0, 2}
