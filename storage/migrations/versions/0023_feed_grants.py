"""Whether a chat's topics and digests may be read as feeds."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feedgrant",
        sa.Column("chat_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_feedgrant_chat_id_chat", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", name="pk_feedgrant"),
    )


def downgrade() -> None:
    op.drop_table("feedgrant")
