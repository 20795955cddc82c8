"""Layouts look as they are kept in `kept/`; `python -m tests.snapshots` keeps them anew."""

from functools import cache

import pytest

from tests.snapshots.looks import FOLDER, kept, looks

# Every language is rendered for them: once, and not while tests are collected.
looks_now = cache(looks)


@pytest.mark.parametrize("name", sorted(kept()))
def test_a_layout_looks_as_it_is_kept(name):
    assert looks_now().get(name) == (FOLDER / name).read_text(encoding="utf-8")


def test_nothing_is_left_out_of_what_is_kept():
    assert looks_now().keys() == kept()
