"""Parses tokens into a tree, and checks that the tree is a valid query.

    either  = all (OR all)*
    all     = single (AND? single)*
    single  = NOT* near
    near    = operand (NEAR/n operand)?
    operand = TITLE* (term | source | author | category | language | topic | "(" either ")")

NEAR binds tightest, then NOT, then AND (written or implied between neighbours), then OR.

`parse(str(query)) == query`. Queries that mean the same, whatever their spelling and order, have
one canonical text, and therefore one row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final

from bot.languages import all_words
from bot.matching.query import ast
from bot.matching.query.ast import LabelTerm, LanguageTerm, Leaf, Near, SourceTerm, Term
from bot.matching.query.errors import QueryError, QueryErrorCode, error_here, not_before
from bot.matching.query.fields import folded_name
from bot.matching.query.tokens import BEGINNINGS, NAMED, Token, TokenKind, resolved, tokens
from bot.text.characters import is_unspaced
from bot.text.folding import LabelField
from bot.text.stopwords import STOP_WORDS

DEEPEST = 8  # brackets, and topics in topics
_LONGEST = 4000  # characters of all topics that one query reads; written out, 1,000 are allowed


@dataclass(frozen=True, slots=True)
class SavedTopics:
    """*topics*: by their folded names. *reached*: the topics that are being read now.

    *known*: trees by the topic's name and whether it is in the title. They are kept because a query
    may name one topic many times.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    known: dict[tuple[str, bool], ast.Node] = field(default_factory=dict)

    def within(self, name: str) -> "SavedTopics":
        return replace(self, reached=(*self.reached, name))

    def error_for(self, name: str) -> QueryErrorCode | None:
        """Return why the topic cannot be read here."""
        if name in self.reached:
            return QueryErrorCode.TOPIC_IN_ITSELF
        if sum(len(self.topics[known]) for known, _ in self.known) > _LONGEST:
            return QueryErrorCode.TOO_LONG
        return QueryErrorCode.TOO_DEEP if len(self.reached) == DEEPEST else None


def reported_as(code: QueryErrorCode) -> QueryErrorCode:
    """Return the error to report for a topic that fails with *code*."""
    same = {
        QueryErrorCode.TOPIC_IN_ITSELF,
        QueryErrorCode.TOO_DEEP,
        QueryErrorCode.TOO_LONG,
        QueryErrorCode.TOO_MANY_LITERALS,
    }
    return code if code in same else QueryErrorCode.BROKEN_TOPIC


_MOST_NEAR_PAIRS = 32  # pairs; each is two literals


def near_all(one: ast.Node, other: ast.Node, distance: int) -> ast.Node | None:
    """Put every term of one node near every term of the other; None if there is anything else."""
    left, right = _alternatives(one), _alternatives(other)
    if not 0 < len(left) * len(right) <= _MOST_NEAR_PAIRS:
        return None
    return ast.disjunction(ast.near(a, b, distance) for a in left for b in right)


def _alternatives(node: ast.Node) -> list[ast.Term]:
    operands = node.operands if isinstance(node, ast.Or) else (node,)
    found = [operand for operand in operands if isinstance(operand, ast.Term)]
    return found if len(found) == len(operands) else []


MOST_LITERALS = 64

_LITERALS = frozenset({TokenKind.TERM, *NAMED})
_NEED_OPERAND = frozenset(
    {TokenKind.NOT, TokenKind.TITLE, TokenKind.AND, TokenKind.OR, TokenKind.NEAR}
)


