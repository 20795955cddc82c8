"""What the index of folded texts is asked for: words that every matching article has.

It may give too many articles, never too few; the exact matcher decides. None means that the
query needs no word which the index holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from bot.matching.characters import is_hangul
from bot.matching.occurrences import forms
from bot.matching.tree import And, Near, Node, Or, Term

LONGEST = 200  # bytes; longer words are not in the index


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database writes words, beginnings, AND and OR."""

    word: Callable[[str], str]
    beginning: Callable[[str], str]
    both: str
    either: str

    def expression(self, node: Node) -> str | None:
        match node:
            case Term():
                return self._any(self._form(form, prefix=node.prefix) for form in forms(node))
            case And():
                return self._all(self.expression(operand) for operand in node.operands)
            case Or():
                return self._any(self.expression(operand) for operand in node.operands)
            case Near():
                return self._all(map(self.expression, (node.left, node.right)))
            case _:
                return None

    def _form(self, form: tuple[str, ...], *, prefix: bool) -> str | None:
        words = set(form[:-1] if prefix else form)
        asked = [self._word(word) for word in sorted(words)]
        return self._all([*asked, self._beginning(form[-1])] if prefix else asked)

    def _word(self, word: str) -> str | None:
        if is_hangul(word):
            return self._beginning(word)
        return self.word(word) if len(word.encode()) < LONGEST else None

    def _beginning(self, word: str) -> str | None:
        return self.beginning(word) if len(word.encode()) < LONGEST else None

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


FTS5: Final = Dialect(_fts5_word, lambda word: _fts5_word(word) + " *", " AND ", " OR ")
TSQUERY: Final = Dialect(_tsquery_word, lambda word: _tsquery_word(word) + ":*", " & ", " | ")
