"""Reads the words of a typed text: which mean something, and what the others are for.

A word means something unless it is in a phrase of the language's file. A name is kept whole:
`The Who`, `To Lam`, `IT`. Capitals and CLDR's names of places tell names, but capitals tell nothing
if nearly every word has them.

The language is the one in which the text has most of such phrases; the language of the chat and
English come first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final

from bot.languages import words as words_of
from bot.matching.widen import is_place
from bot.subscribers.intents import FoundIntent, find_intent
from bot.text.characters import is_unspaced
from bot.text.folding import fold
from bot.text.phrases import PhraseTable, TextWord

ENGLISH: Final = "en"
HIRAGANA: Final = re.compile("[\u3041-\u3096]")
_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc]+")
_MIDDLE_DOT: Final = "\u30fb"  # joins the words of a foreign name: イーロン・マスク
_JOINS: Final = re.compile(r"[-\u2010\u2011&./_+]+")
_LONGEST_PLACE: Final = 8  # words, which are characters in scripts without spaces
_FEW: Final = 3  # words of a text that may be a title
_MANY: Final = 6  # words of a text that may be a statement
_SHARE_OF_EMPTY: Final = 1 / 3  # of the words of a statement
_SHARE_IF_SHORT: Final = 0.6
_SHARE_OF_CAPITALS: Final = 0.8  # from which they tell nothing
_SIGNS_OF_A_WORD: Final = 2  # characters of a word in scripts without spaces
_WITH_INVERSION: Final = frozenset({"fr", "pt"})  # trouves-tu, mostre-me
_OF: Final = "\u306e"
_CLOCK: Final = re.compile(r"\d{1,2}(?:h|am|pm|uhr)?(?:\d\d)?")
_ENDS: Final = re.compile("[.!?:;\u2026\u3002\uff01\uff1f]")
_QUESTION: Final = re.compile("[?\uff1f\u061f]\\W*$")
_CLAUSE_ENDS: Final = re.compile(
    "[,.!?:;()\u2013\u2014\u2026\u060c\u061b\u061f\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]"
)


class WordRole(StrEnum):
    """The role of a phrase in a sentence; each is a section of `bot/languages`.

    The first section that has a phrase keeps it.
    """

    ASKING = "asking"
    EXCEPT = "except_words"
    GENERIC = "generic_words"
    QUESTION = "question_words"
    SMALL = "small_words"
    CHATTY = "chatty_words"
    OR = "or_words"  # only between two words that mean something


_ROLES_BY_PHRASE: Final = tuple(role for role in WordRole if role is not WordRole.OR)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text in a language: the role of each word, None for those that mean something."""

    text: str
    words: tuple[TextWord, ...]
    language: str
    roles: tuple[WordRole | None, ...]
    names: frozenset[int] = frozenset()  # places of words whose capital marks a name
    found_intent: FoundIntent | None = None
    joined: frozenset[int] = frozenset()  # places of words in a name such as Bank of England
    places: frozenset[int] = frozenset()  # of words that name a place

    def count(self, *roles: WordRole) -> int:
        return sum(role in roles for role in self.roles)

    @property
    def empty(self) -> int:
        return sum(role is not None for role in self.roles)

    def gap(self, at: int) -> str:
        """Return the text between the word at *at* and the next."""
        return self.text[self.words[at].end : self.words[at + 1].start]

    def is_joined(self, at: int) -> bool:
        """Return whether a hyphen or the like joins the word at *at* to the next."""
        gap = self.gap(at)
        if gap != _MIDDLE_DOT:
            return bool(_JOINS.fullmatch(gap))
        both = (self.words[at].folded, self.words[at + 1].folded)
        return all(map(_KATAKANA.match, both)) and self.places.isdisjoint({at, at + 1})

    @property
    def has_person(self) -> bool:
        """Whether somebody speaks of himself or to the bot."""
        return bool(self.places_with("first_person") or self.places_with("second_person"))

    def places_with(self, section: str) -> frozenset[int]:
        """Return the places at which a phrase of *section* begins."""
        table = _phrase_tables(section).get(self.language)
        folded = [word.folded for word in self.words]
        return frozenset(at for at in range(len(folded)) if table and table.longest(folded, at))

    def clauses(self) -> Iterator[range]:
        """Yield the places of each clause: signs end it, and words such as `because` begin one."""
        first = 0
        begin = self.places_with("clause_words")
        for at in range(1, len(self.words)):
            before = self.words[at - 1].folded
            is_end = _CLAUSE_ENDS.search(self.gap(at - 1)) or before.endswith(
                _ends_of_clauses(self.language)
            )
            if is_end or at in begin:
                yield range(first, at)
                first = at
        yield range(first, len(self.words))

    @property
    def is_sentence(self) -> bool:
        """Whether somebody asks or tells, rather than lists keywords."""
        if not self.words:
            return False
        if self.count(WordRole.ASKING):
            return True
        length = sum(1 for word in self.words if not is_unspaced(word.folded))
        length += sum(is_unspaced(word.folded) for word in self.words) // _SIGNS_OF_A_WORD
        asks = self.count(WordRole.QUESTION) > 0
        if _QUESTION.search(self.text) and length >= _FEW and (asks or self.roles[0]):
            return True
        if length > _FEW and self._starts_with_question:
            return True
        if self.has_person and self.count(WordRole.CHATTY) > 1:
            return True
        is_chatty = asks or self.count(WordRole.CHATTY) > 0
        share = _SHARE_OF_EMPTY if length >= _MANY else _SHARE_IF_SHORT
        return is_chatty and length > _FEW and self.empty >= share * len(self.words)

    @property
    def _starts_with_question(self) -> bool:
        first = next((role for role in self.roles if role is not WordRole.SMALL), None)
        return first is WordRole.QUESTION


