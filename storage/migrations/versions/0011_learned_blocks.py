"""What hosts print on all their pages."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TEXT = AutoString()


def upgrade() -> None:
    op.create_table(
        "learnedblocks",
        sa.Column("host", TEXT, nullable=False),
        sa.Column("blocks", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_learnedblocks"),
    )


def downgrade() -> None:
    op.drop_table("learnedblocks")
