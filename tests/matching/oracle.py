"""A second, plain answer to "does this query match?": lists of words, nothing clever.

It shares the folding, which has a table of its own, and nothing else.
"""

from bot.matching.folding import fold
from bot.matching.query import Query
from bot.matching.tree import And, Node, Not, Or, Term


def matches(query: Query, title: str, text: str) -> bool:
    return _holds(query.tree, title, text)


def _holds(node: Node, title: str, text: str) -> bool:
    if isinstance(node, Not):
        return not _holds(node.operand, title, text)
    if isinstance(node, And):
        return all(_holds(operand, title, text) for operand in node.operands)
    if isinstance(node, Or):
        return any(_holds(operand, title, text) for operand in node.operands)
    return _has(node, title) or (not node.title and _has(node, text))


def _has(term: Term, text: str) -> bool:
    folded = fold(text)
    return any(
        _stands_at(wanted, term.prefix, words[at:])
        for words in (folded.plain.split(), folded.joined.split())
        for wanted in _spellings(list(term.words))
        for at in range(len(words))
    )


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
