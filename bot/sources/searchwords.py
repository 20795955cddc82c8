"""A query as a news search understands it: words, "phrases", OR, -not.

What a search cannot ask for is left out, so that it finds too much rather than too little; what
it finds is matched like all else. A query that then asks for nothing has no search.
"""

from urllib.parse import quote

from bot.matching.query import is_readable
from bot.matching.stopwords import is_telling
from bot.matching.tree import And, Language, Near, Node, Not, Or, Source, Term, quoted

LONGEST = 400  # characters; a search service reads about 32 words
LONGEST_URL = 2000
_HERE = "{query}"


def search_text(node: Node) -> str:
    """Return what to search for; "" where nothing that a search knows is asked for.

    What is left must be a query of its own, or the search would find everything.
    """
    found = _wanted(node)
    return found if len(found) <= LONGEST and is_readable(found) else ""


def search_url(template: str, text: str) -> str:
    """Return the address of the search for *text*; "" where that would be too long."""
    url = template.replace(_HERE, quote(text, safe=""))
    return url if len(url) <= LONGEST_URL else ""


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
    wanted = [_wanted_in_brackets(operand) for operand in operands]
    wanted = [text for text in wanted if text]
    unwanted = [_unwanted(operand.operand) for operand in operands if isinstance(operand, Not)]
    return " ".join([*wanted, *filter(None, unwanted)]) if wanted else ""


def _any(operands: tuple[Node, ...]) -> str:
    """One that asks for nothing lets everything in."""
    wanted = [_wanted_in_brackets(operand) for operand in operands]
    return " OR ".join(wanted) if all(wanted) else ""


def _wanted_in_brackets(node: Node) -> str:
    text = _wanted(node)
    return f"({text})" if isinstance(node, And | Or) and " " in text else text


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
    return quoted(whole.shown) if whole.words and is_telling(whole) else ""
