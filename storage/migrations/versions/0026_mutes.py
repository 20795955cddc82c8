"""What chats have muted."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mute",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", ROW_ID, nullable=False),
        sa.Column("outlet", AutoString(length=200), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mute"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_mute_chat_id_chat", ondelete="CASCADE"
        ),
        sa.UniqueConstraint(
            "chat_id", "kind", "subject_id", "outlet", name="uq_mute_chat_id_kind_subject_id_outlet"
        ),
    )


def downgrade() -> None:
    op.drop_table("mute")
