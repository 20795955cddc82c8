"""Understands a typed text: a query, a sentence with key words, or a question about the bot.

1. A text with syntax (operators, quotes, fields, stars) is a query and stays as it is.
2. A text is a sentence if it asks for news (`show me everything about`), if it is a question, or if
   many of its words mean nothing alone. Its key words are proposed in several ways, of which the
   caller tries each.
3. From any other text, only small words (`to`, `in`) are dropped, and general ones (`news`) beside
   the name of a place.

Key words are the words of a sentence that mean something. Neighbouring ones are a piece, such as
`oil fund`; the name of a place is a piece of its own. The choices are all pieces together, the best
of them, and each alone. Names come first, then phrases.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Final, TypeAlias

from bot.languages import words as words_of
from bot.matching.query import QueryError, is_readable, parse
from bot.matching.query.ast import quoted
from bot.matching.query.tokens import TokenKind, tokens
from bot.matching.widen import is_place
from bot.subscribers.intents import FoundIntent, Intent, small_talk_in, whole_intent
from bot.subscribers.posts import LONG, names_in
from bot.subscribers.text import one_line
from bot.subscribers.word_roles import (
    Reading,
    WordRole,
    best_reading,
    means_either,
    slice_of,
    units_of,
    without_particle,
)
from bot.text.characters import is_number, is_unspaced
from bot.text.phrases import words_in

_LONGEST_SMALL_TALK: Final = 12  # words
_ENDINGS: Final = frozenset({Intent.UNSUBSCRIBE, Intent.STOP})


# Queries for one wish; the first that finds something is meant.
Choice: TypeAlias = tuple[str, ...]

MOST_CHOICES: Final = 4
_MOST_TOGETHER: Final = 3  # pieces of a query that has all of them
_LONGEST_PHRASE: Final = 3  # words
_EXCEPT_BEHIND: Final = frozenset({"ja", "ko"})
_LEAST_STEM: Final = 4  # letters
_REST: Final = re.compile("[\u3041-\u9fff]|[\u3041-\u3096]{1,4}")
_PREFIXED: Final = re.compile("([\u0648\u0641]?[\u0628\u0643\u0644]?)(\u0627\u0644\\w{2,})")
_AND: Final = "\u0648"  # Arabic writes it onto the next word
_LEAST_AFTER_AND: Final = 5  # letters
_FUSED: Final = re.compile("([\u0648\u0641]?)\u0644\u0644(\\w{2,})")


@dataclass(frozen=True, slots=True)
class _Piece:
    """Neighbouring words that mean something."""

    text: str
    units: tuple[str, ...]  # its words as typed, with those that are joined by hyphens
    at: int
    is_name: bool
    is_place: bool
    is_excluded: bool = False
    alternatives: "tuple[_Piece, ...]" = ()  # of which either is wanted


def choices_in(reading: Reading) -> tuple[Choice, ...]:
    """Return what a sentence may ask for, the best first; none if it has no key words."""
    pieces = list(_with_alternatives(_telling(list(_pieces(reading))), reading))
    wanted = [piece for piece in pieces if not piece.is_excluded]
    without = "".join(f" -{quoted(piece.text)}" for piece in pieces if piece.is_excluded)
    choices = []
    for queries in _combined(wanted, _stems(reading.language)) if wanted else ():
        valid = (f"{query}{without}" for query in queries)
        choices.append(tuple(dict.fromkeys(one for one in valid if is_readable(one))))
    if choices and not reading.count(WordRole.ASKING) and is_readable(reading.text):
        choices = [*choices[: MOST_CHOICES - 1], (reading.text,)]  # it may be a title
    return tuple(_distinct(choices))[:MOST_CHOICES]


def _telling(pieces: Sequence[_Piece]) -> Sequence[_Piece]:
    """Drop single signs and endings in hiragana, which are rests of frames, if there are others."""
    return [piece for piece in pieces if not _REST.fullmatch(piece.text)] or pieces


def _distinct(choices: Iterable[Choice]) -> Iterator[Choice]:
    known: set[str] = set()
    for choice in choices:
        new = tuple(query for query in choice if parse(query).canonical not in known)
        known.update(parse(query).canonical for query in new)
        if new:
            yield new


def _combined(pieces: Sequence[_Piece], spelled: Callable[[str], str]) -> Iterator[Choice]:
    """Yield what may be meant: all pieces, the best of them, and each alone."""
    ranked = sorted(pieces, key=_rank)
    best = sorted(ranked[:_MOST_TOGETHER], key=lambda piece: piece.at)
    if len(pieces) > 1:
        yield _together(best, spelled)
    if len(pieces) > 1 and all(piece.is_name for piece in pieces):
        yield (_either(pieces, spelled),)
    if len(pieces) >= _MOST_TOGETHER:
        yield _together(sorted(ranked[:2], key=lambda piece: piece.at), spelled)
    for piece in ranked:
        if not is_number(piece.text):
            yield _alone(piece, spelled)
    if len(pieces) == 1 and not (pieces[0].is_name or pieces[0].alternatives):
        words = [unit for unit in pieces[0].units if not is_number(unit)]
        for unit in sorted(words or pieces[0].units, key=len, reverse=True):
            yield (spelled(unit),)


def _alone(piece: _Piece, spelled: Callable[[str], str]) -> Choice:
    if piece.alternatives:
        return (_either(piece.alternatives, spelled),)
    return _phrase(piece, spelled), _loose(piece, spelled)


def _rank(piece: _Piece) -> tuple[bool, bool, bool, int, int]:
    """Rank places and other names first, then phrases, then longer words; numbers come last."""
    is_single = len(piece.units) == 1
    return is_number(piece.text), not piece.is_name, is_single, -len(piece.text), piece.at


def _together(pieces: Sequence[_Piece], spelled: Callable[[str], str]) -> Choice:
    ordered = sorted(pieces, key=lambda piece: piece.is_name or len(piece.units) == 1)
    strict = " ".join(_phrase(piece, spelled) for piece in ordered)
    return strict, " ".join(_loose(piece, spelled) for piece in ordered)


def _phrase(piece: _Piece, spelled: Callable[[str], str]) -> str:
    if piece.alternatives:
        return f"({_either(piece.alternatives, spelled)})"
    if len(piece.units) == 1 or len(piece.units) > _LONGEST_PHRASE:
        return _loose(piece, spelled)
    is_inflected = any(spelled(unit) != quoted(unit) for unit in piece.units)
    return _loose(piece, spelled) if is_inflected else quoted(piece.text)


def _either(pieces: Iterable[_Piece], spelled: Callable[[str], str]) -> str:
    return " OR ".join(_phrase(piece, spelled) for piece in pieces)


def _loose(piece: _Piece, spelled: Callable[[str], str]) -> str:
    if piece.alternatives:
        return _phrase(piece, spelled)
    if piece.is_name and len(piece.units) > 1:
        stems = [spelled(unit) for unit in piece.units]
        is_inflected = any(stem.endswith("*") for stem in stems)
        return " ".join(stems) if is_inflected else quoted(piece.text)
    return " ".join(map(spelled, piece.units))


def _stems(language: str) -> Callable[[str], str]:
    """Return a function that writes a word so that its other cases are found too."""
    endings = sorted(words_of("case_endings").get(language, ()), key=len, reverse=True)

    def spelled(unit: str) -> str:
        if not endings or not unit.isalpha() or unit.isupper() or unit.isascii():
            return quoted(unit)
        lowered = unit.casefold()
        for ending in endings:
            stem = len(unit) - len(ending)
            if lowered.endswith(ending) and stem >= _LEAST_STEM:
                return f"{unit[:stem]}*"
        return quoted(unit)

    return spelled


def _pieces(reading: Reading) -> Iterator[_Piece]:
    excluded = _excluded(reading)
    background = _background(reading)
    for places in _chunks(reading):
        if background.issuperset(places):
            continue
        is_excluded = not excluded.isdisjoint(places)
        for part in _split(reading, places):
            yield _piece(reading, part, is_excluded=is_excluded)


def _with_alternatives(pieces: Sequence[_Piece], reading: Reading) -> Iterator[_Piece]:
    """Yield *pieces*, with one for those that have `or` between them."""
    grouped: list[list[_Piece]] = []
    for piece in pieces:
        before = reading.roles[: piece.at]
        while before and before[-1] is WordRole.SMALL:
            before = before[:-1]
        is_either = reading.language == "ko" and piece.at > 0
        is_either = is_either and means_either(reading.words[piece.at - 1].folded)
        if grouped and ((before and before[-1] is WordRole.OR) or is_either):
            grouped[-1].append(piece)
        else:
            grouped.append([piece])
    for first, *others in grouped:
        yield replace(
            first,
            is_name=all(one.is_name for one in (first, *others)),
            alternatives=(first, *others) if others else (),
        )


def leaves_out(reading: Reading) -> bool:
    """Return whether a sentence names what is wanted and what is not."""
    return bool(_excluded(reading))


def _excluded(reading: Reading) -> frozenset[int]:
    """Return the places of what `except` leaves out: the rest of its clause.

    In Japanese and Korean, the word stands behind, and leaves out what is right before it.
    """
    found: set[int] = set()
    for clause in reading.clauses():
        places = list(clause)
        marks = [at for at in places if reading.roles[at] is WordRole.EXCEPT]
        if not marks:
            continue
        if reading.language in _EXCEPT_BEHIND:
            found.update(_last_words(reading, range(clause.start, marks[0])))
        else:
            found.update(range(marks[0] + 1, clause.stop))
    content = {at for at, role in enumerate(reading.roles) if role is None}
    return frozenset(found) if content - found and content & found else frozenset()


def _last_words(reading: Reading, places: Sequence[int]) -> Iterator[int]:
    """Yield the last chunk of words that mean something among *places*."""
    has_begun = False
    for at in reversed(places):
        if reading.roles[at] is None:
            has_begun = True
            yield at
        elif has_begun or reading.roles[at] is not WordRole.SMALL:
            return


def _background(reading: Reading) -> frozenset[int]:
    """Return the places of clauses that only say why one asks: `my brother lives in Graz`.

    They count if a word such as `there` points to them, or if the request says too little.
    """
    speaking = reading.places_with("first_person")
    asking = {at for at, role in enumerate(reading.roles) if role is WordRole.ASKING}
    content = {at for at, role in enumerate(reading.roles) if role is None}
    clauses = [set(clause) for clause in reading.clauses()]
    personal = [clause for clause in clauses if clause & speaking and not clause & asking]
    if all(clause in personal for clause in clauses if clause & content):
        personal = [clause for clause in personal if clause & content][:-1]  # the last one asks
    background = content.intersection(at for clause in personal for at in clause)
    wanted = content - background
    pointing = {
        at
        for clause in clauses
        if clause not in personal and background and min(clause) > min(background)
        for at in clause - asking
    }
    says_enough = len(wanted) > 1 or bool(wanted & (reading.names | reading.places))
    if not wanted or not says_enough or pointing & reading.places_with("pointing_words"):
        return frozenset()
    return frozenset(background)


def _chunks(reading: Reading) -> Iterator[list[int]]:
    """Yield the places of neighbouring words that mean something, without a sign between them."""
    chunk: list[int] = []
    for at, role in enumerate(reading.roles):
        if chunk and (role is not None or not _are_neighbours(reading, at - 1)):
            yield chunk
            chunk = []
        if role is None:
            chunk.append(at)
    if chunk:
        yield chunk


def _are_neighbours(reading: Reading, at: int) -> bool:
    gap = reading.gap(at)
    if reading.language == "ko":
        word = slice_of(reading, [at])
        return gap == " " and without_particle(word) == word
    return not gap.strip() or reading.is_joined(at) or gap in {"'", "\u2019"}


def _split(reading: Reading, places: Sequence[int]) -> Iterator[list[int]]:
    """Split at the names of places, and where names begin and end."""
    has_telling_capitals = reading.language != "de"

    def kind(unit: Sequence[int]) -> tuple[bool, bool]:
        if not reading.joined.isdisjoint(unit):
            return False, True
        is_place = reading.places.issuperset(unit)
        return is_place, has_telling_capitals and not is_place and _has_capital(reading, unit)

    units = units_of(places, reading)
    for _, group in groupby(units, key=kind):
        yield [at for unit in group for at in unit]


def _has_capital(reading: Reading, unit: Sequence[int]) -> bool:
    return not reading.names.isdisjoint(unit)


def _piece(reading: Reading, places: Sequence[int], *, is_excluded: bool) -> _Piece:
    text = _bare(slice_of(reading, places), reading)
    if any(is_unspaced(reading.words[at].folded) for at in places) and len(text.split()) == 1:
        units: tuple[str, ...] = (text,)
    else:
        units = tuple(_bare(slice_of(reading, unit), reading) for unit in units_of(places, reading))
    is_place = reading.places.issuperset(places)
    is_joined = not reading.joined.isdisjoint(places)
    is_name = is_place or is_joined or (reading.language != "de" and _has_capital(reading, places))
    return _Piece(text, units, places[0], is_name, is_place, is_excluded)


def _bare(text: str, reading: Reading) -> str:
    """Drop what some languages write onto a word: Arabic prepositions, Korean particles."""
    if reading.language == "ar":
        return " ".join(map(_without_prefix, text.split()))
    if reading.language == "ko":
        return " ".join(map(without_particle, text.split()))
    return text


@cache
def _with_and() -> tuple[str, ...]:
    """Return how Arabic words begin that have the sign of `and` as their own."""
    return words_of("whole_words").get("ar", ())


def _without_prefix(word: str) -> str:
    if word[:1] == _AND and len(word) >= _LEAST_AFTER_AND and not word.startswith(_with_and()):
        word = word[1:]
    if found := _FUSED.fullmatch(word):
        return f"\u0627\u0644{found[2]}"
    if found := _PREFIXED.fullmatch(word):
        return found[2]
    rest = word[1:]
    is_glued = word[:1] in {"\u0628", "\u0644", "\u0648", "\u0643"} and is_place((rest,), ("ar",))
    return rest if is_glued and not is_place((word,), ("ar",)) else word


@dataclass(frozen=True, slots=True)
class Understood:
    """*query*: what to look for; "" if there are *choices*, the best first, or nothing.

    *is_sentence*: the text is not meant as a query. *intent*: what it may want from the bot, and
    whether that is certain.
    """

    query: str = ""
    choices: tuple[Choice, ...] = ()
    is_sentence: bool = False
    found_intent: FoundIntent | None = None

    @property
    def intent(self) -> Intent | None:
        return self.found_intent.intent if self.found_intent else None

    @property
    def is_certain(self) -> bool:
        return self.found_intent is not None and self.found_intent.is_certain


def understand(typed: str, language: str) -> Understood:
    """Understand *typed* in a chat of this *language* (an IETF tag), or in another language."""
    text = one_line(typed)
    if "(" not in text:
        text = text.rstrip(")")  # a smile
    if not text or len(text) > LONG or _has_syntax(text):
        return Understood(text)
    if whole := whole_intent(text):
        return Understood(text, found_intent=FoundIntent(whole, frozenset(), is_certain=True))
    words = words_in(text)
    reading = best_reading(text, words, language.partition("-")[0])
    is_sentence = reading.is_sentence
    found = reading.found_intent
    if found and found.intent in _ENDINGS and leaves_out(reading):
        found = None
    if said := _small_talk(reading):
        return Understood(text, found_intent=FoundIntent(said, frozenset(), is_certain=True))
    if not is_sentence and _is_list_of_names(reading):
        return Understood(text, found_intent=found)
    wanted = _from_sentence(reading) if is_sentence else _from_query(reading)
    return replace(wanted, is_sentence=is_sentence, found_intent=found)


def _is_list_of_names(reading: Reading) -> bool:
    """Return whether each line or part between commas is a name of its own."""
    small = {at for at, role in enumerate(reading.roles) if role} - reading.joined
    return bool(names_in(reading.text)) and not small


def _small_talk(reading: Reading) -> Intent | None:
    """Return the small talk that a short message is made of, unless it asks for something."""
    asks = reading.count(WordRole.ASKING) > 0 or reading.found_intent is not None
    if asks or len(reading.words) > _LONGEST_SMALL_TALK:
        return None
    content = {at for at, role in enumerate(reading.roles) if role is None}
    return small_talk_in([word.folded for word in reading.words], content)


def _has_syntax(text: str) -> bool:
    """Return whether *text* has more than words; so do `and` and `or`, which are words here."""
    try:
        read = list(tokens(text))
    except QueryError:
        return True
    kinds = {TokenKind.TERM, TokenKind.END}
    return any(
        token.kind not in kinds
        or token.prefix
        or token.spelling
        or (token.words and token.typed != text[token.position : token.end])  # in quotes
        for token in read
    )


def _from_query(reading: Reading) -> Understood:
    text = reading.text
    combines = reading.count(WordRole.OR) > 0 or leaves_out(reading)
    if combines and (choices := choices_in(reading)):
        return Understood(choices[0][0])
    if reading.language == "ko" and _without_particles(text) != text:
        return _from_sentence(reading)
    small = {at for at, role in enumerate(reading.roles) if role is WordRole.SMALL}
    general = {at for at, role in enumerate(reading.roles) if role is WordRole.GENERIC}
    rest = set(range(len(reading.words))) - small - general
    is_whole = len(rest) == len(reading.words) and not reading.joined
    if not rest or is_whole:
        return Understood(text)
    bare = _without(reading, small | general)
    if not general or rest <= reading.places:
        return Understood(bare if is_readable(bare) else text)
    whole = _without(reading, small)
    choices = tuple((one,) for one in dict.fromkeys((bare, whole)) if is_readable(one))
    return Understood(choices=choices) if len(choices) > 1 else Understood(text)


def _without_particles(text: str) -> str:
    return " ".join(map(without_particle, text.split()))


def _without(reading: Reading, dropped: set[int]) -> str:
    """Return the text without the words at *dropped* places, and what stands beside them.

    A name with a small word inside is a phrase: `"Bank of Japan" rates`.
    """
    parts: list[list[int]] = []
    for at in range(len(reading.words)):
        if at in dropped:
            continue
        is_same = parts and (parts[-1][-1] in reading.joined) == (at in reading.joined)
        if is_same and parts[-1][-1] == at - 1:
            parts[-1].append(at)
        else:
            parts.append([at])
    written = ((slice_of(reading, part), part[0] in reading.joined) for part in parts)
    return " ".join(quoted(text) if is_name else text for text, is_name in written)


def _from_sentence(reading: Reading) -> Understood:
    choices = choices_in(reading)
    if not choices:
        is_framed = reading.count(WordRole.ASKING) > 0 or reading.found_intent is not None
        return Understood("" if is_framed else reading.text)
    is_one = len(choices) == len(choices[0]) == 1
    return Understood(choices[0][0]) if is_one else Understood(choices=choices)
