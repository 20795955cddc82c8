"""Quiet hours, how many alerts an hour, pauses that end by themselves; alerts told together."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING = sa.text("put_out_at IS NULL")
PAUSED_FOR_A_TIME = sa.text("resume_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("chat", sa.Column("quiet_from", sa.Integer(), nullable=True))
    op.add_column("chat", sa.Column("quiet_to", sa.Integer(), nullable=True))
    op.add_column(
        "chat", sa.Column("alerts_an_hour", sa.Integer(), nullable=False, server_default="6")
    )
    op.add_column("chat", sa.Column("resume_at", UTCDateTime(), nullable=True))
    op.create_index(
        "ix_chat_resume_at",
        "chat",
        ["resume_at"],
        sqlite_where=PAUSED_FOR_A_TIME,
        postgresql_where=PAUSED_FOR_A_TIME,
    )
    op.create_table(
        "bundle",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("release_at", UTCDateTime(), nullable=False),
        sa.Column("is_quiet", sa.Boolean(), nullable=False),
        sa.Column("put_out_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bundle"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_bundle_chat_id_chat", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("chat_id", "release_at", name="uq_bundle_chat_id_release_at"),
    )
    op.create_index(
        "ix_bundle_waiting",
        "bundle",
        ["release_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    # SQLite copies the table: of a key that is added to a column it would not tell the name.
    with op.batch_alter_table("alert") as table:
        table.add_column(sa.Column("bundle_id", ROW_ID, nullable=True))
        table.create_foreign_key(
            "fk_alert_bundle_id_bundle", "bundle", ["bundle_id"], ["id"], ondelete="CASCADE"
        )
        table.create_index("ix_alert_bundle_id", ["bundle_id"])
        table.create_index("ix_alert_recent", ["chat_id", "made_at"])


def downgrade() -> None:
    with op.batch_alter_table("alert") as table:
        table.drop_index("ix_alert_recent")
        table.drop_index("ix_alert_bundle_id")
        table.drop_constraint("fk_alert_bundle_id_bundle", type_="foreignkey")
        table.drop_column("bundle_id")
    op.drop_table("bundle")
    op.drop_index("ix_chat_resume_at", "chat")
    for name in ("quiet_from", "quiet_to", "alerts_an_hour", "resume_at"):
        op.drop_column("chat", name)
