"""The language of a client, and CLDR's data about each of our languages."""

import pytest
from babel import Locale

from bot.rendering.i18n import LANGUAGES, language_for
from bot.rendering.renderer import Renderers


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        pytest.param("en", "en", id="English"),
        pytest.param("en-GB", "en", id="a kind of English"),
        pytest.param("ja", "ja", id="Japanese"),
        pytest.param("zh", "zh-Hans", id="Chinese alone: simplified"),
        pytest.param("zh-hans", "zh-Hans", id="Telegram's simplified"),
        pytest.param("zh-hant", "zh-Hant", id="Telegram's traditional"),
        pytest.param("zh-TW", "zh-Hant", id="Taiwan"),
        pytest.param("zh-HK", "zh-Hant", id="Hong Kong"),
        pytest.param("zh-Hant-HK", "zh-Hant", id="script and place"),
        pytest.param("zh-CN", "zh-Hans", id="the mainland"),
        pytest.param("pt-br", "pt", id="Brazil"),
        pytest.param("pt_BR", "pt", id="with CLDR's dash"),
        pytest.param("es-419", "es", id="Latin America"),
        pytest.param("ar-EG", "ar", id="Egypt"),
        pytest.param("in", "id", id="Indonesian by its old code"),
        pytest.param("nb", "en", id="none of ours"),
        pytest.param("", "en", id="not said"),
        pytest.param("-", "en", id="nothing that is one"),
    ],
)
def test_a_client_tag_finds_its_language(tag: str, code: str):
    assert language_for(tag) == code


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda one: one.code)
def test_cldr_agrees_about_each_language(language):
    known = Locale.parse(language.locale)

    assert known.text_direction == language.direction
    assert known.list_patterns["standard"]["middle"].format("", "") == language.comma
    assert known.language == language.code.partition("-")[0]
    assert known.language_name in {None, language.name.lower(), language.name} or language.code in {
        "zh-Hans",
        "zh-Hant",
        "id",
    }


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_code_is_its_own_tag(code: str):
    assert language_for(code) == code


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("en", "2 stories: one; two"),
        ("ja", "2件のニュース：one；two"),
        ("fr", "2 infos : one ; two"),
    ],
)
def test_signs_between_titles_are_those_of_the_language(code, subject):
    said = Renderers().of(code).line("email/bundle.subject.txt", count=2, heads=["one", "two"])

    assert said == subject
