"""The full stop after a sentence of several parts."""

import pytest

from bot.rendering.renderer import Renderers

VISITOR = {"name": "Ann", "title": "<Desk>", "user_id": 7}


@pytest.mark.parametrize(("code", "end"), [("en", " 7."), ("ko", " 7."), ("zh-Hant", " 7。")])
def test_a_sentence_ends_as_its_language_ends_it(code: str, end: str):
    said = Renderers().of(code).message("chat/groups.html#unauthorized", sender=VISITOR)

    assert said.text.endswith(end)
    assert "<Desk>" in said.text
