"""A second, simple answer to "does this query match?", with lists of words.

It shares with the product only the folding, and the places of folded words in the original text.
Those have tables of test cases of their own.
"""

from bot.matching.query import ParsedQuery
from bot.matching.query.ast import (
    And,
    LabelTerm,
    LanguageTerm,
    Near,
    Node,
    Not,
    Or,
    SourceTerm,
    Term,
)
from bot.text.characters import han_variants
from bot.text.folding import fold
from bot.text.spelling import spelled
from bot.text.tracing import trace


def matches(
    query: ParsedQuery,
    title: str,
    text: str,
    *,
    sources: tuple[str, ...] = (),
    language: str | None = None,
) -> bool:
    return _holds(query.tree, (title, text), sources, language or "")


def _holds(node: Node, fields: tuple[str, str], sources: tuple[str, ...], language: str) -> bool:
    if isinstance(node, Not):
        return not _holds(node.operand, fields, sources, language)
    if isinstance(node, And):
        return all(_holds(operand, fields, sources, language) for operand in node.operands)
    if isinstance(node, Or):
        return any(_holds(operand, fields, sources, language) for operand in node.operands)
    if isinstance(node, SourceTerm):
        return any(_is_source(node.name, source) for source in sources)
    if isinstance(node, LabelTerm):
        return False  # these articles have none
    if isinstance(node, LanguageTerm):
        return language.lower().split("-")[0] == node.code
    if isinstance(node, Near):
        looked_at = fields[:1] if node.left.title else fields
        return any(_has_near(node, text) for text in looked_at)
    looked_at = fields[:1] if node.title else fields
    return any(any(_hits(node, text)) for text in looked_at)


def _is_source(name: str, source: str) -> bool:
    host = source.lower().removeprefix("https://").removeprefix("www.").split("/")[0]
    is_name = fold(source).plain.split() == fold(name).plain.split() and "." not in name
    return is_name or ("." in name and " " not in host and f".{host}".endswith(f".{name}"))


def _has_near(near: Near, text: str) -> bool:
    return any(
        0 <= right[0] - left[1] <= near.distance or 0 <= left[0] - right[1] <= near.distance
        for lefts, rights in zip(_hits(near.left, text), _hits(near.right, text), strict=True)
        for left in lefts
        for right in rights
    )


def _hits(term: Term, text: str) -> list[list[tuple[int, int]]]:
    """Return the hits in each reading, as the numbers of the first word and of the one after."""
    traced = trace(text)
    return [
        [
            (at, at + len(wanted))
            for words in han_variants(term.words)
            for wanted in _spellings(list(words))
            for at in range(len(stretch))
            if _stands_at(wanted, term.prefix, stretch[at : at + len(wanted)])
            and (
                not term.exact
                or _is_spelt(term, text[places[at][0] : places[at + len(wanted) - 1][1]])
            )
        ]
        for reading, places in traced.readings
        for stretch in [reading.split()]
    ]


def _is_spelt(term: Term, original: str) -> bool:
    return spelled(original) == term.spelling


def _spellings(words: list[str]) -> list[list[str]]:
    spaced = [word for word in words if len(word) > 1 or not _is_asian(word)]
    pairs = [
        at
        for at in range(len(words) - 1)
        if words[at] in spaced and words[at + 1] in spaced
        if not set(words[at] + words[at + 1]) & {".", "&"}
    ]
    return [words, *([*words[:at], words[at] + words[at + 1], *words[at + 2 :]] for at in pairs)]


def _is_asian(char: str) -> bool:
    return "\u0e00" <= char <= "\u0eff" or "\u3005" <= char <= "\u9fff"


def _stands_at(wanted: list[str], prefix: bool, words: list[str]) -> bool:
    if len(words) < len(wanted):
        return False
    for at, word in enumerate(wanted):
        is_beginning = "가" <= word[-1] <= "힣" or (prefix and at == len(wanted) - 1)
        if not (words[at].startswith(word) if is_beginning else words[at] == word):
            return False
    return True
