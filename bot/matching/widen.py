"""Finds other words for a query: names in other languages, other forms, and similar words.

1. CLDR has the names of countries, languages and large cities in all languages. A name that folds
   to the same words is left out, because it finds nothing more.
2. A form has the query's words in the same order with other endings: `consuls general` for
   `consul-general`. A near word differs in a letter or two: `Taiwan` for `Taiwann`.
3. Words and phrases are widened, also in AND and OR; excluded and exact terms are not.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from bot.matching.query import ParsedQuery, is_readable, parse
from bot.matching.query.ast import And, Node, Or, Term, quoted, terms
from bot.matching.query.canonical import as_typed
from bot.text.characters import is_hangul, is_unspaced
from bot.text.folding import FoldedForms, fold
from bot.text.stopwords import STOP_WORDS

MOST_OTHERS: Final = 6  # of one query
MOST_FORMS: Final = 3
MOST_TERMS: Final = 4  # of a query that is widened
_LONGEST_QUERY: Final = 400  # characters
_LONGEST_NAME: Final = 24  # characters; a longer name is an official one that no news uses
_LEAST_STEM: Final = 4  # letters of a word whose ending may vary
_LONGEST_ENDING: Final = 3
_ENDINGS: Final = re.compile("(?:es|[sye\u044c\u0430\u044f\u043e])$")
_LEAST_PREFIX: Final = 3  # letters, as many as the beginnings in the index have
_LEAST_MISSPELT: Final = 5
_NEAR: Final = 0.8  # of `difflib`'s ratio
_BRACKETS: Final = re.compile(r"\s*[(\uff08].*$")
_WORDS: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class FormPattern:
    """The pattern of a phrase's other forms: each word is a beginning with a short ending.

    *prefixes*: the beginnings, for the index. *known*: the forms that the query already has.
    """

    prefixes: tuple[str, ...]
    pattern: re.Pattern[str]
    known: frozenset[str]


def positive_terms(query: ParsedQuery) -> tuple[Term, ...]:
    """Return the words and phrases of *query* to widen; none if there are over `MOST_TERMS`."""
    found = tuple(_positive(query.tree))
    return found if len(found) <= MOST_TERMS else ()


def _positive(node: Node) -> Iterator[Term]:
    match node:
        case Term() if not (node.prefix or node.spelling or node.title):
            yield node
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _positive(operand)


# Names in other languages.


def translations(
    name: str, languages: Collection[str], typed_in: Collection[str]
) -> tuple[str, ...]:
    """Return the names of *name* in *languages*, each once; () if it is not a known name.

    *typed_in*: the languages in which *name* may be written. All languages are ISO 639-1 codes.
    """
    words = fold(name).words
    keys = {key for code in sorted(typed_in) for key in _keys(code).get(words, ())}
    if not keys:
        return ()
    known = {words}
    found = []
    for code in sorted(languages):
        for key, other in _names(code).items():
            folded = fold(other).words
            if key in keys and folded and folded not in known:
                known.add(folded)
                found.append(other)
                break
    return tuple(found)


def is_place(words: tuple[str, ...], languages: Collection[str]) -> bool:
    """Return whether the folded *words* name a country or a large city in any of *languages*."""
    return any(words in _place_names(code) for code in languages)


@lru_cache(maxsize=64)
def _place_names(code: str) -> frozenset[tuple[str, ...]]:
    return frozenset(fold(name).words for key, name in _names(code).items() if key[:2] != "of")


@lru_cache(maxsize=64)
def _keys(code: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for key, name in _names(code).items():
        words = fold(name).words
        found[words] = (*found.get(words, ()), key)
    return found


@lru_cache(maxsize=64)
def _names(code: str) -> Mapping[str, str]:
    """Return the names in a language, by the key of the place or language that they name.

    The key of a city is that of its time zone.
    """
    try:
        locale = Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return {}
    territories = {f"in {key}": name for key, name in locale.territories.items() if key.isalpha()}
    languages = {f"of {key}": name for key, name in locale.languages.items() if len(key) <= 3}  # noqa: PLR2004 - ISO 639
    named = {key: names.get("city", "") for key, names in locale.time_zones.items()}
    if code == "en":  # English only lists the cities whose names differ from those of their zones
        bare = {key: key.rpartition("/")[2].replace("_", " ") for key in _zones()}
        named = bare | {key: name for key, name in named.items() if name}
    cities = {f"at {key}": name for key, name in named.items() if key in _zones()}
    every = territories | languages | cities
    short = {key: _BRACKETS.sub("", name) for key, name in every.items()}
    return {key: name for key, name in short.items() if 0 < len(name) <= _LONGEST_NAME}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Return the time zones that are named after a city."""
    places = get_global("zone_territories")
    return frozenset(zone for zone, place in places.items() if place != "001" and "/" in zone)


