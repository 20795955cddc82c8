"""Topics of the catalogue that an admin made, changed or retired."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogueedit",
        sa.Column("slug", AutoString(length=64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_catalogueedit"),
    )


def downgrade() -> None:
    op.drop_table("catalogueedit")