@cache
def _tables() -> dict[str, PhraseTable[WordRole]]:
    return {
        code: PhraseTable({role: words_of(role).get(code, ()) for role in _ROLES_BY_PHRASE})
        for code in words_of(WordRole.ASKING)
    }


@cache
def _ends_of_clauses(language: str) -> tuple[str, ...]:
    return words_of("clause_endings").get(language, ())


@cache
def _formal_words() -> frozenset[str]:
    """Return the words that are written with a capital anywhere, such as "I" and "Sie"."""
    roles = (WordRole.CHATTY, WordRole.SMALL, WordRole.QUESTION)
    every = (one for role in roles for some in words_of(role).values() for one in some)
    return frozenset(one.casefold() for one in every if one[:1].isupper())


@cache
def _phrase_tables(section: str) -> dict[str, PhraseTable[bool]]:
    """Return the phrases of one section by language code."""
    return {code: PhraseTable({True: some}) for code, some in words_of(section).items()}


def best_reading(text: str, words: tuple[TextWord, ...], language: str) -> Reading:
    """Read *text* in the language in which it says most.

    Names of places are looked up in that language only, because CLDR's data of all languages would
    take 20 MB.
    """
    spoken = [code for code in dict.fromkeys((language, ENGLISH)) if code in _tables()]
    best = max((_read(text, words, code) for code in spoken), key=_weight)
    is_understood = best.count(WordRole.ASKING) > 0 and best.language == language
    if len(words) >= _FEW and not is_understood:
        others = [_read(text, words, code) for code in _tables() if code not in spoken]
        clear_ones = [
            one for one in others if one.count(WordRole.ASKING) > 1 or _has_clear_intent(one)
        ]
        best = max([best, *clear_ones], key=_weight)
    return _read(text, words, best.language, has_places=True)


def _weight(reading: Reading) -> tuple[int, int]:
    found = reading.found_intent
    known = {at for at, role in enumerate(reading.roles) if role}.union(
        found.places if found else ()
    )
    return len(known) + reading.count(WordRole.ASKING), bool(found and found.is_certain)


def _has_clear_intent(reading: Reading) -> bool:
    return reading.found_intent is not None and reading.found_intent.is_certain


def _read(
    text: str, words: tuple[TextWord, ...], language: str, *, has_places: bool = False
) -> Reading:
    folded = [word.folded for word in words]
    roles = list(_roles(folded, language))
    places = _places(folded, language) if has_places else frozenset()
    if language == "ja":
        _read_endings(words, roles)
    if language == "ko":
        roles = [
            role or (WordRole.CHATTY if is_verb(word) else None)
            for word, role in zip(folded, roles, strict=True)
        ]
    names = _names(text, words)
    joined = frozenset(_joined(text, words, language))
    bare = Reading(text, words, language, tuple(roles), names, joined=joined, places=places)
    kept = _kept_whole(bare)
    roles = [None if at in kept else role for at, role in enumerate(roles)]
    for at in _verbs_before_articles(replace(bare, roles=tuple(roles))):
        roles[at] = WordRole.CHATTY
    for at in _alternatives(replace(bare, roles=tuple(roles))):
        roles[at] = WordRole.OR
    reading = replace(bare, roles=tuple(roles))
    return replace(reading, found_intent=_intent_of(reading, folded))


