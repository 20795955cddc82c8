"""Two sentences that follow each other have a space between them: tags of Jinja leave none."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
_PIECES = re.compile(r"(\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\})", re.DOTALL)
_CHOICES = ("if", "elif", "else", "endif")


def glued(template: str) -> list[str]:
    """Return the beginnings of sentences that stand right behind another."""
    pieces = [piece for piece in _PIECES.split(template) if piece.strip()]
    return [
        pieces[following + 1].strip()[:40]
        for place, piece in enumerate(pieces)
        if piece.startswith("{%") and _words(piece)[0] == "endtrans" and "+%}" not in piece
        if (following := _behind(pieces, place)) is not None
    ]


def _behind(pieces: list[str], place: int) -> int | None:
    """Return where the sentence begins that may follow at once, None if none does."""
    place += 1
    while place < len(pieces) and (word := _words(pieces[place])[0]) in _CHOICES:
        place = _end_of(pieces, place) if word in {"else", "elif"} else place + 1
    if place >= len(pieces) or _words(pieces[place])[0] != "trans":
        return None
    return place if pieces[place + 1].strip()[:1].isalpha() else None


def _end_of(pieces: list[str], place: int) -> int:
    """Return what stands behind the choice that has this `else` in it."""
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
def test_sentences_are_apart(path):
    assert glued(path.read_text(encoding="utf-8")) == []


def test_two_that_touch_are_found():
    one, two = "{% trans %}One.{% endtrans %}\n", "{% trans %}Two.{% endtrans %}"
    chosen = f"{{% if x %}}{one}{{% else %}}{{{{ y }}}}{{% endif %}}{two}"

    assert glued(one + two) == ["Two."]
    assert glued(chosen) == ["Two."]
    assert glued(one.replace(" %}\n", " +%}\n") + two) == []
