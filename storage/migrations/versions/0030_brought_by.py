"""Who let the bot into a group or channel."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat", sa.Column("brought_by", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("chat") as table:
        table.drop_column("brought_by")