def _verbs_before_articles(reading: Reading) -> Iterator[int]:
    """Yield the places of verbs between a subject and an article: Apple releases a phone."""
    if not reading.count(WordRole.ASKING, WordRole.QUESTION):
        return
    articles = reading.places_with("articles")
    for at in range(1, len(reading.words) - 1):
        has_name = at in reading.names or at in reading.places or at in reading.joined
        if has_name or reading.roles[at] or reading.roles[at - 1]:
            continue
        if at + 1 in articles and reading.roles[at + 1] is not None:
            yield at


def _read_endings(words: Sequence[TextWord], roles: list[WordRole | None]) -> None:
    """Give the verbs and particles of Japanese their roles, where no phrase has one."""
    whole = _phrase_tables("whole_words")["ja"]
    known = {at for at, role in enumerate(roles) if role not in {None, WordRole.SMALL}}
    known.update(_places_of(whole, [word.folded for word in words]))
    line = "".join(
        word.folded if at not in known and len(word.folded) == 1 else " "
        for at, word in enumerate(words)
    )
    small = words_of(WordRole.SMALL)["ja"]
    verbs, particles = verbs_and_particles(line, small)
    for at in verbs:
        roles[at] = WordRole.CHATTY
    for at in range(len(words)):
        if roles[at] is WordRole.SMALL and at not in particles:
            roles[at] = None if at not in verbs else WordRole.CHATTY
    for at in particles:
        roles[at] = WordRole.SMALL


def _intent_of(reading: Reading, folded: Sequence[str]) -> FoundIntent | None:
    empty = {at for at, role in enumerate(reading.roles) if role}
    table = _phrase_tables("bot_words").get(reading.language)
    neutral = empty.union(_places_of(table, folded) if table else ())
    neutral.update(
        at
        for at, word in enumerate(folded)
        if HIRAGANA.match(word) or word.isdigit() or _CLOCK.fullmatch(word)
    )
    speaks = bool(reading.count(WordRole.ASKING, WordRole.QUESTION)) or reading.has_person
    is_sentence = speaks or bool(_QUESTION.search(reading.text))
    to_bot = reading.places_with("second_person") and not reading.count(WordRole.ASKING)
    named = reading.names | reading.places
    tolerated = frozenset(range(len(folded))) - named if to_bot else frozenset()
    return find_intent(
        folded, reading.language, empty, neutral, is_sentence=is_sentence, tolerated=tolerated
    )


def _roles(folded: Sequence[str], language: str) -> Iterator[WordRole | None]:
    table = _tables()[language]
    whole = _phrase_tables("whole_words").get(language)
    at = 0
    while at < len(folded):
        length, role = table.longest(folded, at) or (1, None)
        protected = whole.longest(folded, at) if whole else None
        if protected and protected[0] >= length:
            length, role = protected[0], None
        yield from [role] * length
        at += length


def _places_of(table: PhraseTable[bool], folded: Sequence[str]) -> Iterator[int]:
    for at in range(len(folded)):
        if found := table.longest(folded, at):
            yield from range(at, at + found[0])


def _alternatives(reading: Reading) -> Iterator[int]:
    """Yield the places of `or` between two words that mean something: `Japan or in Taiwan`."""
    table = _phrase_tables("or_words").get(reading.language)
    folded = [word.folded for word in reading.words]
    for at in range(1, len(folded)):
        found = table.longest(folded, at) if table else None
        if not found or at in reading.joined or at in reading.names:
            continue
        behind = at + found[0]
        while behind < len(folded) and _is_small(reading, behind):
            behind += 1
        ends = (at - 1, behind) if behind < len(folded) else ()
        if ends and all(_may_be_an_alternative(reading, end) for end in ends):
            yield from range(at, at + found[0])


def _is_small(reading: Reading, at: int) -> bool:
    is_kana = bool(HIRAGANA.match(reading.words[at].folded))
    return reading.roles[at] is WordRole.SMALL and not is_kana


def _may_be_an_alternative(reading: Reading, at: int) -> bool:
    return reading.roles[at] is None and not HIRAGANA.match(reading.words[at].folded)


def _kept_whole(reading: Reading) -> set[int]:
    """Return the places of words that stay although they have a role."""
    kept = {at for at, role in enumerate(reading.roles) if role and _stays(reading, at, role)}
    for unit in units_of(range(len(reading.words)), reading):
        while reading.language in _WITH_INVERSION and reading.roles[unit[-1]] is WordRole.CHATTY:
            if len(unit) == 1:
                break
            unit.pop()
        if len(unit) > 1 and any(reading.roles[at] is None for at in unit):
            kept.update(unit)
    return kept


