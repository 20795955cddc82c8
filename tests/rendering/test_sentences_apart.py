"""Consecutive sentences are separated by a space, although Jinja tags leave none."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
_PIECES = re.compile(r"(\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\})", re.DOTALL)
_CHOICES = ("if", "elif", "else", "endif")


def glued(template: str) -> list[str]:
    """Return the beginnings of sentences that touch the one before."""
    pieces = [piece for piece in _PIECES.split(template) if piece.strip()]
    return [
        pieces[following + 1].strip()[:40]
        for place, piece in enumerate(pieces)
        if piece.startswith("{%") and _words(piece)[0] == "endtrans" and "+%}" not in piece
        if (following := _behind(pieces, place)) is not None
    ]


def _behind(pieces: list[str], place: int) -> int | None:
    """Return where a sentence that may follow at once begins, or None."""
    place += 1
    while place < len(pieces) and (word := _words(pieces[place])[0]) in _CHOICES:
        place = _end_of(pieces, place) if word in {"else", "elif"} else place + 1
    if place >= len(pieces) or _words(pieces[place])[0] != "trans":
        return None
    return place if pieces[place + 1].strip()[:1].isalpha() else None


def _end_of(pieces: list[str], place: int) -> int:
    """Return the text after the condition that contains this `else`."""
    depth = 1
    while depth:
        place += 1
        word = _words(pieces[place])[0]
        depth += (word == "if") - (word == "endif")
    return place + 1


def _words(piece: str) -> list[str]:
    return piece.strip("{%-+ }").split() if piece.startswith("{%") else [""]


@pytest.mark.parametrize(
    "path",
    sorted(TEMPLATES.rglob("*.html")),
    ids=lambda path: str(path.relative_to(TEMPLATES)),
)
def test_sentences_are_separated(path):
    assert glued(path.read_text(encoding="utf-8")) == []


def test_touching_sentences_are_found():
    one, two = "{% trans %}One.{% endtrans %}\n", "{% trans %}Two.{% endtrans %}"
    chosen = f"{{% if x %}}{one}{{% else %}}{{{{ y }}}}{{% endif %}}{two}"

    assert glued(one + two) == ["Two."]
    assert glued(chosen) == ["Two."]
    assert glued(one.replace(" %}\n", " +%}\n") + two) == []
