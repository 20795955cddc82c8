"""From tokens to a tree, and what makes a tree a query.

    either  = all (OR all)*
    all     = single (AND? single)*
    single  = NOT* near
    near    = operand (NEAR/n operand)?
    operand = TITLE* (term | source | language | topic | "(" either ")")

NEAR binds tightest, then NOT, then AND (written or by standing beside each other), then OR.

`parse(str(query)) == query`; queries that mean the same, whatever their spelling and order, have
one canonical text, and so one row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate

from bot.matching.query.ast import (
    Language,
    Node,
    Or,
    Source,
    Term,
    conjunction,
    disjunction,
    leaves,
    near,
    needs,
    negation,
    term,
    terms,
)
from bot.matching.query.errors import Code, QueryError, error_here, not_before
from bot.matching.query.fields import folded_name
from bot.matching.query.stopwords import is_any, is_no_language, is_selective, may_stand_alone
from bot.matching.query.tokens import BEGINNINGS, Kind, Token, resolved, tokens

DEEPEST = 8  # brackets, and topics in topics
_LONGEST = 4000  # characters of all topics that one query reads; written out, 1,000 are allowed


@dataclass(frozen=True, slots=True)
class SavedTopics:
    """*topics* by their folded name; *reached* are those that are just being read.

    *known* are trees by name and whether in the title: a query may name one topic many times.
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    known: dict[tuple[str, bool], Node] = field(default_factory=dict)

    @classmethod
    def of(cls, topics: Mapping[str, str]) -> "SavedTopics":
        return cls({folded_name(name): typed for name, typed in topics.items()})

    def within(self, name: str) -> "SavedTopics":
        return replace(self, reached=(*self.reached, name))

    def refusal_of(self, name: str) -> Code | None:
        """Why the topic cannot be read here."""
        if name in self.reached:
            return Code.TOPIC_IN_ITSELF
        if sum(len(self.topics[known]) for known, _ in self.known) > _LONGEST:
            return Code.TOO_LONG
        return Code.TOO_DEEP if len(self.reached) == DEEPEST else None


def reported_as(code: Code) -> Code:
    """What is said of a topic that cannot be read because of *code*."""
    same = {Code.TOPIC_IN_ITSELF, Code.TOO_DEEP, Code.TOO_LONG, Code.TOO_MANY_LITERALS}
    return code if code in same else Code.BROKEN_TOPIC


_MOST = 32  # pairs; each is two literals


def near_each(one: Node, other: Node, distance: int) -> Node | None:
    """Every term of the one near every term of the other; None where there is anything else."""
    left, right = _alternatives(one), _alternatives(other)
    if not 0 < len(left) * len(right) <= _MOST:
        return None
    return disjunction(near(a, b, distance) for a in left for b in right)


def _alternatives(node: Node) -> list[Term]:
    operands = node.operands if isinstance(node, Or) else (node,)
    found = [operand for operand in operands if isinstance(operand, Term)]
    return found if len(found) == len(operands) else []


MOST_LITERALS = 64

_LITERALS = frozenset({Kind.TERM, Kind.SOURCE, Kind.LANGUAGE, Kind.TOPIC})
_ASKING = frozenset({Kind.NOT, Kind.TITLE, Kind.AND, Kind.OR, Kind.NEAR})


@dataclass(slots=True)
class Reading:
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
            raise error_here(Code.NEAR_HOW_FAR, self.text, start, end, "NEAR/5")
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
            code = reported_as(error.code)
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


__all__ = ["Code", "Query", "QueryError", "is_readable", "parse"]

LONGEST = 1000  # characters


@dataclass(frozen=True, slots=True)
class Query:
    tree: Node
    canonical: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "canonical", str(self.tree))

    def __str__(self) -> str:
        return self.canonical


def parse(text: str, topics: Mapping[str, str] | None = None) -> Query:
    """Read *text*; raise `QueryError` with the place, and where it can be a query that works.

    *topics* are the saved ones, what each asks for by its name; `#name` stands for one of them.
    """
    saved = SavedTopics.of(topics or {})
    try:
        return _parse(text, saved)
    except QueryError as error:
        if error.suggestion and not _is_readable(error.suggestion, saved):
            error.suggestion = ""
        raise


def is_readable(text: str) -> bool:
    """Whether *text* is a query without any saved topics."""
    return _is_readable(text, SavedTopics())


def _is_readable(text: str, saved: SavedTopics) -> bool:
    try:
        _parse(text, saved)
    except QueryError:
        return False
    return True


def _parse(text: str, saved: SavedTopics) -> Query:
    if len(text) > LONGEST:
        raise QueryError(Code.TOO_LONG, text, LONGEST, len(text) - LONGEST)
    reading = Reading(text, saved)
    tree = reading.tree()
    if not needs(tree, is_any):
        raise _refused(reading, Code.ONLY_NOT, lambda token: token.kind is Kind.NOT)
    if not needs(tree, is_no_language):
        raise _refused(reading, Code.ONLY_LANGUAGE, lambda token: token.kind is Kind.LANGUAGE)
    if not needs(tree, may_stand_alone) or not any(map(is_selective, leaves(tree))):
        raise _refused(reading, Code.ONLY_STOP_WORDS, _is_stop_word)
    return _written_out(reading, Query(tree))


def _refused(reading: Reading, code: Code, is_why: Callable[[Token], bool]) -> QueryError:
    """Point at the first token that makes the query match nearly everything, or at all of it."""
    for token in reading.tokens:
        if is_why(token):
            return QueryError(code, reading.text, token.position, token.length)
    return QueryError(code, reading.text, 0, len(reading.text))


def _is_stop_word(token: Token) -> bool:
    return token.kind is Kind.TERM and not is_selective(
        Term(token.words, token.prefix, spelling=token.spelling)
    )


def _written_out(reading: Reading, query: Query) -> Query:
    """What is stored is the canonical text: it must be readable too, topics written out and all."""
    why = None
    if len(query.canonical) > LONGEST:
        why = Code.TOO_LONG
    elif sum(1 for _ in terms(query.tree)) > MOST_LITERALS:
        why = Code.TOO_MANY_LITERALS
    elif _depth(query.canonical) > DEEPEST:
        why = Code.TOO_DEEP
    if why:
        raise _refused(reading, why, lambda token: token.kind in {Kind.TOPIC, Kind.NEAR})
    return query


def _depth(canonical: str) -> int:
    """How many brackets are open at once; in quotes there is none."""
    return max(accumulate((char == "(") - (char == ")") for char in canonical))
