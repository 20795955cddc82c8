"""Folding: one spelling for what people read as the same word.

A folded text is words with single spaces between and around them, in two readings:

- *plain*: every dash and apostrophe is a space (`e-mail` reads `e mail`);
- *joined*: what they join inside a word is written as one (`e-mail` reads `email`).

Rules, each for one character, so that they are cheap and cannot disagree:

1. A long text is cut into pieces, behind white space where there is some: no rule looks further.
   Long runs of combining marks are cut; NFC; half-width kana composed.
2. Signs that belong to a name stay (`C++`, `C#`, `AT&T`, `.NET`, `U.S.`); a possessive 's goes.
3. NFKC, case folded; marks go in Latin, Greek, Cyrillic, Arabic and Hebrew only, because
   elsewhere they make another letter; what is no letter, digit or mark is a space.
4. Each Han, kana, Thai, Lao, Khmer and Myanmar character is a word of its own; Han characters
   that are written in several ways (台湾, 台灣, 臺灣) fold to one of them, but not those that are
   several words in another writing (发: 發, 髮), which are alternatives of a query.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Final
from unicodedata import combining, is_normalized, normalize

from bot.matching.characters import (
    AMPERSAND,
    DOT,
    JOIN,
    MARKERS,
    PLUSES,
    POINT,
    SHARP,
    TABLE,
    beyond_ascii,
)
from bot.matching.slices import Slices, finished

PIECE: Final = 4_096  # characters folded at once, in less than a millisecond
_ENDS: Final = " \n\u3002"  # what neither composes nor joins with what stands behind it
_LONG_RUN: Final = 64  # marks; no language has more than a few
_KEPT: Final = 16  # marks, of a long run
_FEW: Final = 24  # different characters, which many languages write beside those of ASCII
_PLAIN = re.compile("[a-z0-9 ]*")  # folds to itself
_HALF_WIDTH = re.compile("[\uff65-\uff9f]+")

_LETTER = "[A-Za-z\u0410-\u044f]"
_JOINER = "[-\u2010\u2011'\u2019\u02bc\uff07]"
_SIGNS = re.compile(
    rf"""[-\u2010\u2011'\u2019\u02bc\uff07.,&+#"{MARKERS}]  # one of these; then a look back at it
    (?: (?=\w)
        (?: (?P<possessive> (?<=\w['\u2019\u02bc\uff07]) [sS] (?!\w) )
          | (?P<join>       (?<=[^\W_]{_JOINER}) (?=[^\W_]) | (?<=\d[.,]) (?=\d{{3}}(?!\d)) )
          | (?P<point>      (?<=(?<!\w){_LETTER}\.) (?={_LETTER}(?!\w)) )
          | (?P<dot>        (?<=(?<![\w.])\.) (?=[Nn][Ee][Tt](?!\w)) )
          | (?P<ampersand>  (?:(?<=(?<!\w)[A-Za-z]&)|(?<=(?<!\w)[A-Za-z]{{2}}&))
                            (?=[A-Za-z]{{1,2}}(?!\w)) )
          | (?P<gershayim>  (?<=[א-ת]") (?=[א-ת]) ) )
      | (?P<pluses>     (?<=(?<!\w)[CcGg]\+) \+ )
      | (?P<sharp>      (?<=(?<!\w)[CcFf]\#) (?!\w) )
      | (?P<marker>     (?<=[{MARKERS}]) )
    )""",
    re.VERBOSE,
)
_INSTEAD = {
    "possessive": " ", "join": JOIN, "point": POINT, "dot": DOT, "ampersand": AMPERSAND,
    "pluses": PLUSES + " ", "sharp": SHARP + " ", "gershayim": "", "marker": " ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Folded:
    """Two readings of a text, each with a space before and after every word ("" if no word).

    `joined` is "" where it would equal `plain`.
    """

    plain: str
    joined: str = ""

    @property
    def readings(self) -> tuple[str, ...]:
        return (self.plain, self.joined) if self.joined else (self.plain,)

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.plain.split())


def fold(text: str) -> Folded:
    return finished(_folding(text)) if len(text) > PIECE else _fold(text)


def _folding(text: str) -> Slices[Folded]:
    parts = []
    for piece in pieces(text):
        parts.append(_fold(piece))
        yield
    return merged(parts)


def pieces(text: str, longest: int = PIECE) -> Iterator[str]:
    """Parts of *text* that fold each for itself.

    What has no white space in so many characters is cut anyway: no query asks for such a word.
    """
    at, length = 0, len(text)
    while length - at > longest:
        end = 1 + max(text.rfind(end, at, at + longest) for end in _ENDS) or at + longest
        yield text[at:end]
        at = end
    yield text[at:] if at else text


def merged(parts: Sequence[Folded]) -> Folded:
    """The folded pieces of a text as one."""
    if len(parts) == 1:
        return parts[0]
    plain = _run_together(part.plain for part in parts)
    if not any(part.joined for part in parts):
        return Folded(plain)
    return Folded(plain, _run_together(part.joined or part.plain for part in parts))


def _run_together(readings: Iterable[str]) -> str:
    words = [reading[:-1] for reading in readings if reading]
    return "".join((*words, " ")) if words else ""


def _fold(text: str) -> Folded:
    marked = _translated(text)
    if JOIN not in marked and POINT not in marked:
        return Folded(_spaced(marked))
    plain = _spaced(marked.replace(JOIN, " ").replace(POINT, "."))
    return Folded(plain, _spaced(marked.replace(JOIN, "").replace(POINT, "")))


def _translated(text: str) -> str:
    """Composed, its signs marked, by the table.

    What is all ASCII takes a tenth of the time, and most European texts become so.
    """
    easy = _easy(text)
    if easy is None:
        text, before = compose(text), text
        easy = _easy(text) if text is not before else None
    marked = mark_signs(text)
    for char in easy or ():
        marked = marked.replace(char, TABLE[ord(char)])
    return marked.translate(TABLE)


def _easy(text: str) -> Collection[str] | None:
    """Its characters beside those of ASCII, if they are few and neither compose nor stay."""
    if text.isascii():
        return ()
    others = set(beyond_ascii(text))
    return others if len(others) <= _FEW and all(map(is_easy, others)) else None


@lru_cache(maxsize=1 << 16)
def is_easy(char: str) -> bool:
    """Whether it folds to ASCII whatever stands beside it, so that it need not be composed."""
    if combining(char) or not is_normalized("NFC", char) or _HALF_WIDTH.match(char):
        return False
    return _PLAIN.fullmatch(TABLE[ord(char)]) is not None


def folded_text(text: str) -> str:
    """What is stored and indexed: the plain words, then those of the joined reading alone."""
    return finished(text_in_slices(text))


def text_in_slices(text: str) -> Slices[str]:
    """The same as `folded_text`."""
    folded = yield from _folding(text)
    if not folded.joined:
        return folded.plain[1:-1]
    words = folded.words
    more = sorted(set(folded.joined.split()).difference(words))
    return " ".join((*words, *more))


def compose(text: str) -> str:
    if text.isascii():
        return text
    if _has_long_run(text):
        text = "".join(_without_long_runs(text))
    if not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return _HALF_WIDTH.sub(lambda found: normalize("NFKC", found[0]), text)


def mark_signs(composed: str) -> str:
    """Put the table's own marker where a sign stays; what goes is a space or nothing."""
    return _SIGNS.sub(_instead, composed)


def signs(composed: str) -> list[tuple[int, int, str]]:
    """The same as `mark_signs`, as (start, end, what stands there instead)."""
    return [(*found.span(), _instead(found)) for found in _SIGNS.finditer(composed)]


def _instead(found: re.Match[str]) -> str:
    return _INSTEAD[found.lastgroup or ""]


def _spaced(text: str) -> str:
    """The table leaves no white space but blanks: `split` and `join` would take longer."""
    while "  " in text:
        text = text.replace("  ", " ")
    words = text.strip(" ")
    return f" {words} " if words else ""


def _has_long_run(text: str) -> bool:
    """False only where there is none: every 64th character of one is a mark, with neighbours."""
    return any(
        combining(char)
        and (_all_combining(text[at : at + 16]) or _all_combining(text[at - 16 : at]))
        for at, char in zip(range(0, len(text), 64), text[::64], strict=True)
    )


def _all_combining(text: str) -> bool:
    return all(map(combining, text))


def _without_long_runs(text: str) -> Iterator[str]:
    """Composing sorts the marks of one letter by insertion: thousands of them would take long."""
    for are_marks, run in groupby(text, key=lambda char: combining(char) > 0):
        chars = "".join(run)
        yield chars[:_KEPT] if are_marks and len(chars) > _LONG_RUN else chars
