"""The pages that articles wait for, and which sources are read in full."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = AutoString()
MOMENT = UTCDateTime()


def upgrade() -> None:
    op.add_column(
        "source", sa.Column("full_text", sa.String(16), nullable=False, server_default="auto")
    )
    op.create_table(
        "awaitedpage",
        sa.Column("owner", TEXT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("awaited_since", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name="fk_awaitedpage_article_id_article",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name="pk_awaitedpage"),
    )
    op.create_index("ix_awaitedpage_host", "awaitedpage", ["host"])


def downgrade() -> None:
    op.drop_table("awaitedpage")
    op.drop_column("source", "full_text")
