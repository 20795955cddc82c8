"""What ailed a source last, also after it has recovered."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_SOURCE = {"last_trouble_text": AutoString(), "last_trouble_at": UTCDateTime()}


def upgrade() -> None:
    for name, kind in _OF_SOURCE.items():
        op.add_column("source", sa.Column(name, kind, nullable=True))
    op.execute(
        "UPDATE source SET last_trouble_text = trouble_text, last_trouble_at = fetched_at "
        "WHERE trouble IS NOT NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("source") as table:
        for name in _OF_SOURCE:
            table.drop_column(name)
