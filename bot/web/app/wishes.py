"""What the page sends: a small JSON object, whose fields are read one by one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST_ROW = 2**63 - 1
_LARGEST_NUMBER = 1_000_000
_MOST_SLOTS = 20  # beyond what any chat may have, so that the use case says so

Choice = TypeVar("Choice", bound=Enum)


class BadWishError(ValueError):
    """It was made by hand: no page of ours sends that."""


@dataclass(frozen=True, slots=True)
class Wish:
    fields: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Wish:
        """Read an object of JSON without what no database takes: NUL, halves of characters."""
        try:
            fields = json.loads(body or b"{}")
            written = json.dumps(fields, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise BadWishError("no JSON") from error
        if not isinstance(fields, dict) or rb"\u0000" in written:
            raise BadWishError("no object")
        return cls(fields)

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise BadWishError(name)
        return value

    def number(self, name: str) -> int:
        return _number(self.fields.get(name), _LARGEST_NUMBER)

    def row(self, name: str) -> int:
        return _number(self.fields.get(name), _LARGEST_ROW)

    def flag(self, name: str) -> bool:
        value = self.fields.get(name)
        if not isinstance(value, bool):
            raise BadWishError(name)
        return value

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        try:
            return choices(self.fields.get(name))
        except ValueError:
            raise BadWishError(name) from None

    def each(self, name: str) -> list[Wish]:
        """Return the objects of a list, a few at most."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_SLOTS:
            raise BadWishError(name)
        if not all(isinstance(one, dict) for one in value):
            raise BadWishError(name)
        return [Wish(one) for one in value]


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise BadWishError("no number")
    return value
