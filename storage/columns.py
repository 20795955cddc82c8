"""Column types that every table shares."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, Integer, text
from sqlmodel import SQLModel

# Every constraint has a name, so that a migration can change it on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A table's rows are not validated, so that what would do it is built for those alone that are
# dumped: a sixth of what the tables cost a start.
SQLModel.model_config["defer_build"] = True

# SQLite numbers rows by itself only where the primary key is a plain INTEGER.
ROW_ID = BigInteger().with_variant(Integer, "sqlite")

# SQLite gives the number of a deleted last row again, unless the table says AUTOINCREMENT;
# buttons, links and keys may outlive the row that they name. PostgreSQL gives none twice.
NUMBERED = {"sqlite_autoincrement": True}


def stored_as(words: type[StrEnum]) -> Enum:
    """Return the column type for *words*: their values as text, no type of the database's own.

    A native enum would need a migration for each new word.
    """
    return Enum(
        words,
        native_enum=False,
        length=16,
        create_constraint=False,
        values_callable=lambda kinds: [kind.value for kind in kinds],
    )


def where_only(condition: str) -> dict[str, Any]:
    """Return what makes an index one of the rows that meet *condition*, on both databases.

    It is literal, since a partial index serves only a condition that the planner can read.
    """
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class Leased(SQLModel):
    """A row that is worked on by claim: `owner` has it until `lease_until`."""

    owner: str | None = None
    lease_until: datetime | None = None
