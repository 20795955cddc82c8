"""The folders that sources stand in, and the outlets that a search names for what it found."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source", sa.Column("folder", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column(
        "entry", sa.Column("outlet", AutoString(length=100), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("entry", "outlet")
    op.drop_column("source", "folder")
