"""Until when whoever let the bot into a group knows how it stands there."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chat", sa.Column("told_since", UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("chat") as table:
        table.drop_column("told_since")
