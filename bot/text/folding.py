"""Folding: one spelling for what people read as the same word, and the way back to the original.

A folded text is words with single spaces between and around them, in two readings:

- *plain*: every dash and apostrophe is a space (`e-mail` reads `e mail`);
- *joined*: what they join inside a word is written as one (`e-mail` reads `email`).

Rules, each for one character, so that they are cheap and cannot disagree:

1. A long text is cut into pieces, behind white space where there is some: no rule looks further.
   Long runs of combining marks are cut; NFC; half-width kana composed.
2. Signs that belong to a name stay (`C++`, `C#`, `AT&T`, `.NET`, `U.S.`); a possessive 's goes.
   This is `_SIGNS`; the rule for hyphens and apostrophes inside a word is its group `join`.
3. NFKC, case folded; marks go in Latin, Greek, Cyrillic, Arabic and Hebrew only, because
   elsewhere they make another letter; what is no letter, digit or mark is a space.
4. Each Han, kana, Thai, Lao, Khmer and Myanmar character is a word of its own; Han characters
   that are written in several ways (台湾, 台灣, 臺灣) fold to one of them, but not those that are
   several words in another writing (发: 發, 髮), which are alternatives of a query. Folded into
   one, a Japanese 麺 (noodles) would find every 面会 (meeting). Of a phrase there are at most
   `MOST_VARIANTS` alternatives; a lone character has none, since nothing says which word is meant.

A change of a rule raises `FOLDING_VERSION`: what is stored is then folded anew, in batches.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from itertools import chain, groupby, islice, product
from typing import Final, TypeAlias
from unicodedata import category, combining, decimal, is_normalized, name, normalize

from bot.text.slices import Slices, finished

FOLDING_VERSION: Final = 1
MOST_VARIANTS: Final = 16  # in which a phrase is looked for


def _han_groups() -> tuple[list[str], list[str]]:
    """Read the groups of one character, and those of characters that are merged."""
    data = files("bot.text").joinpath("han_variants.txt").read_text(encoding="utf-8")
    lines = [line for line in data.splitlines() if not line.startswith("#")]
    same, _, merged = "\n".join(lines).partition("[merged]")
    return same.removeprefix("\n[same]").split(), merged.split()


_SAME, _MERGED = _han_groups()


def _folds_to() -> dict[str, str]:
    merged = [part for group in _MERGED for part in group.replace("=", "/").split("/")]
    return {char: group[0] for group in (*_SAME, *merged) for char in group[1:]}


def _alternatives() -> dict[str, tuple[str, ...]]:
    """Return, of each folded character that is merged with others, itself and what it may be."""
    found: dict[str, tuple[str, ...]] = {}
    for group in _MERGED:
        taking, _, taken = group.partition("=")
        merged = taking[0]
        for part in taken.split("/"):
            found[merged] = (*found.get(merged, (merged,)), part[0])
            found[part[0]] = (*found.get(part[0], (part[0],)), merged)
    return found


HAN_FOLDS_TO: Final = _folds_to()
_HAN_ALTERNATIVES: Final = _alternatives()


def han_variants(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """How else folded *words* may be written, as they stand first: at most `MOST_VARIANTS`.

    Those that are all of one kind of writing come before mixtures. Alternatives are taken only
    beside another word, which says what is meant: the lone 麵 (noodles) would find every 面 (face),
    拉麵 finds 拉面 and nothing else.
    """
    if len(words) == 1 or _HAN_ALTERNATIVES.keys().isdisjoint(words):
        return (words,)
    each = [_HAN_ALTERNATIVES.get(word, (word,)) for word in words]
    of_one_kind = (
        tuple(some[min(at, len(some) - 1)] for some in each) for at in range(max(map(len, each)))
    )
    found = dict.fromkeys(chain(of_one_kind, islice(product(*each), MOST_VARIANTS)))
    return tuple(islice(found, MOST_VARIANTS))


# What each character folds to: a table that fills itself, one character at a time.


# Control characters stand for signs that stay inside a word: what is ASCII folds much faster.
JOIN: Final = "\x01"  # a dash or apostrophe inside a word
POINT: Final = "\x02"  # the point of U.S.
AMPERSAND: Final = "\x03"
PLUSES: Final = "\x04"
SHARP: Final = "\x05"
DOT: Final = "\x06"  # the point of .NET
MARKERS: Final = "\x01-\x06"

# Scripts written without spaces: each character is a word, so that any run of them is found.
UNSPACED: Final = (
    "\u3005-\u3007\u3021-\u3029\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_HANGUL = re.compile("[\uac00-\ud7a3]$")

_MARKS_ARE_DECORATION = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW"})
_STRIPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u05f3\u05f4\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
    "\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_SQUARED = re.compile("[\u3300-\u33ff]")  # words in the room of one character: ㌦, ㎞, ㍻
_LETTERS: Final = {
    "\u0131": "i", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "æ": "ae", "œ": "oe",
    "þ": "th",
}  # fmt: skip
_SIGN_OF_MARKER: Final = {
    AMPERSAND: "&",
    PLUSES: "++",
    SHARP: "#",
    DOT: " .",
    JOIN: JOIN,
    POINT: POINT,
}


class Table(dict[int, str]):
    """For `str.translate`; about 100 different characters occur in a language."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded_char(chr(code))
        return folded


