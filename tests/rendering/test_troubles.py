import pytest

from bot.rendering.environment import make_environment
from bot.rendering.renderer import Renderer
from bot.sources.fetch import connection, response
from bot.sources.fetch.problems import INTERNAL_ERROR
from tests.catalogues.pseudo import pseudo_translation

SENTENCES = (
    *(problem.sentence for problem in response._STATUS_PROBLEMS.values()),
    *(problem.sentence for problem in response._READING_PROBLEMS.values()),
    *(sentence for *_, sentence in connection._TRANSLATIONS),
    *connection._BY_NUMBER.values(),
    INTERNAL_ERROR.sentence,
    "has an error of its own (500)",
    "turns readers like this one away (403, by Cloudflare)",
)


def said(renderer: Renderer, sentence: str) -> str:
    macros = vars(renderer.environment.get_template("macros/trouble.html").module)
    return " ".join(str(macros["it"](sentence)).split())


@pytest.mark.parametrize("sentence", dict.fromkeys(SENTENCES))
def test_what_ails_a_source_is_said_in_every_language(sentence):
    assert said(Renderer(), sentence) == sentence
    words = sentence.partition(" (")[0]

    other = said(Renderer(make_environment(pseudo_translation())), sentence)

    assert words not in other
    assert sentence.removeprefix(words) in other


def test_a_sentence_that_nobody_foresaw_stays_as_it_is():
    assert said(Renderer(), "sings (in the rain)") == "sings (in the rain)"
