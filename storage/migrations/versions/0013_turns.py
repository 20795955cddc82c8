"""How long feeds want to be left alone, and which hosts have their turn."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("ttl_seconds", sa.Integer(), nullable=True))
    op.create_index("ix_source_asked", "source", ["host", "lease_until"])


def downgrade() -> None:
    op.drop_index("ix_source_asked", "source")
    with op.batch_alter_table("source") as table:
        table.drop_column("ttl_seconds")
