"""Understands a typed sentence: key words to look for, or a question about the bot.

1. A text with syntax (operators, quotes, fields, stars) is a query and stays as it is.
2. A text is a sentence if it asks for news (`show me everything about`), if it is a question, or if
   many of its words mean nothing alone. The words of its frame are dropped. What remains is
   proposed, in several ways, of which the caller tries each.
3. From any other text, only small words (`to`, `in`) are dropped, and general ones (`news`) beside
   the name of a place.
4. A name is kept whole: `The Who`, `To Lam`, `IT`. Capitals and CLDR's names of places tell names,
   but capitals tell nothing if nearly every word has them.

The words are those of the language in which the text has most of them; the language of the chat
and English come first.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from itertools import groupby
from typing import Final, TypeAlias

from bot.languages import words as words_of
from bot.matching.query import QueryError, is_readable, parse
from bot.matching.query.ast import quoted
from bot.matching.query.tokens import TokenKind, tokens
from bot.matching.widen import is_place
from bot.subscribers.intents import FoundIntent, Intent, find_intent, whole_intent
from bot.subscribers.posts import LONG, names_in
from bot.subscribers.text import one_line
from bot.text.characters import is_unspaced
from bot.text.phrases import PhraseTable, Word, words_in

# Queries for one wish; the first that finds something is meant.
Choice: TypeAlias = tuple[str, ...]

MOST_CHOICES: Final = 4
ENGLISH: Final = "en"
_MOST_TOGETHER: Final = 3  # pieces of a query that has all of them
_LONGEST_PHRASE: Final = 3  # words
_LONGEST_PLACE: Final = 8  # words, which are characters in scripts without spaces
_FEW: Final = 3  # words of a text that may be a title
_MANY: Final = 6  # words of a text that may be a statement
_SHARE_OF_EMPTY: Final = 1 / 3  # of the words of a statement
_SHARE_IF_SHORT: Final = 0.6
_SHARE_OF_CAPITALS: Final = 0.8  # from which they tell nothing
_LEAST_STEM: Final = 4  # letters
_SIGNS_OF_A_WORD: Final = 2  # characters of a word in scripts without spaces
_ENDS: Final = re.compile("[.!?:;\u2026\u3002\uff01\uff1f]")
_JOINS: Final = re.compile(r"[-\u2010\u2011&./_+]+")
_QUESTION: Final = re.compile("[?\uff1f\u061f]\\W*$")
_HIRAGANA: Final = re.compile("[\u3041-\u3096]")
_REST: Final = re.compile("[\u3041-\u9fff]|[\u3041-\u3096]{1,4}")
_PREFIXED: Final = re.compile("([\u0648\u0641]?[\u0628\u0643\u0644]?)(\u0627\u0644\\w{2,})")
_FUSED: Final = re.compile("([\u0648\u0641]?)\u0644\u0644(\\w{2,})")


class Role(StrEnum):
    """What a phrase is in a sentence; each is a section of `bot/languages`.

    The first section that has a phrase keeps it.
    """

    ASKING = "asking"
    EXCEPT = "except_words"
    GENERIC = "generic_words"
    QUESTION = "question_words"
    SMALL = "small_words"
    CHATTY = "chatty_words"


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


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text in a language: the role of each word, None for those that mean something."""

    text: str
    words: tuple[Word, ...]
    language: str
    roles: tuple[Role | None, ...]
    names: frozenset[int] = frozenset()  # places of words with a telling capital
    found_intent: FoundIntent | None = None
    places: frozenset[int] = field(default=frozenset())  # of words that name a place

    def count(self, *roles: Role) -> int:
        return sum(role in roles for role in self.roles)

    @property
    def empty(self) -> int:
        return sum(role is not None for role in self.roles)

    def gap(self, at: int) -> str:
        """Return the text between the word at *at* and the next."""
        return self.text[self.words[at].end : self.words[at + 1].start]

    @property
    def is_sentence(self) -> bool:
        """Whether somebody asks or tells, rather than lists keywords."""
        if not self.words:
            return False
        if self.count(Role.ASKING):
            return True
        length = sum(1 for word in self.words if not is_unspaced(word.folded))
        length += sum(is_unspaced(word.folded) for word in self.words) // _SIGNS_OF_A_WORD
        asks = self.count(Role.QUESTION) > 0
        if asks and length >= _FEW and (_QUESTION.search(self.text) or self._starts_with_question):
            return length > _FEW or bool(_QUESTION.search(self.text))
        is_chatty = asks or self.count(Role.CHATTY) > 0
        share = _SHARE_OF_EMPTY if length >= _MANY else _SHARE_IF_SHORT
        return is_chatty and length > _FEW and self.empty >= share * len(self.words)

    @property
    def _starts_with_question(self) -> bool:
        first = next((role for role in self.roles if role is not Role.SMALL), None)
        return first is Role.QUESTION


