"""Layouts equal their snapshots in `kept/`; `python -m tests.snapshots` updates these."""

from functools import cache

import pytest

from bot.rendering.i18n import LANGUAGES
from tests.snapshots.looks import FOLDER, KEPT, kept, looks, looks_in

# Rendered once, and not during collection.
cached_looks = cache(looks)


@pytest.mark.parametrize("name", sorted(kept()))
def test_a_layout_equals_its_snapshot(name):
    assert cached_looks().get(name) == (FOLDER / name).read_text(encoding="utf-8")


def test_every_layout_has_a_snapshot():
    assert cached_looks().keys() == kept()


@pytest.mark.slow
@pytest.mark.parametrize("code", sorted(LANGUAGES.keys() - {"en", *KEPT}))
def test_every_layout_can_be_rendered_in_another_language(code):
    rendered = looks_in(code)
    english = {name: text for name, text in cached_looks().items() if "/" not in name}

    assert rendered.keys() <= english.keys()
    assert [name for name, text in rendered.items() if text == english[name]] == []