TABLE: Final = Table()


_ALL_ASCII: Final = bytes(range(128))


def beyond_ascii(text: str) -> str:
    """The other characters of *text*, in their order: few, in most texts, and found at once."""
    others = text.encode("utf-8", "surrogatepass").translate(None, _ALL_ASCII)
    return others.decode("utf-8", "surrogatepass")


def is_unspaced(word: str) -> bool:
    """Whether a folded word is one character of a script written without spaces."""
    return _UNSPACED.match(word) is not None


def is_hangul(word: str) -> bool:
    """Whether particles may follow the word unspaced, so that it is looked for as a prefix."""
    return _HANGUL.search(word) is not None


def _folded_char(char: str) -> str:
    if char in _SIGN_OF_MARKER:
        return _SIGN_OF_MARKER[char]
    kind = category(char)
    if kind == "Cf" or _STRIPPED.match(char):
        return ""
    if kind[0] not in "LNM" and not _SQUARED.match(char):
        return " "
    if kind == "Nd":
        return str(decimal(char))
    return _letter(char)


def _letter(char: str) -> str:
    plain = _LETTERS.get(char) or normalize("NFKC", char).casefold()
    if name(plain[0], "").partition(" ")[0] in _MARKS_ARE_DECORATION:
        plain = normalize("NFKD", plain)
    if plain != char:
        return "".join(TABLE[ord(part)] for part in plain)
    return f" {HAN_FOLDS_TO.get(char, char)} " if is_unspaced(char) else char


PIECE: Final = 4_096  # characters folded at once, in less than a millisecond
_ENDS: Final = " \n\u3002"  # what neither composes nor joins with what stands behind it
_LONG_RUN: Final = 64  # marks; no language has more than a few
_KEPT: Final = 16  # marks, of a long run
_FEW: Final = 24  # different characters, which many languages write beside those of ASCII
_PLAIN = re.compile("[a-z0-9 ]*")  # folds to itself
_HALF_WIDTH = re.compile("[\uff65-\uff9f]+")
_JOINS_NOTHING = re.compile(f"(?<![^ {JOIN}]){JOIN}+|{JOIN}+(?= |$)|{JOIN}(?={JOIN})")
_MORE: Final = "\x07"  # a word of its own; behind it stands what is there for the index only

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
class FoldedForms:
    """Two readings of a text, each with a space before and after every word ("" if no word).

    Both come of *marked*, where signs stand for what joins two words (`JOIN`) or the letters of one
    (`POINT`). `joined` is "" where it would equal `plain`.
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
    def stored(self) -> str:
        """Return what the database keeps and indexes: the marked words, then each without marks."""
        if not self.joined:
            return self.marked[1:-1]
        words = [word for word in self.marked.split() if JOIN in word or POINT in word]
        apart = {part for word in words for part in FoldedForms(word).plain.split()}
        more = sorted(apart | {FoldedForms(word).joined for word in words})
        return " ".join((self.marked[1:-1], _MORE, *more))

    @classmethod
    def of_stored(cls, stored: str) -> "FoldedForms":
        marked = stored.partition(_MORE)[0].rstrip(" ")
        return cls(f" {marked} " if marked else "")


def fold(text: str) -> FoldedForms:
    return finished(_folding(text)) if len(text) > PIECE else _fold(text)


def _folding(text: str) -> Slices[FoldedForms]:
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


def merged(parts: Sequence[FoldedForms]) -> FoldedForms:
    """The folded pieces of a text as one."""
    if len(parts) == 1:
        return parts[0]
    words = [part.marked[:-1] for part in parts if part.marked]
    return FoldedForms("".join((*words, " ")) if words else "")


def _fold(text: str) -> FoldedForms:
    return FoldedForms(_spaced(_translated(text)))


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
    """What is stored and indexed of a text."""
    return fold(text).stored


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
    if JOIN in text:
        text = _JOINS_NOTHING.sub("", text)
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


# Where each folded word stands in the original: a second walk, only for articles that hit.


Place: TypeAlias = tuple[int, int]  # start and end, offsets into the original

_PLAIN_WORD = re.compile(f"[^ {JOIN}]+")
_JOINED_WORD = re.compile(f"{JOIN}*[^ {JOIN}][^ ]*")
_WITH_SPACE = re.compile(r"\S+\s*|\s+")  # no mark is composed over white space
_JOINS_THE_ONE_BEFORE = re.compile("[\u1160-\u11ff\uff9e\uff9f]")  # vowels, finals; voice marks


@dataclass(frozen=True, slots=True)
class Trace:
    """A folded text, and for each word of each reading its place in the original."""

    folded: FoldedForms
    plain: tuple[Place, ...]
    joined: tuple[Place, ...]

    @property
    def readings(self) -> tuple[tuple[str, tuple[Place, ...]], ...]:
        return tuple(zip(self.folded.readings, (self.plain, self.joined), strict=False))


def trace(text: str) -> Trace:
    at, parts = 0, []
    for piece in pieces(text):
        parts.append(_trace(piece, at))
        at += len(piece)
    if len(parts) == 1:
        return parts[0]
    plain = tuple(place for part in parts for place in part.plain)
    joined = tuple(place for part in parts for place in part.joined)
    return Trace(merged([part.folded for part in parts]), plain, joined)


def _trace(piece: str, at: int) -> Trace:
    marked, starts, ends = _marked(piece)

    def places(word: re.Pattern[str]) -> tuple[Place, ...]:
        spans = [found.span() for found in word.finditer(marked)]
        return tuple([(at + starts[start], at + ends[end - 1]) for start, end in spans])

    folded, plain = fold(piece), places(_PLAIN_WORD)
    return Trace(folded, plain, places(_JOINED_WORD) if folded.joined else plain)


def _marked(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The folded text, markers and all; and where each of its characters starts and ends."""
    composed, first, last = _composed(text)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, instead in [*signs(composed), (len(composed), len(composed), "")]:
        folded = [TABLE[ord(char)] for char in composed[at:start]]
        chars += folded
        if max(map(len, folded), default=1) == 1 and "" not in folded:
            starts += first[at:start]
            ends += last[at:start]
        else:
            for index, parts in enumerate(folded, at):
                starts += [first[index]] * len(parts)
                ends += [last[index]] * len(parts)
        if sign := instead.translate(TABLE):
            chars.append(sign)
            starts += [first[start]] * len(sign)
            ends += [last[end - 1]] * len(sign)
        at = end
    return "".join(chars), starts, ends


