"""Layouts look as they are kept in `kept/`; `python -m tests.snapshots` keeps them anew."""

import pytest

from tests.snapshots.looks import FOLDER, kept, looks

LOOKS = looks()


@pytest.mark.parametrize("name", LOOKS)
def test_a_layout_looks_as_it_is_kept(name):
    assert LOOKS[name] == (FOLDER / name).read_text(encoding="utf-8")


def test_nothing_is_kept_that_no_layout_gives():
    assert kept() == LOOKS.keys()
