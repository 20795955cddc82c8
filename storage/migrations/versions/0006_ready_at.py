"""Articles that wait for more of their text."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("article", sa.Column("ready_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("article", "ready_at")
