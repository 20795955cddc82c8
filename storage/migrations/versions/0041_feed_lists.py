"""Lists of feeds that chats have sent."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feedlist",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feedlist"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_feedlist_chat_id_chat", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_feedlist_chat_id", "feedlist", ["chat_id"])
    op.create_table(
        "feedlistline",
        sa.Column("list_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", AutoString(length=2000), nullable=False),
        sa.Column("outcome", AutoString(length=16), nullable=True),
        sa.Column("sentence", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "number", name="pk_feedlistline"),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["feedlist.id"],
            name="fk_feedlistline_list_id_feedlist",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("feedlistline")
    op.drop_table("feedlist")
