"""Layouts look as they are kept in `kept/`; `python -m tests.snapshots` keeps them anew."""

from functools import cache

import pytest

from bot.rendering.i18n import LANGUAGES
from tests.snapshots.looks import FOLDER, KEPT, kept, looks, looks_in

# Rendered once, and not while tests are collected.
looks_now = cache(looks)


@pytest.mark.parametrize("name", sorted(kept()))
def test_a_layout_looks_as_it_is_kept(name):
    assert looks_now().get(name) == (FOLDER / name).read_text(encoding="utf-8")


def test_nothing_is_left_out_of_what_is_kept():
    assert looks_now().keys() == kept()


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(LANGUAGES.keys() - {"en", *KEPT}))
def test_every_layout_can_be_rendered_in_another_language(code):
    rendered = looks_in(code)
    english = {name: text for name, text in looks_now().items() if "/" not in name}

    assert rendered.keys() <= english.keys()
    assert [name for name, text in rendered.items() if text == english[name]] == []
