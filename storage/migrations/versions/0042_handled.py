"""Updates whose act is done."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "handled",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("made", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name="pk_handled"),
    )
    op.create_index("ix_handled_at", "handled", ["at"])


def downgrade() -> None:
    op.drop_table("handled")
