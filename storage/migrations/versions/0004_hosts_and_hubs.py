"""Pauses that hosts ask for, and the hubs that tell of news."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = AutoString()
MOMENT = UTCDateTime()

_OF_SOURCE = {"hub": TEXT, "hub_topic": TEXT, "hinted_at": MOMENT, "pushed_until": MOMENT}


def upgrade() -> None:
    for name, kind in _OF_SOURCE.items():
        op.add_column("source", sa.Column(name, kind, nullable=True))
    op.create_table(
        "hostpause",
        sa.Column("host", TEXT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_hostpause"),
    )
    op.create_table(
        "push",
        sa.Column("owner", TEXT, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=True),
        sa.Column("hub", TEXT, nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("token", AutoString(length=64), nullable=False),
        sa.Column("secret", AutoString(length=64), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("asking", TEXT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("pushed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_push_source_id_source", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push"),
        sa.UniqueConstraint("source_id", name="uq_push_source_id"),
        sa.UniqueConstraint("token", name="uq_push_token"),
    )


def downgrade() -> None:
    op.drop_table("push")
    op.drop_table("hostpause")
    with op.batch_alter_table("source") as table:
        for name in _OF_SOURCE:
            table.drop_column(name)
