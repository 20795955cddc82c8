"""Subscriptions that were ended, for as long as that can be undone."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "endedsubscription",
        sa.Column("chat_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("topic_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_endedsubscription_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topic.id"],
            name="fk_endedsubscription_topic_id_topic",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "topic_id", name="pk_endedsubscription"),
    )
    op.create_index("ix_endedsubscription_topic_id", "endedsubscription", ["topic_id"])
    op.create_index("ix_endedsubscription_ended_at", "endedsubscription", ["ended_at"])


def downgrade() -> None:
    op.drop_table("endedsubscription")
