"""How far a story has grown, and how much of that its alerts tell."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("grown", "told"):
        op.add_column("story", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("story", sa.Column("told_at", UTCDateTime(), nullable=True))
    op.add_column("story", sa.Column("owner", AutoString(), nullable=True))
    op.add_column("story", sa.Column("lease_until", UTCDateTime(), nullable=True))
    grown = sa.text("grown > told")
    op.create_index("ix_story_grown", "story", ["id"], sqlite_where=grown, postgresql_where=grown)


def downgrade() -> None:
    op.drop_index("ix_story_grown", "story")
    with op.batch_alter_table("story") as table:
        for name in ("grown", "told", "told_at", "owner", "lease_until"):
            table.drop_column(name)
