"""From tokens to a tree.

    either  = all (OR all)*
    all     = single (AND? single)*
    single  = NOT* near
    near    = operand (NEAR/n operand)?
    operand = TITLE* (term | source | language | topic | "(" either ")")

NEAR binds tightest, then NOT, then AND (written or by standing beside each other), then OR.
"""

from dataclasses import dataclass, field

from bot.matching.lexing import tokens
from bot.matching.nearness import near_each
from bot.matching.operators import BEGINNINGS, resolved
from bot.matching.refusals import Code, QueryError, not_before, refused_here
from bot.matching.saved import DEEPEST, Saved, told_as
from bot.matching.tokens import Kind, Token
from bot.matching.tree import (
    Language,
    Node,
    Source,
    conjunction,
    disjunction,
    negation,
    term,
    terms,
)

MOST_LITERALS = 64

_LITERALS = frozenset({Kind.TERM, Kind.SOURCE, Kind.LANGUAGE, Kind.TOPIC})
_ASKING = frozenset({Kind.NOT, Kind.TITLE, Kind.AND, Kind.OR, Kind.NEAR})


@dataclass(slots=True)
class Reading:
    """One pass over the tokens of *text*; the state is the place reached."""

    text: str
    saved: Saved = field(default_factory=Saved)
    in_title: bool = False
    tokens: list[Token] = field(init=False)
    at: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.tokens = resolved(self.text, list(tokens(self.text)))
        self._count_literals()

    def tree(self) -> Node:
        if self.next.kind is Kind.END:
            raise QueryError(Code.EMPTY, self.text, 0, len(self.text))
        node = self._either()
        after = self._take()
        if after.kind is Kind.NEAR:
            raise QueryError(Code.NEAR_WHAT, self.text, after.position, after.length)
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
        while self.next.kind is Kind.AND or self.next.kind in BEGINNINGS:
            if self.next.kind is Kind.AND:
                self._take()
            nodes.append(self._single())
        return conjunction(nodes)

    def _single(self) -> Node:
        is_wanted = True
        while self.next.kind is Kind.NOT:
            self._take()
            is_wanted = not is_wanted
        node = self._near()
        return node if is_wanted else negation(node)

    def _near(self) -> Node:
        node = self._operand()
        if self.next.kind is not Kind.NEAR:
            return node
        token = self._take()
        if token.distance < 0:
            start, end = token.position, token.end
            raise refused_here(Code.NEAR_HOW_FAR, self.text, start, end, "NEAR/5")
        other = self._operand()
        found = near_each(node, other, token.distance)
        if found is None or self.tokens[self.at].kind is Kind.NEAR:
            raise QueryError(Code.NEAR_WHAT, self.text, token.position, token.length)
        return found

    def _operand(self) -> Node:
        outside = self.in_title
        while self.next.kind is Kind.TITLE:
            self._take()
            self.in_title = True
        node = self._named(self._take())
        self.in_title = outside
        return node

    def _named(self, token: Token) -> Node:
        match token.kind:
            case Kind.TERM:
                return term(
                    token.words,
                    prefix=token.prefix,
                    title=self.in_title,
                    spelling=token.spelling,
                    typed=token.typed,
                )
            case Kind.OPEN:
                return self._bracket(token)
            case Kind.SOURCE:
                return Source(token.name, token.typed)
            case Kind.LANGUAGE:
                return Language(token.name)
            case Kind.TOPIC:
                return self._topic(token)
            case _:
                raise self._nothing_at(token)

    def _bracket(self, opening: Token) -> Node:
        if self.next.kind is Kind.CLOSE:
            end = self.next.end - opening.position
            raise QueryError(Code.EMPTY_BRACKETS, self.text, opening.position, end)
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

    def _topic(self, token: Token) -> Node:
        """What the saved topic asks for, in the place of its name."""
        typed = self.saved.topics.get(token.name)
        if typed is None:
            start = token.position
            plain = self.text[:start] + self.text[start + 1 :]
            raise QueryError(Code.UNKNOWN_TOPIC, self.text, start, token.length, plain)
        known = token.name, self.in_title
        if known not in self.saved.known:
            self.saved.known[known] = self._read(typed, token)
        return self.saved.known[known]

    def _read(self, typed: str, token: Token) -> Node:
        if code := self.saved.refusal_of(token.name):
            raise QueryError(code, self.text, token.position, token.length)
        try:
            node = Reading(typed, self.saved.within(token.name), self.in_title).tree()
        except QueryError as error:
            code = told_as(error.code)
            raise QueryError(code, self.text, token.position, token.length) from None
        if sum(1 for _ in terms(node)) > MOST_LITERALS:
            raise QueryError(Code.TOO_MANY_LITERALS, self.text, token.position, token.length)
        return node

    def _nothing_at(self, token: Token) -> QueryError:
        """What to say where a word or bracket had to stand, and *token* did."""
        before = self.tokens[self.at - 2] if self.at > 1 else None
        if before is not None and before.kind is Kind.TITLE and token.kind is Kind.NOT:
            start, end = before.position, before.end
            turned = not_before(self.text, start, end)
            return QueryError(Code.NOTHING_FOLLOWS, self.text, start, end - start, turned)
        if before is not None and before.kind in _ASKING:
            return self._refusal(Code.NOTHING_FOLLOWS, before)
        if token.kind is Kind.CLOSE:
            return self._refusal(Code.UNEXPECTED_BRACKET, token)
        return self._refusal(Code.UNEXPECTED_OPERATOR, token)

    def _refusal(self, code: Code, token: Token) -> QueryError:
        """The query may be meant without that token."""
        rest = " ".join((self.text[: token.position] + self.text[token.end :]).split())
        return QueryError(code, self.text, token.position, token.length, rest)

    def _count_literals(self) -> None:
        found = [token for token in self.tokens if token.kind in _LITERALS]
        if len(found) > MOST_LITERALS:
            token = found[MOST_LITERALS]
            raise QueryError(Code.TOO_MANY_LITERALS, self.text, token.position, token.length)
