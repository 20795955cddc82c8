"""No template shows words that no catalogue can translate."""

import jinja2
import pytest

from bot.rendering.environment import make_environment
from tests.catalogues.extracting import template_names
from tests.catalogues.literals import literals

pytestmark = pytest.mark.slow

NAMES = {"Dateline", "Atom", "JSON", "UTC"}
EXAMPLES = "queries/language.html"  # of what people type, in any language


@pytest.mark.parametrize("name", template_names(make_environment()))
def test_every_word_of_a_template_can_be_translated(name: str):
    if name != EXAMPLES:
        assert set(literals(make_environment(), name)) - NAMES == set()


@pytest.mark.parametrize(
    ("template", "found"),
    [
        pytest.param("<b>Hello</b> {{ name }}", ["Hello"], id="between tags"),
        pytest.param('<img alt="A picture">', ["picture"], id="in what is read aloud"),
        pytest.param("{{ 'All of it' if whole }}", ["All of it"], id="in an expression"),
        pytest.param("{% set a = {'b': ['Not yet']} %}", ["Not yet"], id="in a list"),
        pytest.param("{% trans %}Hello{% endtrans %}", [], id="translated"),
        pytest.param("{{ gettext('Not now') }}", [], id="translated in an expression"),
        pytest.param("{{ 1 if a == 'not sent yet' }}", [], id="compared"),
        pytest.param('<p class="note">/help {{ a }}</p>', [], id="marks and commands"),
    ],
)
def test_untranslatable_literals_are_found(template: str, found: list[str]):
    environment = make_environment().overlay(loader=jinja2.DictLoader({"it": template}))

    assert list(literals(environment, "it")) == found