# Other forms of the same words.


def form_pattern(term: Term) -> FormPattern | None:
    """Return the pattern of other forms of *term*; None if its words have no such forms."""
    if any(not _may_have_forms(word) for word in term.words):
        return None
    stems = [_ENDINGS.sub("", word) if len(word) > _LEAST_STEM else word for word in term.words]
    if max(map(len, stems)) < _LEAST_STEM:
        return None
    ending = rf"[^\W\d_]{{0,{_LONGEST_ENDING}}}"
    phrase = " ".join(f"{re.escape(stem)}{ending}" for stem in stems)
    known = frozenset({" ".join(term.words), "".join(term.words)})
    return FormPattern(tuple(stems), re.compile(f"(?<= )(?:{phrase})(?= )"), known)


def _may_have_forms(word: str) -> bool:
    return bool(_WORDS.fullmatch(word)) and not is_unspaced(word) and not is_hangul(word)


def forms_in(pattern: FormPattern, texts: Iterable[tuple[int, str]]) -> dict[str, int]:
    """Return the commonest other forms in *texts*, each with the key of a text that has it.

    The texts are folded texts as they are stored. The forms are folded too.
    """
    counted: Counter[str] = Counter()
    where: dict[str, int] = {}
    for key, text in texts:
        readings = FoldedForms.of_stored(text).readings
        for form in {form for reading in readings for form in pattern.pattern.findall(reading)}:
            counted[form] += 1
            where.setdefault(form, key)
    ordered = sorted(counted.keys() - pattern.known, key=lambda form: (-counted[form], form))
    return {form: where[form] for form in ordered[:MOST_FORMS]}


# Near words.


def misspelt(query: ParsedQuery) -> tuple[str, ...]:
    """Return those single words of *query*, folded, that may be misspelt."""
    words = [term.words[0] for term in terms(query.tree) if len(term.words) == 1]
    return tuple(one for one in words if len(one) >= _LEAST_MISSPELT and _may_have_forms(one))


def prefix_of(word: str) -> str:
    """Return the beginning that *word* and a near word share."""
    return word[:_LEAST_PREFIX]


def near_word(word: str, texts: Iterable[str]) -> str:
    """Return the word in the folded *texts* that is nearest to *word*; "" if none is near."""
    begins = re.compile(rf"(?<= ){re.escape(prefix_of(word))}[^\W\d_]+(?= )")
    found = {
        each
        for text in texts
        for reading in FoldedForms.of_stored(text).readings
        for each in begins.findall(reading)
    }
    return next(iter(get_close_matches(word, found - {word} - STOP_WORDS, 1, _NEAR)), "")


def respelt(query: ParsedQuery, words: Mapping[str, str]) -> str:
    """Return *query* as typed, with some words replaced by *words*; "" if no valid one results."""

    def replaced(node: Node) -> Node:
        match node:
            case Term(words=(word,)) if word in words:
                is_name = node.as_typed[:1].isupper()
                other = words[word].capitalize() if is_name else words[word]
                return Term((other,))
            case And(operands):
                return And(tuple(map(replaced, operands)))
            case Or(operands):
                return Or(tuple(map(replaced, operands)))
        return as_typed(node)

    typed = str(replaced(query.tree))
    return typed if is_readable(typed) and parse(typed) != query else ""


# The query with other words added.


def widened(query: ParsedQuery, typed: str, others: Mapping[Term, Sequence[str]]) -> str:
    """Return the query *typed* with *others* added by OR; "" if no valid query results."""
    known = {term.words for term in terms(query.tree)}
    added = {
        term: [quoted(one) for one in some if fold(one).words not in known]
        for term, some in others.items()
    }
    added = {term: some for term, some in added.items() if some}
    match query.tree:
        case _ if not added:
            return ""
        case And(operands):
            text = " ".join(_part(operand, added) for operand in operands)
        case _:
            text = " OR ".join([typed, *(one for some in added.values() for one in some)])
    return text if len(text) <= _LONGEST_QUERY and is_readable(text) else ""


def _part(node: Node, added: Mapping[Term, Sequence[str]]) -> str:
    own = str(And((as_typed(node),)))
    inner = [term for term in _positive(node) if term in added]
    if not inner:
        return own
    within = str(as_typed(node))
    return f"({' OR '.join([within, *(one for term in inner for one in added[term])])})"
