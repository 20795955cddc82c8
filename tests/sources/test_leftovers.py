"""What is handed back is shared by loops, and kept where that fails."""

from __future__ import annotations

import pytest

from bot.sources.leftovers import handed_back


def test_nobody_else_hands_back_what_one_does():
    ids = {1, 2}

    with handed_back(ids) as mine, handed_back(ids) as others:
        ids.add(3)

    assert mine == {1, 2}
    assert not others
    assert ids == {3}


def test_what_could_not_be_handed_back_is_kept():
    ids = {1, 2}

    def fail() -> None:
        with handed_back(ids):
            ids.add(3)
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert ids == {1, 2, 3}
