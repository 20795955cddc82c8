"""The fields `source:`, `author:`, `category:` and `lang:`.

A source is given by its host, which includes subdomains, or by its name. A language is given by its
ISO 639-1 code, or by what users write instead.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from bot.languages import words
from bot.matching.query import ast
from bot.text.folding import fold

_DATA: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
CODES: Final = frozenset(_DATA["language_codes"].split())
# Names of languages, and country codes that users take for languages, by the code that they mean.
MEANT_CODES: Final = {name: code for code, names in words("called").items() for name in names}
FIELDS: Final = ("title", "source", "author", "category", "lang")
MEANT_FIELDS: Final[dict[str, str]] = _DATA["other_fields"]


_HOST = re.compile(
    r"(?:[a-z]+://|\*?\.)?(?:www\.)?((?:[\w-]+\.)+[\w-]{2,})(?:[:/?#]\S*)?[.,;]?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class RequiredFields:
    """The source and the language that an article must have; "" means any."""

    source: str
    language: str


def source_name(typed: str) -> str:
    """Return a host in lower case without `www.`, or the folded words of a name."""
    host = _HOST.fullmatch(typed.strip())
    return host[1].lower() if host else folded_name(typed)


def folded_name(typed: str) -> str:
    """Return one name for `taiwan-news`, "Taiwan news" and "TAIWAN NEWS"."""
    # Twice, because an invisible character may make a sign beside it look like part of a name.
    return " ".join(fold(fold(typed).plain).words)


def source_keys(sources: Iterable[str]) -> frozenset[str]:
    """Return every name by which a `SourceTerm` may match one of *sources*, hosts or names.

    A host matches by itself and by each domain that it belongs to.
    """
    return frozenset().union(*map(_keys_of, sources))


@lru_cache(maxsize=20_000)  # the same few carry most articles
def _keys_of(source: str) -> frozenset[str]:
    keys = {folded_name(source)}
    if host := _HOST.fullmatch(source.strip()):
        labels = host[1].lower().split(".")
        keys.update(".".join(labels[at:]) for at in range(len(labels) - 1))
    return frozenset(keys - {""})


@lru_cache(maxsize=1_000)
def language_code(code: str | None) -> str:
    """Return `zh` for `zh-Hant`."""
    return re.split("[-_]", code or "")[0].lower()


def required_fields(node: ast.Node) -> RequiredFields:
    """Return the source and language that every match must have; a NOT or OR requires none."""
    operands = node.operands if isinstance(node, ast.And) else (node,)
    names = [operand.name for operand in operands if isinstance(operand, ast.SourceTerm)]
    codes = [operand.code for operand in operands if isinstance(operand, ast.LanguageTerm)]
    return RequiredFields(next(iter(names), ""), next(iter(codes), ""))


_Outside = ast.SourceTerm | ast.LabelTerm | ast.LanguageTerm


def without_fields(node: ast.Node) -> ast.Node | None:
    """Return the part of the query about an article's text; None if there is none."""
    if isinstance(node, _Outside):
        return None
    if isinstance(node, ast.Not):
        return None if any(map(_is_outside, ast.leaves(node))) else node
    if isinstance(node, ast.And | ast.Or):
        kept = [left for operand in node.operands if (left := without_fields(operand))]
        join = ast.conjunction if isinstance(node, ast.And) else ast.disjunction
        return join(kept) if kept else None
    return node


def _is_outside(leaf: ast.Leaf) -> bool:
    return isinstance(leaf, _Outside)
