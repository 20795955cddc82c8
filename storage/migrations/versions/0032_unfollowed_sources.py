"""What chats have let go of, for as long as they may have it back."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "unfollowed",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("left_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "source_id", name="pk_unfollowed"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_unfollowed_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_unfollowed_source_id_source", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_unfollowed_source_id", "unfollowed", ["source_id"])


def downgrade() -> None:
    op.drop_table("unfollowed")
