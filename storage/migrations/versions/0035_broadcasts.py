"""What the operator says to many chats, and which deliveries are of it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OF_ONE = sa.text("broadcast_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "broadcast",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("through", ROW_ID, nullable=False),
        sa.Column("desk_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("told_at", UTCDateTime(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_broadcast"),
    )
    op.add_column("delivery", sa.Column("broadcast_id", ROW_ID, nullable=True))
    op.create_index(
        "ix_delivery_broadcast_id",
        "delivery",
        ["broadcast_id"],
        sqlite_where=OF_ONE,
        postgresql_where=OF_ONE,
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_broadcast_id", table_name="delivery")
    with op.batch_alter_table("delivery") as table:
        table.drop_column("broadcast_id")
    op.drop_table("broadcast")
