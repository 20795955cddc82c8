"""Rows of which a column is one of many: these are one value, so that the statement is made once.

A list that is written out, a parameter for each, makes another statement for each length.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from sqlalchemy import TextClause, text

from storage.engine import POSTGRESQL, SQLITE, Unit

Statement = TypeVar("Statement")
Id = TypeVar("Id", int, str)

_FORMS: Final = {
    SQLITE: "{column} IN (SELECT value FROM json_each(:ids))",
    POSTGRESQL: "{column} = ANY(CAST(:ids AS {kind}[]))",
}


def by_dialect(
    column: str, make: Callable[[TextClause], Statement], kind: str = "bigint"
) -> Mapping[str, Statement]:
    """Return what *make* makes of the condition that *column* is among `ids`, for each database.

    *kind* is what PostgreSQL calls that of the column: `text` for words.
    """
    return {
        dialect: make(text(form.format(column=column, kind=kind)))
        for dialect, form in _FORMS.items()
    }


def as_one(unit: Unit, ids: Collection[Id]) -> str | list[Id]:
    """Return *ids* as the value of `ids`."""
    return list(ids) if unit.dialect == POSTGRESQL else json.dumps(list(ids))
