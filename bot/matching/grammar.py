"""From tokens to a tree.

    either  = all (OR all)*
    all     = single (AND? single)*
    single  = NOT* (TITLE+)? (term | "(" either ")")

NOT binds tightest, then AND (written or by standing beside each other), then OR.
"""

from dataclasses import dataclass, field

from bot.matching.refusals import Code, QueryError
from bot.matching.tokens import Kind, Token, tokens
from bot.matching.tree import Node, conjunction, disjunction, negation, term

MOST_TERMS = 64
DEEPEST = 8

_BEGINNINGS = frozenset({Kind.TERM, Kind.OPEN, Kind.NOT, Kind.TITLE})


@dataclass(slots=True)
class Reading:
    """One pass over the tokens of *text*; the state is the place reached."""

    text: str
    tokens: list[Token] = field(init=False)
    at: int = 0
    depth: int = 0
    in_title: bool = False

    def __post_init__(self) -> None:
        self.tokens = list(tokens(self.text))
        self._count_terms()

    def tree(self) -> Node:
        if self.next.kind is Kind.END:
            raise QueryError(Code.EMPTY, self.text, 0, len(self.text))
        node = self._either()
        after = self._take()
        if after.kind is not Kind.END:
            raise self._refusal(Code.UNEXPECTED_BRACKET, after)
        return node

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def _take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _either(self) -> Node:
        nodes = [self._all()]
        while self.next.kind is Kind.OR:
            self._take()
            nodes.append(self._all())
        return disjunction(nodes)

    def _all(self) -> Node:
        nodes = [self._single()]
        while self.next.kind is Kind.AND or self.next.kind in _BEGINNINGS:
            if self.next.kind is Kind.AND:
                self._take()
            nodes.append(self._single())
        return conjunction(nodes)

    def _single(self) -> Node:
        is_wanted = True
        while self.next.kind is Kind.NOT:
            self._take()
            is_wanted = not is_wanted
        outside = self.in_title
        while self.next.kind is Kind.TITLE:
            self._take()
            self.in_title = True
        node = self._operand()
        self.in_title = outside
        return node if is_wanted else negation(node)

    def _operand(self) -> Node:
        token = self._take()
        if token.kind is Kind.TERM:
            return term(token.words, prefix=token.prefix, title=self.in_title)
        if token.kind is Kind.OPEN:
            return self._bracket(token)
        raise self._nothing_at(token)

    def _bracket(self, opening: Token) -> Node:
        if self.next.kind is Kind.CLOSE:
            raise QueryError(Code.EMPTY_BRACKETS, self.text, opening.position, 2)
        if self.depth == DEEPEST:
            raise QueryError(Code.TOO_DEEP, self.text, opening.position)
        if self.next.kind is Kind.END:
            raise self._refusal(Code.UNCLOSED_BRACKET, opening)
        self.depth += 1
        node = self._either()
        self.depth -= 1
        if self._take().kind is not Kind.CLOSE:
            raise self._refusal(Code.UNCLOSED_BRACKET, opening)
        return node

    def _nothing_at(self, token: Token) -> QueryError:
        """What to say where a word or bracket had to stand, and *token* did."""
        before = self.tokens[self.at - 2] if self.at > 1 else None
        if before is not None and before.kind in {Kind.NOT, Kind.TITLE, Kind.AND, Kind.OR}:
            return self._refusal(Code.NOTHING_FOLLOWS, before)
        if token.kind is Kind.CLOSE:
            return self._refusal(Code.UNEXPECTED_BRACKET, token)
        return self._refusal(Code.UNEXPECTED_OPERATOR, token)

    def _refusal(self, code: Code, token: Token) -> QueryError:
        """The query may be meant without that token."""
        start, end = token.position, token.position + token.length
        rest = " ".join((self.text[:start] + self.text[end:]).split())
        return QueryError(code, self.text, start, token.length, rest)

    def _count_terms(self) -> None:
        found = [token for token in self.tokens if token.kind is Kind.TERM]
        if len(found) > MOST_TERMS:
            token = found[MOST_TERMS]
            raise QueryError(Code.TOO_MANY_LITERALS, self.text, token.position, token.length)