@dataclass(frozen=True, slots=True)
class _Piece:
    """Neighbouring words that mean something."""

    text: str
    units: tuple[str, ...]  # its words as typed, with those that are joined by hyphens
    at: int
    is_name: bool
    is_place: bool
    is_excluded: bool = False

    @property
    def is_number(self) -> bool:
        return not any(map(str.isalpha, self.text))


def understand(typed: str, language: str) -> Understood:
    """Understand *typed* in a chat of this *language* (an IETF tag), or in another language."""
    text = one_line(typed)
    if not text or len(text) > LONG or _has_syntax(text):
        return Understood(text)
    if whole := whole_intent(text):
        return Understood(text, found_intent=FoundIntent(whole, frozenset(), is_certain=True))
    words = words_in(text)
    reading = _best_reading(text, words, language.partition("-")[0])
    is_sentence = reading.is_sentence
    found = reading.found_intent
    if not is_sentence and names_in(text):
        return Understood(text, found_intent=found)
    wanted = _from_sentence(reading) if is_sentence else _from_query(reading)
    return replace(wanted, is_sentence=is_sentence, found_intent=found)


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


# The words of each language


@cache
def _tables() -> dict[str, PhraseTable[Role]]:
    return {
        code: PhraseTable({role: words_of(role).get(code, ()) for role in Role})
        for code in words_of(Role.ASKING)
    }


@cache
def _formal_words() -> frozenset[str]:
    """Return the words that are written with a capital anywhere, such as "I" and "Sie"."""
    roles = (Role.CHATTY, Role.SMALL, Role.QUESTION)
    every = (one for role in roles for some in words_of(role).values() for one in some)
    return frozenset(one.casefold() for one in every if one[:1].isupper())


@cache
def _bot_words() -> dict[str, PhraseTable[bool]]:
    return {code: PhraseTable({True: some}) for code, some in words_of("bot_words").items()}


def _best_reading(text: str, words: tuple[Word, ...], language: str) -> _Reading:
    """Read *text* in the language in which it says most."""
    spoken = [code for code in dict.fromkeys((language, ENGLISH)) if code in _tables()]
    readings = [_read(text, words, code) for code in spoken]
    best = max(readings, key=_weight)
    is_short = len(words) < _FEW
    if is_short or (best.count(Role.ASKING) and best.language == language):
        return best
    others = [_read(text, words, code) for code in _tables() if code not in spoken]
    telling = [one for one in others if one.count(Role.ASKING) > 1 or _has_clear_intent(one)]
    return max([best, *telling], key=_weight)


def _weight(reading: _Reading) -> tuple[int, int]:
    found = reading.found_intent
    known = {at for at, role in enumerate(reading.roles) if role}.union(
        found.places if found else ()
    )
    return len(known) + reading.count(Role.ASKING), bool(found and found.is_certain)


def _has_clear_intent(reading: _Reading) -> bool:
    return reading.found_intent is not None and reading.found_intent.is_certain


def _read(text: str, words: tuple[Word, ...], language: str) -> _Reading:
    folded = [word.folded for word in words]
    roles = list(_roles(folded, _tables()[language]))
    places = _places(folded, language)
    names = _names(text, words)
    bare = _Reading(text, words, language, tuple(roles), names, places=places)
    kept = _kept_whole(bare)
    roles = [None if at in kept else role for at, role in enumerate(roles)]
    reading = replace(bare, roles=tuple(roles))
    return replace(reading, found_intent=_intent_of(reading, folded))


def _intent_of(reading: _Reading, folded: Sequence[str]) -> FoundIntent | None:
    empty = {at for at, role in enumerate(reading.roles) if role}
    table = _bot_words().get(reading.language)
    neutral = empty.union(_places_of(table, folded) if table else ())
    neutral.update(at for at, word in enumerate(folded) if _HIRAGANA.match(word))
    speaks = bool(reading.count(Role.ASKING, Role.QUESTION, Role.CHATTY))
    is_sentence = speaks or bool(_QUESTION.search(reading.text))
    return find_intent(folded, reading.language, empty, neutral, is_sentence=is_sentence)


