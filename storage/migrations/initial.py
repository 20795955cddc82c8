"""Writes the first migration from the models: `make migration`.

Until version 1.0, this migration is rewritten whenever a model changes, and existing databases must
be created again. From 1.0 on it is frozen, and each change gets a migration of its own;
CONTRIBUTING says how.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Enum, create_engine

from storage.db.sql import ROW_ID
from storage.schema import metadata

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext

TARGET: Final = Path(__file__).parent / "versions" / "0001_tables.py"
_FILE: Final = '''"""All tables, as the models have them. Written by `make migration`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
{upgrades}


def downgrade() -> None:
    for name in {names}:
        op.drop_table(name)
'''


def main() -> None:
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"render_item": _render, "user_module_prefix": ""}
        )
        operations: Any = produce_migrations(context, metadata()).upgrade_ops
        upgrades = render_python_code(operations, render_item=_render, user_module_prefix="")
    names = [table.name for table in reversed(metadata().sorted_tables)]
    TARGET.write_text(_FILE.format(upgrades=_without_comments(upgrades), names=names))


def _without_comments(code: str) -> str:
    """Remove alembic's comments, which ask the reader to review the code."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(f"    {line}" for line in lines if not line.startswith("#"))


def _render(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Render row ids as `ROW_ID`, and enums as the strings that are stored."""
    if kind == "type" and item is ROW_ID:
        return "ROW_ID"
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String({item.length})"
    return False


if __name__ == "__main__":
    main()
