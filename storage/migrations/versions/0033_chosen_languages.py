"""The language that a chat has chosen, beside the one that its client tells."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat", sa.Column("chosen_language", AutoString(length=16), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("chat") as table:
        table.drop_column("chosen_language")