def _roles(folded: Sequence[str], table: PhraseTable[Role]) -> Iterator[Role | None]:
    at = 0
    while at < len(folded):
        length, role = table.longest(folded, at) or (1, None)
        yield from [role] * length
        at += length


def _places_of(table: PhraseTable[bool], folded: Sequence[str]) -> Iterator[int]:
    for at in range(len(folded)):
        if found := table.longest(folded, at):
            yield from range(at, at + found[0])


def _kept_whole(reading: _Reading) -> set[int]:
    """Return the places of words that stay although they have a role."""
    kept = {at for at, role in enumerate(reading.roles) if role and _stays(reading, at, role)}
    for unit in _units(range(len(reading.words)), reading):
        if len(unit) > 1 and any(reading.roles[at] is None for at in unit):
            kept.update(unit)
    return kept


def _stays(reading: _Reading, at: int, role: Role) -> bool:
    if role in {Role.ASKING, Role.EXCEPT}:
        return False
    word = reading.words[at].folded
    if is_unspaced(word) and _is_inside_word(reading, at):
        return True
    if role is Role.GENERIC:
        return _is_part_of_name(reading, at)
    return at in reading.places or (at in reading.names and word not in _formal_words())


def _is_part_of_name(reading: _Reading, at: int) -> bool:
    """Return whether a general word belongs to a name: `Fox News`, but `Norway News` is general."""
    if reading.language == "de" or at not in reading.names or at == 0:
        return False
    before = reading.words[at - 1]
    is_after_name = reading.text[before.start].isupper() and reading.roles[at - 1] is None
    return is_after_name and reading.gap(at - 1) == " " and at - 1 not in reading.places


def _is_inside_word(reading: _Reading, at: int) -> bool:
    """Return whether a sign of grammar may be a part of a word, in scripts without spaces.

    It is none beside a phrase or the name of a place. Between two runs of other signs, only a kana
    and 的 are none.
    """
    roles, words = reading.roles, reading.words
    beside = [near for near in (at - 1, at + 1) if 0 <= near < len(words)]
    touching = [near for near in beside if _touches(reading, min(near, at))]
    is_single = all(roles[near] is not roles[at] for near in touching)
    if not is_single or reading.places.intersection(touching):
        return False
    content = [near for near in touching if roles[near] is None]
    is_kana = bool(_HIRAGANA.match(words[at].folded))
    if len(content) < len(beside if is_kana else (at - 1, at + 1)):
        is_ending = at > 0 and roles[at] is not Role.SMALL  # 吗, 了
        return not (is_kana or is_ending) and bool(content) and len(content) == len(touching)
    if is_kana:
        return any(_HIRAGANA.match(words[near].folded) for near in content)
    return words[at].folded != "\u7684" or min(_run(reading, at, -1), _run(reading, at, 1)) == 1


def _run(reading: _Reading, at: int, step: int) -> int:
    """Return how many words that mean something touch the word at *at*, on one side."""
    length, beside = 0, at + step
    while 0 <= beside < len(reading.words) and reading.roles[beside] is None:
        if not _touches(reading, min(beside, beside - step)):
            break
        length, beside = length + 1, beside + step
    return length


def _touches(reading: _Reading, at: int) -> bool:
    return not reading.gap(at)


def _places(folded: Sequence[str], language: str) -> frozenset[int]:
    """Return the places of the words that name a country or a large city."""
    codes = ("zh", "zh-Hant", ENGLISH) if language == "zh" else (language, ENGLISH)
    found: set[int] = set()
    at = 0
    while at < len(folded):
        longest = range(min(_LONGEST_PLACE, len(folded) - at), 0, -1)
        length = next((n for n in longest if is_place(tuple(folded[at : at + n]), codes)), 0)
        found.update(range(at, at + length))
        at += length or 1
    return frozenset(found)


