"""Further addresses of articles."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "articleaddress",
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name="fk_articleaddress_article_id_article",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("url_hash", name="pk_articleaddress"),
    )
    op.create_index("ix_articleaddress_article_id", "articleaddress", ["article_id"])


def downgrade() -> None:
    op.drop_table("articleaddress")
