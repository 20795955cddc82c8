"""The hosts of the outlets that a search names."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "entry", sa.Column("outlet_host", AutoString(length=100), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("entry", "outlet_host")