def _names(text: str, words: Sequence[Word]) -> frozenset[int]:
    """Return the places of words whose capital tells a name; none if nearly every word has one."""
    has_capital = [text[word.start].isupper() for word in words]
    is_loud = [text[word.start : word.end].isupper() and len(word.folded) > 1 for word in words]
    if not any(has_capital) or all(is_loud):
        return frozenset()
    many = len(words) > _FEW and sum(has_capital) >= _SHARE_OF_CAPITALS * len(words)
    found = set()
    for at, word in enumerate(words):
        begins = at == 0 or bool(_ENDS.search(text[words[at - 1].end : word.start]))
        is_title = begins and len(words) <= _FEW and all(has_capital)
        if is_loud[at] or (has_capital[at] and not many and (is_title or not begins)):
            found.add(at)
    return frozenset(found)


def _units(places: Iterable[int], reading: _Reading) -> list[list[int]]:
    """Group neighbouring *places* whose words are joined by hyphens and the like."""
    units: list[list[int]] = []
    for at in places:
        if units and units[-1][-1] == at - 1 and _JOINS.fullmatch(reading.gap(at - 1)):
            units[-1].append(at)
        else:
            units.append([at])
    return units


# Queries without a sentence


def _from_query(reading: _Reading) -> Understood:
    text = reading.text
    small = [at for at, role in enumerate(reading.roles) if role is Role.SMALL]
    general = [at for at, role in enumerate(reading.roles) if role is Role.GENERIC]
    rest = set(range(len(reading.words))) - set(small) - set(general)
    if not rest or len(rest) == len(reading.words):
        return Understood(text)
    bare = _without(reading, {*small, *general})
    if not general or rest <= reading.places:
        return Understood(bare if is_readable(bare) else text)
    whole = _without(reading, set(small))
    choices = tuple((one,) for one in dict.fromkeys((bare, whole)) if is_readable(one))
    return Understood(choices=choices) if len(choices) > 1 else Understood(text)


def _without(reading: _Reading, dropped: set[int]) -> str:
    """Return the text without the words at *dropped* places, and what stands beside them."""
    parts: list[list[int]] = []
    for at in range(len(reading.words)):
        if at in dropped:
            continue
        if parts and parts[-1][-1] == at - 1:
            parts[-1].append(at)
        else:
            parts.append([at])
    return " ".join(_slice(reading, part) for part in parts)


def _slice(reading: _Reading, places: Sequence[int]) -> str:
    return reading.text[reading.words[places[0]].start : reading.words[places[-1]].end]


# Sentences


def _from_sentence(reading: _Reading) -> Understood:
    pieces = _telling(list(_pieces(reading)), reading)
    wanted = [piece for piece in pieces if not piece.is_excluded]
    if not wanted:
        is_framed = reading.count(Role.ASKING) > 0 or reading.found_intent is not None
        return Understood("" if is_framed else reading.text)
    without = "".join(f" -{quoted(piece.text)}" for piece in pieces if piece.is_excluded)
    spelled = _stems(reading.language)
    choices = []
    for queries in _combined(wanted, spelled):
        valid = (f"{query}{without}" for query in queries)
        choices.append(tuple(dict.fromkeys(one for one in valid if is_readable(one))))
    if not reading.count(Role.ASKING) and is_readable(reading.text):
        choices = [*choices[: MOST_CHOICES - 1], (reading.text,)]
    kept = tuple(_distinct(choices))[:MOST_CHOICES]
    if not kept:
        return Understood(reading.text)
    return Understood(kept[0][0]) if len(kept) == len(kept[0]) == 1 else Understood(choices=kept)


def _telling(pieces: Sequence[_Piece], reading: _Reading) -> Sequence[_Piece]:
    """Drop pieces that are rests of frames, if there are others.

    In scripts without spaces, these are single signs, and endings in hiragana. Elsewhere they stand
    before the frame, beside a word such as a pronoun: *my boss* wants news about palm oil.
    """
    longer = [piece for piece in pieces if not _REST.fullmatch(piece.text)] or pieces
    asking = [at for at, role in enumerate(reading.roles) if role is Role.ASKING]
    if not asking or not any(piece.at > asking[-1] for piece in longer):
        return longer
    return [one for one in longer if one.at > asking[0] or not _is_chatter(one, reading)]


def _is_chatter(piece: _Piece, reading: _Reading) -> bool:
    beside = (piece.at - 1, piece.at + len(piece.units))
    roles = [reading.roles[at] for at in beside if 0 <= at < len(reading.roles)]
    return Role.CHATTY in roles and not piece.is_name


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
        yield (" OR ".join(_phrase(piece, spelled) for piece in pieces),)
    if len(pieces) >= _MOST_TOGETHER:
        yield _together(sorted(ranked[:2], key=lambda piece: piece.at), spelled)
    for piece in ranked:
        if not piece.is_number:
            yield (_phrase(piece, spelled), _loose(piece, spelled))
    if len(pieces) == 1 and not pieces[0].is_name:
        for unit in sorted(pieces[0].units, key=len, reverse=True):
            yield (spelled(unit),)


