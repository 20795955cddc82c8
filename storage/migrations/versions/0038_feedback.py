"""What people write to whoever runs the bot."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("words", AutoString(), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_feedback_chat_id_chat", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_feedback_chat_id", "feedback", ["chat_id"])


def downgrade() -> None:
    op.drop_table("feedback")
