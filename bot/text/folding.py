"""Folding: one spelling for what people read as the same word.

A folded text is words with single spaces between and around them, in two readings:

- *plain*: every dash and apostrophe is a space (`e-mail` reads `e mail`);
- *joined*: the parts that they join are one word (`e-mail` reads `email`).

Each rule is about one character, so that the rules are cheap and cannot conflict:

1. A long text is cut into pieces, after white space if possible, because no rule looks past it.
   Long runs of combining marks are cut. Then NFC; half-width kana are composed.
2. Signs that belong to a name stay (`C++`, `C#`, `AT&T`, `.NET`, `U.S.`); a possessive 's goes.
   This is `_SIGNS`; the rule for hyphens and apostrophes inside a word is its group `join`.
3. NFKC, case folded. Marks are removed in Latin, Greek, Cyrillic, Arabic and Hebrew only, because
   elsewhere they make another letter. Everything but letters, digits and marks becomes a space.
4. Each Han, kana, Thai, Lao, Khmer and Myanmar character is a word of its own. Han characters
   that are written in several ways (台湾, 台灣, 臺灣) fold to one of them. A character that stands
   for several words in another writing (发: 發, 髮) does not fold, because a Japanese 麺 (noodles)
   would find every 面会 (meeting). A query searches for its alternatives instead (`han_variants`).

The labels of an article (its author and categories) are one folded text of tokens: `author:jane
author:doe | category:economy`. No word of a title or text contains a colon, so a token never equals
a word.

Raise `FOLDING_VERSION` when you change a rule. Stored texts are then folded again, in batches.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import groupby
from typing import Final
from unicodedata import combining, is_normalized, normalize

from bot.slices import Slices, finished
from bot.text.characters import AMPERSAND, DOT, JOIN, MARKERS, PLUSES, POINT, SHARP, TABLE

FOLDING_VERSION: Final = 2
PIECE: Final = 4_096  # characters folded at once, in less than a millisecond
_PIECE_ENDS: Final = " \n\u3002"  # they neither compose nor join with the character behind them
_LONG_RUN: Final = 64  # marks; no language has more than a few
_KEPT: Final = 16  # marks of a long run
_FEW: Final = 24  # different characters; many languages have no more outside ASCII
_ASCII: Final = bytes(range(128))
_PLAIN = re.compile("[a-z0-9 ]*")  # folds to itself
_HALF_WIDTH = re.compile("[\uff65-\uff9f]+")
# The literal in front lets the search skip everything else.
_JOINS_NOTHING = re.compile(f"{JOIN}(?:(?<![^ {JOIN}]{JOIN})|(?=[ {JOIN}]|$))")
_WORD_MARKER = re.compile(f"[{JOIN}{POINT}]")
_MORE: Final = "\x07"  # a word of its own; the words after it are there for the index only

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
_REPLACEMENTS = {
    "possessive": " ", "join": JOIN, "point": POINT, "dot": DOT, "ampersand": AMPERSAND,
    "pluses": PLUSES + " ", "sharp": SHARP + " ", "gershayim": "", "marker": " ",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoldedForms:
    """Two readings of a text, each with a space before and after every word ("" without words).

    Both are made from *marked*, in which markers stand for signs that join two words (`JOIN`) or
    the letters of one word (`POINT`). `joined` is "" if it would equal `plain`.
    """

    marked: str
    plain: str = field(init=False, compare=False)
    joined: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        plain, joined = self.marked, ""
        if JOIN in plain or POINT in plain:
            joined = plain.replace(JOIN, "").replace(POINT, "")
            plain = plain.replace(JOIN, " ").replace(POINT, ".")
        object.__setattr__(self, "plain", plain)
        object.__setattr__(self, "joined", joined)

    @property
    def readings(self) -> tuple[str, ...]:
        return (self.plain, self.joined) if self.joined else (self.plain,)

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.plain.split())

    @property
    def marked_words(self) -> "FoldedForms":
        """The words that the two readings write differently."""
        words = list(_marked_words(self.marked)) if self.joined else []
        return FoldedForms(f" {' '.join(words)} " if words else "")

    @property
    def stored(self) -> str:
        """The text that is stored and indexed: the marked text, then its marked words unmarked."""
        if not self.joined:
            return self.marked[1:-1]
        words = self.marked_words
        more = sorted({*words.plain.split(), *words.joined.split()})
        return " ".join((self.marked[1:-1], _MORE, *more))

    @classmethod
    def of_stored(cls, stored: str) -> "FoldedForms":
        marked = stored.partition(_MORE)[0].rstrip(" ")
        return cls(f" {marked} " if marked else "")


def _marked_words(marked: str) -> Iterator[str]:
    end = 0
    for marker in _WORD_MARKER.finditer(marked):
        at = marker.start()
        if at >= end:
            end = marked.find(" ", at)
            yield marked[marked.rfind(" ", 0, at) + 1 : end]


def fold(text: str) -> FoldedForms:
    return finished(_folding(text)) if len(text) > PIECE else _fold_piece(text)


def folded_text(text: str) -> str:
    """Return the folded form of *text* that is stored and indexed."""
    return fold(text).stored


def _folding(text: str) -> Slices[FoldedForms]:
    parts = []
    for piece in pieces(text):
        parts.append(_fold_piece(piece))
        yield
    return joined_pieces(parts)


def pieces(text: str, longest: int = PIECE) -> Iterator[str]:
    """Yield parts of *text*, up to *longest* characters, that fold independently.

    A longer stretch without white space is cut anyway, because no query asks for such a word.
    """
    at, length = 0, len(text)
    while length - at > longest:
        end = 1 + max(text.rfind(end, at, at + longest) for end in _PIECE_ENDS) or at + longest
        yield text[at:end]
        at = end
    yield text[at:] if at else text


def joined_pieces(parts: Sequence[FoldedForms]) -> FoldedForms:
    """Join the folded pieces of one text."""
    if len(parts) == 1:
        return parts[0]
    words = [part.marked[:-1] for part in parts if part.marked]
    return FoldedForms("".join((*words, " ")) if words else "")


def _fold_piece(text: str) -> FoldedForms:
    return FoldedForms(_with_single_spaces(_translated(text)))


def _translated(text: str) -> str:
    """Compose *text*, mark its signs, and fold each character.

    `str.translate` is ten times slower for a text that is not ASCII. If a text has few non-ASCII
    characters and all fold to ASCII, as in most European texts, they are replaced first.
    """
    replaceable = _replaceable(text)
    if replaceable is None:
        composed = compose(text)
        replaceable = None if composed is text else _replaceable(composed)
        text = composed
    marked = _SIGNS.sub(_replacement, text)
    for char in replaceable or ():
        marked = marked.replace(char, TABLE[ord(char)])
    return marked.translate(TABLE)


def _replaceable(text: str) -> Collection[str] | None:
    """Return the non-ASCII characters if they are few and all fold to ASCII; else None."""
    if text.isascii():
        return ()
    others = set(beyond_ascii(text))
    return others if len(others) <= _FEW and all(map(folds_to_ascii, others)) else None


@lru_cache(maxsize=1 << 16)
def folds_to_ascii(char: str) -> bool:
    """Return whether *char* folds to ASCII, whatever its neighbours are, and needs no composing."""
    if combining(char) or not is_normalized("NFC", char) or _HALF_WIDTH.match(char):
        return False
    return _PLAIN.fullmatch(TABLE[ord(char)]) is not None


def beyond_ascii(text: str) -> str:
    """Return the characters of *text* that are not ASCII, in order."""
    others = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    return others.decode("utf-8", "surrogatepass")


def compose(text: str) -> str:
    if text.isascii():
        return text
    if _may_have_long_run(text):
        text = "".join(_without_long_runs(text))
    if not is_normalized("NFC", text):
        text = normalize("NFC", text)
    return _HALF_WIDTH.sub(lambda kana: normalize("NFKC", kana[0]), text)


def signs(composed: str) -> list[tuple[int, int, str]]:
    """Return the signs that rule 2 replaces, as (start, end, replacement)."""
    return [(*sign.span(), _replacement(sign)) for sign in _SIGNS.finditer(composed)]


def _replacement(sign: re.Match[str]) -> str:
    return _REPLACEMENTS[sign.lastgroup or ""]


def _with_single_spaces(text: str) -> str:
    """Return *text* with single spaces; it has no other white space.

    This is faster than `split` and `join`.
    """
    if JOIN in text:
        text = _JOINS_NOTHING.sub("", text)
    while "  " in text:
        text = text.replace("  ", " ")
    words = text.strip(" ")
    return f" {words} " if words else ""


def _may_have_long_run(text: str) -> bool:
    """Check every 64th character, because a long run has a mark there with marks beside it."""
    return any(
        combining(char)
        and (_all_combining(text[at : at + 16]) or _all_combining(text[at - 16 : at]))
        for at, char in zip(range(0, len(text), 64), text[::64], strict=True)
    )


def _all_combining(text: str) -> bool:
    return all(map(combining, text))


def _without_long_runs(text: str) -> Iterator[str]:
    """Cut long runs of marks, because NFC sorts them by insertion: thousands would take long."""
    for are_marks, run in groupby(text, key=lambda char: combining(char) > 0):
        chars = "".join(run)
        yield chars[:_KEPT] if are_marks and len(chars) > _LONG_RUN else chars


_BETWEEN: Final = " | "  # so that no run of tokens spans two labels


class LabelField(StrEnum):
    AUTHOR = "author"
    CATEGORY = "category"


def label_tokens(field: LabelField, words: Iterable[str]) -> str:
    """Return `author:jane author:doe` for the folded words of one label."""
    return " ".join([f"{field}:{word}" for word in words])


def folded_labels(author: str, categories: Iterable[str]) -> str:
    """Return the tokens of an article's labels; "" if it has none."""
    labels = [(LabelField.AUTHOR, author)] if author else []
    labels += [(LabelField.CATEGORY, category) for category in categories]
    return _BETWEEN.join(filter(None, [_folded(field, name) for field, name in labels]))


@lru_cache(maxsize=20_000)  # the same few stand in most articles
def _folded(field: LabelField, name: str) -> str:
    # Twice, because an invisible character may make a sign beside it look like part of a name.
    return label_tokens(field, fold(fold(name).plain).words)
