"""A query as a news search understands it: words, "phrases", OR, -not.

What a search cannot ask for is left out, so that it finds too much rather than too little; what
it finds is matched like all else. A query that then asks for nothing has no search; one that is
long has several, each for some of its alternatives.
"""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from bot.matching.query import is_readable
from bot.matching.query.ast import And, Language, Near, Node, Not, Or, Source, Term, quoted
from bot.matching.query.stopwords import is_selective

LONGEST = 400  # characters
MOST_WORDS = 30  # services read about 32
LONGEST_URL = 2000
_HERE = "{query}"
_OR = " OR "


def search_texts(node: Node) -> tuple[str, ...]:
    """Return what to search for; nothing where nothing that a search knows is asked for.

    What is left must be queries of their own, or a search would find everything.
    """
    alternatives = node.operands if isinstance(node, Or) else (node,)
    wanted = [_wanted(each) for each in alternatives]
    if not all(text and _fits(text) and is_readable(text) for text in wanted):
        return ()
    if len(wanted) == 1:
        return tuple(wanted)
    return tuple(_packed(map(_in_brackets, alternatives)))


def search_url(template: str, text: str) -> str:
    """Return the address of the search for *text*; "" where that would be too long."""
    url = template.replace(_HERE, quote(text, safe=""))
    return url if len(url) <= LONGEST_URL else ""


def _packed(alternatives: Iterable[str]) -> Iterator[str]:
    """As many in one search as fit."""
    packed = ""
    for text in alternatives:
        longer = f"{packed}{_OR}{text}" if packed else text
        if packed and not _fits(longer):
            yield packed
            longer = text
        packed = longer
    yield packed


def _fits(text: str) -> bool:
    return len(text) <= LONGEST and len(text.split()) <= MOST_WORDS


def _wanted(node: Node) -> str:
    match node:
        case Term():
            return _term(node)
        case Near(left, right):
            return _all((left, right))
        case And(operands):
            return _all(operands)
        case Or(operands):
            return _any(operands)
        case Not() | Source() | Language():
            return ""


def _all(operands: tuple[Node, ...]) -> str:
    """With fewer words more is found: where they are too many the longest parts are left out."""
    wanted = [text for text in map(_in_brackets, operands) if text]
    unwanted = [_unwanted(operand.operand) for operand in operands if isinstance(operand, Not)]
    if wanted and _fits(whole := " ".join([*wanted, *filter(None, unwanted)])):
        return whole
    while wanted and not _fits(" ".join(wanted)):
        wanted.remove(max(wanted, key=len))
    return " ".join(wanted)


def _any(operands: tuple[Node, ...]) -> str:
    """One that asks for nothing lets everything in."""
    wanted = [_in_brackets(operand) for operand in operands]
    return _OR.join(wanted) if all(wanted) else ""


def _in_brackets(node: Node) -> str:
    text = _wanted(node)
    return f"({text})" if isinstance(node, And | Or | Near) and " " in text else text


def _unwanted(node: Node) -> str:
    """Only what a search excludes no more of than the query does."""
    is_plain = isinstance(node, Term) and not (node.prefix or node.title or node.exact)
    return f"-{_term(node)}" if is_plain and isinstance(node, Term) else ""


def _term(term: Term) -> str:
    """Of a phrase whose last word is only a beginning, the words before it if they say anything."""
    if term.spelling:
        return quoted(term.spelling)
    if not term.prefix:
        return quoted(term.shown)
    whole = Term(term.words[:-1])
    return quoted(whole.shown) if whole.words and is_selective(whole) else ""
