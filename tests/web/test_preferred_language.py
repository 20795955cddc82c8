"""Which language a page speaks to a browser, where no chat says so."""

import pytest

from bot.web.requests import preferred_language

OFFERED = ("en", "zh-Hant", "ar", "pt")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param("ar", "ar", id="one"),
        pytest.param("pt-BR,pt;q=0.9,en;q=0.8", "pt", id="a browser's usual list"),
        pytest.param("en-GB,ar;q=0.9", "en", id="English before another"),
        pytest.param("ja,ar;q=0.5,en;q=0.1", "ar", id="the first that is offered"),
        pytest.param("en;q=0.2, zh-TW;q=0.7", "zh-Hant", id="by weight, not by place"),
        pytest.param("ar;q=0, pt;q=0.1", "pt", id="not wanted"),
        pytest.param("nl, *;q=0.5", "en", id="anything"),
        pytest.param("", "en", id="nothing said"),
        pytest.param("ar;q=very, ,;;,=;q", "en", id="no header at all"),
    ],
)
def test_the_language_of_a_browser(header: str, code: str):
    assert preferred_language(header, OFFERED) == code
