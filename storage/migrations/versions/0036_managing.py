"""Channels and groups that are managed from a private chat."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BROUGHT = sa.text("brought_by IS NOT NULL")


def upgrade() -> None:
    op.add_column("chat", sa.Column("managing", ROW_ID, nullable=True))
    op.create_index(
        "ix_chat_brought_by",
        "chat",
        ["brought_by"],
        sqlite_where=BROUGHT,
        postgresql_where=BROUGHT,
    )


def downgrade() -> None:
    op.drop_index("ix_chat_brought_by", table_name="chat")
    with op.batch_alter_table("chat") as table:
        table.drop_column("managing")
