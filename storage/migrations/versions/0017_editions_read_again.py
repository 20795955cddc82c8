"""What an edition told: in which order, under which topics, by which article."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ADDED = (
    ("place", sa.Integer(), "0"),
    ("article_id", ROW_ID, "0"),
    ("topic_ids", sa.JSON(), "[]"),
    ("alerted", sa.Boolean(), sa.false()),
)


def upgrade() -> None:
    topics = sa.Column("topics", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("edition", topics)
    for name, kind, default in _ADDED:
        column = sa.Column(name, kind, nullable=False, server_default=default)
        op.add_column("editionstory", column)


def downgrade() -> None:
    with op.batch_alter_table("editionstory") as table:
        for name, _, _ in _ADDED:
            table.drop_column(name)
    with op.batch_alter_table("edition") as table:
        table.drop_column("topics")
