"""Deliveries that wait behind others of their address."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PENDING = sa.text("state = 'pending'")
NEXT = sa.text("state = 'pending' AND NOT waits")


def upgrade() -> None:
    op.drop_index("ix_delivery_due", "delivery")
    op.add_column(
        "delivery", sa.Column("waits", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_delivery_next",
        "delivery",
        ["medium", "priority", "due_at", "id", "chat_id"],
        sqlite_where=NEXT,
        postgresql_where=NEXT,
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_next", "delivery")
    with op.batch_alter_table("delivery") as table:
        table.drop_column("waits")
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["priority", "due_at", "id", "chat_id", "medium"],
        sqlite_where=PENDING,
        postgresql_where=PENDING,
    )