@dataclass(slots=True)
class QueryReading:
    """One pass over the tokens of *text*; the state is the place reached."""

    text: str
    saved: SavedTopics = field(default_factory=SavedTopics)
    in_title: bool = False
    tokens: list[Token] = field(init=False)
    at: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.tokens = resolved(self.text, list(tokens(self.text)))
        self._count_literals()

    def tree(self) -> ast.Node:
        if self.next.kind is TokenKind.END:
            raise QueryError(QueryErrorCode.EMPTY, self.text, 0, len(self.text))
        node = self._either()
        after = self._take()
        if after.kind is TokenKind.NEAR:
            raise QueryError(QueryErrorCode.NEAR_WHAT, self.text, after.position, after.length)
        if after.kind is not TokenKind.END:
            raise self._error_without(QueryErrorCode.UNEXPECTED_BRACKET, after)
        return node

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def _take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _either(self) -> ast.Node:
        nodes = [self._all()]
        while self.next.kind is TokenKind.OR:
            self._take()
            nodes.append(self._all())
        return ast.disjunction(nodes)

    def _all(self) -> ast.Node:
        nodes = [self._single()]
        while self.next.kind is TokenKind.AND or self.next.kind in BEGINNINGS:
            if self.next.kind is TokenKind.AND:
                self._take()
            nodes.append(self._single())
        return ast.conjunction(nodes)

    def _single(self) -> ast.Node:
        is_wanted = True
        while self.next.kind is TokenKind.NOT:
            self._take()
            is_wanted = not is_wanted
        node = self._near()
        return node if is_wanted else ast.negation(node)

    def _near(self) -> ast.Node:
        node = self._operand()
        if self.next.kind is not TokenKind.NEAR:
            return node
        token = self._take()
        if token.distance < 0:
            start, end = token.position, token.end
            raise error_here(QueryErrorCode.NEAR_HOW_FAR, self.text, start, end, "NEAR/5")
        other = self._operand()
        found = near_all(node, other, token.distance)
        if found is None or self.tokens[self.at].kind is TokenKind.NEAR:
            raise QueryError(QueryErrorCode.NEAR_WHAT, self.text, token.position, token.length)
        return found

    def _operand(self) -> ast.Node:
        outside = self.in_title
        while self.next.kind is TokenKind.TITLE:
            self._take()
            self.in_title = True
        node = self._leaf_or_bracket(self._take())
        self.in_title = outside
        return node

    def _leaf_or_bracket(self, token: Token) -> ast.Node:
        match token.kind:
            case TokenKind.TERM:
                return ast.term(
                    token.words,
                    prefix=token.prefix,
                    title=self.in_title,
                    spelling=token.spelling,
                    typed=token.typed,
                )
            case TokenKind.OPEN:
                return self._bracket(token)
            case TokenKind.SOURCE:
                return ast.SourceTerm(token.name, token.typed)
            case TokenKind.AUTHOR | TokenKind.CATEGORY:
                return ast.LabelTerm(LabelField(token.kind), token.name, token.typed)
            case TokenKind.LANGUAGE:
                return ast.LanguageTerm(token.name)
            case TokenKind.TOPIC:
                return self._topic(token)
            case _:
                raise self._nothing_at(token)

    def _bracket(self, opening: Token) -> ast.Node:
        if self.next.kind is TokenKind.CLOSE:
            end = self.next.end - opening.position
            raise QueryError(QueryErrorCode.EMPTY_BRACKETS, self.text, opening.position, end)
        if self.depth == DEEPEST:
            raise QueryError(QueryErrorCode.TOO_DEEP, self.text, opening.position)
        if self.next.kind is TokenKind.END:
            raise self._error_without(QueryErrorCode.UNCLOSED_BRACKET, opening)
        self.depth += 1
        node = self._either()
        self.depth -= 1
        if self._take().kind is not TokenKind.CLOSE:
            raise self._error_without(QueryErrorCode.UNCLOSED_BRACKET, opening)
        return node

    def _topic(self, token: Token) -> ast.Node:
        """Return the tree of the saved topic that *token* names."""
        typed = self.saved.topics.get(token.name)
        if typed is None:
            start = token.position
            plain = self.text[:start] + self.text[start + 1 :]
            raise QueryError(QueryErrorCode.UNKNOWN_TOPIC, self.text, start, token.length, plain)
        known = token.name, self.in_title
        if known not in self.saved.known:
            self.saved.known[known] = self._read(typed, token)
        return self.saved.known[known]

    def _read(self, typed: str, token: Token) -> ast.Node:
        if code := self.saved.error_for(token.name):
            raise QueryError(code, self.text, token.position, token.length)
        try:
            node = QueryReading(typed, self.saved.within(token.name), self.in_title).tree()
        except QueryError as error:
            code = reported_as(error.code)
            raise QueryError(code, self.text, token.position, token.length) from None
        if sum(1 for _ in ast.terms(node)) > MOST_LITERALS:
            raise QueryError(
                QueryErrorCode.TOO_MANY_LITERALS, self.text, token.position, token.length
            )
        return node

    def _nothing_at(self, token: Token) -> QueryError:
        """Return the error for *token* in a place that needs a word or bracket."""
        before = self.tokens[self.at - 2] if self.at > 1 else None
        if before is not None and before.kind is TokenKind.TITLE and token.kind is TokenKind.NOT:
            start, end = before.position, before.end
            turned = not_before(self.text, start, end)
            return QueryError(QueryErrorCode.NOTHING_FOLLOWS, self.text, start, end - start, turned)
        if before is not None and before.kind in _NEED_OPERAND:
            return self._error_without(QueryErrorCode.NOTHING_FOLLOWS, before)
        if token.kind is TokenKind.CLOSE:
            return self._error_without(QueryErrorCode.UNEXPECTED_BRACKET, token)
        return self._error_without(QueryErrorCode.UNEXPECTED_OPERATOR, token)

    def _error_without(self, code: QueryErrorCode, token: Token) -> QueryError:
        """Return an error that suggests the query without that token."""
        rest = " ".join((self.text[: token.position] + self.text[token.end :]).split())
        return QueryError(code, self.text, token.position, token.length, rest)

    def _count_literals(self) -> None:
        found = [token for token in self.tokens if token.kind in _LITERALS]
        if len(found) > MOST_LITERALS:
            token = found[MOST_LITERALS]
            raise QueryError(
                QueryErrorCode.TOO_MANY_LITERALS, self.text, token.position, token.length
            )


LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    tree: ast.Node
    canonical: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canonical", str(self.tree))

    def __str__(self) -> str:
        return self.canonical


def parse(text: str, topics: Mapping[str, str] | None = None) -> ParsedQuery:
    """Read *text*; raise `QueryError` with the place and, if possible, a query that works.

    *topics*: the queries of the saved topics, by name; `#name` stands for one of them.
    """
    return parse_among(text, {folded_name(name): typed for name, typed in (topics or {}).items()})


def parse_among(text: str, topics: Mapping[str, str]) -> ParsedQuery:
    """Read *text* like `parse`, but with folded names of *topics*, to read many queries fast."""
    saved = SavedTopics(topics)
    try:
        return _parse(text, saved)
    except QueryError as error:
        if error.suggestion and not _is_readable(error.suggestion, saved):
            error.suggestion = ""
        raise


def is_readable(text: str) -> bool:
    """Return whether *text* is a query without any saved topics."""
    return _is_readable(text, SavedTopics())


def _is_readable(text: str, saved: SavedTopics) -> bool:
    try:
        _parse(text, saved)
    except QueryError:
        return False
    return True


def _parse(text: str, saved: SavedTopics) -> ParsedQuery:
    if len(text) > LONGEST:
        raise QueryError(QueryErrorCode.TOO_LONG, text, LONGEST, len(text) - LONGEST)
    reading = QueryReading(text, saved)
    tree = reading.tree()
    if not ast.needs(tree, is_any):
        raise _pointed_error(
            reading, QueryErrorCode.ONLY_NOT, lambda token: token.kind is TokenKind.NOT
        )
    if not ast.needs(tree, is_no_language):
        raise _pointed_error(
            reading, QueryErrorCode.ONLY_LANGUAGE, lambda token: token.kind is TokenKind.LANGUAGE
        )
    if not ast.needs(tree, may_stand_alone) or not any(map(is_selective, ast.leaves(tree))):
        raise _pointed_error(reading, QueryErrorCode.ONLY_STOP_WORDS, _is_stop_word)
    return _checked(reading, ParsedQuery(tree))


def _pointed_error(
    reading: QueryReading, code: QueryErrorCode, is_why: Callable[[Token], bool]
) -> QueryError:
    """Point at the first token that makes the query match nearly everything, or at the whole."""
    for token in reading.tokens:
        if is_why(token):
            return QueryError(code, reading.text, token.position, token.length)
    return QueryError(code, reading.text, 0, len(reading.text))


def _is_stop_word(token: Token) -> bool:
    return token.kind is TokenKind.TERM and not is_selective(
        ast.Term(token.words, token.prefix, spelling=token.spelling)
    )


def _checked(reading: QueryReading, query: ParsedQuery) -> ParsedQuery:
    """Check that the canonical text, which is stored, can be read with its topics written out."""
    why = None
    if len(query.canonical) > LONGEST:
        why = QueryErrorCode.TOO_LONG
    elif sum(1 for _ in ast.terms(query.tree)) > MOST_LITERALS:
        why = QueryErrorCode.TOO_MANY_LITERALS
    elif _depth(query.canonical) > DEEPEST:
        why = QueryErrorCode.TOO_DEEP
    if why:
        raise _pointed_error(
            reading, why, lambda token: token.kind in {TokenKind.TOPIC, TokenKind.NEAR}
        )
    return query


def _depth(canonical: str) -> int:
    """Return how many brackets are open at once; there are none in quotes."""
    return max(accumulate((char == "(") - (char == ")") for char in canonical))


_GRAMMAR: Final = frozenset(all_words("grammar_signs"))


def is_selective(leaf: Leaf) -> bool:
    """Return whether *leaf* distinguishes an article from others."""
    match leaf:
        case Term():
            is_name = any(char.isupper() for char in leaf.spelling[1:])
            is_common = _is_mere_sign(leaf.words) or STOP_WORDS.issuperset(leaf.words)
            return leaf.prefix or is_name or not is_common
        case Near():
            return is_selective(leaf.left) or is_selective(leaf.right)
        case _:
            return isinstance(leaf, SourceTerm | LabelTerm)


def may_stand_alone(leaf: Leaf) -> bool:
    """Return whether *leaf* may be all that a match needs: if it is selective or a letter.

    A letter may be a name (plan A OR plan B), but a query of letters alone is refused elsewhere.
    """
    return (isinstance(leaf, Term) and _is_letter(leaf.words)) or is_selective(leaf)


def is_no_language(leaf: Leaf) -> bool:
    return not isinstance(leaf, LanguageTerm)


def is_any(_: Leaf) -> bool:
    return True


def _is_letter(words: tuple[str, ...]) -> bool:
    return len(words) == len(words[0]) == 1 and not _is_mere_sign(words)


def _is_mere_sign(words: tuple[str, ...]) -> bool:
    """Return whether *words* is one sign that nearly every text has, such as a kana."""
    if len(words) != 1 or not is_unspaced(words[0]):
        return False
    return words[0] in _GRAMMAR or words[0] < "\u3400"
