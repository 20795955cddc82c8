"""Writes migrations from the models, and records the tables that each migration makes.

`make migration m="…"` adds the next one. `make initial-migration` writes the first one again, which
only an unreleased version may do.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, Literal

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Enum, create_engine

from storage.db.sql import ROW_ID
from storage.migrations.upgrade import alembic_config
from storage.schema import LATEST_VERSION, MIGRATIONS, metadata, recorded_lines, shape_of

if TYPE_CHECKING:
    from pathlib import Path

    from alembic.autogenerate.api import AutogenContext

INITIAL: Final = MIGRATIONS / "versions" / "0001_tables.py"
_RECORD: Final = MIGRATIONS / "tables.txt"
_FILE: Final = '''"""All tables, as the models have them. Written by `make initial-migration`."""

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


def write_next(message: str) -> Path:
    """Write the migration from the newest one to the models; return its file."""
    number = f"{int(LATEST_VERSION) + 1:04}"
    with create_engine("sqlite://").connect() as connection:
        config = alembic_config(connection)
        config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        config.attributes["render_item"] = _render
        command.upgrade(config, LATEST_VERSION)
        command.revision(config, message, autogenerate=True, rev_id=number)
        (written,) = MIGRATIONS.glob(f"versions/{number}_*.py")
        record(connection, number)
    return written


def write_initial() -> None:
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"render_item": _render, "user_module_prefix": ""}
        )
        operations: Any = produce_migrations(context, metadata()).upgrade_ops
        upgrades = render_python_code(operations, render_item=_render, user_module_prefix="")
        names = [table.name for table in reversed(metadata().sorted_tables)]
        INITIAL.write_text(_FILE.format(upgrades=_without_comments(upgrades), names=names))
        record(connection, "0001")


def record(connection: Connection, number: str) -> None:
    """Write to `tables.txt` how the migration *number* changes the tables of its predecessor."""
    command.upgrade(alembic_config(connection), number)
    tables = metadata().tables
    ids = {
        f"{table.name}.{column.name} "
        for table in tables.values()
        for column in table.columns
        if column.type is ROW_ID
    }
    after = {
        line.replace(" integer", " rowid") if line.partition(" ")[0] + " " in ids else line
        for line in shape_of(connection)
        if line.partition(" ")[0].partition(".")[0] in tables
    }
    before = recorded_lines(f"{int(number) - 1:04}")
    kept = _RECORD.read_text(encoding="utf-8").partition(f"[{number}]")[0]
    changes = [f"+ {line}" for line in sorted(after - before)]
    changes += [f"- {line}" for line in sorted(before - after)]
    _RECORD.write_text("\n".join([f"{kept}[{number}]", *changes, ""]), encoding="utf-8")


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
    match sys.argv[1:]:
        case ["initial"]:
            write_initial()
        case ["next", message]:
            written = write_next(message)
            sys.stdout.write(f"Wrote {written}. Read it: a rename looks like a drop and an add.\n")
        case _:
            sys.exit('Say "initial", or "next" and what the migration does.')
