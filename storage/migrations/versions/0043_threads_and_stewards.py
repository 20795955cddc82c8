"""Names of forum topics, and who runs a group or channel."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "chat",
        sa.Column("thread_name", AutoString(length=128), nullable=False, server_default=""),
    )
    op.create_table(
        "steward",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "person_id", name="pk_steward"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_steward_chat_id_chat", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_steward_person_id", "steward", ["person_id"])


def downgrade() -> None:
    op.drop_table("steward")
    with op.batch_alter_table("chat") as table:
        table.drop_column("thread_name")
