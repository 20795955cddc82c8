"""No row gets the number of one that is gone: keys, links and buttons outlive what they name.

PostgreSQL never gave one anew; SQLite did with the last number, unless a table says AUTOINCREMENT.
That changes no row and no page, so the tables are not written anew, as adding it by the usual way
would: only their words in the schema are, as SQLite's documents allow for such a change.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

_ANEW, _NEVER_AGAIN = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite makes its table of the last numbers when it meets the word in a statement.
        op.execute("CREATE TABLE numbered (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        op.execute("DROP TABLE numbered")
        for name in _reworded(_ANEW, _NEVER_AGAIN):
            last = f'SELECT coalesce(max(id), 0) FROM "{name}"'  # noqa: S608 - ours
            op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', ({last}))")  # noqa: S608 - ours


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _reworded(_NEVER_AGAIN, _ANEW)
        op.execute("DELETE FROM sqlite_sequence")


def _reworded(before: str, after: str) -> list[str]:
    """Put *after* for *before* in the schema's words; return the tables that have it."""
    bind = op.get_bind()
    (number,) = bind.exec_driver_sql("PRAGMA schema_version").one()
    words = {"before": before, "after": after}
    op.execute("PRAGMA writable_schema = ON")
    changed = bind.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after)"
            " WHERE type = 'table' AND instr(sql, :before) RETURNING name"
        ),
        words,
    )
    names = list(changed.scalars())
    op.execute(f"PRAGMA schema_version = {number + 1}")  # all connections read the words anew
    op.execute("PRAGMA writable_schema = RESET")
    return names
