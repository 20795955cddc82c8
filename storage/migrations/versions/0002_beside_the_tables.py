"""What the models cannot say: SQLite's full-text index, and how PostgreSQL stores some tables."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# No one asks in which column a word stands, nor how long a text is. Rows that are added are
# written to both tables by `storage`: a trigger would take four times as long.
_FULL_TEXT_INDEX = (
    """
    CREATE VIRTUAL TABLE folded_index USING fts5(
        title, labels, text, content='folded', content_rowid='article_id', detail='none',
        columnsize=0, prefix='3',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    )
    """,
    """
    CREATE TRIGGER folded_removed AFTER DELETE ON folded BEGIN
        INSERT INTO folded_index(folded_index, rowid, title, labels, text)
        VALUES ('delete', old.article_id, old.title, old.labels, old.text);
    END
    """,
    """
    CREATE TRIGGER folded_changed AFTER UPDATE ON folded BEGIN
        INSERT INTO folded_index(folded_index, rowid, title, labels, text)
        VALUES ('delete', old.article_id, old.title, old.labels, old.text);
        INSERT INTO folded_index(rowid, title, labels, text)
        VALUES (new.article_id, new.title, new.labels, new.text);
    END
    """,
)
# Rows of these change again and again in columns that no index has: with room beside them the new
# version stands in the same page, and the indexes stay as they are.
_FILL_FACTORS = {"pace": 50, "lease": 50, "chat": 90, "article": 70}
# Vacuumed after so many dead rows, however large the table is.
_VACUUM_THRESHOLDS = {
    "delivery": 5000,
    "article": 5000,
    "match": 20_000,
    "pace": 2000,
    "chat": 5000,
}
# Compressed by lz4, because long texts are then stored in less than half the time that they take
# with pglz, for a tenth more space. Rows of more than 2 KB are compressed.
_COMPRESSED = {"article": ("summary", "text"), "folded": ("text", "tokens")}
# Empty before version 14, and if the server was built without lz4.
_HAS_LZ4 = """
    SELECT 1 FROM pg_settings
    WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in _FULL_TEXT_INDEX:
            op.execute(statement)
        return
    for name, percent in _FILL_FACTORS.items():
        op.execute(f"ALTER TABLE {name} SET (fillfactor = {percent})")
    for name, rows in _VACUUM_THRESHOLDS.items():
        op.execute(
            f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = 0,"
            f" autovacuum_vacuum_threshold = {rows},"
            f" autovacuum_analyze_scale_factor = 0.02,"
            f" autovacuum_analyze_threshold = {rows})"
        )
    if op.get_bind().exec_driver_sql(_HAS_LZ4).first():
        _compress_by("lz4")


def _compress_by(method: str) -> None:
    for table, columns in _COMPRESSED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION {method}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for statement in (
            "DROP TRIGGER folded_removed",
            "DROP TRIGGER folded_changed",
            "DROP TABLE folded_index",
        ):
            op.execute(statement)
        return
    if op.get_bind().exec_driver_sql(_HAS_LZ4).first():
        _compress_by("default")
    for name in _FILL_FACTORS:
        op.execute(f"ALTER TABLE {name} RESET (fillfactor)")
    for name in _VACUUM_THRESHOLDS:
        op.execute(
            f"ALTER TABLE {name} RESET (autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor,"
            " autovacuum_analyze_threshold)"
        )