def _composed(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The composed text; and where each of its characters starts and ends in *text*."""
    composed = compose(text)
    if composed == text:
        return text, range(len(text)), range(1, len(text) + 1)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for word in _WITH_SPACE.finditer(text):
        if compose(word[0]) == word[0]:
            chars.append(word[0])
            starts += range(*word.span())
            ends += range(word.start() + 1, word.end() + 1)
            continue
        for start, end in _clusters(text, *word.span()):
            cluster = compose(text[start:end])
            chars.append(cluster)
            starts += [start] * len(cluster)
            ends += [end] * len(cluster)
    return "".join(chars), starts, ends


def _clusters(text: str, start: int, end: int) -> Iterator[Place]:
    """Each character with what may be composed into it."""
    for index in range(start + 1, end):
        char = text[index]
        if category(char)[0] != "M" and not _JOINS_THE_ONE_BEFORE.match(char):
            yield start, index
            start = index
    yield start, end


# How a text is spelt, for terms that must be found exactly so: capitals, accents and all.


QUOTES = '"\u201c\u201d\u201e\u201f\uff02«»‹›「」『』《》〈〉〝〞〟'  # noqa: RUF001 - they are its matter
INSIDE_HEBREW = '(?<=[\u05d0-\u05ea])"(?=[\u05d0-\u05ea])'  # an abbreviation's sign
_BETWEEN = re.compile(rf"(?:(?!{INSIDE_HEBREW})[\s{QUOTES}])+")


class _Seen(dict[int, str]):
    """For `str.translate`: nothing instead of an unseen character."""

    def __missing__(self, code: int) -> str:
        self[code] = seen = "" if category(chr(code)) == "Cf" else chr(code)
        return seen


_SEEN: Final = _Seen()


def spelled(text: str) -> str:
    """*text* composed, on one line, without quotes or unseen characters."""
    seen = text if text.isascii() else compose(text).translate(_SEEN)
    return _BETWEEN.sub(" ", seen).strip()


def spelling_of(typed: str) -> tuple[str, tuple[str, ...]]:
    """The spelling to look for, from its first word to its last, and its folded words."""
    spelling = spelled(typed)
    while True:
        places = trace(spelling).plain
        inner = spelled(spelling[places[0][0] : places[-1][1]]) if places else ""
        if inner == spelling:
            return spelling, fold(spelling).words
        spelling = inner
