"""Random queries and texts in mixed scripts, from so few words that they often match."""

from collections.abc import Iterable
from operator import itemgetter

from hypothesis import strategies as st

from bot.matching.query import ParsedQuery, QueryError, parse

WORDS = [
    "taiwan", "Taiwan's", "consul", "general", "consul-general", "consulgeneral", "e-mail",
    "email", "mail", "gene", "U.S.", "us", "C++", "AT&T", ".NET", "O'Brien", "québec", "Québec",
    "台湾", "台", "湾岸", "中国", "发展", "發展", "发", "頭髮", "弁護",
    "パリ", "ニュース", "대만", "대만의", "은행", "москва", "МОСКВА",
    "Straße", "strasse", "ישראל", "हिन्दी", "ไทย", "1,000", "1000", "F-16",
]  # fmt: skip
BEGINNINGS = ["tai*", "cons*", "gen*", "mosk*", "моск*", "emai*"]

texts = st.lists(
    st.sampled_from([*WORDS, ".", ", ", "\n\n", " - "]), max_size=12
).map(" ".join)  # fmt: skip

_words = st.sampled_from([*WORDS, *BEGINNINGS])
_phrases = st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(
    lambda words: f'"{" ".join(words)}"'
)
_exact = st.sampled_from(WORDS).map('"{}"c'.format)
_simple = st.one_of(_words, _phrases, _exact)
_near = st.tuples(_simple, st.integers(0, 3), _simple).map(
    lambda some: "{} NEAR/{} {}".format(*some)
)
_worded = st.one_of(_words, _phrases, _exact, _near)
_terms = st.one_of(_worded, _worded.map("title:({})".format))


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return larger queries, none of which is only a NOT."""
    several = st.lists(parts, min_size=2, max_size=3)
    three = st.tuples(parts, parts, parts)
    return st.one_of(
        several.map(lambda some: f"({' OR '.join(some)})"),
        several.map(lambda some: f"({' '.join(some)})"),
        several.map(lambda some: f"({' AND '.join(some)})"),
        three.map(lambda some: "({} -{} NOT {})".format(*some)),
        three.map(lambda some: "({} ({} OR -{}))".format(*some)),
        three.map(lambda some: "({} -({} -{}))".format(*some)),
    )


queries = st.recursive(_terms, _larger, max_leaves=8)

SOURCES = ["reuters.com", "www.reuters.com", "uk.reuters.com", "Example Wire", "AT&T News", "NHK"]
LANGUAGES = ["en", "ja", "zh", ""]
carriers = st.lists(st.sampled_from(SOURCES), max_size=2)
_outside = st.one_of(
    st.sampled_from(SOURCES).map('source:"{}"'.format), st.sampled_from(["lang:en", "lang:ja"])
)
# With conditions on the article itself: its source and its language.
surrounded = st.recursive(st.one_of(_terms, _outside), _larger, max_leaves=8)


def readable(typed: Iterable[str]) -> list[ParsedQuery]:
    """Return those of *typed* that are queries."""
    found = []
    for text in typed:
        try:
            found.append(parse(text))
        except QueryError:
            continue
    return found


def parsed(typed: st.SearchStrategy[str]) -> st.SearchStrategy[ParsedQuery]:
    """Draw from those of *typed* that are queries."""
    return st.lists(typed, min_size=1, max_size=1).map(readable).filter(bool).map(itemgetter(0))
