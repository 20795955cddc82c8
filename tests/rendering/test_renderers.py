"""Renderers: one for each language."""

import pytest

from bot.rendering.environment import Overrides
from bot.rendering.i18n import IN_ENGLISH, LANGUAGES, Translation
from bot.rendering.renderer import Renderers
from tests.catalogues.pseudo import PSEUDO, pseudo, pseudo_translation

TRANSLATIONS = {"en": IN_ENGLISH, "ar": Translation(LANGUAGES["ar"]), "qps": pseudo_translation()}


@pytest.fixture
def renderers() -> Renderers:
    return Renderers(translations=TRANSLATIONS)


def test_each_language_has_one_renderer(renderers):
    assert renderers.of("qps") is renderers.of("qps")
    assert renderers.of("qps") is not renderers.of("en")


@pytest.mark.parametrize("tag", ["ja", "nb", "", "en-US"])
def test_an_unknown_language_is_english(renderers, tag):
    assert renderers.of(tag) is renderers.of("en")


def test_a_tag_finds_its_language(renderers):
    assert renderers.of("ar-EG").language is LANGUAGES["ar"]


def test_sentences_and_plurals_are_those_of_the_catalogue(renderers):
    message = renderers.of("qps").message("chat/alert.html#undone")

    assert message.text == pseudo("Undone.")


def test_dates_are_those_of_the_language(renderers):
    shown = renderers.of("qps").environment.from_string("{{ day|weekday }}")

    from datetime import date

    assert shown.render(day=date(2026, 11, 18)) == "الأربعاء"


def test_the_offered_languages_are_those_with_a_catalogue(renderers):
    assert renderers.offered == (LANGUAGES["en"], LANGUAGES["ar"], PSEUDO)


def test_the_operators_templates_replace_those_of_all_languages(tmp_path):
    template = tmp_path / "chat" / "alert.html"
    template.parent.mkdir(parents=True)
    template.write_text(
        "{% block undone %}<p>Never mind! {% trans %}Undone.{% endtrans %}</p>{% endblock %}"
    )
    renderers = Renderers(Overrides(tmp_path), translations=TRANSLATIONS)

    texts = [renderers.of(code).message("chat/alert.html#undone").text for code in ("en", "qps")]

    assert texts == ["Never mind! Undone.", f"\u200fNever mind! {pseudo('Undone.')}"]