def _stays(reading: Reading, at: int, role: WordRole) -> bool:
    if at in reading.joined:
        return True
    if role in {WordRole.ASKING, WordRole.EXCEPT}:
        return False
    word = reading.words[at].folded
    if is_unspaced(word):
        return _is_inside_word(reading, at)
    if role is WordRole.GENERIC:
        return _is_part_of_name(reading, at)
    return at in reading.places or (at in reading.names and word not in _formal_words())


def _is_part_of_name(reading: Reading, at: int) -> bool:
    """Return whether a general word belongs to a name: `Fox News`, but `Norway News` is general."""
    if reading.language == "de" or at not in reading.names or at == 0:  # its nouns have capitals
        return False
    before = reading.words[at - 1]
    is_after_name = reading.text[before.start].isupper() and reading.roles[at - 1] is None
    return is_after_name and reading.gap(at - 1) == " " and at - 1 not in reading.places


def _is_inside_word(reading: Reading, at: int) -> bool:
    """Return whether a sign of grammar is a part of a name, in scripts without spaces.

    It is one between two single signs, and in Japanese at the beginning: 君の名は.
    """
    if reading.roles[at] is not WordRole.SMALL:
        return _is_sign_of_a_word(reading, at)
    if reading.language == "ja" and reading.words[at].folded != _OF:
        return False
    first = last = at
    while first > 0 and _is_small_after(reading, first - 1):
        first -= 1
    while last + 1 < len(reading.words) and _is_small_after(reading, last):
        last += 1
    if reading.places & {first - 1, last + 1}:
        return False
    if first == 0:
        return bool(HIRAGANA.match(reading.words[at].folded))
    return 1 in {_run(reading, first, -1), _run(reading, last, 1)}


def _is_sign_of_a_word(reading: Reading, at: int) -> bool:
    """Return whether a single Han sign with a role touches others: 会 in 奥运会."""
    roles, words = reading.roles, reading.words
    beside = [near for near in (at - 1, at + 1) if 0 <= near < len(words)]
    touching = [near for near in beside if _touches(reading, min(near, at))]
    if HIRAGANA.match(words[at].folded) or any(roles[near] is roles[at] for near in touching):
        return False
    content = [near for near in touching if roles[near] is None and near not in reading.places]
    if reading.language == "zh":
        return any(_run(reading, at, near - at) == 1 for near in content)
    return bool(content) and at + 1 < len(words)


def _is_small_after(reading: Reading, at: int) -> bool:
    """Return whether the words at *at* and behind it are small, without a gap."""
    both = {reading.roles[at], reading.roles[at + 1]}
    return both == {WordRole.SMALL} and _touches(reading, at)


def _run(reading: Reading, at: int, step: int) -> int:
    """Return how many words that mean something touch the word at *at*, on one side."""
    length, beside = 0, at + step
    while 0 <= beside < len(reading.words) and reading.roles[beside] is None:
        if not _touches(reading, min(beside, beside - step)):
            break
        length += 1 if is_unspaced(reading.words[beside].folded) else _SIGNS_OF_A_WORD
        beside += step
    return length


def _touches(reading: Reading, at: int) -> bool:
    return not reading.gap(at)


def _places(folded: Sequence[str], language: str) -> frozenset[int]:
    """Return the places of the words that name a country or a large city."""
    codes = ("zh", "zh-Hant", ENGLISH) if language == "zh" else (language, ENGLISH)
    found: set[int] = set()
    at = 0
    while at < len(folded):
        longest = range(min(_LONGEST_PLACE, len(folded) - at), 0, -1)
        length = next((n for n in longest if is_place(tuple(folded[at : at + n]), codes)), 0)
        if _is_in_katakana(folded, at, at + length):
            length = 0
        found.update(range(at, at + length))
        at += length or 1
    return frozenset(found)


def _is_in_katakana(folded: Sequence[str], start: int, end: int) -> bool:
    """Return whether a longer word in katakana goes on before or behind the places."""
    edges = [at for at in (start, end) if 0 < at < len(folded)]
    return any(_KATAKANA.match(folded[at - 1]) and _KATAKANA.match(folded[at]) for at in edges)


def _names(text: str, words: Sequence[TextWord]) -> frozenset[int]:
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


