"""How much one chat may have, where an admin has said so."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "allowance",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("topics", sa.Integer(), nullable=True),
        sa.Column("feeds", sa.Integer(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("chat_id", name="pk_allowance"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_allowance_chat_id_chat", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("allowance")
