"""No row gets the number of one that is gone: keys, links and buttons outlive what they name.

PostgreSQL never gave one anew; SQLite did with the last number, unless a table says AUTOINCREMENT.
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
        names = _say(_NEVER_AGAIN, before=_ANEW)
        op.execute("DELETE FROM sqlite_sequence")  # a table that was made anew is in it already
        for name in names:
            last = f'SELECT coalesce(max(id), 0) FROM "{name}"'  # noqa: S608 - ours
            op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', ({last}))")  # noqa: S608 - ours


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _say(_ANEW, before=_NEVER_AGAIN)
        op.execute("DELETE FROM sqlite_sequence")


def _say(words: str, *, before: str) -> list[str]:
    """Let all tables that say *before* say *words*; return their names."""
    run = op.get_bind().exec_driver_sql
    made_by = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND instr(sql, ?)"
    tables = {name: sql.replace(before, words) for name, sql in run(made_by, (before,)).all()}
    try:
        with op.get_bind().begin_nested():
            _reword(tables)
    except sa.exc.DatabaseError:  # the SQLite of some systems lets nobody write to its schema
        for name, statement in tables.items():
            _remake(name, statement)
    return list(tables)


def _reword(tables: dict[str, str]) -> None:
    """Put new words into the schema. No row changes and no page, however large the file is."""
    run = op.get_bind().exec_driver_sql
    (number,) = run("PRAGMA schema_version").one()
    run("PRAGMA writable_schema = ON")
    try:
        for name, statement in tables.items():
            run("UPDATE sqlite_master SET sql = ? WHERE name = ?", (statement, name))
        run(f"PRAGMA schema_version = {number + 1}")  # all connections read the words anew
    finally:
        run("PRAGMA writable_schema = RESET")


def _remake(name: str, statement: str) -> None:
    """Make the table anew and copy all rows; keys of others to it are to its name, and so stay."""
    run = op.get_bind().exec_driver_sql
    beside = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger')"
    indexes = [index for (index,) in run(beside, (name,)).all() if index]
    run(f"CREATE TABLE made_anew ({statement.partition('(')[2]}")
    run(f'INSERT INTO made_anew SELECT * FROM "{name}"')  # noqa: S608 - ours
    run(f'DROP TABLE "{name}"')
    run(f'ALTER TABLE made_anew RENAME TO "{name}"')
    for index in indexes:
        run(index)