def _joined(text: str, words: Sequence[TextWord], language: str) -> Iterator[int]:
    """Yield the places of words that form one name with a small word inside.

    Such a name has a small word between capitals, as `Bank of England`, begins with a head, as
    `bank of england`, or is in the language's file, as `new jersey`.
    """
    folded = [word.folded for word in words]
    if whole := _phrase_tables("whole_names").get(language):
        yield from _places_of(whole, folded)
    table = _phrase_tables("name_joiners").get(language)

    def is_next(at: int) -> bool:
        return text[words[at - 1].end : words[at].start] == " "

    heads = frozenset(fold(head).words[0] for head in words_of("name_heads").get(language, ()))
    for at in range(1, len(words) - 1 if table else 0):
        found = table.longest(folded, at) if table else None
        behind = at + found[0] if found else len(words)
        if behind >= len(words) or not text[words[at].start].islower():
            continue
        if "," in text[words[at - 1].end : words[behind].start]:
            continue
        has_capitals = text[words[at - 1].start].isupper() and text[words[behind].start].isupper()
        begins = at == 1 or bool(_ENDS.search(text[words[at - 2].end : words[at - 1].start]))
        if folded[at - 1] in heads or (has_capitals and not begins):
            end = behind + 1
            while end < len(words) and text[words[end].start].isupper() and is_next(end):
                end += 1
            yield from range(at - 1, end)


def units_of(places: Iterable[int], reading: Reading) -> list[list[int]]:
    """Group neighbouring *places* whose words are joined by hyphens and the like."""
    units: list[list[int]] = []
    for at in places:
        if units and units[-1][-1] == at - 1 and reading.is_joined(at - 1):
            units[-1].append(at)
        else:
            units.append([at])
    return units


def slice_of(reading: Reading, places: Sequence[int]) -> str:
    return reading.text[reading.words[places[0]].start : reading.words[places[-1]].end]


_HIRAGANA: Final = re.compile("[\u3041-\u3096]+")
_KANJI: Final = re.compile("[\u4e00-\u9fff\u3005]+$")
_NOUN_ENDING: Final = re.compile(
    "[\u3044\u304d\u304e\u3057\u3058\u3061\u3073\u307f\u308a\u3048\u3051\u3052\u305b\u306d\u3079\u3081\u308c]"
)
_COMPOUND: Final = re.compile("[\u4e00-\u9fff\u30a1-\u30fa]")
_SHORT: Final = 2  # kana of a word on its own that is a key word hardly ever


def verbs_and_particles(line: str, particles: Iterable[str]) -> tuple[set[int], set[int]]:
    """Return the places of verbs and other endings in *line*, and those of particles.

    A run of hiragana behind kanji is an ending, particles, or both. An ending makes a verb or an
    adjective of a single kanji (負けた), which is no key word. Behind two kanji, or between kanji,
    one kana makes a noun (利上げ).

    *line*: one sign for each word of the text, and a blank for those whose role is known.
    """
    pattern = _run_of(tuple(particles))
    verbs: set[int] = set()
    small: set[int] = set()
    for run in _HIRAGANA.finditer(line):
        found = pattern.search(run[0])
        begin = run.start() + (found.start() if found else len(run[0]))
        small.update(range(begin, run.end()))
        ending = line[run.start() : begin]
        if not ending:
            continue
        kanji = _KANJI.search(line[: run.start()])
        if not kanji:
            if run.start() > 0 or len(ending) <= _SHORT:
                verbs.update(range(run.start(), begin))
        elif _is_noun(ending, len(kanji[0]), line[begin : begin + 1]):
            continue
        else:
            first = kanji.start() if len(kanji[0]) == 1 else run.start()
            verbs.update(range(first, begin))
    return verbs, small


def _is_noun(ending: str, kanji: int, behind: str) -> bool:
    if not _NOUN_ENDING.fullmatch(ending):
        return False
    return kanji > 1 or bool(_COMPOUND.match(behind))


@cache
def _run_of(particles: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(particles, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})+$")


_LEAST_STEM: Final = 2  # syllables
_EITHER: Final = ("\uc774\ub098", "\ub098")


def without_particle(word: str) -> str:
    """Return *word* as it stands in a dictionary: `한국` for `한국에서`."""
    if word.endswith(_nouns()) or is_place((word,), ("ko",)):
        return word
    found = _pattern("particles").search(word)
    return word[: found.start()] if found and found.start() >= _LEAST_STEM else word


def is_verb(word: str) -> bool:
    return not word.endswith(_nouns()) and bool(_pattern("verb_endings").search(word))


def means_either(word: str) -> bool:
    """Return whether the particle of *word* makes it one of two."""
    bare = without_particle(word)
    return bare != word and word[len(bare) :] in _EITHER


@cache
def _nouns() -> tuple[str, ...]:
    """Return the ends of nouns that look like a particle or a verb."""
    return words_of("whole_words").get("ko", ())


@cache
def _pattern(section: str) -> re.Pattern[str]:
    endings = sorted(words_of(section).get("ko", ()), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(endings)})$")