def _rank(piece: _Piece) -> tuple[bool, bool, bool, int, int]:
    """Rank places and other names first, then phrases, then longer words; numbers come last."""
    is_single = len(piece.units) == 1
    return piece.is_number, not piece.is_name, is_single, -len(piece.text), piece.at


def _together(pieces: Sequence[_Piece], spelled: Callable[[str], str]) -> Choice:
    ordered = sorted(pieces, key=lambda piece: piece.is_name or len(piece.units) == 1)
    strict = " ".join(_phrase(piece, spelled) for piece in ordered)
    return strict, " ".join(_loose(piece, spelled) for piece in ordered)


def _phrase(piece: _Piece, spelled: Callable[[str], str]) -> str:
    if len(piece.units) == 1 or len(piece.units) > _LONGEST_PHRASE:
        return _loose(piece, spelled)
    is_inflected = any(spelled(unit) != quoted(unit) for unit in piece.units)
    return _loose(piece, spelled) if is_inflected else quoted(piece.text)


def _loose(piece: _Piece, spelled: Callable[[str], str]) -> str:
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


def _pieces(reading: _Reading) -> Iterator[_Piece]:
    is_excluded = False
    for places in _chunks(reading):
        before = reading.roles[places[0] - 1] if places[0] else None
        is_excluded = before is Role.EXCEPT
        for part in _split(reading, places):
            yield _piece(reading, part, is_excluded=is_excluded)


def _chunks(reading: _Reading) -> Iterator[list[int]]:
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


def _are_neighbours(reading: _Reading, at: int) -> bool:
    gap = reading.gap(at)
    return not gap.strip() or bool(_JOINS.fullmatch(gap)) or gap in {"'", "\u2019"}


def _split(reading: _Reading, places: Sequence[int]) -> Iterator[list[int]]:
    """Split at the names of places, and where names begin and end."""
    has_telling_capitals = reading.language != "de"

    def kind(unit: Sequence[int]) -> tuple[bool, bool]:
        is_place = reading.places.issuperset(unit)
        return is_place, has_telling_capitals and not is_place and _has_capital(reading, unit)

    units = _units(places, reading)
    for _, group in groupby(units, key=kind):
        yield [at for unit in group for at in unit]


def _has_capital(reading: _Reading, unit: Sequence[int]) -> bool:
    return not reading.names.isdisjoint(unit)


def _piece(reading: _Reading, places: Sequence[int], *, is_excluded: bool) -> _Piece:
    text = _bare(_slice(reading, places), reading)
    if is_unspaced(reading.words[places[0]].folded) and len(text.split()) == 1:
        units: tuple[str, ...] = (text,)
    else:
        units = tuple(_bare(_slice(reading, unit), reading) for unit in _units(places, reading))
    is_place = reading.places.issuperset(places)
    is_name = is_place or (reading.language != "de" and _has_capital(reading, places))
    return _Piece(text, units, places[0], is_name, is_place, is_excluded)


def _bare(text: str, reading: _Reading) -> str:
    """Drop what some languages write onto a word: Arabic prepositions, Korean particles."""
    if reading.language == "ar":
        return " ".join(map(_without_prefix, text.split()))
    if reading.language == "ko":
        return " ".join(_without_particle(word) for word in text.split())
    return text


def _without_prefix(word: str) -> str:
    if found := _FUSED.fullmatch(word):
        return f"\u0627\u0644{found[2]}"
    if found := _PREFIXED.fullmatch(word):
        return found[2]
    rest = word[1:]
    is_glued = word[:1] in {"\u0628", "\u0644", "\u0648", "\u0643"} and is_place((rest,), ("ar",))
    return rest if is_glued and not is_place((word,), ("ar",)) else word


def _without_particle(word: str) -> str:
    found = _particles().search(word)
    return word[: found.start()] if found and found.start() >= _SIGNS_OF_A_WORD else word


@cache
def _particles() -> re.Pattern[str]:
    endings = sorted(words_of("particles").get("ko", ()), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(endings)})$")
