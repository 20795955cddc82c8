"""An index of the folded texts that costs less to write."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# No one asks in which column a word stands, nor how long a text is.
_INDEX = """
    CREATE VIRTUAL TABLE folded_index USING fts5(
        title, text, content='folded', content_rowid='article_id', {options} prefix='3',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    )
"""
_ADDED = """
    CREATE TRIGGER folded_added AFTER INSERT ON folded BEGIN
        INSERT INTO folded_index(rowid, title, text) VALUES (new.article_id, new.title, new.text);
    END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER folded_added")
        _index_anew("detail='none', columnsize=0,")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _index_anew("detail='column',")
        op.execute(_ADDED)


def _index_anew(options: str) -> None:
    op.execute("DROP TABLE folded_index")
    op.execute(_INDEX.format(options=options))
    op.execute("INSERT INTO folded_index(folded_index) VALUES ('rebuild')")
