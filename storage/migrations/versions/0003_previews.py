"""Indexes from which a preview takes its candidates without a look at each article."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Columns, for no one asks where in a text a word stands; beginnings of three letters, the shortest
# that a query may ask for and those with the most words.
_INDEX = """
    CREATE VIRTUAL TABLE folded_index USING fts5(
        title, text, content='folded', content_rowid='article_id', {options}
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    )
"""
_WITH_LANGUAGE = """
    UPDATE folded
    SET tokens = folded.tokens || array_to_tsvector(ARRAY['lang:' || article.language])
    FROM article WHERE article.id = folded.article_id
"""


def upgrade() -> None:
    op.create_index("ix_entry_source_id_article_id", "entry", ["source_id", "article_id"])
    op.create_index("ix_article_language_news_at", "article", ["language", "news_at"])
    _index_anew("detail='column', prefix='3',")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_WITH_LANGUAGE)


def downgrade() -> None:
    _index_anew("")
    op.drop_index("ix_article_language_news_at", "article")
    op.drop_index("ix_entry_source_id_article_id", "entry")


def _index_anew(options: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE folded_index")
        op.execute(_INDEX.format(options=options))
        op.execute("INSERT INTO folded_index(folded_index) VALUES ('rebuild')")
