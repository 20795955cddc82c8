"""Translates a query into an expression for the database's full-text index."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.matching.evaluate import variants
from bot.matching.query.ast import And, LabelTerm, Near, Node, Not, Or, Term
from bot.text.characters import is_hangul

LONGEST_WORD: Final = 200  # bytes; longer words are not in the index


def index_expression(database: str, tree: Node) -> str | None:
    """Return the expression for the index of *database*; None if every article may match.

    *database*: the name of SQLAlchemy's dialect.
    """
    dialect = TSQUERY if database == "postgresql" else FTS5
    return dialect.expression(tree)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The syntax of a database's index for words, beginnings, AND, OR and AND NOT.

    The expression of a query finds every article that matches, and some that do not. *without*:
    None on PostgreSQL, which overestimates how many articles lack a word that others require. It
    would read the tokens of all articles, the newest first.
    """

    word: Callable[[str], str]
    beginning: Callable[[str], str]
    both: str
    either: str
    without: str | None

    def expression(self, node: Node) -> str | None:
        match node:
            case Term():
                return self._any(self._form(form, prefix=node.prefix) for form in variants(node))
            case And():
                wanted = self._all(self.expression(operand) for operand in node.operands)
                if wanted is None or self.without is None:
                    return wanted
                return self._joined(self.without, [wanted, *self._forbidden(node)])
            case Or():
                return self._any(self.expression(operand) for operand in node.operands)
            case Near() | LabelTerm():
                return self._all(self._parts(node))
            case _:
                return None

    def _parts(self, node: Near | LabelTerm) -> Iterator[str | None]:
        if isinstance(node, Near):
            yield from map(self.expression, (node.left, node.right))
        else:
            yield from map(self._word, node.tokens.split())

    def _forbidden(self, node: And) -> Iterator[str]:
        """Yield the words of which a matching article has none.

        Only a single word is known to occur wherever the index has it.
        """
        for operand in node.operands:
            match operand:
                case Not(Term(words=(word,), prefix=False, title=False, spelling="") as term):
                    if not is_hangul(word) and len(list(variants(term))) == 1:
                        yield from filter(None, [self._word(word)])

    def _form(self, form: tuple[str, ...], *, prefix: bool) -> str | None:
        words = set(form[:-1] if prefix else form)
        asked = [self._word(word) for word in sorted(words)]
        return self._all([*asked, self._beginning(form[-1])] if prefix else asked)

    def _word(self, word: str) -> str | None:
        if is_hangul(word):
            return self._beginning(word)
        return self.word(word) if len(word.encode()) < LONGEST_WORD else None

    def _beginning(self, word: str) -> str | None:
        return self.beginning(word) if len(word.encode()) < LONGEST_WORD else None

    def _all(self, parts: Iterable[str | None]) -> str | None:
        asked = [part for part in parts if part is not None]
        return self._joined(self.both, asked) if asked else None

    def _any(self, parts: Iterable[str | None]) -> str | None:
        asked = list(parts)
        known = [part for part in asked if part is not None]
        return self._joined(self.either, known) if len(known) == len(asked) else None

    @staticmethod
    def _joined(operator: str, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else f"({operator.join(parts)})"


def _fts5_word(word: str) -> str:
    doubled = word.replace('"', '""')
    return f'"{doubled}"'


def _tsquery_word(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


FTS5: Final = Dialect(_fts5_word, lambda word: _fts5_word(word) + " *", " AND ", " OR ", " NOT ")
TSQUERY: Final = Dialect(_tsquery_word, lambda word: _tsquery_word(word) + ":*", " & ", " | ", None)
